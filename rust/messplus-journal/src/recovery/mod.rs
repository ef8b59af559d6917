//! From the files of a folder back to the controller they describe. Reads only.

mod replay;

use messplus_core::Controller;

pub(crate) use self::replay::Replay;
use crate::error::{Error, Result, damaged};
use crate::folder::{self, Folder, Mark};
use crate::format::{Content, Header};

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
    /// Bytes of half-written transitions, which a crash leaves.
    pub torn_bytes: u64,
    /// What was not as it should be, in words; empty after an ordinary stop or crash.
    pub notes: Vec<String>,
    /// Files to be kept out of the way.
    pub(crate) suspects: Vec<Suspect>,
}

/// A file that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspect {
    /// Its name.
    pub name: String,
    /// Part of it was used.
    pub used: bool,
}

/// Read a folder; none where it holds neither snapshot nor journal.
///
/// The newest snapshot that can be read, then what every journal has beyond it. The beginning of a
/// transition at the end is what a crash leaves. Anything else that is missing or cannot be read is
/// noted; nothing after it is used.
///
/// # Errors
///
/// There are files, but no snapshot that can be read.
pub fn recover(folder: &Folder) -> Result<Option<Recovered>> {
    let mark = folder.mark();
    let snapshots = folder.generations(Content::Snapshot)?;
    let journals = folder.generations(Content::Journal)?;
    let Some(&newest) = snapshots.last().max(journals.last()) else {
        return mark.map_or(Ok(None), |mark| Err(missing(mark).into()));
    };
    let (mut notes, mut suspects) = (Vec::new(), Vec::new());
    for name in folder.strays()? {
        notes.push(format!("{name} left out: it has no name that was given here"));
        suspects.push(Suspect { name, used: false });
    }
    let found = snapshots.iter().rev().find_map(|&generation| {
        let leave_out = |error| {
            let name = folder::name(Content::Snapshot, generation);
            notes.push(format!("{name} left out: {error}"));
            suspects.push(Suspect { name, used: false });
        };
        read_snapshot(folder, generation).map_err(leave_out).ok()
    });
    let Some((header, controller)) = found else {
        let found = if notes.is_empty() { "journals only".into() } else { notes.join("; ") };
        return Err(Error::Core(damaged("a folder must hold a snapshot that can be read", found)));
    };
    let mut replay = Replay::new(controller, header.sequence);
    (replay.notes, replay.suspects) = (notes, suspects);
    for &generation in journals.iter().filter(|&&journal| journal >= header.generation) {
        replay.journal(folder, generation, u64::MAX);
    }
    replay.check(mark, journals.last().copied());
    let Replay { controller, sequence, replayed, torn_bytes, notes, suspects, .. } = replay;
    let generation = header.generation;
    Ok(Some(Recovered {
        controller,
        sequence,
        generation,
        newest,
        replayed,
        torn_bytes,
        notes,
        suspects,
    }))
}

/// The state that a snapshot holds.
///
/// # Errors
///
/// [`Error::Io`] where the file cannot be read, [`Error::Core`] where it holds no snapshot of this
/// generation.
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

fn missing(mark: Mark) -> messplus_core::Error {
    let found = format!("none of {} transitions", mark.sequence);
    damaged("a folder must hold what was written to it", found)
}
