//! Exact dynamic programming over the rest of a conversation.
//!
//! The value of a state is the expected sum of rewards from its turn on under the best affordable actions:
//!
//! ```text
//! V(s) = mean over scenarios j of  max over affordable levels n of  r_j(s, n) + p_continue(t) V(s after n)
//! ```
//!
//! A state is the progress (turn, cloud turns, uploads) and what is left of the two budgets; a scenario is a task with the
//! association shares of a turn, taken from recent turns. A level is affordable if every later turn can still run locally. Budgets are counted in
//! microseconds and billionths of a USD: spending is rounded up and what is left is rounded down, so a plan never relies on money
//! that is not there. Where there are too many combinations of levels, ticks are coarse enough to merge states. Values are memoised; conversations with the same budget share them.

use rustc_hash::FxHashMap;

use crate::budget::MARGIN;
use crate::cost::CostTable;
use crate::response::{MeanModel, Progress};
use crate::reward::RewardWeights;

/// Seconds and USD of one tick: decimal, so that decimal costs add up to a decimal budget exactly.
const FINE: [f64; 2] = [1e-6, 1e-9];

/// Ticks of the most expensive call where states have to be merged.
const COARSE: f64 = 16.0;

/// Combinations of levels over the horizon up to which fine ticks are used.
const COMBINATIONS: f64 = 20_000.0;

/// Most ticks of one call or budget: 40 bits, so that a state fits its key.
const MOST: f64 = (1_u64 << 40) as f64;

/// Longest horizon.
pub const MAX_TURNS: usize = 16;

/// Scenarios that stand for the turns to come.
pub const SCENARIOS: usize = 48;

/// Memoised states at which the memo is dropped before the next decision.
const MEMO_LIMIT: usize = 1 << 18;

/// A task and association shares as they may occur.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Task of the turn.
    pub task: usize,
    /// Association shares, summing to 1 (or 0).
    pub shares: Vec<f64>,
}

/// What is left of the budgets, in ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Purse {
    latency: u64,
    cost: u64,
}

/// The problem a plan solves, all its data included: values are a function of it, the memo a mere cache.
#[derive(Debug, Clone)]
pub struct Planner {
    horizon: u16,
    price: Vec<f64>,
    spend: Vec<Purse>,
    tick: [f64; 2],
    /// Ticks of the most expensive call.
    most_expensive: Purse,
    continuation: Vec<f64>,
    /// Per scenario: task, and the best sum of single-modality values for each upload count.
    scenarios: Vec<(usize, Vec<f64>)>,
    model: MeanModel,
    response: f64,
    memo: FxHashMap<u128, f64>,
}

impl Planner {
    /// Sets up the plan: `continuation[t]` is the probability that a turn follows turn `t`; its length is the horizon.
    #[must_use]
    pub fn new(
        costs: &CostTable,
        weights: &RewardWeights,
        model: MeanModel,
        scenarios: &[Scenario],
        continuation: Vec<f64>,
    ) -> Self {
        let levels = costs.levels();
        // Multisets of up to `horizon` levels: C(levels + horizon, horizon).
        let combinations: f64 =
            (1..=continuation.len()).map(|t| (levels + t) as f64 / t as f64).product();
        let coarse = |unit: &dyn Fn(usize) -> f64| {
            (0..levels).map(unit).fold(f64::MIN_POSITIVE, f64::max) / COARSE
        };
        let tick = if combinations <= COMBINATIONS {
            FINE
        } else {
            [coarse(&|n| costs.latency(n)), coarse(&|n| costs.cost(n))]
        };
        let up = |value: f64, tick: f64| (value / tick * (1.0 - MARGIN)).ceil().min(MOST) as u64;
        let spend: Vec<Purse> = (0..levels)
            .map(|n| Purse {
                latency: up(costs.latency(n), tick[0]),
                cost: up(costs.cost(n), tick[1]),
            })
            .collect();
        let prefix = |scenario: &Scenario| {
            let mut values = Vec::new();
            modality_values(weights, model.gains(scenario.task), &scenario.shares, &mut values);
            values.sort_by(|a, b| b.0.total_cmp(&a.0));
            let sums = values.iter().scan(0.0, |sum, v| {
                *sum += v.0;
                Some(*sum)
            });
            (scenario.task, core::iter::once(0.0).chain(sums).collect())
        };
        Self {
            horizon: continuation.len() as u16,
            price: (0..levels).map(|n| weights.price(costs, n)).collect(),
            most_expensive: Purse {
                latency: spend.iter().map(|s| s.latency).max().unwrap_or(0),
                cost: spend.iter().map(|s| s.cost).max().unwrap_or(0),
            },
            spend,
            tick,
            continuation,
            scenarios: scenarios.iter().map(prefix).collect(),
            model,
            response: weights.response,
            memo: FxHashMap::default(),
        }
    }

    /// Opens a decision: remaining seconds and USD in ticks, rounded down; more than the rest of the horizon can use counts as that.
    #[must_use]
    pub fn purse(&mut self, at: Progress, remaining: (f64, f64)) -> Purse {
        // Between decisions only: a recursion that lost its memo half-way would start over.
        if self.memo.len() >= MEMO_LIMIT {
            self.memo.clear();
        }
        let down =
            |value: f64, tick: f64| (value / tick * (1.0 + MARGIN)).clamp(0.0, 64.0 * MOST) as u64;
        self.cap(
            at.turn,
            Purse {
                latency: down(remaining.0, self.tick[0]),
                cost: down(remaining.1, self.tick[1]),
            },
        )
    }

    /// What the rest of the horizon can spend at most: states that differ only above it share their value.
    fn cap(&self, turn: u16, purse: Purse) -> Purse {
        let turns = u64::from(self.horizon.saturating_sub(turn));
        Purse {
            latency: purse.latency.min(turns * self.most_expensive.latency),
            cost: purse.cost.min(turns * self.most_expensive.cost),
        }
    }

    /// Value of what follows a call at `level` in the current turn.
    pub fn value_after(&mut self, at: Progress, level: usize, purse: Purse) -> f64 {
        let Some(&more) = self.continuation.get(usize::from(at.turn)) else { return 0.0 };
        if more <= 0.0 {
            return 0.0;
        }
        let spend = self.spend[level];
        let left = Purse {
            latency: purse.latency.saturating_sub(spend.latency),
            cost: purse.cost.saturating_sub(spend.cost),
        };
        let next = at.after(level);
        more * self.value(next, self.cap(next.turn, left))
    }

    fn value(&mut self, at: Progress, purse: Purse) -> f64 {
        // 5 + 5 + 8 bits of progress within the horizon, and twice 44 bits: 16 turns of 40 bits.
        let key = u128::from(at.turn)
            | u128::from(at.clouds) << 5
            | u128::from(at.uploads) << 10
            | u128::from(purse.latency) << 18
            | u128::from(purse.cost) << 63;
        if let Some(&value) = self.memo.get(&key) {
            return value;
        }
        // What each affordable level is worth apart from the scenario; local is always allowed, as the last resort.
        let later = u64::from(self.horizon.saturating_sub(at.turn + 1));
        let mut levels = Vec::with_capacity(self.spend.len());
        for level in 0..self.spend.len() {
            let (spend, local) = (self.spend[level], self.spend[0]);
            let affordable = spend.latency + later * local.latency <= purse.latency
                && spend.cost + later * local.cost <= purse.cost;
            if level == 0 || affordable {
                levels.push((level, self.value_after(at, level, purse) - self.price[level]));
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

/// Value of uploading each modality on its own, with its index: response gain and association share, weighted.
pub fn modality_values(
    weights: &RewardWeights,
    gains: &[f64],
    shares: &[f64],
    out: &mut Vec<(f64, usize)>,
) {
    out.clear();
    out.extend(
        gains
            .iter()
            .zip(shares)
            .enumerate()
            .map(|(m, (gain, share))| (weights.response * gain + weights.association * share, m)),
    );
}
