//! When to explore: with a probability that fades with time.

use crate::check;
use crate::error::Result;

/// Probability of exploring at time `t >= 1`: `min(1, c / t^(1/4))` (MESS+, arXiv 2505.19947,
/// algorithm 1).
///
/// The fourth root is two square roots, which every machine rounds alike.
pub fn probability(c: f64, t: f64) -> f64 {
    (c / t.sqrt().sqrt()).min(1.0)
}

/// Check the strength c of exploration in the settings of a policy.
pub fn check(c: f64) -> Result<()> {
    check::number("policy.exploration", c, "must be finite and >= 0", |c| c >= 0.0)
}

#[cfg(test)]
mod tests {
    use super::probability;

    #[test]
    fn probability_fades_with_the_fourth_root() {
        assert_eq!(probability(0.1, 1.0), 0.1);
        assert_eq!(probability(0.5, 16.0), 0.25);
        assert_eq!(probability(3.0, 16.0), 1.0);
        assert_eq!(probability(0.0, 5.0), 0.0);
    }
}
