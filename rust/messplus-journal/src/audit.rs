//! Looking into a folder without opening it: every file by itself, and whether they agree.

use messplus_core::Controller;

use crate::error::Result;
use crate::folder::Folder;
use crate::format::{Content, Frames, Header, Transition};
use crate::recovery::{read_snapshot, replay};

/// What one file holds.
#[derive(Clone, Debug, PartialEq)]
pub struct FileAudit {
    /// Snapshot or journal.
    pub content: Content,
    /// Number in the file's name.
    pub generation: u64,
    /// Size of the file.
    pub bytes: usize,
    /// Transitions before this file; none where its header cannot be read.
    pub sequence: Option<u64>,
    /// Whole frames of a journal.
    pub frames: u64,
    /// Bytes after the last whole frame.
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
    let mut files = Vec::new();
    let mut before: Option<(u64, Controller)> = None;
    for generation in folder.generations(Content::Snapshot)? {
        let bytes = folder.read(Content::Snapshot, generation)?.len();
        let mut file = FileAudit::new(Content::Snapshot, generation, bytes);
        match read_snapshot(folder, generation) {
            Ok((header, controller)) => {
                file.sequence = Some(header.sequence);
                file.problem = disagreement(folder, before.take(), header, &controller)?;
                before = Some((header.sequence, controller));
            }
            Err(error) => file.problem = Some(error.to_string()),
        }
        files.push(file);
    }
    for generation in folder.generations(Content::Journal)? {
        files.push(audit_journal(folder, generation)?);
    }
    files.sort_by_key(|file| (file.generation, file.content == Content::Journal));
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
            history.extend((header.sequence..).zip(Frames::new(body, header.chain())));
        }
    }
    Ok(history)
}

fn audit_journal(folder: &Folder, generation: u64) -> Result<FileAudit> {
    let bytes = folder.read(Content::Journal, generation)?;
    let mut file = FileAudit::new(Content::Journal, generation, bytes.len());
    match Header::decode(Content::Journal, &bytes) {
        Ok((header, body)) => {
            let mut frames = Frames::new(body, header.chain());
            file.sequence = Some(header.sequence);
            file.frames = frames.by_ref().count() as u64;
            file.torn = frames.torn();
        }
        Err(error) => file.problem = Some(error.to_string()),
    }
    Ok(file)
}

/// How a snapshot differs from what the files before it lead to.
fn disagreement(
    folder: &Folder,
    before: Option<(u64, Controller)>,
    header: Header,
    controller: &Controller,
) -> Result<Option<String>> {
    let Some((mut sequence, mut replayed)) = before else { return Ok(None) };
    for generation in
        folder.generations(Content::Journal)?.into_iter().filter(|&g| g < header.generation)
    {
        let bytes = folder.read(Content::Journal, generation)?;
        let Ok((journal, body)) = Header::decode(Content::Journal, &bytes) else { continue };
        if journal.sequence == sequence {
            let mut frames = Frames::new(body, journal.chain());
            if let Err(error) = replay(&mut frames, &mut replayed, &mut sequence) {
                return Ok(Some(error.to_string()));
            }
        }
    }
    if sequence != header.sequence {
        let found = format!("the files before it end at transition {sequence}");
        return Ok(Some(format!("must go on from transition {}, {found}", header.sequence)));
    }
    let same = replayed.to_bytes() == controller.to_bytes();
    Ok((!same).then(|| "must be what a replay of the files before it leads to".into()))
}

impl FileAudit {
    fn new(content: Content, generation: u64, bytes: usize) -> Self {
        Self { content, generation, bytes, sequence: None, frames: 0, torn: 0, problem: None }
    }
}
