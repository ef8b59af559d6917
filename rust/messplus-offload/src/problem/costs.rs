//! What a call costs, by cost level: local, then cloud with `n = 0..=M` modalities.

use crate::error::{Error, Result, non_negative};

/// Latency l (seconds) and usage cost u (USD) of a call at each of the `M + 2` levels.
#[derive(Clone, Debug, PartialEq)]
pub struct CostTable {
    latency: Vec<f64>,
    cost: Vec<f64>,
    latency_norm: Vec<f64>,
    cost_norm: Vec<f64>,
}

impl CostTable {
    /// A table of one latency and one cost per level.
    ///
    /// # Errors
    /// Lengths differ or are below three; an entry is negative or not finite.
    pub fn new(latency: Vec<f64>, cost: Vec<f64>) -> Result<Self> {
        if latency.len() < 3 || latency.len() != cost.len() {
            let sizes = format!("{} and {}", latency.len(), cost.len());
            return Err(Error::input(
                "latency, cost",
                "must have one entry per level (local, 0..=M modalities)",
                sizes,
            ));
        }
        for (i, (&l, &u)) in latency.iter().zip(&cost).enumerate() {
            non_negative(&format!("latency[{i}]"), l)?;
            non_negative(&format!("cost[{i}]"), u)?;
        }
        let (latency_norm, cost_norm) = (min_max(&latency), min_max(&cost));
        Ok(Self { latency, cost, latency_norm, cost_norm })
    }

    /// Number of levels, `M + 2`.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.latency.len()
    }

    /// Seconds of one call at `level`.
    #[must_use]
    pub fn latency(&self, level: usize) -> f64 {
        self.latency[level]
    }

    /// USD of one call at `level`.
    #[must_use]
    pub fn cost(&self, level: usize) -> f64 {
        self.cost[level]
    }

    /// `L~`: the latency scaled to `[0, 1]` over the levels (TMO).
    #[must_use]
    pub fn latency_norm(&self, level: usize) -> f64 {
        self.latency_norm[level]
    }

    /// `U~`: the cost scaled to `[0, 1]` over the levels (TMO).
    #[must_use]
    pub fn cost_norm(&self, level: usize) -> f64 {
        self.cost_norm[level]
    }

    /// Moves the entries of `level` a fraction `rate` towards one measured call.
    ///
    /// # Errors
    /// A measurement is negative or not finite, or `rate` is outside `(0, 1]`.
    pub fn observe(&mut self, level: usize, latency: f64, cost: f64, rate: f64) -> Result<()> {
        non_negative("latency", latency)?;
        non_negative("cost", cost)?;
        if !(rate > 0.0 && rate <= 1.0) {
            return Err(Error::input("rate", "must be in (0, 1]", rate));
        }
        self.latency[level] += rate * (latency - self.latency[level]);
        self.cost[level] += rate * (cost - self.cost[level]);
        self.latency_norm = min_max(&self.latency);
        self.cost_norm = min_max(&self.cost);
        Ok(())
    }
}

/// `(v - min) / (max - min)`; zeros when all values are equal.
fn min_max(values: &[f64]) -> Vec<f64> {
    let low = values.iter().copied().fold(f64::INFINITY, f64::min);
    let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let range = high - low;
    values.iter().map(|v| if range > 0.0 { (v - low) / range } else { 0.0 }).collect()
}

#[cfg(test)]
mod tests {
    use super::CostTable;

    #[test]
    fn normalised_levels_of_the_published_wired_table() {
        let table = CostTable::new(
            vec![0.011_428_6, 6.4603, 4.76134, 6.24569, 6.98211],
            vec![7.942_86e-9, 0.00049, 0.005, 0.00945, 0.01368],
        )
        .unwrap();
        let expected = [
            (0.0, 0.0),
            (0.925_142, 0.035_818),
            (0.681_413, 0.365_497),
            (0.894_355, 0.690_789),
            (1.0, 1.0),
        ];
        for (level, (latency, cost)) in expected.into_iter().enumerate() {
            assert!((table.latency_norm(level) - latency).abs() < 1e-6);
            assert!((table.cost_norm(level) - cost).abs() < 1e-6);
        }
    }

    #[test]
    fn negative_and_non_finite_entries_are_refused() {
        assert!(CostTable::new(vec![0.0, 1.0, -1.0], vec![0.0; 3]).is_err());
        assert!(CostTable::new(vec![0.0, 1.0, 1.0], vec![0.0, f64::NAN, 0.0]).is_err());
        assert!(CostTable::new(vec![0.0, 1.0], vec![0.0; 2]).is_err());
    }
}
