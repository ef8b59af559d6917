//! Prices of overruns.

use crate::problem::Budget;

/// Step size of the ascent, per finished conversation.
const RATE: f64 = 0.05;

/// Mean overrun that is put up with, as a share of the budget; prices fall below it.
const TOLERANCE: f64 = 0.001;

/// Dual variables of the two budgets, per unit of the budget.
///
/// They follow the excess g of each finished conversation by projected dual ascent (Boyd et al.,
/// "Distributed Optimization and Statistical Learning via ADMM", 2011, eq. 2.3; for policies,
/// Tessler et al., "Reward Constrained Policy Optimization", 2019):
///
/// ```text
/// dual <- max(0, dual + rate (g - tolerance))
/// ```
#[derive(Clone, Copy, Debug)]
pub(super) struct Duals {
    latency: f64,
    cost: f64,
}

impl Duals {
    /// Prices of 1 per unit of the budget.
    pub fn new() -> Self {
        Self { latency: 1.0, cost: 1.0 }
    }

    /// What overruns of this many seconds and USD cost; each price is paid on its own.
    pub fn price(self, excess: (f64, f64), budget: Budget) -> [f64; 2] {
        [self.latency * share(excess.0, budget.latency), self.cost * share(excess.1, budget.cost)]
    }

    /// A conversation has ended with these overruns.
    pub fn ascend(&mut self, excess: (f64, f64), budget: Budget) {
        let ascend =
            |dual: &mut f64, share: f64| *dual = (*dual + RATE * (share - TOLERANCE)).max(0.0);
        ascend(&mut self.latency, share(excess.0, budget.latency));
        ascend(&mut self.cost, share(excess.1, budget.cost));
    }
}

/// `excess` in units of `limit`; as it is for a limit of zero.
fn share(excess: f64, limit: f64) -> f64 {
    if limit > 0.0 { excess / limit } else { excess }
}

#[cfg(test)]
mod tests {
    use super::{Budget, Duals};

    #[test]
    fn prices_rise_with_overruns_and_fall_without() {
        let (mut duals, budget) = (Duals::new(), Budget { latency: 10.0, cost: 0.0 });
        duals.ascend((2.0, 0.0), budget);
        let [latency, cost] = duals.price((10.0, 1.0), budget);
        assert!((latency - 1.009_95).abs() < 1e-12);
        assert!((cost - 0.999_95).abs() < 1e-12);
    }
}
