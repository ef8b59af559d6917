//! `messplus._core.Controller`: the core's controller behind one short lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messplus_core::{Config, Controller, Decision, Error, Request, Result};
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBytes, PyDict, PyString};

use crate::decision::PyDecision;
use crate::error::{FeedbackError, InputError, to_py};
use crate::names::{Names, as_dict};
use crate::{convert, ids, outcome, report};

#[pyclass(frozen, name = "Controller", module = "messplus._core")]
pub struct PyController {
    inner: Mutex<Controller>,
    names: Arc<Names>,
}

impl PyController {
    fn wrap(py: Python<'_>, inner: Controller) -> Self {
        let names = Names::new(py, inner.config().models.iter().map(|model| model.name.as_str()));
        Self { inner: Mutex::new(inner), names: Arc::new(names) }
    }

    /// Detach from the interpreter, then lock: a thread that waits for the lock blocks no Python.
    fn enter<T: Send>(
        &self,
        py: Python<'_>,
        transition: impl FnOnce(&mut Controller) -> Result<T> + Send,
    ) -> PyResult<T> {
        py.detach(|| transition(&mut self.lock())).map_err(|error| to_py(&error))
    }

    fn lock(&self) -> MutexGuard<'_, Controller> {
        // A panic is a bug that was raised where it happened; requests go on being served.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl PyController {
    #[new]
    fn new(py: Python<'_>, config: &str) -> PyResult<Self> {
        let config = Config::from_json(config).map_err(|error| to_py(&error))?;
        Ok(Self::wrap(py, py.detach(|| Controller::new(config))))
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, state: &[u8]) -> PyResult<Self> {
        let inner = py.detach(|| Controller::from_bytes(state)).map_err(|error| to_py(&error))?;
        Ok(Self::wrap(py, inner))
    }

    fn to_bytes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let state = self.enter(py, |controller| Ok(controller.to_bytes()))?;
        Ok(PyBytes::new(py, &state))
    }

    #[getter]
    fn config(&self, py: Python<'_>) -> PyResult<String> {
        self.enter(py, |controller| Ok(controller.config().to_json()))
    }

    #[pyo3(signature = (features=None, costs=None, allowed=None))]
    fn decide(
        &self,
        py: Python<'_>,
        features: Option<&Bound<'_, PyAny>>,
        costs: Option<&Bound<'_, PyAny>>,
        allowed: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<PyDecision> {
        let features = features.map(convert::features).transpose()?;
        let costs = costs.map(|costs| self.costs(costs)).transpose()?;
        let allowed = allowed.map(|allowed| self.names.set("allowed", allowed)).transpose()?;
        let request = Request {
            id: ids::fresh(),
            features: features.as_deref(),
            costs: costs.as_deref(),
            allowed,
        };
        let mut decision = Decision::with_capacity(self.names.len());
        self.enter(py, |controller| controller.decide(&request, &mut decision))?;
        Ok(PyDecision::new(decision, Arc::clone(&self.names)))
    }

    #[pyo3(signature = (decision, satisfied=None, cost=None, latency=None))]
    fn observe(
        &self,
        py: Python<'_>,
        decision: &Bound<'_, PyAny>,
        satisfied: Option<&Bound<'_, PyAny>>,
        cost: Option<&Bound<'_, PyAny>>,
        latency: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<()> {
        let (id, served) = if let Ok(decision) = decision.cast::<PyDecision>() {
            (decision.get().inner.id, decision.get().inner.model)
        } else {
            let id = parse_id(decision)?;
            let served = |c: &mut Controller| c.served(id).ok_or(Error::UnknownDecision { id });
            (id, self.enter(py, served)?)
        };
        let outcomes = outcome::gather(&self.names, served, satisfied, cost, latency)?;
        self.enter(py, |controller| controller.observe(id, &outcomes))
    }

    fn report<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let snapshot = self.enter(py, |controller| Ok(report::Snapshot::of(controller)))?;
        snapshot.to_dict(py, &self.names)
    }
}

impl PyController {
    fn costs(&self, costs: &Bound<'_, PyAny>) -> PyResult<Vec<Option<f64>>> {
        let Some(by_model) = as_dict(costs)? else {
            let message = format!("costs: must be {{model: cost}}, got {}", costs.repr()?);
            return Err(InputError::new_err(message));
        };
        let mut costs = vec![None; self.names.len()];
        for (name, cost) in by_model {
            costs[self.names.index("costs", &name)?] = Some(outcome::number("costs", &cost)?);
        }
        Ok(costs)
    }
}

fn parse_id(decision: &Bound<'_, PyAny>) -> PyResult<u128> {
    let text = decision.cast::<PyString>().ok().map(ToString::to_string);
    text.as_deref().and_then(ids::from_hex).ok_or_else(|| match decision.repr() {
        Ok(repr) => {
            let rule = "must be a Decision or its id of 32 hexadecimal digits";
            FeedbackError::new_err(format!("decision: {rule}, got {repr}"))
        }
        Err(error) => error,
    })
}
