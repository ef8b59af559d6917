//! Arrays in and out: the only file of this module that names `NumPy`.

use numpy::{Element, PyArray1, PyArrayDyn, PyArrayMethods, PyUntypedArrayMethods};
use pyo3::prelude::*;

use crate::error::ShapeError;

/// An array of known dtype and number of dimensions, copied while attached: another thread may write to it later.
pub fn copied<T: Element + Copy>(
    field: &str,
    dtype: &str,
    shape: &[Option<usize>],
    array: &Bound<'_, PyAny>,
) -> PyResult<Vec<T>> {
    let wrong = || {
        let describe =
            |name: &str| array.getattr(name).map_or_else(|_| "none".into(), |v| v.to_string());
        let sizes: Vec<_> =
            shape.iter().map(|n| n.map_or_else(|| "n".into(), |n| n.to_string())).collect();
        let (found, kind) = (describe("shape"), describe("dtype"));
        let expected = sizes.join(", ");
        ShapeError::new_err(format!(
            "{field}: must be a C-contiguous {dtype} array of shape ({expected}), got {kind} of shape {found}"
        ))
    };
    let typed = array.cast::<PyArrayDyn<T>>().map_err(|_| wrong())?;
    let fits = typed.shape().len() == shape.len()
        && typed.shape().iter().zip(shape).all(|(n, want)| want.is_none_or(|want| want == *n));
    if !fits || !typed.is_c_contiguous() {
        return Err(wrong());
    }
    typed.to_vec().map_err(|_| wrong())
}

/// A fresh one-dimensional array.
pub fn owned<T: Element>(py: Python<'_>, values: Vec<T>) -> Bound<'_, PyArray1<T>> {
    PyArray1::from_vec(py, values)
}
