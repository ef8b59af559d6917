//! Budgets of a conversation, and what has been spent of them.

use super::costs::CostTable;
use crate::error::{Result, non_negative};

/// Relative margin for rounding: costs are sums of decimal fractions, and a budget spent exactly is
/// not exceeded.
pub(crate) const MARGIN: f64 = 1e-9;

/// Limits of one conversation, `L_max` and `U_max` in TMO; infinite for no limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Budget {
    /// Total latency, seconds.
    pub latency: f64,
    /// Total usage cost, USD.
    pub cost: f64,
}

impl Budget {
    /// No limits.
    pub const UNLIMITED: Self = Self { latency: f64::INFINITY, cost: f64::INFINITY };

    /// Checks the limits.
    ///
    /// # Errors
    /// A limit is negative or NaN.
    pub fn validated(self) -> Result<Self> {
        for (name, limit) in [("latency budget", self.latency), ("cost budget", self.cost)] {
            if limit != f64::INFINITY {
                non_negative(name, limit)?;
            }
        }
        Ok(self)
    }
}

/// Spending of one conversation against its budget.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BudgetTracker {
    /// The limits.
    pub budget: Budget,
    /// Seconds spent.
    pub latency: f64,
    /// USD spent.
    pub cost: f64,
}

impl BudgetTracker {
    /// Nothing spent yet.
    #[must_use]
    pub fn new(budget: Budget) -> Self {
        Self { budget, latency: 0.0, cost: 0.0 }
    }

    /// Adds one call.
    pub fn spend(&mut self, latency: f64, cost: f64) {
        self.latency += latency;
        self.cost += cost;
    }

    /// Whether a further `latency` and `cost` stay within both limits.
    #[must_use]
    pub fn fits(&self, latency: f64, cost: f64) -> bool {
        self.latency + latency <= self.budget.latency * (1.0 + MARGIN)
            && self.cost + cost <= self.budget.cost * (1.0 + MARGIN)
    }

    /// Whether a call at `level` leaves room for `later` further local calls.
    #[must_use]
    pub fn affords(&self, costs: &CostTable, level: usize, later: usize) -> bool {
        let with_later = |call: f64, local: f64| call + later as f64 * local;
        self.fits(
            with_later(costs.latency(level), costs.latency(0)),
            with_later(costs.cost(level), costs.cost(0)),
        )
    }

    /// What is left: seconds and USD, negative after an overrun.
    #[must_use]
    pub fn remaining(&self) -> (f64, f64) {
        (self.budget.latency - self.latency, self.budget.cost - self.cost)
    }

    /// Seconds and USD beyond the limits; zero when within them.
    #[must_use]
    pub fn excess(&self) -> (f64, f64) {
        let over = |spent: f64, limit: f64| {
            if spent > limit * (1.0 + MARGIN) { spent - limit } else { 0.0 }
        };
        (over(self.latency, self.budget.latency), over(self.cost, self.budget.cost))
    }
}

#[cfg(test)]
mod tests {
    use super::{Budget, BudgetTracker, CostTable};

    #[test]
    fn a_budget_spent_exactly_is_not_exceeded() {
        let mut tracker = BudgetTracker::new(Budget { latency: 0.3, cost: 1.0 });
        (0..3).for_each(|_| tracker.spend(0.1, 0.25));
        assert_eq!(tracker.excess(), (0.0, 0.0));
        assert!(tracker.fits(0.0, 0.25) && !tracker.fits(0.01, 0.0));
    }

    #[test]
    fn room_is_kept_for_later_local_calls() {
        let costs = CostTable::new(vec![1.0, 2.0, 5.0], vec![0.0; 3]).unwrap();
        let tracker = BudgetTracker::new(Budget { latency: 7.0, cost: 0.0 });
        assert!(tracker.affords(&costs, 2, 2));
        assert!(!tracker.affords(&costs, 2, 3));
    }
}
