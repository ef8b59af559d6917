//! Tokenization from Python: many texts in, one padded batch out, the interpreter left free.

use std::borrow::Cow;
use std::collections::HashSet;

use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::array;
use crate::error::ConfigError;
use crate::text;
use crate::wordpiece::WordPiece;

/// Ids, mask and token counts.
type Batch<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Bound<'py, PyAny>);

/// Tokenizer of the embedded table.
#[pyclass(frozen, module = "messplus._core", name = "WordPiece")]
pub struct PyWordPiece {
    wordpiece: WordPiece,
    max_tokens: usize,
}

#[pymethods]
impl PyWordPiece {
    #[new]
    fn new(vocabulary: &str, max_tokens: usize) -> PyResult<Self> {
        let wordpiece = WordPiece::new(vocabulary)
            .ok_or_else(|| ConfigError::new_err("vocabulary: must have an entry [UNK]"))?;
        Ok(Self { wordpiece, max_tokens })
    }

    /// Returns ids `[n, longest]`, mask `[n, 1, longest]`, which is one where a token stands for the
    /// first time, and tokens before truncation `[n]`.
    ///
    /// Lone surrogates, which JSON can carry and UTF-8 cannot, become replacement characters.
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts owned arguments")]
    fn encode<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<Bound<'py, PyString>>,
    ) -> PyResult<Batch<'py>> {
        let texts: Vec<_> = texts.iter().map(|text| text.to_string_lossy()).collect();
        let (ids, mask, tokens) = py.detach(|| self.encode_padded(&texts));
        let longest = ids.len() / texts.len().max(1);
        Ok((
            array(py, ids, [texts.len(), longest])?,
            array(py, mask, [texts.len(), 1, longest])?,
            array(py, tokens, [texts.len()])?,
        ))
    }
}

/// A word counts once, however often it stands there: that predicts better (docs/featurizers.md).
fn mark_first(ids: &[i32], mask: &mut [u8]) {
    let mut seen = HashSet::with_capacity(ids.len());
    for (bit, id) in mask.iter_mut().zip(ids) {
        *bit = u8::from(seen.insert(id));
    }
}

impl PyWordPiece {
    fn encode_padded(&self, texts: &[Cow<'_, str>]) -> (Vec<i32>, Vec<u8>, Vec<f32>) {
        let mut rows = Vec::with_capacity(texts.len());
        let mut tokens = Vec::with_capacity(texts.len());
        for text in texts {
            let (head, tail) = text::cut(text, self.max_tokens);
            let mut ids = Vec::with_capacity(64);
            self.wordpiece.encode(head, &mut ids);
            self.wordpiece.encode(tail, &mut ids);
            tokens.push(ids.len() as f32 * text::times_longer(text, head, tail));
            text::truncate(&mut ids, self.max_tokens);
            rows.push(ids);
        }
        // A prompt without tokens is one masked token: the zero vector.
        let (ids, mut mask) = text::pad(&rows, 0);
        let longest = ids.len() / rows.len().max(1);
        for (row, mask) in rows.iter().zip(mask.chunks_mut(longest.max(1))) {
            mark_first(row, mask);
        }
        (ids, mask, tokens)
    }
}
