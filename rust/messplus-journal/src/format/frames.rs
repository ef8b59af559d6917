//! Frames of a journal: a length, a checksum, a transition.
//!
//! ```text
//! length u32  crc32 u32  transition
//! ```
//!
//! The checksum of a frame goes on from that of the frame before, the first from the header's. So a
//! frame is valid at its own place in its own journal only: bytes left over from another file, a
//! frame twice or a frame missing are all noticed.

use messplus_base::wire::{Reader, Writer, checksum};

use super::transition::{MAX_LEN, Transition};

const PREFIX: usize = 8;

/// Append one frame whose transition `encode` writes, and return its checksum.
pub fn append(out: &mut Writer, chain: u32, encode: impl FnOnce(&mut Writer)) -> u32 {
    let start = out.len();
    out.bytes(&[0; PREFIX]);
    encode(out);
    let transition = &out.as_bytes()[start + PREFIX..];
    let length = transition.len() as u32;
    let sum = link(chain, length, transition);
    out.overwrite_u32(start, length);
    out.overwrite_u32(start + 4, sum);
    sum
}

fn link(chain: u32, length: u32, transition: &[u8]) -> u32 {
    checksum(checksum(chain, &length.to_le_bytes()), transition)
}

/// The transitions of a journal, as far as its frames are whole.
#[derive(Debug)]
pub struct Frames<'a> {
    rest: &'a [u8],
    chain: u32,
}

impl<'a> Frames<'a> {
    /// The frames that follow a header with this checksum.
    pub fn new(frames: &'a [u8], chain: u32) -> Self {
        Self { rest: frames, chain }
    }

    /// Bytes not read: zero where every frame was whole.
    pub fn torn(&self) -> usize {
        self.rest.len()
    }
}

impl Iterator for Frames<'_> {
    type Item = Transition;

    fn next(&mut self) -> Option<Transition> {
        let mut input = Reader::new(self.rest);
        let (length, sum) = (input.u32().ok()?, input.u32().ok()?);
        let size = usize::try_from(length).ok().filter(|&size| size <= MAX_LEN)?;
        let bytes = input.bytes(size).ok()?;
        if link(self.chain, length, bytes) != sum {
            return None;
        }
        let transition = Transition::decode(bytes).ok()?;
        (self.rest, self.chain) = (input.rest(), sum);
        Some(transition)
    }
}
