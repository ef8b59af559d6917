//! Arrays in from `NumPy`: the only file that names it.

use numpy::{PyArray1, PyArrayMethods};
use pyo3::prelude::*;

use crate::error::ShapeError;

/// A feature vector, copied while attached: another thread may write to the array later.
pub fn features(array: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    let wrong = || {
        let found = array.repr().map_or_else(|_| "an object".into(), |repr| repr.to_string());
        ShapeError::new_err(format!("features: must be a 1-d float32 array, got {found}"))
    };
    let array = array.cast::<PyArray1<f32>>().map_err(|_| wrong())?;
    array.to_vec().map_err(|_| wrong())
}
