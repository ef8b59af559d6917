//! The files a store writes to, and what happens when writing fails.

use std::fs::File;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use messplus_base::wire::Writer;
use messplus_core::Controller;

use super::failures::{FailureKind, FailureLog};
use super::options::{Durability, Options};
use crate::controller::JournaledController;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::fork;
use crate::format::header::{Content, Header, LEN};
use crate::sync::lock;

/// The journal being written, and the snapshots before it.
///
/// Locks are taken in the order `snapshots`, `journal`, live controller; the first by snapshots only.
#[derive(Debug)]
pub struct Log {
    live: Arc<Mutex<JournaledController>>,
    folder: Folder,
    owner: File,
    options: Options,
    /// Fork depth of the process that opened the log.
    depth: u64,
    snapshots: Mutex<()>,
    journal: Mutex<Journal>,
    stopping: AtomicBool,
    failures: FailureLog,
}

#[derive(Debug)]
struct Journal {
    file: Arc<File>,
    generation: u64,
    /// Bytes in the file.
    length: u64,
    /// Written since the last sync.
    dirty: bool,
    state: State,
    /// Frames on their way from the controller to the file.
    frames: Writer,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Writing,
    /// Writing failed: frames are dropped until a snapshot has what they said.
    Failed,
    Closed,
}

impl Log {
    /// A new generation that begins with this controller.
    ///
    /// # Errors
    ///
    /// Its files cannot be written.
    pub fn begin(
        folder: Folder,
        owner: File,
        options: Options,
        header: Header,
        live: Arc<Mutex<JournaledController>>,
        prune: bool,
    ) -> Result<Self> {
        let sync = options.durability != Durability::None;
        write_snapshot(&folder, header, &lock(&live), sync)?;
        let mut file = folder.create_journal(header.generation)?;
        let path = folder.file(Content::Journal, header.generation);
        file.write_all(&header.encode()).map_err(Error::io("be written", &path))?;
        if prune {
            folder.prune()?;
        }
        let journal = Journal {
            file: Arc::new(file),
            generation: header.generation,
            length: LEN as u64,
            dirty: true,
            state: State::Writing,
            frames: Writer::default(),
        };
        Ok(Self {
            live,
            folder,
            owner,
            options,
            depth: fork::depth(),
            snapshots: Mutex::new(()),
            journal: Mutex::new(journal),
            stopping: AtomicBool::new(false),
            failures: FailureLog::default(),
        })
    }

    /// Put the controller's new frames on file. The caller has passed the fork gate.
    ///
    /// Never fails: a request must be served whatever the disk does. What fails is counted.
    pub fn commit(&self) {
        let mut journal = lock(&self.journal);
        journal.frames.clear();
        // Frames leave the controller under this lock, so their order on file is that of transitions.
        lock(&self.live).take_frames(&mut journal.frames);
        if journal.frames.is_empty() {
            return;
        }
        if !self.is_ours() {
            self.failures.report_first(
                FailureKind::Forked,
                "a forked process routes on in memory, unrecorded",
            );
            return;
        }
        match journal.state {
            State::Writing => self.write(&mut journal),
            State::Failed => self.failures.count(FailureKind::Write),
            State::Closed => {
                self.failures.report_first(
                    FailureKind::Closed,
                    "a closed router routes on in memory, unrecorded",
                );
            }
        }
    }

    fn write(&self, journal: &mut Journal) {
        if let Err(error) = journal.append() {
            self.fail(journal, FailureKind::Write, &error);
        } else if self.options.durability == Durability::Each {
            journal.dirty = false;
            let synced = journal.file.sync_data();
            synced.unwrap_or_else(|error| self.fail(journal, FailureKind::Sync, &error));
        }
    }

    /// Make what was written last.
    pub fn sync(&self) {
        let file = {
            let _gate = fork::gate();
            let mut journal = lock(&self.journal);
            let due = self.is_ours() && journal.state == State::Writing && journal.dirty;
            if !due || self.options.durability == Durability::None {
                return;
            }
            journal.dirty = false;
            Arc::clone(&journal.file)
        };
        if let Err(error) = file.sync_data() {
            let _gate = fork::gate();
            self.fail(&mut lock(&self.journal), FailureKind::Sync, &error);
        }
    }

    /// Whether the journal has grown enough, or must be started again after a failure.
    pub fn wants_snapshot(&self) -> bool {
        let _gate = fork::gate();
        let journal = lock(&self.journal);
        match journal.state {
            State::Writing => journal.length >= self.options.journal_bytes,
            State::Failed => true,
            State::Closed => false,
        }
    }

    /// Write a snapshot and begin a new journal.
    ///
    /// # Errors
    ///
    /// A file cannot be written; the files before it are kept.
    pub fn checkpoint(&self) -> Result<()> {
        if !self.is_ours() {
            return Ok(());
        }
        let _one = lock(&self.snapshots);
        let generation = {
            let _gate = fork::gate();
            let journal = lock(&self.journal);
            if journal.state == State::Closed {
                return Ok(());
            }
            journal.generation + 1
        };
        let file = self.folder.create_journal(generation)?;
        let (old, before, header, controller) = {
            let _gate = fork::gate();
            let journal = &mut *lock(&self.journal);
            let (header, controller) = {
                let mut live = lock(&self.live);
                journal.frames.clear();
                live.take_frames(&mut journal.frames);
                (live.begin_journal(generation), Controller::clone(&live))
            };
            let before = journal.state;
            if before == State::Writing
                && let Err(error) = journal.append()
            {
                self.fail(journal, FailureKind::Write, &error);
            }
            let path = self.folder.file(Content::Journal, generation);
            let old = journal.turn_to(file, header).map_err(|error| {
                self.fail(journal, FailureKind::Write, &error);
                Error::io("be written", &path)(error)
            })?;
            (old, before, header, controller)
        };
        let sync = self.options.durability != Durability::None;
        let path = self.folder.path();
        let synced = if sync { old.sync_data() } else { Ok(()) };
        synced
            .map_err(Error::io("be synced", path))
            .and_then(|()| write_snapshot(&self.folder, header, &controller, sync))
            .inspect_err(|_| {
                let _gate = fork::gate();
                // The gap before this journal is still there.
                lock(&self.journal).fall_back_to(before);
            })?;
        if before == State::Failed {
            self.failures.report(format!("{}: the journal goes on", path.display()));
        }
        self.folder.prune()
    }

    /// Write a snapshot, stop writing, let go of the folder.
    ///
    /// # Errors
    ///
    /// The snapshot cannot be written, or the folder not be let go of.
    pub fn close(&self) -> Result<()> {
        let snapshot = self.checkpoint();
        self.sync();
        let _gate = fork::gate();
        let mut journal = lock(&self.journal);
        if self.is_ours() && journal.state != State::Closed {
            journal.state = State::Closed;
            self.owner.unlock().map_err(Error::io("be unlocked", self.folder.path()))?;
        }
        snapshot
    }

    /// What failed so far.
    pub fn failures(&self) -> &FailureLog {
        &self.failures
    }

    /// Whether this process opened the log, rather than one it was forked off.
    pub fn is_ours(&self) -> bool {
        self.depth == fork::depth()
    }

    /// Ask the background thread to end.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
    }

    /// Whether the background thread is to end.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Relaxed)
    }

    fn fail(&self, journal: &mut Journal, kind: FailureKind, error: &io::Error) {
        journal.state = State::Failed;
        self.failures.count(kind);
        let path = self.folder.path().display();
        self.failures
            .report(format!("{path}: outcomes are not on file until a snapshot is: {error}"));
    }
}

impl Journal {
    fn append(&mut self) -> io::Result<()> {
        if !self.frames.is_empty() {
            (&*self.file).write_all(self.frames.as_bytes())?;
            self.length += self.frames.len() as u64;
            self.dirty = true;
        }
        Ok(())
    }

    /// Go on in a new file, and return the old one.
    fn turn_to(&mut self, file: File, header: Header) -> io::Result<Arc<File>> {
        self.generation = header.generation;
        self.length = LEN as u64;
        self.dirty = true;
        self.state = State::Writing;
        let old = std::mem::replace(&mut self.file, Arc::new(file));
        (&*self.file).write_all(&header.encode()).map(|()| old)
    }

    fn fall_back_to(&mut self, before: State) {
        if self.state == State::Writing {
            self.state = before;
        }
    }
}

fn write_snapshot(
    folder: &Folder,
    header: Header,
    controller: &Controller,
    sync: bool,
) -> Result<()> {
    let header = Header { content: Content::Snapshot, ..header };
    folder.write_snapshot(header.generation, [&header.encode(), &controller.to_bytes()], sync)
}
