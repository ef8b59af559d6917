//! The virtual queue: satisfaction still owed.

use crate::error::{Error, Result};

/// Counts by how much rated requests have fallen short of the target: the virtual queue Q of MESS+
/// (arXiv 2505.19947, algorithm 1; Neely, *Stochastic Network Optimization*, 2010, eq. 4.40).
///
/// ```text
/// Q <- max(-credit, Q + alpha - s)        a rated request of satisfaction s
/// Q <- max(-credit, Q + u / L - 1)        a call that uses u of a resource limited to the mean L
/// ```
///
/// The paper's queue has no credit and forgets what was delivered beyond the target; with credit,
/// that much of it counts. Summing the inequality `Q' >= Q + alpha - s` over T rated requests gives, on
/// every sample path and for every choice of models,
///
/// ```text
/// (1/T) sum s  >=  alpha - (Q_{T+1} - Q_1) / T
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VirtualQueue {
    backlog: f64,
    credit: f64,
}

impl VirtualQueue {
    /// A queue that owes nothing and may run up to `credit >= 0` ahead of the target.
    pub fn new(credit: f64) -> Self {
        Self { backlog: 0.0, credit }
    }

    /// This queue with the backlog it was saved with.
    pub(crate) fn with_backlog(self, backlog: f64) -> Result<Self> {
        if backlog >= -self.credit {
            Ok(Self { backlog, ..self })
        } else {
            Err(Error::state("the backlog must be at least minus the credit", backlog))
        }
    }

    /// This queue before anything fell due.
    pub(crate) fn emptied(self) -> Self {
        Self { backlog: 0.0, ..self }
    }

    /// What is owed, in rated requests or in calls at the limit, at least minus the credit.
    pub fn backlog(&self) -> f64 {
        self.backlog
    }

    /// Account for `due` having fallen due and `paid` having been paid: the target and a rating in
    /// `[0, 1]`, or usage over its limit and one.
    pub fn update(&mut self, due: f64, paid: f64) {
        self.backlog = (self.backlog + due - paid).max(-self.credit);
    }
}

#[cfg(test)]
mod tests {
    use super::VirtualQueue;

    #[test]
    fn grows_by_the_shortfall_and_stops_at_zero() {
        let mut queue = VirtualQueue::new(0.0);
        queue.update(0.75, 0.0);
        queue.update(0.75, 0.5);
        assert_eq!(queue.backlog(), 1.0);
        queue.update(0.75, 1.0);
        assert_eq!(queue.backlog(), 0.75);
        (0..9).for_each(|_| queue.update(0.75, 1.0));
        assert_eq!(queue.backlog(), 0.0);
    }

    #[test]
    fn credit_carries_over_up_to_its_limit() {
        let mut queue = VirtualQueue::new(1.0);
        (0..3).for_each(|_| queue.update(0.75, 1.0));
        assert_eq!(queue.backlog(), -0.75);
        (0..9).for_each(|_| queue.update(0.75, 1.0));
        assert_eq!(queue.backlog(), -1.0);
    }
}
