//! A controller shared by threads whose transitions are on file before a call returns.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use std::time::Duration;

use messplus_core::Controller;

use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::fork;
use crate::header::{Content, Header};
use crate::keeper;
use crate::log::Log;
use crate::recorded::Recorded;
use crate::recovery::{Recovered, recover};
use crate::trouble::Kind;

/// When what was written is made to survive power loss. A killed process loses nothing in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Every [`Options::group`], in the background.
    Group,
    /// Before each call returns; calls that wait together are synced together.
    Each,
    /// When the operating system likes.
    None,
}

/// How a store writes.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When what was written is made to survive power loss.
    pub durability: Durability,
    /// Bytes of a journal after which a snapshot is written.
    pub journal_bytes: u64,
    /// How often the background thread looks: the most that power loss costs with
    /// [`Durability::Group`].
    pub group: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            durability: Durability::Group,
            journal_bytes: 32 << 20,
            group: Duration::from_millis(50),
        }
    }
}

/// A controller behind one short lock, in memory or on file.
#[derive(Debug)]
pub struct Store {
    shared: Arc<Shared>,
    keeper: Mutex<Option<JoinHandle<()>>>,
}

/// What the callers and the background thread have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub live: Mutex<Recorded>,
    pub log: Option<Log>,
}

impl Store {
    /// A controller in memory only.
    pub fn in_memory(controller: Controller) -> Self {
        let live = Mutex::new(Recorded::untraced(controller));
        Self { shared: Arc::new(Shared { live, log: None }), keeper: Mutex::new(None) }
    }

    /// The controller of a folder, or, where the folder holds none, the one that `make` makes.
    ///
    /// The second value says how the controller was found; none where it was made.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where somebody holds the folder, [`Error::Core`] where its files cannot be
    /// read or `make` fails, [`Error::Io`] where the operating system refuses.
    pub fn open(
        folder: Folder,
        options: Options,
        make: impl FnOnce() -> Result<Controller>,
    ) -> Result<(Self, Option<Found>)> {
        folder.create()?;
        let lock = folder.lock()?;
        let (controller, sequence, generation, found) = match recover(&folder)? {
            Some(recovered) => {
                if let Some((generation, length, _)) = recovered.torn {
                    folder.cut(generation, length)?;
                }
                let found = Found::of(&recovered);
                (recovered.controller, recovered.sequence, recovered.newest + 1, Some(found))
            }
            None => (make()?, 0, 1, None),
        };
        // Where something was wrong, the files that show it stay until the next snapshot.
        let prune = found.as_ref().is_none_or(|found| found.notes.is_empty());
        let header = Header { content: Content::Journal, generation, sequence };
        let path = folder.path().to_owned();
        let log = Log::begin(folder, lock, options, header, &controller, prune)?;
        let live = Mutex::new(Recorded::traced(controller, sequence, header.chain()));
        let shared = Arc::new(Shared { live, log: Some(log) });
        let keeper = keeper::spawn(&shared, options)
            .map_err(Error::io("have a background thread", &path))?;
        Ok((Self { shared, keeper: Mutex::new(Some(keeper)) }, found))
    }

    /// Do something with the controller while nobody else does; it is on file when this returns.
    pub fn enter<T>(&self, transition: impl FnOnce(&mut Recorded) -> T) -> T {
        let _gate = fork::gate();
        let result = transition(&mut lock(&self.shared.live));
        if let Some(log) = &self.shared.log {
            log.commit(&self.shared.live);
        }
        result
    }

    /// [`enter`](Self::enter), if that waits for nothing: neither for a lock nor for a file. The
    /// transition is handed back otherwise.
    ///
    /// # Errors
    ///
    /// The transition, where it would have to wait.
    pub fn try_enter<T, F>(&self, transition: F) -> std::result::Result<T, F>
    where
        F: FnOnce(&mut Recorded) -> T,
    {
        if self.shared.log.is_some() {
            return Err(transition);
        }
        let Some(_gate) = fork::try_gate() else { return Err(transition) };
        match self.shared.live.try_lock() {
            Ok(mut live) => Ok(transition(&mut live)),
            Err(TryLockError::Poisoned(poisoned)) => Ok(transition(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => Err(transition),
        }
    }

    /// Look at the controller.
    pub fn read<T>(&self, look: impl FnOnce(&Controller) -> T) -> T {
        let _gate = fork::gate();
        look(&lock(&self.shared.live))
    }

    /// Write a snapshot and begin a new journal. Nothing to do for a store in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the snapshot cannot be written. Transitions are then recorded as before.
    pub fn checkpoint(&self) -> Result<()> {
        self.shared.log.as_ref().map_or(Ok(()), |log| log.checkpoint(&self.shared.live))
    }

    /// Write a snapshot and let go of the folder. The controller goes on in memory.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the snapshot cannot be written or the lock not be released.
    pub fn close(&self) -> Result<()> {
        let Some(log) = &self.shared.log else { return Ok(()) };
        self.stop_keeper();
        log.close(&self.shared.live)
    }

    /// Failures to write so far, by kind; none for a store in memory.
    pub fn troubles(&self) -> Option<[u64; Kind::ALL.len()]> {
        self.shared.log.as_ref().map(|log| log.trouble().counts())
    }

    /// What there is to say about failures that nobody has read yet. Costs next to nothing where
    /// there is nothing to say.
    pub fn news(&self) -> Vec<String> {
        self.shared.log.as_ref().map_or_else(Vec::new, |log| log.trouble().news())
    }

    fn stop_keeper(&self) {
        let Some(log) = &self.shared.log else { return };
        let Some(keeper) = lock(&self.keeper).take() else { return };
        if log.is_ours() {
            log.stop();
            keeper.thread().unpark();
            // It returns nothing, and a panic in it was printed where it happened.
            let _ = keeper.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop_keeper();
        if let Some(log) = &self.shared.log {
            log.sync();
        }
    }
}

/// A panic is a bug that was raised where it happened; requests go on being served.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How the controller of a folder was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Transitions since the folder was made.
    pub sequence: u64,
    /// Transitions read from journals.
    pub replayed: u64,
    /// Bytes cut from the end of a journal.
    pub torn_bytes: u64,
    /// What was not as it should be, in words.
    pub notes: Vec<String>,
}

impl Found {
    /// How a folder was read.
    pub fn of(recovered: &Recovered) -> Self {
        Self {
            sequence: recovered.sequence,
            replayed: recovered.replayed,
            torn_bytes: recovered.torn.map_or(0, |(_, _, bytes)| bytes as u64),
            notes: recovered.notes.clone(),
        }
    }
}
