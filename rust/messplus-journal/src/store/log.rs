//! The files a store writes to, and what happens when writing fails.

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use messplus_core::Controller;

use super::failures::{FailureKind, FailureLog};
use super::journal::{Journal, Medium as _, Refusal, State};
use super::options::{Durability, Options};
use crate::controller::JournaledController;
use crate::error::{Error, Result};
use crate::folder::{Folder, Lock, Mark};
use crate::fork;
use crate::format::{Content, Header};
use crate::sync::lock;

/// The journal being written, and the snapshots before it.
///
/// Locks are taken in the order `snapshots`, `owner`, `journal`, live controller.
#[derive(Debug)]
pub struct Log {
    live: Arc<Mutex<JournaledController>>,
    folder: Folder,
    options: Options,
    /// Fork depth of the process that opened the log.
    depth: u64,
    /// Held while a snapshot is written.
    snapshots: Mutex<()>,
    owner: Mutex<Lock>,
    journal: Mutex<Journal<File>>,
    stopping: AtomicBool,
    failures: FailureLog,
}

impl Log {
    /// A new generation that begins with this controller.
    ///
    /// # Errors
    ///
    /// Its files cannot be written.
    pub fn begin(
        folder: Folder,
        mut owner: Lock,
        options: Options,
        header: Header,
        live: Arc<Mutex<JournaledController>>,
    ) -> Result<Self> {
        let sync = options.syncs();
        let path = folder.file(Content::Journal, header.generation);
        // The journal comes first: a snapshot without one is known to have lost it.
        let file = folder.create_journal(header.generation, sync)?;
        let begun = file.append(&header.encode()).and_then(|()| {
            let mark = Mark { generation: header.generation, sequence: header.sequence };
            if sync { file.sync() } else { Ok(()) }.map(|()| mark)
        });
        let mark = begun.map_err(Error::io("be written", &path))?;
        write_snapshot(&folder, header, &lock(&live), sync)?;
        owner.mark(mark).map_err(Error::io("be written", folder.path()))?;
        folder.prune()?;
        let failures = FailureLog::default();
        if let Some(exposure) = folder.exposure() {
            failures.report(format!("{}: {exposure}", folder.path().display()));
        }
        Ok(Self {
            live,
            folder,
            options,
            depth: fork::depth(),
            snapshots: Mutex::new(()),
            owner: Mutex::new(owner),
            journal: Mutex::new(Journal::new(file, header)),
            stopping: AtomicBool::new(false),
            failures,
        })
    }

    /// Put the controller's new frames on file. The caller has passed the fork gate.
    ///
    /// Never fails: a request must be served whatever the disk does. What fails is counted.
    pub fn commit(&self) {
        let journal = &mut *lock(&self.journal);
        let before = journal.state();
        if before == State::HandedOn {
            // What was done before is on file, and the frames there are now are the spool's.
            return;
        }
        // Frames leave the controller under this lock, so their order on file is that of transitions.
        let sequence = lock(&self.live).take_frames(journal.buffer());
        if !self.is_ours() {
            if !journal.is_empty() && self.failures.count(FailureKind::Forked) {
                self.report("a forked process routes on in memory, unrecorded");
            }
            return;
        }
        let put = journal.put(sequence, self.options.durability == Durability::Each);
        put.unwrap_or_else(|refusal| self.note(before, journal.state(), refusal));
    }

    /// Make what was written last, and write down how far it reaches.
    pub fn sync(&self) {
        let (file, mark) = {
            let _gate = fork::gate();
            if !self.is_ours() {
                return;
            }
            lock(&self.journal).sync_point()
        };
        if let Some(file) = file.filter(|_| self.options.syncs())
            && let Err(error) = file.sync()
        {
            self.change(|journal| journal.unsynced(error));
            return;
        }
        if let Some(mark) = mark {
            let _gate = fork::gate();
            // It only tells the next owner where to look for more.
            let _ = lock(&self.owner).mark(mark);
        }
    }

    /// See whether the folder is still where it was and ours; afterwards nothing of what is written
    /// is taken for lasting unless it is.
    pub fn watch(&self) {
        let (generation, file) = {
            let _gate = fork::gate();
            let journal = lock(&self.journal);
            let writes = matches!(journal.state(), State::Writing | State::Keeping);
            if !writes || !self.is_ours() {
                return;
            }
            (journal.generation(), Arc::clone(journal.file()))
        };
        if lock(&self.owner).is_in_place() && self.folder.holds(generation, &file) {
            return;
        }
        let error = io::Error::other("the folder, its lock or its journal is not what it was");
        self.change(|journal| {
            if journal.generation() == generation {
                journal.break_off();
            }
            Refusal { kind: FailureKind::Folder, error: Some(error) }
        });
    }

    /// Offer the disk what it refused. None where it refused nothing, or else whether it took it.
    pub fn retry(&self) -> Option<bool> {
        let _gate = fork::gate();
        if !self.is_ours() {
            return None;
        }
        let mut journal = lock(&self.journal);
        match journal.retry() {
            Ok(false) => None,
            Ok(true) => {
                self.report("the journal goes on, and nothing is missing in it");
                Some(true)
            }
            Err(_) => Some(false),
        }
    }

    /// Whether a snapshot is to be written.
    pub fn wants_snapshot(&self) -> bool {
        let _gate = fork::gate();
        lock(&self.journal).wants_snapshot(self.options.journal_bytes)
    }

    /// Write a snapshot and, unless the one before failed, begin a new journal.
    ///
    /// # Errors
    ///
    /// A file cannot be written; the files before it are kept.
    pub fn checkpoint(&self) -> Result<()> {
        if !self.is_ours() {
            return Ok(());
        }
        let _one = lock(&self.snapshots);
        if lock(&self.journal).state().is_final() {
            return Ok(());
        }
        self.hold_folder()?;
        let (header, controller) = self.snapshot_point()?;
        write_snapshot(&self.folder, header, &controller, self.options.syncs())?;
        drop(controller);
        let closed_a_gap = {
            let _gate = fork::gate();
            lock(&self.journal).settle()
        };
        if closed_a_gap {
            self.report("the journal goes on, from a snapshot that has everything before it");
        }
        self.sync();
        self.folder.prune()
    }

    /// Take the folder again where it or its lock was removed, unless somebody else has it.
    fn hold_folder(&self) -> Result<()> {
        let mut owner = lock(&self.owner);
        if owner.is_in_place() {
            return Ok(());
        }
        self.folder.create()?;
        let newest = [Content::Snapshot, Content::Journal]
            .map(|content| self.folder.generations(content).map(|found| found.last().copied()));
        let [snapshot, journal] = newest;
        let foreign = snapshot?.max(journal?) > Some(lock(&self.journal).generation());
        let taken = if foreign {
            let (path, holder) = (self.folder.path().to_owned(), "that wrote to it since".into());
            Err(Error::Locked { path, holder })
        } else {
            self.folder.lock()
        };
        *owner = taken.inspect_err(|error| {
            if matches!(error, Error::Locked { .. }) {
                lock(&self.journal).end(State::Taken);
                self.report("another process has the folder: this one routes on in memory");
            }
        })?;
        Ok(())
    }

    /// The controller at a moment that the journals lead up to, and go on from.
    fn snapshot_point(&self) -> Result<(Header, Controller)> {
        match self.stay() {
            Some(point) => Ok(point),
            None => self.turn(),
        }
    }

    /// Now, in the journal whose snapshot is still owed.
    fn stay(&self) -> Option<(Header, Controller)> {
        let _gate = fork::gate();
        let journal = &mut *lock(&self.journal);
        if !journal.can_stay() {
            return None;
        }
        let live = self.hand_over(journal);
        let point = (live.header(journal.generation()), Controller::clone(&live));
        journal.can_stay().then_some(point)
    }

    /// Now, at the beginning of a new journal.
    fn turn(&self) -> Result<(Header, Controller)> {
        let old = {
            let _gate = fork::gate();
            lock(&self.journal).generation()
        };
        let (generation, sync) = (old + 1, self.options.syncs());
        let path = self.folder.file(Content::Journal, generation);
        let file = self.folder.create_journal(generation, sync)?;
        let turned = {
            let _gate = fork::gate();
            let journal = &mut *lock(&self.journal);
            // What the disk refused it may take now.
            let _ = journal.retry();
            let mut live = self.hand_over(journal);
            let header = live.header(generation);
            file.append(&header.encode()).map(|()| {
                live.go_on_from(header);
                (header, Controller::clone(&live), journal.turn_to(file, header))
            })
        };
        let (header, controller, (file, is_stray)) = turned
            .inspect_err(|_| _ = self.folder.remove_journal(generation))
            .map_err(Error::io("be written", &path))?;
        if is_stray {
            self.folder.remove_journal(old)?;
        } else if sync && file.sync().is_err() {
            // What does not last there is in the snapshot to come.
            self.failures.count(FailureKind::Sync);
        }
        Ok((header, controller))
    }

    /// Put on file what there is; the controller as it is then.
    fn hand_over(&self, journal: &mut Journal<File>) -> MutexGuard<'_, JournaledController> {
        let before = journal.state();
        let mut live = lock(&self.live);
        let sequence = live.take_frames(journal.buffer());
        let put = journal.put(sequence, self.options.durability == Durability::Each);
        put.unwrap_or_else(|refusal| self.note(before, journal.state(), refusal));
        live
    }

    /// Write a snapshot, stop writing, let go of the folder.
    ///
    /// # Errors
    ///
    /// The snapshot cannot be written, or the folder not be let go of.
    pub fn close(&self) -> Result<()> {
        let snapshot = self.checkpoint();
        self.sync();
        if !self.is_ours() {
            return snapshot;
        }
        let owner = lock(&self.owner);
        let _gate = fork::gate();
        let mut journal = lock(&self.journal);
        let was_open = !journal.state().is_final();
        journal.end(State::Closed);
        if was_open {
            owner.release()?;
        }
        snapshot
    }

    /// Let somebody else carry on: `carry` is shown the controller, while nobody enters it, and says
    /// what takes its place. Then the folder is let go of. Whether that was done: a folder that is not
    /// this log's any more is not handed on.
    ///
    /// # Errors
    ///
    /// Those of `carry`: nothing has changed then.
    pub fn hand_on<E>(
        &self,
        carry: impl FnOnce(&Controller) -> std::result::Result<JournaledController, E>,
    ) -> std::result::Result<bool, E> {
        let _one = lock(&self.snapshots);
        let owner = lock(&self.owner);
        let _gate = fork::gate();
        let mut journal = lock(&self.journal);
        if !self.is_ours() || !owner.is_in_place() || journal.state().is_final() {
            return Ok(false);
        }
        let mut live = self.hand_over(&mut journal);
        *live = carry(&live)?;
        drop(live);
        journal.end(State::HandedOn);
        self.stop();
        if let Err(error) = owner.release() {
            // Those who come look for the log before they try the lock.
            self.failures.report(error.to_string());
        }
        Ok(true)
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

    fn change(&self, change: impl FnOnce(&mut Journal<File>) -> Refusal) {
        let _gate = fork::gate();
        let mut journal = lock(&self.journal);
        let before = journal.state();
        let refusal = change(&mut journal);
        self.note(before, journal.state(), refusal);
    }

    /// Count what failed, and say so where that changes what becomes of transitions.
    fn note(&self, before: State, now: State, refusal: Refusal) {
        let Refusal { kind, error } = refusal;
        let is_first = self.failures.count(kind);
        let is_news = now != before || is_first && now == State::Closed;
        let what = match now {
            _ if !is_news => return,
            State::Writing | State::HandedOn => return,
            State::Keeping => "outcomes are kept in memory until the disk takes them",
            State::Broken => "outcomes are not on file until a snapshot is",
            State::Taken => "another process has the folder: this one routes on in memory",
            State::Closed => "a closed router routes on in memory, unrecorded",
        };
        match error {
            Some(error) => self.report(&format!("{what}: {error}")),
            None => self.report(what),
        }
    }

    fn report(&self, message: &str) {
        self.failures.report(format!("{}: {message}", self.folder.path().display()));
    }
}

/// One that could not be read back must not replace one that can.
fn write_snapshot(
    folder: &Folder,
    header: Header,
    controller: &Controller,
    sync: bool,
) -> Result<()> {
    let state = controller.to_bytes();
    Controller::check_bytes(&state)?;
    let header = Header { content: Content::Snapshot, ..header };
    folder.write_snapshot(header.generation, [&header.encode(), &state], sync)
}
