//! The k-NN estimate behind a memo: policies ask for the same situations again and again.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;
use std::sync::Arc;

use crate::action::Action;
use crate::hash::Mix;
use crate::knn::KnnEstimator;
use crate::window::Window;

/// Remembered estimates before the memo is dropped.
const LIMIT: usize = 1 << 18;

/// Memoised estimator; equal to the estimator it wraps.
#[derive(Debug, Clone)]
pub struct Scorer {
    estimator: Arc<KnnEstimator>,
    memo: HashMap<(Window, Action), f64, BuildHasherDefault<Mix>>,
}

impl Scorer {
    /// Wraps `estimator`.
    #[must_use]
    pub fn new(estimator: Arc<KnnEstimator>) -> Self {
        Self { estimator, memo: HashMap::default() }
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
