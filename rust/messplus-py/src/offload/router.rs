//! `messplus._core.OffloadRouter` and its conversations, each behind one short lock.

use std::sync::{Mutex, MutexGuard, PoisonError};

use messplus_offload::{Conversation, Decision, OffloadRouter, RouterConfig};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::data::PyData;
use super::error::to_py;
use super::problem;
use crate::convert;

/// Plans where turns run and what they upload; behind `messplus.offload.OffloadRouter`.
#[pyclass(frozen, name = "OffloadRouter", module = "messplus._core")]
pub struct PyRouter {
    inner: Mutex<OffloadRouter>,
}

/// One conversation: its budget, what it has spent, and its decision to be recorded.
#[pyclass(frozen, name = "OffloadConversation", module = "messplus._core")]
pub struct PyConversation {
    inner: Mutex<Conversation>,
}

/// Where one turn runs, with what was predicted of it.
#[pyclass(frozen, name = "OffloadDecision", module = "messplus._core")]
pub struct PyDecision {
    inner: Decision,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl PyRouter {
    pub fn copy(&self) -> OffloadRouter {
        lock(&self.inner).clone()
    }
}

#[pymethods]
impl PyRouter {
    #[new]
    fn new(
        modalities: usize,
        tasks: usize,
        costs: problem::Costs,
        weights: problem::Weights,
        max_turns: usize,
        optimism: f64,
        cost_rate: f64,
    ) -> PyResult<Self> {
        let (costs, weights) = (problem::costs(costs)?, problem::weights(weights)?);
        let config =
            RouterConfig { modalities, tasks, costs, weights, max_turns, optimism, cost_rate };
        Ok(Self { inner: Mutex::new(OffloadRouter::new(config).map_err(to_py)?) })
    }

    /// Learn from logged dialogues, on top of what is known.
    fn fit(&self, py: Python<'_>, data: &PyData) -> PyResult<()> {
        py.detach(|| lock(&self.inner).fit(&data.inner)).map_err(to_py)
    }

    /// Open a conversation.
    #[pyo3(signature = (budget, turns=None))]
    fn start(&self, budget: (f64, f64), turns: Option<usize>) -> PyResult<PyConversation> {
        let conversation =
            lock(&self.inner).start(problem::budget(budget)?, turns).map_err(to_py)?;
        Ok(PyConversation { inner: Mutex::new(conversation) })
    }

    /// Decide the next turn.
    #[pyo3(signature = (conversation, task, association=None))]
    fn decide(
        &self,
        py: Python<'_>,
        conversation: &PyConversation,
        task: usize,
        association: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyDecision> {
        let association: Option<Vec<f32>> =
            association.map(|array| convert::copied("association", &[None], array)).transpose()?;
        // Conversation before router, in every method: no two threads can wait for each other.
        py.detach(|| {
            let mut conversation = lock(&conversation.inner);
            lock(&self.inner).decide(&mut conversation, task, association.as_deref())
        })
        .map(|inner| PyDecision { inner })
        .map_err(to_py)
    }

    /// Take what the decided turn needed, and its score where known.
    #[pyo3(signature = (conversation, latency, cost, score=None))]
    fn record(
        &self,
        py: Python<'_>,
        conversation: &PyConversation,
        latency: f64,
        cost: f64,
        score: Option<f64>,
    ) -> PyResult<()> {
        py.detach(|| {
            let mut conversation = lock(&conversation.inner);
            lock(&self.inner).record(&mut conversation, latency, cost, score)
        })
        .map_err(to_py)
    }

    /// Close a conversation and learn its length.
    fn finish(&self, py: Python<'_>, conversation: &PyConversation) -> PyResult<()> {
        py.detach(|| {
            let mut conversation = lock(&conversation.inner);
            lock(&self.inner).finish(&mut conversation)
        })
        .map_err(to_py)
    }

    /// Turns learned from.
    #[getter]
    fn seen(&self) -> u64 {
        lock(&self.inner).seen()
    }

    /// Modalities, tasks, longest conversation.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        let router = lock(&self.inner);
        let config = router.config();
        (config.modalities, config.tasks, config.max_turns)
    }

    /// Latency and cost by level, as measured so far.
    #[getter]
    fn costs(&self) -> problem::Costs {
        let router = lock(&self.inner);
        let costs = &router.config().costs;
        let levels = 0..costs.levels();
        (
            levels.clone().map(|n| costs.latency(n)).collect(),
            levels.map(|n| costs.cost(n)).collect(),
        )
    }

    /// The state, versioned and checksummed.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = py.detach(|| lock(&self.inner).to_bytes());
        PyBytes::new(py, &state)
    }

    /// Read what `to_bytes` wrote.
    #[staticmethod]
    fn from_bytes(py: Python<'_>, state: &[u8]) -> PyResult<Self> {
        let inner = py.detach(|| OffloadRouter::from_bytes(state)).map_err(to_py)?;
        Ok(Self { inner: Mutex::new(inner) })
    }
}

#[pymethods]
impl PyConversation {
    /// Turns recorded, seconds spent, USD spent, seconds left, USD left.
    #[getter]
    fn spending(&self) -> (usize, f64, f64, f64, f64) {
        let conversation = lock(&self.inner);
        let tracker = conversation.tracker();
        let (latency, cost) = tracker.remaining();
        (conversation.turn(), tracker.latency, tracker.cost, latency, cost)
    }

    /// The state, versioned and checksummed.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let state = lock(&self.inner).to_bytes();
        PyBytes::new(py, &state)
    }

    /// Read what `to_bytes` wrote.
    #[staticmethod]
    fn from_bytes(state: &[u8]) -> PyResult<Self> {
        let inner = Conversation::from_bytes(state).map_err(to_py)?;
        Ok(Self { inner: Mutex::new(inner) })
    }
}

#[pymethods]
impl PyDecision {
    /// Index of the action.
    #[getter]
    fn action(&self) -> usize {
        self.inner.action
    }

    /// Predicted response score.
    #[getter]
    fn expected_response(&self) -> f64 {
        self.inner.response
    }

    /// Predicted reward of this turn.
    #[getter]
    fn expected_reward(&self) -> f64 {
        self.inner.reward
    }

    /// Seconds that the cost table gives.
    #[getter]
    fn expected_latency(&self) -> f64 {
        self.inner.latency
    }

    /// USD that the cost table gives.
    #[getter]
    fn expected_cost(&self) -> f64 {
        self.inner.cost
    }

    /// `planned`, `budget` or `exhausted`.
    #[getter]
    fn reason(&self) -> &'static str {
        self.inner.reason.as_str()
    }
}
