//! Looking into a folder without opening it: every file by itself, and whether they agree.

use messplus_core::Controller;

use crate::error::Result;
use crate::folder::{Folder, name};
use crate::format::header::LEN;
use crate::format::{Content, Frames, Header, Tail, Transition};
use crate::recovery::{Replay, read_snapshot};

/// What one file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct FileAudit {
    /// Its name.
    pub name: String,
    /// Snapshot or journal; none where it is neither.
    pub content: Option<Content>,
    /// Size of the file.
    pub bytes: usize,
    /// Transitions before this file; none where its header cannot be read.
    pub sequence: Option<u64>,
    /// Whole frames of a journal.
    pub frames: u64,
    /// Bytes of a half-written transition at the end of a journal.
    pub torn: usize,
    /// Why the file cannot be used, or does not agree with those before it.
    pub problem: Option<String>,
}

/// Check every file, and that each snapshot is what the one before it and its journals lead to.
///
/// # Errors
///
/// The folder or a file of it cannot be read. What a file holds is no error but its
/// [`problem`](FileAudit::problem).
pub fn audit(folder: &Folder) -> Result<Vec<FileAudit>> {
    let mark = folder.mark();
    let stray = |name| FileAudit { problem: Some("is not of this folder".into()), ..named(name) };
    let mut files: Vec<_> = folder.strays()?.into_iter().map(stray).collect();
    let mut before: Option<Replay> = None;
    for generation in folder.generations(Content::Snapshot)? {
        let (file, controller) = audit_snapshot(folder, generation, before.take())?;
        before = controller.map(|(sequence, controller)| Replay::new(controller, sequence));
        files.push(file);
    }
    let journals = folder.generations(Content::Journal)?;
    for &generation in &journals {
        files.push(audit_journal(folder, generation)?);
    }
    let end = files.iter().filter_map(|file| Some(file.sequence? + file.frames)).max().unwrap_or(0);
    if let Some(mark) = mark {
        if journals.last().is_none_or(|&newest| newest < mark.generation) {
            let problem = Some("is missing".into());
            files.push(FileAudit { problem, ..named(name(Content::Journal, mark.generation)) });
        }
        // What a journal without a header goes on from cannot be told here.
        let all_placed = files.iter().all(|file| file.sequence.is_some() || file.bytes < LEN);
        if end < mark.sequence && all_placed {
            let found = format!("{} transitions were on file, now {end} are found", mark.sequence);
            files.push(FileAudit { problem: Some(found), ..named("lock".into()) });
        }
    }
    // By number, each snapshot before its journal.
    files.sort_by_key(|file| {
        let number = file.name.split_once('-').map_or("", |(_, number)| number).to_owned();
        (number, file.content == Some(Content::Journal))
    });
    Ok(files)
}

/// Every transition that a journal holds whole, of every journal, with its place in the history.
///
/// # Errors
///
/// The folder or a file of it cannot be read.
pub fn history(folder: &Folder) -> Result<Vec<(u64, Transition)>> {
    let mut history = Vec::new();
    for generation in folder.generations(Content::Journal)? {
        let bytes = folder.read(Content::Journal, generation)?;
        if let Ok((header, body)) = Header::decode(Content::Journal, &bytes) {
            let mut frames = Frames::new(body, header.chain());
            let mended = std::iter::from_fn(|| frames.next_or_mended());
            history.extend((header.sequence..).zip(mended.map(|(transition, _)| transition)));
        }
    }
    Ok(history)
}

fn audit_snapshot(
    folder: &Folder,
    generation: u64,
    before: Option<Replay>,
) -> Result<(FileAudit, Option<(u64, Controller)>)> {
    let content = Some(Content::Snapshot);
    let mut file = FileAudit { content, ..named(name(Content::Snapshot, generation)) };
    file.bytes = folder.read(Content::Snapshot, generation)?.len();
    match read_snapshot(folder, generation) {
        Ok((header, controller)) => {
            file.sequence = Some(header.sequence);
            let before = before.map(|before| disagreement(folder, before, header, &controller));
            file.problem = before.transpose()?.flatten();
            Ok((file, Some((header.sequence, controller))))
        }
        Err(error) => {
            file.problem = Some(error.to_string());
            Ok((file, None))
        }
    }
}

fn audit_journal(folder: &Folder, generation: u64) -> Result<FileAudit> {
    let content = Some(Content::Journal);
    let mut file = FileAudit { content, ..named(name(Content::Journal, generation)) };
    let bytes = folder.read(Content::Journal, generation)?;
    file.bytes = bytes.len();
    if bytes.len() < LEN {
        file.torn = bytes.len();
        return Ok(file);
    }
    let (header, body) = match Header::decode(Content::Journal, &bytes) {
        Ok(found) => found,
        Err(error) => return Ok(FileAudit { problem: Some(error.to_string()), ..file }),
    };
    file.sequence = Some(header.sequence);
    let mut frames = Frames::new(body, header.chain());
    while let Some((_, flip)) = frames.next_or_mended() {
        file.frames += 1;
        if flip.is_some() {
            file.problem = Some(format!("a bit of transition {} is flipped", file.frames));
        }
    }
    match frames.tail() {
        Tail::Whole => {}
        Tail::Torn => file.torn = frames.unread(),
        Tail::Damaged(_) => {
            let place = bytes.len() - frames.unread();
            file.problem = Some(format!("is damaged from byte {place} of {}", bytes.len()));
        }
    }
    Ok(file)
}

/// How a snapshot differs from what the files before it lead to.
fn disagreement(
    folder: &Folder,
    mut before: Replay,
    header: Header,
    controller: &Controller,
) -> Result<Option<String>> {
    for generation in folder.generations(Content::Journal)? {
        // Those from before the snapshot that is replayed from are passed over by themselves.
        if generation <= header.generation && before.sequence < header.sequence {
            before.journal(folder, generation, header.sequence);
        }
    }
    if before.sequence != header.sequence {
        let found = format!("the files before it end at transition {}", before.sequence);
        return Ok(Some(format!("must go on from transition {}, {found}", header.sequence)));
    }
    let same = before.controller.to_bytes() == controller.to_bytes();
    Ok((!same).then(|| "must be what a replay of the files before it leads to".into()))
}

fn named(name: String) -> FileAudit {
    FileAudit { name, ..FileAudit::default() }
}
