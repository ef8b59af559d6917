//! Bytes of everything that is saved: states, snapshots, journals, policy files.
//!
//! Each format begins with a label and a format number and ends with a CRC-32 of all before;
//! between them are little-endian fields. A [`Writer`] appends them, a [`Reader`] takes them in the
//! same order and refuses what no writer makes: truncated fields, numbers that are not finite,
//! counts beyond their limit, bytes after the last field.

mod reader;
mod writer;

pub use reader::Reader;
pub use writer::Writer;

use std::fmt::Display;

/// Why bytes cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// They are truncated, corrupt or not ours.
    #[error("state: {rule}, got {found}")]
    Malformed {
        /// What the bytes must satisfy.
        rule: &'static str,
        /// What was found instead.
        found: String,
    },
    /// They have a format this version does not read.
    #[error("state: format must be {supported}, got {found}")]
    Format {
        /// The format this version reads.
        supported: u32,
        /// The format found.
        found: u32,
    },
}

impl WireError {
    /// Bytes that break a rule.
    #[must_use]
    pub fn malformed(rule: &'static str, found: impl Display) -> Self {
        Self::Malformed { rule, found: found.to_string() }
    }
}

/// Shorthand for results with [`WireError`].
pub type Result<T> = std::result::Result<T, WireError>;

/// CRC-32 of `bytes`, going on from the checksum of what came before them (0 for nothing).
#[must_use]
pub fn checksum(before: u32, bytes: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(before);
    hasher.update(bytes);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use super::{Reader, WireError, Writer};

    const LABEL: &[u8] = b"TEST";

    fn sealed() -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(LABEL);
        out.u32(3);
        out.u8(1);
        out.u16(2);
        out.u64s(&[4, 5]);
        out.u128(u128::MAX);
        out.f64(-0.5);
        out.f64s(&[1.5, f64::MIN_POSITIVE]);
        out.f32s(&[2.5]);
        out.text("né");
        out.seal()
    }

    fn read(bytes: &[u8]) -> super::Result<()> {
        let mut input = Reader::new(bytes);
        input.label(LABEL)?;
        input.format(3)?;
        input.checksum()?;
        assert_eq!((input.u8()?, input.u16()?), (1, 2));
        let mut counts = [0; 2];
        input.u64s(&mut counts)?;
        assert_eq!((counts, input.u128()?), ([4, 5], u128::MAX));
        let (mut doubles, mut singles) = ([0.0; 2], [0.0; 1]);
        assert_eq!(input.f64()?, -0.5);
        input.f64s(&mut doubles)?;
        input.f32s(&mut singles)?;
        assert_eq!((doubles, singles), ([1.5, f64::MIN_POSITIVE], [2.5]));
        assert_eq!(input.text()?, "né");
        input.finish()
    }

    #[test]
    fn what_was_written_is_read() {
        assert_eq!(read(&sealed()), Ok(()));
    }

    #[test]
    fn any_flipped_bit_and_any_missing_byte_is_noticed() {
        let bytes = sealed();
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(read(&flipped).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "{length} bytes");
        }
    }

    #[test]
    fn another_format_and_another_label_are_named() {
        let mut bytes = sealed();
        bytes[4] = 9;
        assert_eq!(read(&bytes), Err(WireError::Format { supported: 3, found: 9 }));
        assert_eq!(read(&bytes).unwrap_err().to_string(), "state: format must be 3, got 9");
        bytes[3] = b'S';
        let message = read(&bytes).unwrap_err().to_string();
        assert_eq!(message, "state: must begin with its label, got TESS instead of TEST");
    }

    #[test]
    fn bytes_after_the_last_field_are_refused() {
        let mut out = Writer::default();
        out.u16(0);
        let bytes = out.into_bytes();
        let mut input = Reader::new(&bytes);
        assert_eq!(input.u8(), Ok(0));
        let message = input.finish().unwrap_err().to_string();
        assert_eq!(message, "state: must end with its last field, got 1 more");
    }

    #[test]
    fn numbers_are_finite_and_counts_within_their_limit() {
        let mut out = Writer::default();
        out.f64(f64::INFINITY);
        out.f32s(&[f32::NAN]);
        out.u64(7);
        let bytes = out.into_bytes();
        assert!(Reader::new(&bytes).f64().is_err());
        assert_eq!(Reader::new(&bytes).f64_or_infinity(), Ok(f64::INFINITY));
        assert!(Reader::new(&bytes[8..]).f32s(&mut [0.0]).is_err());
        assert!(Reader::new(&bytes[12..]).count(6).is_err());
        assert_eq!(Reader::new(&bytes[12..]).count(7), Ok(7));
    }
}
