//! Response scores of actions the log does not show: exact k nearest neighbours, ties included.
//!
//! A key is the window followed by the action vector. Its entries are small integers, so squared
//! distances are integers and several rows often share the k-th smallest one. All of them take
//! part: the estimate depends on the set of rows, not on their order.

mod comparison;
mod index;
mod key;
mod nearest;
mod row;
mod scorer;

pub use scorer::Scorer;

use index::Index;
use key::Key;
use nearest::Nearest;

use crate::error::{Error, Result};
use crate::problem::{Action, ActionSpace, Dataset, Window, check_span};

/// Estimator of the response score q of an action after a window, from logged rows (TMO).
#[derive(Clone, Debug)]
pub struct KnnEstimator {
    space: ActionSpace,
    k: u32,
    span: usize,
    index: Index,
}

impl KnnEstimator {
    /// Indexes the logged turns of `data`; the estimate uses `k` neighbours and windows of `span`
    /// frames.
    ///
    /// # Errors
    /// `k` is zero or above the number of turns, or `span` is outside `1..=8`.
    pub fn fit(data: &Dataset, k: usize, span: usize) -> Result<Self> {
        check_span(span)?;
        if k == 0 || data.total_turns() < k {
            return Err(Error::input("k", "must be in 1..=number of turns", k));
        }
        let space = data.space().clone();
        let logged = data.logged_windows(span)?;
        let rows = logged
            .iter()
            .map(|(window, turn)| (Key::new(&space, span, window, turn.action), turn.score));
        Ok(Self { index: Index::new(rows.collect()), space, k: k as u32, span })
    }

    /// Estimated response score of `action` after `window`: the mean score of the nearest rows,
    /// weighted by `1 / (d + 1e-6)` at Euclidean distance d (Dudani, "The Distance-Weighted
    /// k-Nearest-Neighbor Rule", 1976; TMO with k = 5).
    ///
    /// The rows are the k nearest and every further row at the k-th smallest distance.
    #[must_use]
    pub fn predict(&self, window: &Window, action: Action) -> f64 {
        let query = Key::new(&self.space, self.span, window, action);
        let mut nearest = Nearest::new(self.k);
        // Wider vectors and the bit-count instruction where the processor has them; integers, so
        // the same result.
        pulp::Arch::new().dispatch(|| {
            self.index.visit(&query, self.space.modalities(), self.span, &mut nearest);
        });
        nearest.estimate()
    }

    /// Estimates for all `1 + 2^M` actions.
    #[must_use]
    pub fn predict_all(&self, window: &Window) -> Vec<f64> {
        (0..self.space.len()).map(|action| self.predict(window, action)).collect()
    }

    /// Window length in turns.
    #[must_use]
    pub fn span(&self) -> usize {
        self.span
    }

    /// The action space.
    #[must_use]
    pub fn space(&self) -> &ActionSpace {
        &self.space
    }
}
