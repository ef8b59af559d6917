//! Frames of a journal: a length, a checksum, a record.
//!
//! ```text
//! length u32  crc32 u32  record
//! ```
//!
//! The checksum of a frame goes on from that of the frame before, the first from the header's. So a
//! frame is valid at its own place in its own journal only: bytes left over from another file, a
//! frame twice or a frame missing are all noticed.

use crc32fast::Hasher;

use crate::record::{MAX_LEN, Record};

const PREFIX: usize = 8;

/// Append one frame whose record `encode` writes, and return its checksum.
pub fn append(out: &mut Vec<u8>, chain: u32, encode: impl FnOnce(&mut Vec<u8>)) -> u32 {
    let start = out.len();
    out.extend([0; PREFIX]);
    encode(out);
    let length = (out.len() - start - PREFIX) as u32;
    let checksum = link(chain, length, &out[start + PREFIX..]);
    out[start..start + 4].copy_from_slice(&length.to_le_bytes());
    out[start + 4..start + PREFIX].copy_from_slice(&checksum.to_le_bytes());
    checksum
}

fn link(chain: u32, length: u32, record: &[u8]) -> u32 {
    let mut hasher = Hasher::new_with_initial(chain);
    hasher.update(&length.to_le_bytes());
    hasher.update(record);
    hasher.finalize()
}

/// The records of a journal, as far as they are whole.
#[derive(Debug)]
pub struct Records<'a> {
    rest: &'a [u8],
    chain: u32,
}

impl<'a> Records<'a> {
    /// The frames that follow a header with this checksum.
    pub fn new(frames: &'a [u8], chain: u32) -> Self {
        Self { rest: frames, chain }
    }

    /// Bytes not read: zero where every frame was whole.
    pub fn torn(&self) -> usize {
        self.rest.len()
    }
}

impl Iterator for Records<'_> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        let (length, rest) = self.rest.split_first_chunk::<4>()?;
        let (checksum, rest) = rest.split_first_chunk::<4>()?;
        let length = u32::from_le_bytes(*length);
        let size = usize::try_from(length).ok().filter(|&size| size <= MAX_LEN)?;
        let (bytes, rest) = rest.split_at_checked(size)?;
        let checksum = u32::from_le_bytes(*checksum);
        if link(self.chain, length, bytes) != checksum {
            return None;
        }
        let record = Record::decode(bytes).ok()?;
        (self.rest, self.chain) = (rest, checksum);
        Some(record)
    }
}
