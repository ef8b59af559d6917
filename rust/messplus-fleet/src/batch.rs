//! What travels through the log.
//!
//! ```text
//! "MESSFLEE"  format u32  replica u64  first u64  count u64  frames  crc32 of all before
//! ```

use messplus_base::wire::{Reader, Writer};
use messplus_core::Result;
use messplus_journal::format::{Frames, Transition};

const LABEL: &[u8] = b"MESSFLEE";
/// The format this version writes and reads. Any change to what a fold makes of a batch is another one:
/// replicas of two versions must not fold the same log into two states.
const FORMAT: u32 = 1;

/// Transitions of one replica, in the order in which they happened there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The replica.
    pub replica: u64,
    /// Number of its first transition here, from one on.
    pub first: u64,
    /// Transitions.
    pub count: u64,
    /// Their frames, a chain that begins at zero.
    pub frames: Vec<u8>,
}

impl Batch {
    /// Number of its last transition.
    pub fn last(&self) -> u64 {
        self.first + self.count - 1
    }

    /// As versioned and checksummed bytes.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Writer::with_capacity(self.frames.len() + 48);
        out.bytes(LABEL);
        out.u32(FORMAT);
        out.u64s(&[self.replica, self.first, self.count]);
        out.bytes(&self.frames);
        out.seal()
    }

    /// Read [`encode`](Self::encode)d bytes back.
    ///
    /// # Errors
    ///
    /// They are damaged, or of another format.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Reader::new(bytes);
        input.label(LABEL)?;
        input.format(FORMAT)?;
        input.checksum()?;
        let (replica, first, count) = (input.u64()?, input.u64()?, input.u64()?);
        Ok(Self { replica, first, count, frames: input.rest().to_vec() })
    }

    /// The transitions and their numbers, as far as the frames are whole.
    pub fn transitions(&self) -> impl Iterator<Item = (u64, Transition)> {
        (self.first..=self.last()).zip(Frames::new(&self.frames, 0))
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;

    #[test]
    fn comes_back_or_is_refused() {
        let batch = Batch { replica: 7, first: 3, count: 2, frames: vec![1, 2, 3] };
        let mut bytes = batch.encode();
        assert_eq!(Batch::decode(&bytes).unwrap(), batch);
        bytes[30] ^= 1;
        assert!(Batch::decode(&bytes).is_err());
        assert!(Batch::decode(&bytes[..20]).is_err());
    }
}
