//! `messplus.Decision`: the core's decision, its fields turned into Python on demand.

use std::sync::Arc;

use messplus_core::{Decision, Weights};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::names::Names;
use super::pickled::{DecisionState, NameState};
use super::{ids, pickled};

/// What to do with one request, and why. Nothing in it needs the prompt again.
///
/// Attributes
/// ----------
/// id : str
///     128 random bits as 32 hexadecimal digits: the handle for late feedback.
/// step : int
///     Requests decided before this one, plus one.
/// model : str
///     The model whose answer goes to the user.
/// shadow_choice : str or None
///     In shadow mode, the model the router would have chosen; else None.
/// propensity : float
///     Probability with which ``model`` was to serve, in ``(0, 1]``: one unless the router has an
///     ``epsilon``, or explores in shadow mode.
/// audit : bool
///     Whether this request was picked to be rated in any case, by a judge or a person.
/// also_query : tuple of str
///     Models to query as well, for learning; empty unless the policy explores that way.
/// reason : str
///     ``exploit``, ``explore``, ``forced``, ``fallback``, ``warm-up``, ``shadow``, ``unrated`` or
///     ``unaffordable``.
/// ranking : tuple of str
///     All allowed models, best first: the order to fall back in when a call fails.
/// p_satisfied : dict of str to float
///     Predicted probability of satisfaction per model, in ``(0, 1)``.
/// expected_cost : dict of str to float
///     Expected cost of this request per model, in the unit of the zoo.
/// expected_latency : dict of str to float
///     Expected latency per model in seconds; empty without a limit on latencies.
/// score : dict of str to float
///     Drift-plus-penalty score per model, lower is better.
#[expect(clippy::doc_markdown, reason = "Python reads it, in the style of NumPy")]
#[pyclass(frozen, name = "Decision", module = "messplus._core")]
pub struct PyDecision {
    pub inner: Decision,
    names: Arc<Names>,
}

impl PyDecision {
    pub fn new(inner: Decision, names: Arc<Names>) -> Self {
        Self { inner, names }
    }
}

#[pymethods]
impl PyDecision {
    /// The handle for late feedback.
    #[getter]
    fn id(&self) -> String {
        ids::to_hex(self.inner.id)
    }

    /// Requests decided before this one, plus one.
    #[getter]
    fn step(&self) -> u64 {
        self.inner.step
    }

    /// The model whose answer goes to the user.
    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.names.name(py, self.inner.model)
    }

    /// In shadow mode, the model the router would have chosen.
    #[getter]
    fn shadow_choice<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.inner.shadow_choice.map(|choice| self.names.name(py, choice.model))
    }

    /// Probability with which `model` was to serve.
    #[getter]
    fn propensity(&self) -> f64 {
        self.inner.propensity
    }

    /// Whether this request was picked to be rated in any case.
    #[getter]
    fn audit(&self) -> bool {
        self.inner.audit
    }

    /// Models to query as well, for learning.
    #[getter]
    fn also_query<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names.tuple(py, self.inner.also_query.iter())
    }

    /// Why this model.
    #[getter]
    fn reason(&self) -> &'static str {
        self.inner.reason.as_str()
    }

    /// All allowed models, best first.
    #[getter]
    fn ranking<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names.tuple(py, self.inner.ranking.iter().copied())
    }

    /// Predicted probability of satisfaction per model.
    #[getter]
    fn p_satisfied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.p_satisfied, &self.inner.ranking)
    }

    /// Expected cost per model, in the unit of the zoo.
    #[getter]
    fn expected_cost<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.expected_cost, &self.inner.ranking)
    }

    /// Expected latency per model in seconds.
    #[getter]
    fn expected_latency<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.expected_latency, &self.inner.ranking)
    }

    /// Drift-plus-penalty score per model, lower is better.
    #[getter]
    fn score<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.score, &self.inner.ranking)
    }

    /// Give uncertainty, the price of satisfaction, and what would have flipped the decision.
    fn explain<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, decision) = (slf.py(), slf.get());
        let Weights { satisfaction, cost, optimism } = decision.inner.weights;
        let Decision { log_odds_sd, ranking, .. } = &decision.inner;
        let sds = decision.names.dict(py, log_odds_sd, ranking)?;
        let cooling = decision.names.tuple(py, decision.inner.cooling.iter())?;
        let explain = py.import("messplus.reports.explain")?.getattr("explain")?;
        explain.call1((slf, satisfaction, cost, optimism, sds, cooling))
    }

    /// Put a pickled decision together again.
    #[staticmethod]
    fn _restore(py: Python<'_>, names: NameState, state: DecisionState) -> PyResult<Self> {
        let names = Names::restore(py, names);
        Ok(Self::new(pickled::restore(&names, state)?, Arc::new(names)))
    }

    fn __reduce__<'py>(
        slf: &Bound<'py, Self>,
    ) -> PyResult<(Bound<'py, PyAny>, (NameState, DecisionState))> {
        let (py, decision) = (slf.py(), slf.get());
        let restore = slf.get_type().getattr("_restore")?;
        Ok((restore, (decision.names.state(py), pickled::state(&decision.inner))))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let model = self.model(py);
        let (reason, id) = (self.reason(), self.id());
        Ok(format!("Decision(model={}, reason='{reason}', id='{id}')", model.repr()?))
    }
}
