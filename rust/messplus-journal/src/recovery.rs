//! From the files of a folder back to the controller they describe. Reads only.

use messplus_core::{Controller, Decision};

use crate::error::{Error, Result, damaged};
use crate::folder::Folder;
use crate::format::{Content, Frames, Header, header};

/// What a folder holds, and how it was found.
#[derive(Debug)]
pub struct Recovered {
    /// The state after the last transition that could be read.
    pub controller: Controller,
    /// Transitions since the folder was made.
    pub sequence: u64,
    /// The snapshot that was read.
    pub generation: u64,
    /// The newest generation of which there is any file.
    pub newest: u64,
    /// Transitions read from journals.
    pub replayed: u64,
    /// The journal that ended in something else than a whole frame: its generation, the length of
    /// its valid part, and the bytes after that.
    pub torn: Option<(u64, usize, usize)>,
    /// What was not as it should be, in words; empty after an ordinary stop or crash.
    pub notes: Vec<String>,
}

/// Read a folder; none where it holds neither snapshot nor journal.
///
/// The newest snapshot that can be read, then every journal from there on. A torn tail is what a
/// crash leaves and no more than noted.
///
/// # Errors
///
/// There are files, but no snapshot that can be read.
pub fn recover(folder: &Folder) -> Result<Option<Recovered>> {
    let snapshots = folder.generations(Content::Snapshot)?;
    let journals = folder.generations(Content::Journal)?;
    let Some(&newest) = snapshots.last().max(journals.last()) else { return Ok(None) };
    let mut notes = Vec::new();
    let found = snapshots.iter().rev().find_map(|&generation| {
        let snapshot = read_snapshot(folder, generation);
        snapshot
            .map_err(|error| notes.push(format!("snapshot {generation:x} left out: {error}")))
            .ok()
    });
    let Some((header, controller)) = found else {
        let found = if notes.is_empty() { "journals only".into() } else { notes.join("; ") };
        return Err(Error::Core(damaged("a folder must hold a snapshot that can be read", found)));
    };
    let mut recovered = Recovered {
        controller,
        sequence: header.sequence,
        generation: header.generation,
        newest,
        replayed: 0,
        torn: None,
        notes,
    };
    for &generation in journals.iter().filter(|&&g| g >= header.generation) {
        if !recovered.replay(folder, generation)? {
            break;
        }
    }
    Ok(Some(recovered))
}

/// The state that a snapshot holds.
///
/// # Errors
///
/// It cannot be read, or is not what its name says.
pub fn read_snapshot(folder: &Folder, generation: u64) -> Result<(Header, Controller)> {
    let bytes = folder.read(Content::Snapshot, generation)?;
    let (header, state) = Header::decode(Content::Snapshot, &bytes)?;
    if header.generation != generation {
        return Err(damaged(
            "a file must be of the generation it is named after",
            header.generation,
        )
        .into());
    }
    Ok((header, Controller::from_bytes(state)?))
}

impl Recovered {
    /// Go through one journal; whether the next one may follow.
    fn replay(&mut self, folder: &Folder, generation: u64) -> Result<bool> {
        let bytes = folder.read(Content::Journal, generation)?;
        let (header, body) = match Header::decode(Content::Journal, &bytes) {
            Ok(found) => found,
            // A crash may leave the newest journal without its header, then also without frames.
            Err(_) if bytes.len() < header::LEN => {
                self.torn = Some((generation, 0, bytes.len()));
                return Ok(true);
            }
            Err(error) => {
                self.notes.push(format!("journal {generation:x} left out: {error}"));
                return Ok(false);
            }
        };
        if header.generation != generation || header.sequence != self.sequence {
            self.notes.push(format!(
                "journal {generation:x} left out: it goes on from transition {}, the files before it end at {}",
                header.sequence, self.sequence
            ));
            return Ok(false);
        }
        let mut frames = Frames::new(body, header.chain());
        let start = self.sequence;
        let whole = replay(&mut frames, &mut self.controller, &mut self.sequence);
        self.replayed += self.sequence - start;
        if let Err(error) = whole {
            let at = self.sequence;
            self.notes.push(format!("journal {generation:x} left at transition {at}: {error}"));
            return Ok(false);
        }
        if frames.torn() > 0 {
            self.torn = Some((generation, bytes.len() - frames.torn(), frames.torn()));
        }
        Ok(true)
    }
}

/// Apply transitions to the controller that made them, counting them.
pub(crate) fn replay(
    frames: &mut Frames<'_>,
    controller: &mut Controller,
    sequence: &mut u64,
) -> messplus_core::Result<()> {
    let mut decision = Decision::with_capacity(controller.config().models.len());
    for transition in frames {
        transition.apply(controller, &mut decision)?;
        *sequence += 1;
    }
    Ok(())
}
