//! The shape of prompt features: the surface features of the text, then its embedding at unit length.

use pyo3::prelude::*;

use crate::convert;
use crate::error::ShapeError;
use crate::surface::SURFACE_FEATURES;

/// Scales the first `dims` entries of `embedding` to unit length, behind `surface`. Sums run in
/// order and in double precision: the same features on every machine.
fn shape(surface: &[f32], embedding: &[f32], dims: usize, features: &mut Vec<f32>) {
    let used = &embedding[..dims];
    let norm = used.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { norm.recip() } else { 0.0 };
    features.extend_from_slice(surface);
    features.extend(used.iter().map(|&x| (f64::from(x) * scale) as f32));
}

/// Returns features `[n, 10 + dims]` from embeddings `[n, width]` and surface features `[n, 10]`.
#[pyfunction]
pub fn prompt_features<'py>(
    py: Python<'py>,
    embeddings: &Bound<'py, PyAny>,
    surface: &Bound<'py, PyAny>,
    dims: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let (embeddings, width) = convert::matrix("embeddings", embeddings)?;
    let (surfaces, columns) = convert::matrix("surface", surface)?;
    if columns != SURFACE_FEATURES {
        return Err(ShapeError::new_err(format!(
            "surface: must be rows of {SURFACE_FEATURES}, got rows of {columns}"
        )));
    }
    let n = surfaces.len() / SURFACE_FEATURES;
    if embeddings.len() != n * width || !(1..=width).contains(&dims) {
        return Err(ShapeError::new_err(format!(
            "embeddings: must be {n} rows of at least {dims}, got {} values in rows of {width}",
            embeddings.len()
        )));
    }
    let n_features = SURFACE_FEATURES + dims;
    let mut features = Vec::with_capacity(n * n_features);
    for (embedding, surface) in
        embeddings.chunks_exact(width).zip(surfaces.chunks_exact(SURFACE_FEATURES))
    {
        shape(surface, embedding, dims, &mut features);
    }
    convert::array(py, features, [n, n_features])
}
