//! One frame: its prefix, and the checksum that chains it to the frame before.

use messplus_base::wire::{Reader, checksum};

use super::transition::MAX_LEN;

/// Bytes of a frame before its transition.
pub(super) const PREFIX: usize = 8;

/// Checksum of a frame that follows one whose checksum is `chain`.
pub(super) fn link(chain: u32, length: u32, transition: &[u8]) -> u32 {
    checksum(checksum(chain, &length.to_le_bytes()), transition)
}

/// A frame cut out of the bytes it begins, not yet checked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Frame<'a> {
    pub length: u32,
    pub sum: u32,
    pub transition: &'a [u8],
    pub rest: &'a [u8],
}

impl<'a> Frame<'a> {
    /// None where the bytes end within it, or no frame is as long as it says.
    pub fn cut(bytes: &'a [u8]) -> Option<Self> {
        let mut input = Reader::new(bytes);
        let (length, sum) = (input.u32().ok()?, input.u32().ok()?);
        let size = usize::try_from(length).ok().filter(|&size| size <= MAX_LEN)?;
        let transition = input.bytes(size).ok()?;
        Some(Self { length, sum, transition, rest: input.rest() })
    }

    pub fn follows(&self, chain: u32) -> bool {
        link(chain, self.length, self.transition) == self.sum
    }
}
