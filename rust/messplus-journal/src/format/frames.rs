//! Frames of a journal: a length, a checksum, a transition.
//!
//! ```text
//! length u32  crc32 u32  transition
//! ```
//!
//! The checksum of a frame goes on from that of the frame before, the first from the header's. So a
//! frame is valid at its own place in its own journal only: bytes left over from another file, a
//! frame twice or a frame missing are all noticed.

use messplus_base::wire::{Reader, Writer};

use super::frame::{Frame, PREFIX, link};
use super::repair::{self, Flip};
use super::transition::{MAX_LEN, Transition};

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

/// Cut a frame off that follows one whose checksum is `chain`: the bytes of its transition, its own
/// checksum, and what comes after it.
pub fn cut(bytes: &[u8], chain: u32) -> Option<(&[u8], u32, &[u8])> {
    let frame = Frame::cut(bytes).filter(|frame| frame.follows(chain))?;
    Some((frame.transition, frame.sum, frame.rest))
}

/// What a journal ends with after its last whole frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tail {
    /// Nothing.
    Whole,
    /// The beginning of one frame: what a killed process was writing.
    Torn,
    /// Bytes that no crash leaves, and so many whole frames after them, as far as they were looked
    /// for.
    Damaged(u64),
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
    pub fn unread(&self) -> usize {
        self.rest.len()
    }

    /// What the bytes not read are.
    pub fn tail(&self) -> Tail {
        if self.rest.is_empty() {
            return Tail::Whole;
        }
        let length = Reader::new(self.rest).u32().map_or(0, |length| length as usize);
        let cut_short = length <= MAX_LEN && self.rest.len() < PREFIX + length.max(1);
        match repair::whole_frames_within(self.rest) {
            0 if cut_short => Tail::Torn,
            found => Tail::Damaged(found),
        }
    }

    /// The next transition, where one flipped bit keeps its frame from being whole as well; then that
    /// bit is told, its byte counted from the first that was not read.
    pub fn next_or_mended(&mut self) -> Option<(Transition, Option<Flip>)> {
        if let Some(transition) = self.next() {
            return Some((transition, None));
        }
        let (flip, mended) = repair::flip(self.rest, self.chain)?;
        let transition = Transition::decode(&mended.transition).ok()?;
        (self.rest, self.chain) = (&self.rest[PREFIX + mended.transition.len()..], mended.sum);
        Some((transition, Some(flip)))
    }
}

impl Iterator for Frames<'_> {
    type Item = Transition;

    fn next(&mut self) -> Option<Transition> {
        let frame = Frame::cut(self.rest).filter(|frame| frame.follows(self.chain))?;
        let transition = Transition::decode(frame.transition).ok()?;
        (self.rest, self.chain) = (frame.rest, frame.sum);
        Some(transition)
    }
}
