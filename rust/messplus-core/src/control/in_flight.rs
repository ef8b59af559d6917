//! How many ratings of each model are in flight.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Counts, per model, decisions that ratings are still expected of.
///
/// Counts fade as [`DelayCompensator`](super::delay_compensator::DelayCompensator) does, by
/// which ratings that never come are forgotten. A rating in flight will make its model as certain as
/// one that has come: optimism that knows this spreads requests over the models instead of sending
/// all of them to one.
#[derive(Clone, Debug)]
pub struct InFlight {
    counts: Vec<f64>,
}

impl InFlight {
    /// No rating in flight for any of `n_models`.
    pub fn new(n_models: usize) -> Self {
        Self { counts: vec![0.0; n_models] }
    }

    /// One model more.
    pub fn add(&mut self) {
        self.counts.push(0.0);
    }

    /// Ratings in flight of a model, `>= 0`.
    pub fn count(&self, model: usize) -> f64 {
        self.counts[model]
    }

    /// A decision for `model`, which counts `mass`; earlier ones fade by `keep`.
    pub fn expect(&mut self, model: usize, keep: f64, mass: f64) {
        self.counts.iter_mut().for_each(|count| *count *= keep);
        self.counts[model] += mass;
    }

    /// Another model serves the decision just made than was chosen; it counts `mass`.
    pub fn serve_instead(&mut self, chosen: usize, served: usize, mass: f64) {
        self.counts[chosen] = (self.counts[chosen] - mass).max(0.0);
        self.counts[served] += mass;
    }

    /// A decision for `model` was rated, when it counted `faded`.
    pub fn settle(&mut self, model: usize, faded: f64) {
        self.counts[model] = (self.counts[model] - faded).max(0.0);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64s(&self.counts);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        input.f64s(&mut self.counts)?;
        match self.counts.iter().find(|&&count| count < 0.0) {
            Some(count) => Err(Error::state("ratings in flight must be >= 0", count)),
            None => Ok(()),
        }
    }
}
