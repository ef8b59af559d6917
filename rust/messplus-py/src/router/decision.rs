//! `messplus.Decision`: the core's decision, its fields turned into Python on demand.

use std::sync::Arc;

use messplus_core::{Decision, Weights};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyString, PyTuple};

use super::ids;
use super::names::Names;

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
    #[getter]
    fn id(&self) -> String {
        ids::to_hex(self.inner.id)
    }

    #[getter]
    fn step(&self) -> u64 {
        self.inner.step
    }

    #[getter]
    fn model<'py>(&self, py: Python<'py>) -> Bound<'py, PyString> {
        self.names.name(py, self.inner.model)
    }

    #[getter]
    fn shadow_choice<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyString>> {
        self.inner.shadow_choice.map(|choice| self.names.name(py, choice.model))
    }

    #[getter]
    fn propensity(&self) -> Option<f64> {
        self.inner.shadow_choice.map(|choice| choice.propensity)
    }

    #[getter]
    fn also_query<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names.tuple(py, self.inner.also_query.iter())
    }

    #[getter]
    fn reason(&self) -> &'static str {
        self.inner.reason.as_str()
    }

    #[getter]
    fn ranking<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        self.names.tuple(py, self.inner.ranking.iter().copied())
    }

    #[getter]
    fn p_satisfied<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.p_satisfied, &self.inner.ranking)
    }

    #[getter]
    fn expected_cost<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.expected_cost, &self.inner.ranking)
    }

    #[getter]
    fn expected_latency<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.expected_latency, &self.inner.ranking)
    }

    #[getter]
    fn score<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.names.dict(py, &self.inner.score, &self.inner.ranking)
    }

    fn explain<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, decision) = (slf.py(), slf.get());
        let Weights { satisfaction, cost, optimism } = decision.inner.weights;
        let Decision { log_odds_sd, ranking, .. } = &decision.inner;
        let sds = decision.names.dict(py, log_odds_sd, ranking)?;
        let cooling = decision.names.tuple(py, decision.inner.cooling.iter())?;
        let explain = py.import("messplus.reports.explain")?.getattr("explain")?;
        explain.call1((slf, satisfaction, cost, optimism, sds, cooling))
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let model = self.model(py);
        let (reason, id) = (self.reason(), self.id());
        Ok(format!("Decision(model={}, reason='{reason}', id='{id}')", model.repr()?))
    }
}
