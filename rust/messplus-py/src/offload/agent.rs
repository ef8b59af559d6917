//! `messplus._core.OffloadAgent`: trained policies.

use std::sync::{Mutex, PoisonError};

use messplus_offload::{Agent, Algorithm, train};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use super::environment::PyEnv;
use super::error::{parse, to_py};

/// A trained policy: actor-critic, PPO or DQN.
#[pyclass(frozen, name = "OffloadAgent", module = "messplus._core")]
pub struct PyAgent {
    inner: Mutex<Agent>,
}

impl PyAgent {
    /// A copy to work with, so that no lock is held while an evaluation runs.
    pub fn copy(&self) -> Agent {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn wrap(agent: Agent) -> Self {
        Self { inner: Mutex::new(agent) }
    }
}

#[pymethods]
impl PyAgent {
    /// Train an agent; `progress(steps)` is called now and then, and raising there ends it.
    #[staticmethod]
    #[pyo3(signature = (algorithm, env, steps, seed, progress=None))]
    fn train(
        py: Python<'_>,
        algorithm: &str,
        env: &PyEnv,
        steps: usize,
        seed: u64,
        progress: Option<Py<PyAny>>,
    ) -> PyResult<Self> {
        let algorithm: Algorithm = parse(algorithm)?;
        let mut failure = None;
        let agent = py.detach(|| {
            let mut report = |done: usize| {
                // Interrupts and errors of the callback stop the training and are raised after it.
                let outcome = Python::attach(|py| {
                    py.check_signals()?;
                    progress.as_ref().map_or(Ok(()), |call| call.call1(py, (done,)).map(drop))
                });
                outcome.map_err(|error| failure = Some(error)).is_ok()
            };
            train(algorithm, &mut env.lock(), steps, seed, &mut report)
        });
        match failure {
            Some(error) => Err(error),
            None => agent.map(Self::wrap).map_err(to_py),
        }
    }

    /// Name of the algorithm.
    #[getter]
    fn algorithm(&self) -> &'static str {
        self.copy().algorithm().as_str()
    }

    /// Modalities, tasks and span it was trained for.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        self.copy().shape()
    }

    /// The state: version, checksum, settings and weights.
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.copy().to_bytes())
    }

    /// Read what `to_bytes` wrote.
    #[staticmethod]
    fn from_bytes(state: &[u8]) -> PyResult<Self> {
        Agent::from_bytes(state).map(Self::wrap).map_err(to_py)
    }
}
