//! The k-NN estimate behind a memo: policies ask for the same situations again and again.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use crate::action::Action;
use crate::knn::KnnEstimator;
use crate::window::Window;

/// Remembered estimates before the memo is dropped.
const LIMIT: usize = 1 << 18;

/// Memoised estimator; equal to the estimator it wraps.
#[derive(Debug, Clone)]
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

    /// Estimated response of `action` after `window`.
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
