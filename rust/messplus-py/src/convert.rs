//! Arrays from and to `NumPy`: the only file that names it.

use std::num::NonZeroU32;

use numpy::ndarray::{Dimension, IntoDimension};
use numpy::{
    Element, PyArray, PyArray1, PyArrayDyn, PyArrayMethods, PyReadonlyArray, PyReadonlyArray1,
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
    // In one piece where the numbers lie side by side, one by one where they do not.
    array.to_vec().or_else(|_| Ok(array.try_readonly()?.as_array().to_vec()))
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

/// An array of these dimensions, `None` for any size, copied while attached: another thread may write
/// to it later.
pub fn copied<T: Element + Copy>(
    field: &str,
    shape: &[Option<usize>],
    array: &Bound<'_, PyAny>,
) -> PyResult<Vec<T>> {
    let wrong = || {
        let describe =
            |name: &str| array.getattr(name).map_or_else(|_| "none".into(), |v| v.to_string());
        let sizes: Vec<_> =
            shape.iter().map(|n| n.map_or_else(|| "n".into(), |n| n.to_string())).collect();
        let (dtype, expected) = (T::get_dtype(array.py()), sizes.join(", "));
        let rule = format!("must be a C-contiguous {dtype} array of shape ({expected})");
        let (kind, found) = (describe("dtype"), describe("shape"));
        ShapeError::new_err(format!("{field}: {rule}, got {kind} of shape {found}"))
    };
    let typed = array.cast::<PyArrayDyn<T>>().map_err(|_| wrong())?;
    let fits = typed.shape().len() == shape.len()
        && typed.shape().iter().zip(shape).all(|(n, want)| want.is_none_or(|want| want == *n));
    if !fits || !typed.is_c_contiguous() {
        return Err(wrong());
    }
    typed.to_vec().map_err(|_| wrong())
}

/// An array of the given shape that takes over `values`.
pub fn array<T: Element>(
    py: Python<'_>,
    values: Vec<T>,
    shape: impl IntoDimension,
) -> PyResult<Bound<'_, PyAny>> {
    Ok(PyArray1::from_vec(py, values).reshape(shape)?.into_any())
}

/// A vector that takes over `values`.
pub fn vector<T: Element>(py: Python<'_>, values: Vec<T>) -> Bound<'_, PyAny> {
    PyArray1::from_vec(py, values).into_any()
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
