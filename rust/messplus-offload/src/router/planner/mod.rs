//! Exact dynamic programming over the rest of a conversation.
//!
//! The value of a state is the expected sum of rewards from its turn on under the best affordable
//! levels, the optimality equation of a finite horizon (Puterman, "Markov Decision Processes",
//! 1994, section 4.3):
//!
//! ```text
//! V(s) = mean over scenarios j of  max over affordable n of  r_j(s, n) + p(t) V(s after n)
//! ```
//!
//! A state is the progress (turn t, cloud turns, uploads) and what is left of the two budgets; n is
//! a cost level; a scenario is a task with the association shares of a turn, taken from recent
//! turns; p(t) is the probability that a turn follows turn t. A level is affordable if every later
//! turn can still run locally. Where there are too many combinations of levels, ticks of the
//! budgets are coarse enough to merge states. Values are memoised; conversations with the same
//! budget share them.

mod ticks;

pub use ticks::Ticks;

use rustc_hash::FxHashMap;
use ticks::Scale;

use super::progress::Progress;
use super::response::MeanModel;
use super::scenarios::Scenario;
use crate::problem::{CostTable, RewardWeights};

/// Longest horizon.
pub const MAX_TURNS: usize = 16;

/// Memoised states at which the memo is dropped before the next decision.
const MEMO_LIMIT: usize = 1 << 18;

/// The problem a plan solves, all its data included: values are a function of it, the memo a mere
/// cache.
#[derive(Clone, Debug)]
pub struct Planner {
    horizon: u16,
    /// Latency and cost of each level, in units of reward.
    price: Vec<f64>,
    scale: Scale,
    spending: Vec<Ticks>,
    /// The most a call can spend, in each part.
    most: Ticks,
    continuation: Vec<f64>,
    /// Per scenario: the task, and the best sum of single-modality values for each number of
    /// uploads.
    scenarios: Vec<(usize, Vec<f64>)>,
    model: MeanModel,
    /// Weight of the response.
    response: f64,
    memo: FxHashMap<u128, f64>,
}

impl Planner {
    /// Sets up the plan: `continuation[t]` is the probability that a turn follows turn t; its
    /// length, at most 16, is the horizon.
    #[must_use]
    pub fn new(
        costs: &CostTable,
        weights: &RewardWeights,
        model: MeanModel,
        scenarios: &[Scenario],
        continuation: Vec<f64>,
    ) -> Self {
        let scale = Scale::new(costs, continuation.len());
        let spending = scale.spending(costs);
        let most = |part: &dyn Fn(&Ticks) -> u64| spending.iter().map(part).max().unwrap_or(0);
        let prefix = |scenario: &Scenario| {
            let mut values = Vec::new();
            modality_values(weights, model.gains(scenario.task), &scenario.shares, &mut values);
            values.sort_by(|a, b| b.0.total_cmp(&a.0));
            let sums = values.iter().scan(0.0, |sum, (value, _)| {
                *sum += value;
                Some(*sum)
            });
            (scenario.task, core::iter::once(0.0).chain(sums).collect())
        };
        Self {
            horizon: continuation.len() as u16,
            price: (0..costs.levels()).map(|n| weights.price(costs, n)).collect(),
            scale,
            most: Ticks { latency: most(&|s| s.latency), cost: most(&|s| s.cost) },
            spending,
            continuation,
            scenarios: scenarios.iter().map(prefix).collect(),
            model,
            response: weights.response,
            memo: FxHashMap::default(),
        }
    }

    /// Opens a decision: remaining seconds and USD in ticks, rounded down; more than the rest of
    /// the horizon can use counts as that.
    #[must_use]
    pub fn open(&mut self, at: Progress, remaining: (f64, f64)) -> Ticks {
        // Between decisions only: a recursion that lost its memo half-way would start over.
        if self.memo.len() >= MEMO_LIMIT {
            self.memo.clear();
        }
        self.cap(at.turn, self.scale.remaining(remaining))
    }

    /// At most what the rest of the horizon can spend: states that differ only above it share their
    /// value.
    fn cap(&self, turn: u16, left: Ticks) -> Ticks {
        left.min(self.most.times(self.horizon.saturating_sub(turn).into()))
    }

    /// Value of what follows a call at `level` in the current turn.
    pub fn value_after(&mut self, at: Progress, level: usize, left: Ticks) -> f64 {
        let Some(&more) = self.continuation.get(usize::from(at.turn)) else { return 0.0 };
        if more <= 0.0 {
            return 0.0;
        }
        let next = at.after(level);
        let left = self.cap(next.turn, left.saturating_sub(self.spending[level]));
        more * self.value(next, left)
    }

    fn value(&mut self, at: Progress, left: Ticks) -> f64 {
        let key = key(at, left);
        if let Some(&value) = self.memo.get(&key) {
            return value;
        }
        // What each affordable level is worth apart from the scenario; local is always allowed, as
        // the last resort.
        let later = self.spending[0].times(self.horizon.saturating_sub(at.turn + 1).into());
        let mut levels = Vec::with_capacity(self.spending.len());
        for level in 0..self.spending.len() {
            if level == 0 || left.affords(self.spending[level], later) {
                levels.push((level, self.value_after(at, level, left) - self.price[level]));
            }
        }
        let mut total = 0.0;
        for (task, sums) in &self.scenarios {
            let best = levels.iter().map(|&(level, rest)| match level {
                0 => rest + self.response * self.model.local(*task, at),
                n => rest + self.response * self.model.cloud_base(*task, at, n - 1) + sums[n - 1],
            });
            total += best.fold(f64::NEG_INFINITY, f64::max);
        }
        let value = total / self.scenarios.len().max(1) as f64;
        self.memo.insert(key, value);
        value
    }
}

/// 5 + 5 + 8 bits of progress within the horizon, and twice 44 bits: 16 turns of 40 bits.
fn key(at: Progress, left: Ticks) -> u128 {
    u128::from(at.turn)
        | u128::from(at.clouds) << 5
        | u128::from(at.uploads) << 10
        | u128::from(left.latency) << 18
        | u128::from(left.cost) << 63
}

/// Value of uploading each modality on its own, with its index: response gain and association
/// share, weighted.
pub(super) fn modality_values(
    weights: &RewardWeights,
    gains: &[f64],
    shares: &[f64],
    out: &mut Vec<(f64, usize)>,
) {
    out.clear();
    let value = |(gain, share): (&f64, &f64)| weights.response * gain + weights.association * share;
    out.extend(gains.iter().zip(shares).map(value).zip(0..));
}
