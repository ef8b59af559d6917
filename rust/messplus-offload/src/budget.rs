//! Per-conversation budgets and what has been spent of them.

use crate::error::{Result, non_negative};

/// Relative rounding margin: costs are sums of decimal fractions, and a budget spent exactly is not exceeded.
pub(crate) const MARGIN: f64 = 1e-9;

/// Limits of one conversation; infinite for no limit.
#[derive(Debug, Clone, Copy, PartialEq)]
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
#[derive(Debug, Clone, Copy, PartialEq)]
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

    /// True when a further `latency` and `cost` stay within both limits.
    #[must_use]
    pub fn fits(&self, latency: f64, cost: f64) -> bool {
        self.latency + latency <= self.budget.latency * (1.0 + MARGIN)
            && self.cost + cost <= self.budget.cost * (1.0 + MARGIN)
    }

    /// What is left: `(seconds, USD)`, negative after an overrun.
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
