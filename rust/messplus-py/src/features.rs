//! The shape of prompt features: a unit-length embedding and the prompt's length.

use pyo3::prelude::*;

use crate::convert;
use crate::error::ShapeError;

/// Mean and standard deviation of ln(tokens) over everyday prompts: 33 tokens, a factor of 4.5.
const MEAN_LN_TOKENS: f64 = 3.5;
const SD_LN_TOKENS: f64 = 1.5;
/// Gives length the weight of a few embedding dimensions.
const LENGTH_WEIGHT: f64 = 0.3;

/// Scales the first `dims` entries of `embedding` to unit length, `0.3 (ln(tokens) - 3.5) / 1.5`
/// behind them. Sums run in order and in double precision: the same features on every machine.
fn shape(embedding: &[f32], tokens: f32, dims: usize, features: &mut Vec<f32>) {
    let used = &embedding[..dims];
    let norm = used.iter().map(|&x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt();
    let scale = if norm > 0.0 { norm.recip() } else { 0.0 };
    #[expect(clippy::cast_possible_truncation, reason = "features are f32")]
    {
        features.extend(used.iter().map(|&x| (f64::from(x) * scale) as f32));
        let ln_tokens = f64::from(tokens.max(1.0)).ln();
        features.push((LENGTH_WEIGHT * (ln_tokens - MEAN_LN_TOKENS) / SD_LN_TOKENS) as f32);
    }
}

/// Returns features `[n, dims + 1]` from embeddings `[n, width]` and token counts `[n]`.
#[pyfunction]
pub fn prompt_features<'py>(
    py: Python<'py>,
    embeddings: &Bound<'py, PyAny>,
    tokens: &Bound<'py, PyAny>,
    dims: usize,
) -> PyResult<Bound<'py, PyAny>> {
    let (embeddings, width) = convert::matrix("embeddings", embeddings)?;
    let tokens = convert::features(tokens)?;
    let n = tokens.len();
    if embeddings.len() != n * width || !(1..=width).contains(&dims) {
        return Err(ShapeError::new_err(format!(
            "embeddings: must be {n} rows of at least {dims}, got {} values in rows of {width}",
            embeddings.len()
        )));
    }
    let mut features = Vec::with_capacity(n * (dims + 1));
    for (embedding, &tokens) in embeddings.chunks_exact(width).zip(&tokens) {
        shape(embedding, tokens, dims, &mut features);
    }
    convert::array(py, features, [n, dims + 1])
}
