//! The virtual queue: satisfaction still owed.

use crate::error::{Error, Result};

/// Counts by how much rated requests have fallen short of the target (MESS+, virtual queue Q).
///
/// Each rated request with satisfaction s moves the backlog to `max(0, backlog + alpha - s)`.
/// Summing the inequality `backlog' >= backlog + alpha - s` over T rated requests gives, on every
/// sample path and for every choice of models,
///
/// ```text
/// (1/T) sum s  >=  alpha - (Q_{T+1} - Q_1) / T
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct VirtualQueue {
    backlog: f64,
}

impl VirtualQueue {
    /// A queue that owes nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// A queue that was saved with this backlog.
    pub(crate) fn with_backlog(backlog: f64) -> Result<Self> {
        if backlog >= 0.0 {
            Ok(Self { backlog })
        } else {
            Err(Error::state("the backlog must be >= 0", backlog))
        }
    }

    /// Satisfaction owed, in rated requests, `>= 0`.
    pub fn backlog(&self) -> f64 {
        self.backlog
    }

    /// Account for one rated request with satisfaction in `[0, 1]`.
    pub fn update(&mut self, alpha: f64, satisfaction: f64) {
        self.backlog = (self.backlog + alpha - satisfaction).max(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::VirtualQueue;

    #[test]
    fn grows_by_the_shortfall_and_stops_at_zero() {
        let mut queue = VirtualQueue::new();
        queue.update(0.75, 0.0);
        queue.update(0.75, 0.5);
        assert_eq!(queue.backlog(), 1.0);
        queue.update(0.75, 1.0);
        assert_eq!(queue.backlog(), 0.75);
        (0..9).for_each(|_| queue.update(0.75, 1.0));
        assert_eq!(queue.backlog(), 0.0);
    }
}
