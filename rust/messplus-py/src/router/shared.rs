//! What calls of one controller share: the store behind its lock, and the names of models.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};

use messplus_core::{Controller, Result};
use messplus_fleet::Replica;
use messplus_journal::fork;
use messplus_journal::{JournaledController, Store};
use pyo3::prelude::*;
use pyo3::sync::MutexExt;

use super::names::Names;
use super::timing::{Clock, Delays};
use crate::error::{folder_error, to_py};

pub struct Shared {
    pub store: Store,
    /// The side that follows the log, since this is a replica of a fleet.
    pub replica: OnceLock<Arc<Mutex<Replica>>>,
    pub levels: Names,
    pub delays: Delays,
    pub clock: Clock,
    /// The models, those that left the zoo included: replaced when one joins or leaves.
    names: RwLock<Arc<Names>>,
    /// Held while the zoo changes.
    changing: Mutex<()>,
}

impl Shared {
    pub fn new(py: Python<'_>, store: Store) -> Self {
        // No Python object is made, and no thread waits attached, while the core is locked.
        let (config, now) =
            py.detach(|| store.read(|controller| (controller.config().clone(), controller.now())));
        let levels = config.agreement.levels.iter().map(|level| level.name.as_str());
        let (names, levels) = (Names::of_zoo(py, &config.models), Names::new(py, levels));
        Self {
            store,
            replica: OnceLock::new(),
            levels,
            delays: Delays::new(),
            clock: Clock::from(now),
            names: RwLock::new(Arc::new(names)),
            changing: Mutex::new(()),
        }
    }

    /// Microseconds of work are done at once; a thread that would have to wait for the lock or for a
    /// file detaches from the interpreter first, and so blocks no Python.
    pub fn enter<T: Send>(
        &self,
        py: Python<'_>,
        transition: impl FnOnce(&mut JournaledController) -> Result<T> + Send,
    ) -> PyResult<T> {
        let result = match self.store.try_enter(transition) {
            Ok(result) => result,
            Err(transition) => py.detach(|| self.store.enter(transition)),
        };
        self.log_failures(py);
        result.map_err(|error| to_py(&error))
    }

    pub fn read<T: Send>(&self, py: Python<'_>, look: impl FnOnce(&Controller) -> T + Send) -> T {
        py.detach(|| self.store.read(look))
    }

    /// Look at what is settled: in a fleet the state that all replicas agree on, without what this one has
    /// done since it last looked at the log.
    pub fn settled<T: Send>(
        &self,
        py: Python<'_>,
        look: impl FnOnce(&Controller) -> T + Send,
    ) -> T {
        let Some(replica) = self.replica.get() else { return self.read(py, look) };
        py.detach(|| {
            let _gate = fork::gate();
            look(replica.lock().unwrap_or_else(PoisonError::into_inner).fold().controller())
        })
    }

    /// The router's own time only where something depends on it: else equal calls lead to equal states
    /// whenever they are made. The wall clock where a minute of the calendar begins, unless what is
    /// about to be done would be refused: that changes nothing.
    pub fn tell_time<T>(
        &self,
        controller: &mut JournaledController,
        check: impl FnOnce(&Controller) -> Result<T>,
    ) -> Result<()> {
        if controller.needs_time() {
            controller.advance(self.clock.seconds());
        }
        let now = Clock::date();
        if controller.is_due(now) {
            check(controller)?;
            controller.date(now);
        }
        Ok(())
    }

    /// Say what failed to be written. A broken log handler must not fail the request either.
    fn log_failures(&self, py: Python<'_>) {
        for message in self.store.take_unreported() {
            let logger =
                py.import("logging").and_then(|m| m.call_method1("getLogger", ("messplus",)));
            if let Err(error) = logger.and_then(|log| log.call_method1("error", ("%s", message))) {
                error.write_unraisable(py, None);
            }
        }
    }

    /// Metadata is in no journal, so it counts once a snapshot has it.
    pub fn describe(&self, py: Python<'_>, metadata: String) -> PyResult<()> {
        let before = self.read(py, |controller| controller.config().metadata.clone());
        self.enter(py, |controller| controller.describe(metadata))?;
        py.detach(|| self.store.checkpoint()).map_err(|error| {
            // Nobody has routed since, or the next snapshot tells.
            let _ = self.enter(py, |controller| controller.describe(before));
            folder_error(error)
        })
    }

    pub fn names(&self) -> Arc<Names> {
        Arc::clone(&self.names.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn set_names(&self, names: Names) {
        *self.names.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(names);
    }

    /// Take the names that the zoo has now.
    pub fn follow_zoo(&self, py: Python<'_>) {
        let models = self.read(py, |controller| controller.config().models.clone());
        self.set_names(Names::of_zoo(py, &models));
    }

    /// Held while names and zoo differ.
    pub fn one_by_one(&self, py: Python<'_>) -> MutexGuard<'_, ()> {
        self.changing.lock_py_attached(py).unwrap_or_else(PoisonError::into_inner)
    }
}
