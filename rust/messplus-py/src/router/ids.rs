//! Names of decisions: 128 bits nobody can guess.
//!
//! Drawn here, outside the deterministic state, and handed to the core as an argument.

use rand::Rng as _;

/// A fresh id.
pub fn fresh() -> u128 {
    let mut bytes = [0; 16];
    rand::rng().fill_bytes(&mut bytes);
    u128::from_le_bytes(bytes)
}

/// Draw new entropy, as a forked child must: it would repeat its parent's ids otherwise.
pub fn reseed() -> Result<(), impl std::fmt::Display> {
    rand::rng().reseed()
}

/// The id as 32 hexadecimal digits.
pub fn to_hex(id: u128) -> String {
    format!("{id:032x}")
}

/// The id written as 32 hexadecimal digits.
pub fn from_hex(text: &str) -> Option<u128> {
    let plain = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}
