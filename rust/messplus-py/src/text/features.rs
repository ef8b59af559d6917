//! The layout of text features: the surface of the text, then its embedding at unit length.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyString;

use super::surface::{SURFACE_FEATURES, surface};
use crate::convert;
use crate::error::ShapeError;

/// Appends the surface features of a text, then `embedding` scaled to unit length. Sums run in
/// order and in double precision: the same features on every machine.
pub fn lay_out(text: &str, tokens: f32, embedding: &[f32], features: &mut Vec<f32>) {
    let norm = embedding.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { norm.recip() } else { 0.0 };
    features.extend(surface(text, tokens));
    features.extend(embedding.iter().map(|&x| (f64::from(x) * scale) as f32));
}

/// Features `[n, 10 + dims]` of texts `[n]` of so many tokens `[n]`: surface features, and the first
/// `dims` entries of embeddings `[n, width]` at unit length.
///
/// Lone surrogates, which JSON can carry and UTF-8 cannot, become replacement characters.
#[pyfunction]
#[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts owned arguments")]
pub fn text_features<'py>(
    py: Python<'py>,
    texts: Vec<Bound<'py, PyString>>,
    tokens: &Bound<'py, PyAny>,
    embeddings: &Bound<'py, PyAny>,
    dims: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let n = texts.len();
    let tokens = convert::borrowed_vector::<f32>("tokens", tokens)?.as_array().to_vec();
    if tokens.len() != n {
        let rule = format!("must be one per text, {n}");
        return Err(ShapeError::new_err(format!("tokens: {rule}, got {}", tokens.len())));
    }
    let embeddings = convert::borrowed_matrix::<f32>("embeddings", embeddings)?;
    let (width, embeddings) = (embeddings.as_array().ncols(), embeddings.as_slice()?.to_vec());
    if embeddings.len() != n * width || !(1..=width).contains(&dims) {
        let rule = format!("must be {n} rows of at least {dims}");
        let found = format!("{} values in rows of {width}", embeddings.len());
        return Err(ShapeError::new_err(format!("embeddings: {rule}, got {found}")));
    }
    let texts: Vec<Cow<'_, str>> = texts.iter().map(|text| text.to_string_lossy()).collect();
    let n_features = SURFACE_FEATURES + dims;
    let features = py.detach(|| {
        let mut features = Vec::with_capacity(n * n_features);
        let rows = embeddings.chunks_exact(width);
        for ((text, &tokens), row) in texts.iter().zip(&tokens).zip(rows) {
            lay_out(text, tokens, &row[..dims], &mut features);
        }
        features
    });
    convert::array(py, features, [n, n_features])
}
