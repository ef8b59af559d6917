//! What a minimum of randomisation costs.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;

/// Sums over the requests that a drawn model served in place of the router's choice.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RandomisationStats {
    /// Requests.
    pub requests: u64,
    /// Expected cost of the model that served, less that of the choice.
    pub cost: f64,
    /// The same of the predicted probability of satisfaction.
    pub satisfaction: f64,
}

impl RandomisationStats {
    pub(crate) fn add(&mut self, cost: f64, satisfaction: f64) {
        self.requests += 1;
        self.cost += cost;
        self.satisfaction += satisfaction;
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.requests);
        out.f64s(&[self.cost, self.satisfaction]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { requests: input.u64()?, cost: input.f64()?, satisfaction: input.f64()? })
    }
}
