//! Going through a folder's history again, decision by decision, without opening it.

use messplus_core::Decision;

use crate::error::{Error, Result, damaged};
use crate::folder::Folder;
use crate::format::{Content, Frames, Header, Transition};
use crate::recovery::read_snapshot;

/// Do every transition again that the journals hold, beginning at the oldest snapshot that can be read,
/// and show each with the decision that was made last, its own if it is one. What cannot be read or
/// was not decided as this version would ends the history.
///
/// # Errors
///
/// No snapshot can be read, or a file cannot.
pub fn retrace(folder: &Folder, mut visit: impl FnMut(&Transition, &Decision)) -> Result<()> {
    let snapshots = folder.generations(Content::Snapshot)?;
    let found = snapshots.iter().find_map(|&generation| read_snapshot(folder, generation).ok());
    let Some((header, mut controller)) = found else {
        let rule = "a folder must hold a snapshot that can be read";
        return Err(Error::Core(damaged(rule, format!("{} files", snapshots.len()))));
    };
    let mut sequence = header.sequence;
    let mut decision = Decision::with_capacity(controller.config().models.len());
    for generation in folder.generations(Content::Journal)? {
        let bytes = folder.read(Content::Journal, generation)?;
        let Ok((journal, body)) = Header::decode(Content::Journal, &bytes) else { continue };
        if journal.sequence != sequence {
            continue;
        }
        for transition in Frames::new(body, journal.chain()) {
            if !transition.apply(&mut controller, &mut decision).is_ok_and(|same| same) {
                return Ok(());
            }
            sequence += 1;
            visit(&transition, &decision);
        }
    }
    Ok(())
}
