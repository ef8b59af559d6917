//! Frames of a journal: a length, a checksum, a transition.
//!
//! ```text
//! length u32  crc32 u32  transition
//! ```
//!
//! The checksum of a frame goes on from that of the frame before, the first from the header's. So a
//! frame is valid at its own place in its own journal only: bytes left over from another file, a
//! frame twice or a frame missing are all noticed.

use messplus_base::wire::checksum;

use super::transition::{MAX_LEN, Transition};

const PREFIX: usize = 8;

/// Append one frame whose transition `encode` writes, and return its checksum.
pub fn append(out: &mut Vec<u8>, chain: u32, encode: impl FnOnce(&mut Vec<u8>)) -> u32 {
    let start = out.len();
    out.extend([0; PREFIX]);
    encode(out);
    let length = (out.len() - start - PREFIX) as u32;
    let sum = link(chain, length, &out[start + PREFIX..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + PREFIX].copy_from_slice(&sum.to_le_bytes());
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
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (sum, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let size = usize::try_from(length).ok().filter(|&size| size <= MAX_LEN)?;
        let (bytes, rest) = rest.split_at_checked(size)?;
        let sum = u32::from_le_bytes(*sum);
        if link(self.chain, length, bytes) != sum {
            return None;
        }
        let transition = Transition::decode(bytes).ok()?;
        (self.rest, self.chain) = (rest, sum);
        Some(transition)
    }
}
