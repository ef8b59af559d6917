//! Budgets as whole numbers.
//!
//! Spending is rounded up and what is left is rounded down, so a plan never relies on money that is
//! not there.

use crate::problem::{CostTable, MARGIN};

/// Seconds and USD of one tick: decimal, so that decimal costs add up to a decimal budget exactly.
const FINE: [f64; 2] = [1e-6, 1e-9];

/// Ticks of the most expensive call where states have to be merged.
const COARSE: f64 = 16.0;

/// Combinations of levels over the horizon up to which fine ticks are used.
const COMBINATIONS: f64 = 20_000.0;

/// Most ticks of one call or budget: 40 bits, so that a state fits its key.
const MOST: f64 = (1_u64 << 40) as f64;

/// Ticks of latency and of cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ticks {
    pub(super) latency: u64,
    pub(super) cost: u64,
}

impl Ticks {
    pub(super) fn saturating_sub(self, other: Self) -> Self {
        Self {
            latency: self.latency.saturating_sub(other.latency),
            cost: self.cost.saturating_sub(other.cost),
        }
    }

    /// The smaller of both, in each part.
    pub(super) fn min(self, other: Self) -> Self {
        Self { latency: self.latency.min(other.latency), cost: self.cost.min(other.cost) }
    }

    /// `calls` times as much.
    pub(super) fn times(self, calls: u64) -> Self {
        Self { latency: calls * self.latency, cost: calls * self.cost }
    }

    /// Whether a call leaves enough for what comes later.
    pub(super) fn affords(self, call: Self, later: Self) -> bool {
        call.latency + later.latency <= self.latency && call.cost + later.cost <= self.cost
    }
}

/// Seconds and USD of one tick.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scale([f64; 2]);

impl Scale {
    /// Fine where the combinations of levels over `horizon` turns are few enough, else so coarse
    /// that states meet.
    pub fn new(costs: &CostTable, horizon: usize) -> Self {
        let levels = costs.levels();
        // Multisets of up to `horizon` levels: C(levels + horizon, horizon).
        let combinations: f64 = (1..=horizon).map(|t| (levels + t) as f64 / t as f64).product();
        if combinations <= COMBINATIONS {
            return Self(FINE);
        }
        let coarse = |unit: &dyn Fn(usize) -> f64| {
            (0..levels).map(unit).fold(f64::MIN_POSITIVE, f64::max) / COARSE
        };
        Self([coarse(&|n| costs.latency(n)), coarse(&|n| costs.cost(n))])
    }

    /// Ticks of a call at each level, rounded up.
    pub fn spending(self, costs: &CostTable) -> Vec<Ticks> {
        let up = |value: f64, tick: f64| (value / tick * (1.0 - MARGIN)).ceil().min(MOST) as u64;
        let [latency, cost] = self.0;
        (0..costs.levels())
            .map(|n| Ticks {
                latency: up(costs.latency(n), latency),
                cost: up(costs.cost(n), cost),
            })
            .collect()
    }

    /// Ticks of what is left, rounded down.
    pub fn remaining(self, (seconds, usd): (f64, f64)) -> Ticks {
        let down =
            |value: f64, tick: f64| (value / tick * (1.0 + MARGIN)).clamp(0.0, 64.0 * MOST) as u64;
        let [latency, cost] = self.0;
        Ticks { latency: down(seconds, latency), cost: down(usd, cost) }
    }
}

#[cfg(test)]
mod tests {
    use super::{CostTable, Scale, Ticks};

    #[test]
    fn spending_is_rounded_up_and_what_is_left_down() {
        let costs = CostTable::new(vec![0.1, 0.2, 0.300_000_4], vec![0.0, 1e-9, 1.5e-9]).unwrap();
        let scale = Scale::new(&costs, 3);
        let spending = scale.spending(&costs);
        assert_eq!(spending[0], Ticks { latency: 100_000, cost: 0 });
        assert_eq!(spending[2], Ticks { latency: 300_001, cost: 2 });
        assert_eq!(scale.remaining((0.300_000_4, 1.5e-9)), Ticks { latency: 300_000, cost: 1 });
        // 0.1 + 0.2 is a hair above 0.3 and fits all the same.
        assert!(scale.remaining((0.3, 1.0)).affords(spending[0], spending[1]));
    }
}
