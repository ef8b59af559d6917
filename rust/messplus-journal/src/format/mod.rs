//! The bytes on file.
//!
//! A file is a [`Header`], then a snapshot's sealed state or the frames of a journal. A frame is a
//! length, a checksum and a [`Transition`].

mod decode;
pub mod encode;
mod frame;
pub mod frames;
pub mod header;
mod repair;
pub mod transition;

pub use frames::{Frames, Tail};
pub use header::{Content, Header};
pub use repair::Flip;
pub use transition::Transition;
