//! The embedded table: from a text to its features in one call.
//!
//! The table is an ONNX graph that any runtime can run (`tools/build_static_table.py`). Its sum over
//! integer rows is done here instead, with the tokenization before it and the layout after it: the
//! same bits in a third of the time, because a run of the graph costs more than what it computes.

use std::borrow::Cow;

use pyo3::prelude::*;
use pyo3::types::PyString;
use rustc_hash::FxHashSet;

use super::cut;
use super::features::lay_out;
use super::surface::SURFACE_FEATURES;
use super::wordpiece::WordPiece;
use crate::convert;
use crate::error::{ConfigError, ShapeError};

/// Texts up to this many bytes are microseconds of work: handing the interpreter to another thread
/// and getting it back would take longer.
const SHORT: usize = 1024;

/// Token vectors of int8 with one scale per dimension, and the tokenizer of their vocabulary.
#[pyclass(frozen, name = "StaticTable", module = "messplus._core")]
pub struct PyStaticTable {
    wordpiece: WordPiece,
    /// Row-major `[vocabulary, dims]`.
    rows: Vec<i8>,
    scale: Vec<f32>,
    max_tokens: usize,
}

#[pymethods]
impl PyStaticTable {
    #[new]
    fn new(
        vocabulary: &str,
        rows: &Bound<'_, PyAny>,
        scale: &Bound<'_, PyAny>,
        max_tokens: usize,
    ) -> PyResult<Self> {
        let wordpiece = WordPiece::new(vocabulary)
            .ok_or_else(|| ConfigError::new_err("vocabulary: must have an entry [UNK]"))?;
        let rows = convert::borrowed_matrix::<i8>("rows", rows)?.as_slice()?.to_vec();
        let scale = convert::borrowed_vector::<f32>("scale", scale)?.as_slice()?.to_vec();
        let expected = wordpiece.len() * scale.len();
        if rows.len() != expected {
            let found = rows.len();
            return Err(ShapeError::new_err(format!(
                "rows: must be {expected} values, got {found}"
            )));
        }
        Ok(Self { wordpiece, rows, scale, max_tokens })
    }

    /// Token ids of a text, its first and last `max_tokens`, and how many there were.
    fn tokenize(&self, py: Python<'_>, text: &Bound<'_, PyString>) -> (Vec<u32>, f32) {
        let text = text.to_string_lossy();
        py.detach(|| self.ids(&text))
    }

    /// Features of one text, `[10 + dims + tail]`: surface, embedding, and zeros.
    ///
    /// Lone surrogates, which JSON can carry and UTF-8 cannot, become replacement characters.
    #[pyo3(signature = (text, tail=0))]
    fn features<'py>(
        &self,
        py: Python<'py>,
        text: &Bound<'py, PyString>,
        tail: usize,
    ) -> PyResult<Bound<'py, PyAny>> {
        let text = text.to_string_lossy();
        let run = || {
            let mut features = Vec::with_capacity(self.n_features() + tail);
            self.append(&text, &mut features);
            features.resize(self.n_features() + tail, 0.0);
            features
        };
        let features = if text.len() <= SHORT { run() } else { py.detach(run) };
        convert::array(py, features, [self.n_features() + tail])
    }

    /// Features of texts `[n]`, `[n, 10 + dims]`: each row bit for bit what the text alone gives.
    #[expect(clippy::needless_pass_by_value, reason = "PyO3 extracts owned arguments")]
    fn batch<'py>(
        &self,
        py: Python<'py>,
        texts: Vec<Bound<'py, PyString>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let texts: Vec<Cow<'_, str>> = texts.iter().map(|text| text.to_string_lossy()).collect();
        let features = py.detach(|| {
            let mut features = Vec::with_capacity(texts.len() * self.n_features());
            texts.iter().for_each(|text| self.append(text, &mut features));
            features
        });
        convert::array(py, features, [texts.len(), self.n_features()])
    }
}

impl PyStaticTable {
    fn n_features(&self) -> usize {
        SURFACE_FEATURES + self.scale.len()
    }

    fn ids(&self, text: &str) -> (Vec<u32>, f32) {
        let (head, tail) = cut::ends(text, self.max_tokens);
        let mut ids = Vec::with_capacity(64);
        self.wordpiece.encode(head, &mut ids);
        self.wordpiece.encode(tail, &mut ids);
        let tokens = ids.len() as f32 * cut::times_longer(text, head, tail);
        cut::truncate(&mut ids, self.max_tokens);
        (ids, tokens)
    }

    /// The sum of the rows of a text's distinct tokens, scaled, behind its surface features. A token
    /// counts once, however often it stands there: that predicts better (docs/featurizers.md).
    fn append(&self, text: &str, features: &mut Vec<f32>) {
        let (ids, tokens) = self.ids(text);
        let dims = self.scale.len();
        let mut sums = vec![0_i32; dims];
        let mut seen = FxHashSet::with_capacity_and_hasher(ids.len(), rustc_hash::FxBuildHasher);
        for id in ids {
            if seen.insert(id) {
                let start = id as usize * dims;
                let row = &self.rows[start..start + dims];
                sums.iter_mut().zip(row).for_each(|(sum, &value)| *sum += i32::from(value));
            }
        }
        let embedding: Vec<f32> =
            sums.iter().zip(&self.scale).map(|(&sum, scale)| sum as f32 * scale).collect();
        lay_out(text, tokens, &embedding, features);
    }
}
