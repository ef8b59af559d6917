//! Doing again what journals tell.

use messplus_core::{Controller, Decision, Result};

use super::Suspect;
use crate::folder::{Folder, Mark, name};
use crate::format::header::LEN;
use crate::format::{Content, Flip, Frames, Header, Tail};

/// A controller on its way through the journals of a folder.
#[derive(Debug)]
pub struct Replay {
    pub controller: Controller,
    /// Transitions since the folder was made.
    pub sequence: u64,
    pub replayed: u64,
    /// Decisions that would be others now: a version that decides differently made them.
    pub otherwise: u64,
    pub torn_bytes: u64,
    pub notes: Vec<String>,
    pub suspects: Vec<Suspect>,
}

impl Replay {
    /// From the state after `sequence` transitions.
    pub fn new(controller: Controller, sequence: u64) -> Self {
        let (notes, suspects) = (Vec::new(), Vec::new());
        Self { controller, sequence, replayed: 0, otherwise: 0, torn_bytes: 0, notes, suspects }
    }

    /// Go through a journal, up to transition `until`.
    ///
    /// A snapshot may have been taken in the middle of a journal: what it has is passed over. A
    /// journal that goes on from later than here is left out, for transitions between are missing.
    pub fn journal(&mut self, folder: &Folder, generation: u64, until: u64) {
        let name = name(Content::Journal, generation);
        let bytes = match folder.read(Content::Journal, generation) {
            Ok(bytes) => bytes,
            Err(error) => return self.leave_out(name, error),
        };
        if bytes.len() < LEN {
            // What a crash leaves of a journal that has no transitions yet.
            self.torn_bytes += bytes.len() as u64;
            return;
        }
        match self.header(generation, &bytes) {
            Ok((header, _)) if header.generation != generation => {
                self.leave_out(name, format!("it says it is {:x}", header.generation));
            }
            Ok((header, _)) if header.sequence > self.sequence => {
                let (from, end) = (header.sequence, self.sequence);
                let gap =
                    format!("it goes on from transition {from}, the files before end at {end}");
                self.leave_out(name, gap);
            }
            Ok((header, body)) => self.frames(&name, header, body, until),
            Err(error) => self.leave_out(name, error),
        }
    }

    /// The header of a journal. One that is damaged can only have said what comes next: if so, the
    /// first frame goes on from its checksum.
    fn header<'a>(&mut self, generation: u64, bytes: &'a [u8]) -> Result<(Header, &'a [u8])> {
        Header::decode(Content::Journal, bytes).or_else(|error| {
            let content = Content::Journal;
            let header = Header { content, generation, sequence: self.sequence };
            let body = &bytes[LEN..];
            Frames::new(body, header.chain()).next().ok_or(error)?;
            self.suspect(name(content, generation), "its header is damaged and was made up for");
            Ok((header, body))
        })
    }

    fn frames(&mut self, name: &str, header: Header, body: &[u8], until: u64) {
        let mut frames = Frames::new(body, header.chain());
        let mut decision = Decision::with_capacity(self.controller.config().models.len());
        let mut at = header.sequence;
        while at < until {
            let place = LEN + body.len() - frames.unread();
            let Some((transition, flip)) = frames.next_or_mended() else { break };
            if let Some(Flip { byte, bit }) = flip {
                let byte = place + byte;
                self.suspect(name.into(), &format!("bit {bit} of byte {byte} was flipped back"));
            }
            if at == self.sequence {
                match transition.apply(&mut self.controller, &mut decision) {
                    Ok(same) => self.otherwise += u64::from(!same),
                    Err(error) => {
                        let left = format!("left at transition {at}: {error}");
                        return self.suspect(name.into(), &left);
                    }
                }
                self.sequence += 1;
                self.replayed += 1;
            }
            at += 1;
        }
        let unread = frames.unread() as u64;
        match frames.tail() {
            _ if at == until => {}
            Tail::Whole => {}
            Tail::Torn => self.torn_bytes += unread,
            Tail::Damaged(whole) => {
                let place = LEN as u64 + body.len() as u64 - unread;
                self.suspect(
                    name.into(),
                    &format!(
                        "damaged from byte {place}, after transition {at}: {unread} bytes were left \
                         out, with {whole} whole transitions or more among them"
                    ),
                );
            }
        }
    }

    /// Note what was decided differently, and where the files end before what they are known to have
    /// held.
    pub fn check(&mut self, mark: Option<Mark>, newest_journal: Option<u64>) {
        if self.otherwise > 0 {
            let otherwise = self.otherwise;
            let note = "decisions were kept as they were made: this version would choose otherwise";
            self.notes.push(format!("{otherwise} {note}"));
        }
        let Some(Mark { generation, sequence }) = mark else { return };
        if newest_journal.is_none_or(|newest| newest < generation) {
            let name = name(Content::Journal, generation);
            self.notes.push(format!("{name} is missing"));
        }
        if self.sequence < sequence {
            let end = self.sequence;
            self.notes.push(format!("{sequence} transitions were on file, now {end} are found"));
        }
    }

    fn leave_out(&mut self, name: String, why: impl std::fmt::Display) {
        self.notes.push(format!("{name} left out: {why}"));
        self.suspects.push(Suspect { name, used: false });
    }

    fn suspect(&mut self, name: String, note: &str) {
        self.notes.push(format!("{name}: {note}"));
        let suspect = Suspect { name, used: true };
        if !self.suspects.contains(&suspect) {
            self.suspects.push(suspect);
        }
    }
}
