//! `messplus._core.OffloadEstimator`: nearest-neighbour response scores.

use std::sync::Arc;

use messplus_offload::{KnnEstimator, Window};
use pyo3::prelude::*;

use super::data::PyData;
use super::error::to_py;
use crate::convert;

/// Response scores by the nearest logged neighbours of a prompt's observation.
#[pyclass(frozen, name = "OffloadEstimator", module = "messplus._core")]
pub struct PyEstimator {
    pub inner: Arc<KnnEstimator>,
}

#[pymethods]
impl PyEstimator {
    #[new]
    fn new(py: Python<'_>, data: &PyData, k: usize, span: usize) -> PyResult<Self> {
        let inner = py.detach(|| KnnEstimator::fit(&data.inner, k, span)).map_err(to_py)?;
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Estimates for all actions after one observation.
    fn predict_all<'py>(
        &self,
        py: Python<'py>,
        observation: &Bound<'_, PyAny>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let (modalities, span) = (self.inner.space().modalities(), self.inner.span());
        let shape = [Some(span * (modalities + 2))];
        let values: Vec<f32> = convert::copied("observation", &shape, observation)?;
        let window = Window::read(self.inner.space(), span, &values).map_err(to_py)?;
        Ok(convert::vector(py, py.detach(|| self.inner.predict_all(&window))))
    }
}
