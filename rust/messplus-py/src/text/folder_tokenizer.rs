//! The tokenizer of an encoder folder: whatever its `tokenizer.json` describes.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};

use super::bounds::{self, Bounded, Swollen};
use super::cut;
use crate::convert::array;
use crate::error::{FeaturizerError, UnsafeEncoderError};

const FILE: &str = "tokenizer.json";

/// Ids, mask and token counts.
type Batch<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// The tokenizer of an encoder folder, whatever its `tokenizer.json` describes.
#[pyclass(frozen, weakref, module = "messplus._core", name = "FolderTokenizer")]
pub struct PyFolderTokenizer {
    tokenizer: Bounded,
    padding: i64,
    max_tokens: usize,
}

/// Runs third-party code on content we did not write: a panic there fails this call, no more.
fn guarded<T>(what: &str, run: impl FnOnce() -> tokenizers::Result<T>) -> PyResult<T> {
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(FeaturizerError::new_err(format!("{what}: {error}"))),
        Err(payload) => Err(FeaturizerError::new_err(match payload.downcast_ref() {
            Some(Swollen(rule)) => format!("{what}: normalizer: {rule}"),
            None => format!("{what}: the tokenizer panicked"),
        })),
    }
}

#[pymethods]
impl PyFolderTokenizer {
    #[new]
    fn new(py: Python<'_>, json: &Bound<'_, PyBytes>, max_tokens: usize) -> PyResult<Self> {
        let json = json.as_bytes();
        let mut tokenizer = py.detach(|| {
            let tokenizer = guarded(FILE, || Bounded::from_bytes(json))?;
            bounds::check(&tokenizer)
                .map_err(|rule| UnsafeEncoderError::new_err(format!("{FILE}: {rule}")))?;
            PyResult::Ok(tokenizer)
        })?;
        let padding = tokenizer.get_padding().map_or(0, |padding| i64::from(padding.pad_id));
        // Files carry the habits of their authors, such as padding everything to 128 tokens.
        tokenizer.with_padding(None);
        guarded(FILE, || tokenizer.with_truncation(None).map(|_| ()))?;
        Ok(Self { tokenizer, padding, max_tokens })
    }

    /// Returns ids and mask `[n, longest]` and tokens before truncation `[n]`.
    ///
    /// Lone surrogates, which JSON can carry and UTF-8 cannot, become replacement characters.
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts owned arguments")]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<Bound<'py, PyString>>,
    ) -> PyResult<Batch<'py>> {
        let texts: Vec<_> = texts.iter().map(|text| text.to_string_lossy()).collect();
        let (ids, mask, tokens) =
            py.detach(|| guarded("tokenizer", || self.encode_padded(&texts)))?;
        let shape = [texts.len(), ids.len() / texts.len().max(1)];
        Ok((array(py, ids, shape)?, array(py, mask, shape)?, array(py, tokens, [texts.len()])?))
    }
}

impl PyFolderTokenizer {
    fn encode_padded(
        &self,
        texts: &[Cow<'_, str>],
    ) -> tokenizers::Result<(Vec<i64>, Vec<i64>, Vec<f32>)> {
        let mut rows = Vec::with_capacity(texts.len());
        let mut tokens = Vec::with_capacity(texts.len());
        for text in texts {
            let (head, tail) = cut::ends(text, self.max_tokens);
            let joined = if tail.is_empty() {
                Cow::Borrowed(head)
            } else {
                Cow::Owned([head, tail].join(" "))
            };
            let encoding = self.tokenizer.encode_fast(joined.as_ref(), true)?;
            let mut ids: Vec<i64> = encoding.get_ids().iter().map(|&id| i64::from(id)).collect();
            tokens.push(ids.len() as f32 * cut::times_longer(text, head, tail));
            // Special tokens stand at the ends, which truncation keeps.
            cut::truncate(&mut ids, self.max_tokens);
            rows.push(ids);
        }
        let (ids, mask) = cut::pad(&rows, self.padding);
        Ok((ids, mask, tokens))
    }
}
