//! `messplus._core.Replica`: the side of a replica that follows the log of its fleet.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messplus_core::{Config, Controller};
use messplus_fleet::{Batch, Counts, Fold, Replica};
use messplus_journal::{Place, Spooled, Store, fork};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::controller::PyController;
use super::shared::Shared;
use crate::error::to_py;

/// Follows the log. Not to be used by two threads at once, nor while the process forks: its owner sees
/// to that.
#[pyclass(frozen, name = "Replica", module = "messplus._core")]
pub struct PyReplica {
    inner: Arc<Mutex<Replica>>,
    controller: Py<PyController>,
}

/// Where a replica stands; a dict of its fields in Python.
#[derive(IntoPyObject)]
pub struct Standing {
    position: u64,
    share: f64,
    ahead: u64,
    given_up: u64,
    waiting: usize,
    taken: u64,
    again: u64,
    refused: u64,
    lost: u64,
    damaged: u64,
}

impl PyReplica {
    fn lock(&self) -> MutexGuard<'_, Replica> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Let the deciding side go on from what the log says now; whether the zoo is another one there.
    fn rebase(&self, shared: &Shared) -> bool {
        let mut replica = self.lock();
        let ahead = replica.ahead_of_fold();
        let zoo = |controller: &Controller| (controller.config().models.len(), controller.active());
        let after = zoo(&ahead);
        shared.store.enter(|live| {
            let before = zoo(live);
            replica.rebase(live, ahead);
            before != after
        })
    }

    /// Number of its last transition that was read from the log.
    fn last(&self) -> u64 {
        let replica = self.lock();
        replica.fold().last(replica.id())
    }

    fn fold(snapshot: &[u8]) -> PyResult<Fold> {
        Fold::from_bytes(snapshot).map_err(|error| to_py(&error))
    }
}

#[pymethods]
impl PyReplica {
    /// The snapshot that the log of a new fleet begins with.
    #[staticmethod]
    fn genesis<'py>(py: Python<'py>, config: &str) -> PyResult<Bound<'py, PyBytes>> {
        let config = Config::from_json(config).map_err(|error| to_py(&error))?;
        Ok(PyBytes::new(py, &py.detach(|| Fold::new(Controller::new(config)).to_bytes())))
    }

    /// The same for a fleet that goes on from what another router knows.
    #[staticmethod]
    fn founding<'py>(py: Python<'py>, state: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let found = py.detach(|| Controller::from_bytes(state)).map_err(|error| to_py(&error))?;
        Ok(PyBytes::new(py, &py.detach(|| Fold::new(found).to_bytes())))
    }

    #[new]
    fn new(py: Python<'_>, snapshot: &[u8], id: u64) -> PyResult<Self> {
        let replica = Replica::new(id, py.detach(|| Self::fold(snapshot))?);
        let store = Store::carried(replica.begin());
        let inner = Arc::new(Mutex::new(replica));
        let shared = Shared::new(py, store);
        let _ = shared.replica.set(Arc::clone(&inner));
        Ok(Self { inner, controller: Py::new(py, PyController { shared })? })
    }

    /// Let the controller of a folder become a replica, without a break: `begin` is given the snapshot
    /// that the log of the new fleet begins with while nothing can happen, and what happens from then on
    /// is spooled. None where the folder is no longer the controller's.
    #[staticmethod]
    fn taking_over(
        py: Python<'_>,
        controller: Py<PyController>,
        id: u64,
        spool: PathBuf,
        each: bool,
        begin: &Bound<'_, PyAny>,
    ) -> PyResult<Option<Self>> {
        let begin = begin.clone().unbind();
        let shared = &controller.get().shared;
        let place = Place { folder: spool, replica: id, each };
        let mut inner = None;
        py.detach(|| {
            shared.store.hand_on(place, |found| {
                let fold = Fold::new(found.clone());
                let snapshot = fold.to_bytes();
                Python::attach(|py| begin.call1(py, (PyBytes::new(py, &snapshot),)))?;
                let replica = Replica::new(id, fold);
                let live = replica.begin();
                let replica = inner.insert(Arc::new(Mutex::new(replica)));
                let _ = shared.replica.set(Arc::clone(replica));
                Ok::<_, PyErr>(live)
            })
        })?;
        Ok(inner.map(|inner| Self { inner, controller }))
    }

    /// Have on file what happens here before a call returns, with `each` for good, until the log has it.
    fn spool(&self, py: Python<'_>, folder: PathBuf, each: bool) {
        py.detach(|| {
            let place = Place { folder, replica: self.lock().id(), each };
            self.controller.get().shared.store.spool(place);
        });
    }

    /// What was read from the log lasts there: it may go from the spool.
    fn lasting(&self, py: Python<'_>) {
        py.detach(|| self.controller.get().shared.store.kept_elsewhere(self.last()));
    }

    /// Spool nothing any more.
    fn end_spool(&self, py: Python<'_>) {
        py.detach(|| self.controller.get().shared.store.end_spool(self.last()));
    }

    /// The side that decides.
    #[getter]
    fn controller(&self, py: Python<'_>) -> Py<PyController> {
        self.controller.clone_ref(py)
    }

    /// Take what happened since; the next batch for the log, the same again until it was `sent`.
    fn next_batch<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyBytes>> {
        let shared = &self.controller.get().shared;
        let batch = py.detach(|| {
            let mut replica = self.lock();
            shared.store.enter(|live| replica.collect(live));
            replica.next_batch().map(Batch::encode)
        });
        batch.map(|bytes| PyBytes::new(py, &bytes))
    }

    /// The next batch is in the log.
    fn sent(&self) {
        self.lock().sent();
    }

    /// It is not known what became of what was sent and has not been read back.
    fn send_again(&self) {
        self.lock().send_again();
    }

    /// Fold the next batches of the log, and go on from there. `now` is a time in seconds that only
    /// grows; so many replicas are alive.
    fn read(
        &self,
        py: Python<'_>,
        batches: Vec<Vec<u8>>,
        now: f64,
        replicas: usize,
    ) -> PyResult<()> {
        let shared = &self.controller.get().shared;
        let (folded, zoo_changed) = py.detach(|| {
            let mut replica = self.lock();
            replica.among(replicas);
            let result = batches.into_iter().try_for_each(|batch| replica.read(&batch, now));
            drop(replica);
            (result, self.rebase(shared))
        });
        if zoo_changed {
            Self::follow_zoo(py, shared);
        }
        folded.map_err(|error| to_py(&error))
    }

    /// Go on from a snapshot, where the log no longer leads on from here.
    fn reload(&self, py: Python<'_>, snapshot: &[u8], now: f64) -> PyResult<()> {
        let shared = &self.controller.get().shared;
        let zoo_changed = py.detach(|| {
            let fold = Self::fold(snapshot)?;
            self.lock().reload(fold, now);
            Ok::<_, PyErr>(self.rebase(shared))
        })?;
        if zoo_changed {
            Self::follow_zoo(py, shared);
        }
        Ok(())
    }

    /// The first batches of other replicas that the log has lost since they were read here.
    fn missing<'py>(&self, py: Python<'py>, at_most: usize) -> Vec<Bound<'py, PyBytes>> {
        let missing = py.detach(|| self.lock().missing(at_most));
        missing.iter().map(|bytes| PyBytes::new(py, bytes)).collect()
    }

    /// Be another replica from now on, in a forked child: what the parent has not sent is the parent's.
    fn rejoin(&self, py: Python<'_>, id: u64) {
        let shared = &self.controller.get().shared;
        py.detach(|| {
            let mut replica = self.lock();
            *replica = Replica::new(id, replica.fold().clone());
            shared.store.enter(|live| *live = replica.begin());
        });
    }

    /// The state at the present position, for those who join.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &py.detach(|| self.lock().fold().to_bytes()))
    }

    /// Where it stands.
    fn standing(&self, py: Python<'_>) -> Standing {
        let shared = &self.controller.get().shared;
        py.detach(|| {
            let sequence = shared.store.enter(|live| live.sequence());
            let _gate = fork::gate();
            let replica = self.lock();
            let Counts { taken, again, refused, lost, damaged } = replica.fold().counts();
            Standing {
                position: replica.fold().position(),
                share: replica.share(),
                ahead: replica.ahead(sequence),
                given_up: replica.given_up(),
                waiting: replica.fold().waiting(),
                taken,
                again,
                refused,
                lost,
                damaged,
            }
        })
    }
}

/// What a page of a spool holds, as a batch for the log; None where that is nothing.
#[pyfunction]
pub fn read_spool<'py>(py: Python<'py>, page: &[u8]) -> PyResult<Option<Bound<'py, PyBytes>>> {
    let Spooled { replica, first, count, frames } =
        Spooled::read(page).map_err(crate::error::folder_error)?;
    let batch = (count > 0).then(|| Batch { replica, first, count, frames }.encode());
    Ok(batch.map(|bytes| PyBytes::new(py, &bytes)))
}

impl PyReplica {
    fn follow_zoo(py: Python<'_>, shared: &Shared) {
        let _one_by_one = shared.one_by_one(py);
        shared.follow_zoo(py);
    }
}
