//! What a request is expected to cost.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;
use crate::learn::unit::unit;

/// Mean cost per model over the requests whose cost is known; the listed cost until the first
/// (MESS+, arXiv 2505.19947: the E of algorithm 1).
#[derive(Clone, Debug)]
pub struct RunningMeans {
    means: Vec<f64>,
    counts: Vec<u64>,
}

impl RunningMeans {
    /// Means that start at the listed costs.
    pub fn new(listed: impl IntoIterator<Item = f64>) -> Self {
        let means: Vec<f64> = listed.into_iter().collect();
        Self { counts: vec![0; means.len()], means }
    }

    /// One more mean.
    pub(crate) fn add(&mut self, listed: f64) {
        self.means.push(listed);
        self.counts.push(0);
    }

    /// The listed cost changes: the mean follows in proportion, or at once where nothing is known.
    pub(crate) fn reprice(&mut self, model: usize, old: f64, new: f64) {
        let known = self.counts[model] > 0 && old > 0.0;
        self.means[model] = if known { (self.means[model] * (new / old)).min(1e18) } else { new };
    }

    /// Expected cost of one request to `model`, in the unit of the costs learned, `>= 0`.
    pub fn expected(&self, model: usize) -> f64 {
        self.means[model]
    }

    /// The largest mean, `>= 0`.
    pub fn most_expensive(&self) -> f64 {
        self.means.iter().copied().fold(0.0, f64::max)
    }

    /// The [`unit`] of money, `>= 0`.
    pub fn unit(&self) -> f64 {
        unit(self.means.iter().copied())
    }

    /// Whether nothing has been learned.
    pub fn is_untrained(&self) -> bool {
        self.counts.iter().all(|&count| count == 0)
    }

    /// Learn from the cost of one call.
    pub fn learn_one(&mut self, model: usize, cost: f64) {
        self.counts[model] += 1;
        let mean = &mut self.means[model];
        // Divided before subtracting: two costs near the largest finite number stay finite.
        let n = self.counts[model] as f64;
        *mean += cost / n - *mean / n;
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64s(&self.means);
        out.u64s(&self.counts);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        input.f64s(&mut self.means)?;
        input.u64s(&mut self.counts)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::RunningMeans;

    #[test]
    fn costs_learned_replace_the_listed_one() {
        let mut costs = RunningMeans::new([10.0, 3.0]);
        assert_eq!(costs.expected(0), 10.0);
        [2.0, 4.0].into_iter().for_each(|cost| costs.learn_one(0, cost));
        assert_eq!((costs.expected(0), costs.expected(1)), (3.0, 3.0));
    }
}
