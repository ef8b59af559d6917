//! What the crates of messplus share, so that there is one way of doing it.
//!
//! - [`Invalid`]: the shape of every refusal, `field: rule, got found`.
//! - [`wire`]: little-endian fields, length checks and checksums of everything that is saved.
//! - [`Random`]: seeded random numbers, the same on every platform.
//! - [`names!`]: enums whose variants have names in Python, in messages and in files.
//!
//! No I/O, no clock, no ambient randomness.

#![warn(clippy::must_use_candidate, clippy::missing_errors_doc)]

mod error;
mod names;
mod random;
pub mod wire;

pub use error::Invalid;
pub use random::Random;
