//! The first bytes of every file.
//!
//! ```text
//! label [u8; 8]  format u32  generation u64  sequence u64  crc32 of all before
//! ```

use messplus_base::wire::{WireError, checksum};
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
    fn label(self) -> [u8; 8] {
        match self {
            Self::Snapshot => *b"MESSSNAP",
            Self::Journal => *b"MESSJRNL",
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
    pub fn encode(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[..8].copy_from_slice(&self.content.label());
        bytes[8..12].copy_from_slice(&FORMAT.to_le_bytes());
        bytes[12..20].copy_from_slice(&self.generation.to_le_bytes());
        bytes[20..28].copy_from_slice(&self.sequence.to_le_bytes());
        let sum = checksum(0, &bytes[..28]);
        bytes[28..].copy_from_slice(&sum.to_le_bytes());
        bytes
    }

    /// The header at the beginning of a file, and what follows it.
    ///
    /// # Errors
    ///
    /// The bytes begin with no header of this content and format.
    pub fn decode(content: Content, bytes: &[u8]) -> Result<(Self, &[u8])> {
        let Some((header, rest)) = bytes.split_first_chunk::<LEN>() else {
            return Err(damaged("must be longer than its header", bytes.len()));
        };
        if header[..8] != content.label() {
            return Err(damaged("must begin with the label of its kind", "other bytes"));
        }
        let computed = checksum(0, &header[..28]);
        if computed.to_le_bytes() != header[28..] {
            return Err(damaged(
                "must match the checksum of its header",
                format!("{computed:08x}"),
            ));
        }
        let format = u32::from_le_bytes(field(header, 8));
        if format != FORMAT {
            return Err(WireError::Format { supported: FORMAT, found: format }.into());
        }
        let generation = u64::from_le_bytes(field(header, 12));
        let sequence = u64::from_le_bytes(field(header, 20));
        Ok((Self { content, generation, sequence }, rest))
    }

    /// The checksum that the first frame of a journal goes on from.
    pub fn chain(&self) -> u32 {
        u32::from_le_bytes(field(&self.encode(), 28))
    }
}

fn field<const N: usize>(header: &[u8; LEN], at: usize) -> [u8; N] {
    std::array::from_fn(|byte| header[at + byte])
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
            let mut flipped = bytes;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(Header::decode(Content::Journal, &flipped).is_err(), "bit {bit}");
        }
    }
}
