//! Arrays from and to `NumPy`: the only file that names it.

use std::num::NonZeroU32;

use numpy::ndarray::{Dimension, IntoDimension};
use numpy::{
    Element, PyArray, PyArray1, PyArray2, PyArrayMethods, PyReadonlyArray, PyReadonlyArray1,
    PyReadonlyArray2, PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::types::PyBool;

use crate::error::{InputError, ShapeError};

/// A feature vector, copied while attached: another thread may write to the array later.
pub fn features(array: &Bound<'_, PyAny>) -> PyResult<Vec<f32>> {
    let wrong = || {
        let found = array.repr().map_or_else(|_| "an object".into(), |repr| repr.to_string());
        ShapeError::new_err(format!("features: must be a 1-d float32 array, got {found}"))
    };
    let array = array.cast::<PyArray1<f32>>().map_err(|_| wrong())?;
    array.to_vec().map_err(|_| wrong())
}

/// A number of tokens: an integer from 1.
pub fn tokens(value: &Bound<'_, PyAny>) -> PyResult<NonZeroU32> {
    let wrong = || {
        let found = value.repr().map_or_else(|_| "an object".into(), |repr| repr.to_string());
        let rule = "must be an integer in [1, 4294967295]";
        InputError::new_err(format!("input_tokens: {rule}, got {found}"))
    };
    if value.is_instance_of::<PyBool>() {
        return Err(wrong());
    }
    value.extract::<NonZeroU32>().map_err(|_| wrong())
}

/// A matrix of `[n, width]`, copied row by row, and its width.
pub fn matrix(name: &str, array: &Bound<'_, PyAny>) -> PyResult<(Vec<f32>, usize)> {
    let wrong = || ShapeError::new_err(format!("{name}: must be a C-ordered 2-d float32 array"));
    let array = array.cast::<PyArray2<f32>>().map_err(|_| wrong())?;
    if !array.is_c_contiguous() {
        return Err(wrong());
    }
    Ok((array.to_vec().map_err(|_| wrong())?, array.dims()[1]))
}

/// An array of the given shape that takes over `values`.
pub fn array<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    shape: impl IntoDimension,
) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}

/// A row-major matrix, read where it lies.
pub fn borrowed_matrix<'py, T: Element>(
    name: &str,
    array: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray2<'py, T>> {
    borrowed(name, "2-d", array)
}

/// A vector, read where it lies.
pub fn borrowed_vector<'py, T: Element>(
    name: &str,
    array: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray1<'py, T>> {
    borrowed(name, "1-d", array)
}

fn borrowed<'py, T: Element, D: Dimension>(
    name: &str,
    shape: &str,
    array: &Bound<'py, PyAny>,
) -> PyResult<PyReadonlyArray<'py, T, D>> {
    match array.cast::<PyArray<T, D>>() {
        Ok(array) if array.is_c_contiguous() => Ok(array.try_readonly()?),
        _ => {
            let (dtype, found) = (T::get_dtype(array.py()), array.repr()?);
            let rule = format!("must be a C-ordered {shape} {dtype} array");
            Err(ShapeError::new_err(format!("{name}: {rule}, got {found}")))
        }
    }
}
