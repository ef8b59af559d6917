//! The journal that is being written: what was handed over, what is on file, and what the disk refused.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::Arc;

use messplus_base::wire::Writer;

use super::failures::FailureKind;
use crate::folder::Mark;
use crate::format::Header;
use crate::format::header::LEN;

/// Bytes kept in memory while the disk refuses them: ten thousand transitions or so.
const MAX_KEPT: usize = 1 << 20;

/// What a journal needs of a file.
pub trait Medium {
    /// Append bytes: all of them, or some and an error.
    fn append(&self, bytes: &[u8]) -> io::Result<()>;
    /// Cut it to a length.
    fn cut(&self, length: u64) -> io::Result<()>;
    /// Make what was appended last.
    fn sync(&self) -> io::Result<()>;
}

impl Medium for File {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let mut file = self;
        file.write_all(bytes)
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }
}

/// The newest journal of a folder.
#[derive(Debug)]
pub struct Journal<F> {
    file: Arc<F>,
    generation: u64,
    /// Bytes of whole frames in the file.
    length: u64,
    /// Transitions that are handed over, and that are on file, since the folder was made.
    handed: u64,
    written: u64,
    /// Written since the last sync.
    dirty: bool,
    state: State,
    /// The snapshot that this journal goes on from is not there yet.
    owed: bool,
    /// Without that snapshot the journals before do not lead up to this one.
    gap: bool,
    /// Frames on their way from the controller to the file.
    frames: Writer,
    /// Frames that the disk refused, in order.
    kept: Writer,
}

/// Where frames go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Into the file.
    Writing,
    /// Into memory, until the disk takes them again.
    Keeping,
    /// Nowhere: transitions are missing until a snapshot has what they said.
    Broken,
    /// Nowhere any more: somebody else has the folder.
    Taken,
    /// Nowhere any more, as was asked for.
    Closed,
    /// Nowhere any more: they go into a log that is shared.
    HandedOn,
}

impl State {
    /// Whether nothing is written any more, whatever happens.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Taken | Self::Closed | Self::HandedOn)
    }
}

/// Why what was handed over is not on file.
#[derive(Debug)]
pub struct Refusal {
    pub kind: FailureKind,
    /// What happened now; none where things are as before.
    pub error: Option<io::Error>,
}

impl<F: Medium> Journal<F> {
    /// A journal whose header has been written.
    pub fn new(file: F, header: Header) -> Self {
        Self {
            file: Arc::new(file),
            generation: header.generation,
            length: LEN as u64,
            handed: header.sequence,
            written: header.sequence,
            dirty: true,
            state: State::Writing,
            owed: false,
            gap: false,
            frames: Writer::default(),
            kept: Writer::default(),
        }
    }

    pub fn state(&self) -> State {
        self.state
    }

    pub fn generation(&self) -> u64 {
        self.generation
    }

    pub fn file(&self) -> &Arc<F> {
        &self.file
    }

    /// An empty buffer for the frames to be [`put`](Self::put).
    pub fn buffer(&mut self) -> &mut Writer {
        self.frames.clear();
        &mut self.frames
    }

    /// Whether there is nothing to be [`put`](Self::put).
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Take the frames of the [`buffer`](Self::buffer), which lead up to transition `sequence`; with
    /// `sync` they last when this returns.
    pub fn put(&mut self, sequence: u64, sync: bool) -> Result<(), Refusal> {
        if self.frames.is_empty() {
            return Ok(());
        }
        self.handed = sequence;
        let refused = |kind| Err(Refusal { kind, error: None });
        match self.state {
            State::Writing => {}
            State::Keeping => {
                self.keep();
                return refused(FailureKind::Write);
            }
            State::Broken => return refused(FailureKind::Write),
            State::Taken => return refused(FailureKind::Folder),
            State::Closed => return refused(FailureKind::Closed),
            // Never put.
            State::HandedOn => return Ok(()),
        }
        if let Err(error) = self.append(false) {
            self.keep();
            return Err(Refusal { kind: FailureKind::Write, error: Some(error) });
        }
        if sync {
            self.dirty = false;
            self.file.sync().map_err(|error| self.unsynced(error))?;
        }
        // Until its snapshot is there, nothing leads to what this journal says.
        if self.gap { refused(FailureKind::Write) } else { Ok(()) }
    }

    /// Offer the disk what it refused; whether it took that now.
    pub fn retry(&mut self) -> io::Result<bool> {
        if self.state != State::Keeping {
            return Ok(false);
        }
        self.append(true)?;
        self.kept.clear();
        self.state = State::Writing;
        Ok(true)
    }

    fn append(&mut self, kept: bool) -> io::Result<()> {
        let bytes = if kept { &self.kept } else { &self.frames }.as_bytes();
        if let Err(error) = self.file.append(bytes) {
            // Whole frames only: the next one must follow the last.
            let cut = self.file.cut(self.length);
            self.state = if cut.is_ok() { State::Keeping } else { State::Broken };
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.written = self.handed;
        self.dirty = true;
        Ok(())
    }

    fn keep(&mut self) {
        if self.state != State::Keeping || self.kept.len() + self.frames.len() > MAX_KEPT {
            self.break_off();
        } else {
            self.kept.bytes(self.frames.as_bytes());
        }
    }

    /// Transitions are missing, or may be, until a snapshot is written.
    pub fn break_off(&mut self) {
        self.kept.clear();
        if matches!(self.state, State::Writing | State::Keeping) {
            self.state = State::Broken;
        }
    }

    /// What was not synced is not known to last, whatever a second try says.
    pub fn unsynced(&mut self, error: io::Error) -> Refusal {
        self.break_off();
        Refusal { kind: FailureKind::Sync, error: Some(error) }
    }

    /// Nothing is written any more.
    pub fn end(&mut self, state: State) {
        self.kept.clear();
        if !matches!(self.state, State::Closed | State::HandedOn) {
            self.state = state;
        }
    }

    /// What is to be synced, and how far the files reach once it is.
    pub fn sync_point(&mut self) -> (Option<Arc<F>>, Option<Mark>) {
        if !matches!(self.state, State::Writing | State::Keeping) {
            return (None, None);
        }
        let file = std::mem::take(&mut self.dirty).then(|| Arc::clone(&self.file));
        let mark = Mark { generation: self.generation, sequence: self.written };
        (file, (!self.gap).then_some(mark))
    }

    /// Whether a snapshot is to be written: the journal is long, or frames are missing, or the one
    /// before failed.
    pub fn wants_snapshot(&self, journal_bytes: u64) -> bool {
        match self.state {
            State::Writing => self.owed || self.length >= journal_bytes,
            State::Broken => true,
            State::Keeping | State::Taken | State::Closed | State::HandedOn => false,
        }
    }

    /// Whether the snapshot owed can be written without another journal: then no failure, however
    /// often repeated, leaves more files.
    pub fn can_stay(&self) -> bool {
        self.owed && self.state == State::Writing
    }

    /// Go on in a new file with this header; the file before, and whether nothing leads to it.
    pub fn turn_to(&mut self, file: F, header: Header) -> (Arc<F>, bool) {
        let was_stray = self.gap;
        self.gap |= self.state != State::Writing;
        self.generation = header.generation;
        self.length = LEN as u64;
        (self.handed, self.written) = (header.sequence, header.sequence);
        self.dirty = true;
        self.state = State::Writing;
        self.owed = true;
        self.kept.clear();
        (std::mem::replace(&mut self.file, Arc::new(file)), was_stray)
    }

    /// The snapshot owed is there; whether that closed a gap.
    pub fn settle(&mut self) -> bool {
        self.owed = false;
        std::mem::take(&mut self.gap)
    }
}

#[cfg(test)]
mod tests;
