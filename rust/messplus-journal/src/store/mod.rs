//! A controller shared by threads whose transitions are on file before a call returns.

mod background;
mod failures;
mod journal;
mod log;
mod options;
mod spool;

use std::sync::{Arc, Mutex, OnceLock, TryLockError};
use std::thread::JoinHandle;

use messplus_core::Controller;

pub use self::failures::FailureKind;
use self::failures::FailureLog;
use self::log::Log;
pub use self::options::{Durability, Options};
use self::spool::Spool;
pub use self::spool::{Place, Spooled};
use crate::controller::JournaledController;
use crate::error::{Error, Result};
use crate::folder::Folder;
use crate::fork;
use crate::format::{Content, Header};
use crate::recovery::{Recovered, Suspect, recover};
use crate::sync::lock;

/// A controller behind one short lock, in memory or on file.
#[derive(Debug)]
pub struct Store {
    live: Arc<Mutex<JournaledController>>,
    log: Option<Arc<Log>>,
    spool: OnceLock<Spool>,
    background: Mutex<Option<JoinHandle<()>>>,
}

impl Store {
    /// A controller in memory only.
    pub fn in_memory(controller: Controller) -> Self {
        Self::carried(JournaledController::in_memory(controller))
    }

    /// A controller whose transitions somebody else takes and carries on, never waiting for a file.
    pub fn carried(live: JournaledController) -> Self {
        let (live, background) = (Arc::new(Mutex::new(live)), Mutex::new(None));
        Self { live, log: None, spool: OnceLock::new(), background }
    }

    /// The controller of a folder, or, where the folder holds none, the one that `make` makes.
    ///
    /// The second value says how the controller was found; none where it was made.
    ///
    /// # Errors
    ///
    /// Another store has the folder open, its files cannot be read or written, or `make` refuses.
    pub fn open(
        folder: Folder,
        options: Options,
        make: impl FnOnce() -> Result<Controller>,
    ) -> Result<(Self, Option<Found>)> {
        folder.create()?;
        let lock = folder.lock()?;
        let (controller, sequence, generation, found) = match recover(&folder)? {
            Some(recovered) => {
                for Suspect { name, used } in &recovered.suspects {
                    folder.set_aside(name, *used)?;
                }
                let found = Found::of(&recovered);
                (recovered.controller, recovered.sequence, recovered.newest + 1, Some(found))
            }
            None => (make()?, 0, 1, None),
        };
        let header = Header { content: Content::Journal, generation, sequence };
        let path = folder.path().to_owned();
        let live = JournaledController::journaled(controller, sequence, header.chain());
        let live = Arc::new(Mutex::new(live));
        let log = Arc::new(Log::begin(folder, lock, options, header, Arc::clone(&live))?);
        for _ in found.iter().flat_map(|found| &found.notes) {
            log.failures().count(FailureKind::Recovery);
        }
        let background = background::spawn(&log, options.group)
            .map_err(Error::io("have a background thread", &path))?;
        let (log, spool, background) = (Some(log), OnceLock::new(), Mutex::new(Some(background)));
        Ok((Self { live, log, spool, background }, found))
    }

    /// Let a log that is shared carry the controller of a folder on: `carry` is shown it, while nobody
    /// enters, and says what takes its place; what happens to that is [spooled](Self::spool) at
    /// `place`. Then the folder is let go of. Whether that was done: a folder that is not this store's
    /// any more, or never was, is not handed on.
    ///
    /// # Errors
    ///
    /// Those of `carry`: nothing has changed then.
    pub fn hand_on<E>(
        &self,
        place: Place,
        carry: impl FnOnce(&Controller) -> std::result::Result<JournaledController, E>,
    ) -> std::result::Result<bool, E> {
        let Some(log) = &self.log else { return Ok(false) };
        log.hand_on(|controller| {
            let mut carried = carry(controller)?;
            // It is there before anybody enters again.
            self.spool.get_or_init(|| Spool::new(place, &mut carried));
            Ok(carried)
        })
    }

    /// From now on, have on file what a replica does before a call returns, until the log has it: what a
    /// killed one leaves there, others send.
    pub fn spool(&self, place: Place) {
        let _gate = fork::gate();
        let fresh = || Spool::new(place.clone(), &mut lock(&self.live));
        self.spool.get_or_init(fresh).begin(place, &self.live);
    }

    /// The log keeps what this replica did up to a number: it may go from the spool.
    pub fn kept_elsewhere(&self, number: u64) {
        let _gate = fork::gate();
        self.spool.get().into_iter().for_each(|spool| spool.drop_until(number));
    }

    /// End the spool; what the log keeps, up to a number, goes from it.
    pub fn end_spool(&self, number: u64) {
        let _gate = fork::gate();
        self.spool.get().into_iter().for_each(|spool| spool.end(number));
    }

    /// Do something with the controller while nobody else does; it is on file when this returns.
    pub fn enter<T>(&self, transition: impl FnOnce(&mut JournaledController) -> T) -> T {
        let _gate = fork::gate();
        let result = transition(&mut lock(&self.live));
        if let Some(spool) = self.spool.get() {
            spool.commit(&self.live);
        } else if let Some(log) = &self.log {
            log.commit();
        }
        result
    }

    /// [`enter`](Self::enter), if that waits for nothing: neither for a lock nor for a file.
    ///
    /// # Errors
    ///
    /// It would have to wait: the transition is handed back.
    pub fn try_enter<T, F>(&self, transition: F) -> std::result::Result<T, F>
    where
        F: FnOnce(&mut JournaledController) -> T,
    {
        if self.log.is_some() || self.spool.get().is_some() {
            return Err(transition);
        }
        let Some(_gate) = fork::try_gate() else { return Err(transition) };
        match self.live.try_lock() {
            Ok(mut live) => Ok(transition(&mut live)),
            Err(TryLockError::Poisoned(poisoned)) => Ok(transition(&mut poisoned.into_inner())),
            Err(TryLockError::WouldBlock) => Err(transition),
        }
    }

    /// Look at the controller.
    pub fn read<T>(&self, look: impl FnOnce(&Controller) -> T) -> T {
        let _gate = fork::gate();
        look(&lock(&self.live))
    }

    /// Write a snapshot and begin a new journal. Nothing to do for a store in memory.
    ///
    /// # Errors
    ///
    /// The snapshot cannot be written; the one before it is kept.
    pub fn checkpoint(&self) -> Result<()> {
        self.log.as_ref().map_or(Ok(()), |log| log.checkpoint())
    }

    /// Write a snapshot and let go of the folder. The controller goes on in memory.
    ///
    /// # Errors
    ///
    /// The snapshot cannot be written; the folder is let go of, and what it holds can be recovered.
    pub fn close(&self) -> Result<()> {
        let Some(log) = &self.log else { return Ok(()) };
        self.stop_background();
        log.close()
    }

    /// Failures to write so far, by kind; none for a store in memory.
    pub fn failures(&self) -> Option<[u64; FailureKind::ALL.len()]> {
        let counts = self.failure_logs().map(FailureLog::counts);
        counts.reduce(|sum, counts| std::array::from_fn(|kind| sum[kind] + counts[kind]))
    }

    /// Messages about failures that nobody has read yet. Costs one load where there are none.
    pub fn take_unreported(&self) -> Vec<String> {
        self.failure_logs().flat_map(FailureLog::take_unreported).collect()
    }

    fn failure_logs(&self) -> impl Iterator<Item = &FailureLog> {
        let log = self.log.as_ref().map(|log| log.failures());
        log.into_iter().chain(self.spool.get().map(Spool::failures))
    }

    fn stop_background(&self) {
        let Some(log) = &self.log else { return };
        let Some(thread) = lock(&self.background).take() else { return };
        if log.is_ours() {
            log.stop();
            thread.thread().unpark();
            // It returns nothing, and a panic in it was printed where it happened.
            let _ = thread.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.stop_background();
        if let Some(log) = &self.log {
            log.sync();
        }
    }
}

/// How the controller of a folder was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Transitions since the folder was made.
    pub sequence: u64,
    /// Transitions read from journals.
    pub replayed: u64,
    /// Bytes of half-written transitions at the end of journals: what a crash leaves.
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
            torn_bytes: recovered.torn_bytes,
            notes: recovered.notes.clone(),
        }
    }
}
