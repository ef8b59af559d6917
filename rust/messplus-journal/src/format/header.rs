//! The first bytes of every file.
//!
//! ```text
//! label [u8; 8]  format u32  generation u64  sequence u64  crc32 of all before
//! ```

use messplus_base::wire::{Reader, Writer, checksum};
use messplus_core::Result;

use crate::error::damaged;

/// Length of a header in bytes.
pub const LEN: usize = 32;
/// The format this version writes and reads.
pub const FORMAT: u32 = 2;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// The state after `sequence` transitions.
    Snapshot,
    /// The transitions after the first `sequence`.
    Journal,
}

impl Content {
    fn label(self) -> &'static [u8] {
        match self {
            Self::Snapshot => b"MESSSNAP",
            Self::Journal => b"MESSJRNL",
        }
    }
}

/// Where a file stands in the history of a folder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the file holds.
    pub content: Content,
    /// Number of the snapshot, and of the journal that goes on from it.
    pub generation: u64,
    /// Transitions before this file, since the folder was made.
    pub sequence: u64,
}

impl Header {
    /// The header as bytes.
    pub fn encode(&self) -> Vec<u8> {
        self.fields().seal()
    }

    fn fields(&self) -> Writer {
        let mut out = Writer::with_capacity(LEN);
        out.bytes(self.content.label());
        out.u32(FORMAT);
        out.u64s(&[self.generation, self.sequence]);
        out
    }

    /// The header at the beginning of a file, and what follows it.
    ///
    /// # Errors
    ///
    /// The bytes begin with no header of this content and format.
    pub fn decode(content: Content, bytes: &[u8]) -> Result<(Self, &[u8])> {
        let Some((header, rest)) = bytes.split_at_checked(LEN) else {
            return Err(damaged("must be longer than its header", bytes.len()));
        };
        let mut input = Reader::new(header);
        input.label(content.label())?;
        // Before the format: what a crash has mangled is not of another version.
        input.checksum()?;
        input.format(FORMAT)?;
        let header = Self { content, generation: input.u64()?, sequence: input.u64()? };
        input.finish()?;
        Ok((header, rest))
    }

    /// The checksum that the first frame of a journal goes on from.
    pub fn chain(&self) -> u32 {
        checksum(0, self.fields().as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::{Content, Header};

    #[test]
    fn any_flipped_bit_is_noticed() {
        let header = Header { content: Content::Journal, generation: 7, sequence: 1 << 40 };
        let bytes = header.encode();
        assert_eq!(Header::decode(Content::Journal, &bytes), Ok((header, &[][..])));
        assert!(Header::decode(Content::Snapshot, &bytes).is_err());
        for bit in 0..8 * bytes.len() {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(Content::Journal, &flipped).is_err(), "bit {bit}");
        }
    }
}
