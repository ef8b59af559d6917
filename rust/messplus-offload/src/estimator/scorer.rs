//! The estimator behind a memo: policies ask for the same situations again and again.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::KnnEstimator;
use crate::problem::{Action, Window};

/// Estimates remembered before the memo is dropped.
const LIMIT: usize = 1 << 18;

/// A memoised estimator; its scores are those of the estimator it wraps.
#[derive(Clone, Debug)]
pub struct Scorer {
    estimator: Arc<KnnEstimator>,
    memo: FxHashMap<(Window, Action), f64>,
}

impl Scorer {
    /// Wraps `estimator`.
    #[must_use]
    pub fn new(estimator: Arc<KnnEstimator>) -> Self {
        Self { estimator, memo: FxHashMap::default() }
    }

    /// The estimator.
    #[must_use]
    pub fn estimator(&self) -> &KnnEstimator {
        &self.estimator
    }

    /// Estimated response score of `action` after `window`.
    pub fn score(&mut self, window: &Window, action: Action) -> f64 {
        if self.memo.len() >= LIMIT {
            self.memo.clear();
        }
        *self
            .memo
            .entry((*window, action))
            .or_insert_with(|| self.estimator.predict(window, action))
    }
}
