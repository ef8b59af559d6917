//! The shape of prompt features: the form of the text, then its embedding at unit length.

use pyo3::prelude::*;

use crate::convert;
use crate::error::ShapeError;
use crate::form::FORM_FEATURES;

/// Scales the first `dims` entries of `embedding` to unit length, behind `form`. Sums run in
/// order and in double precision: the same features on every machine.
fn shape(form: &[f32], embedding: &[f32], dims: usize, features: &mut Vec<f32>) {
    let used = &embedding[..dims];
    let norm = used.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { norm.recip() } else { 0.0 };
    features.extend_from_slice(form);
    features.extend(used.iter().map(|&x| (f64::from(x) * scale) as f32));
}

/// Returns features `[n, 10 + dims]` from embeddings `[n, width]` and forms `[n, 10]`.
#[pyfunction]
pub fn prompt_features<'py>(
    py: Python<'py>,
    embeddings: &Bound<'py, PyAny>,
    form: &Bound<'py, PyAny>,
    dims: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let (embeddings, width) = convert::matrix("embeddings", embeddings)?;
    let (forms, columns) = convert::matrix("form", form)?;
    if columns != FORM_FEATURES {
        return Err(ShapeError::new_err(format!(
            "form: must be rows of {FORM_FEATURES}, got rows of {columns}"
        )));
    }
    let n = forms.len() / FORM_FEATURES;
    if embeddings.len() != n * width || !(1..=width).contains(&dims) {
        return Err(ShapeError::new_err(format!(
            "embeddings: must be {n} rows of at least {dims}, got {} values in rows of {width}",
            embeddings.len()
        )));
    }
    let n_features = FORM_FEATURES + dims;
    let mut features = Vec::with_capacity(n * n_features);
    for (embedding, form) in embeddings.chunks_exact(width).zip(forms.chunks_exact(FORM_FEATURES)) {
        shape(form, embedding, dims, &mut features);
    }
    convert::array(py, features, [n, n_features])
}
