//! The reward of one turn.

use super::costs::CostTable;
use crate::error::{Result, non_negative};

/// Weights of the reward (TMO)
///
/// ```text
/// r = alpha q + b_a C~ - b_l L~ - b_u U~
/// ```
///
/// with the response score q, the uploaded share C~ of the association mass, and the latency L~ and
/// usage cost U~ scaled to `[0, 1]` over the levels of the cost table.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RewardWeights {
    /// alpha, of the response score.
    pub response: f64,
    /// `b_a`, of the uploaded share of the association mass.
    pub association: f64,
    /// `b_l`, of the scaled latency.
    pub latency: f64,
    /// `b_u`, of the scaled usage cost.
    pub cost: f64,
}

impl Default for RewardWeights {
    fn default() -> Self {
        Self { response: 1.0, association: 1.0 / 3.0, latency: 1.0 / 3.0, cost: 1.0 / 3.0 }
    }
}

impl RewardWeights {
    /// Checks the weights.
    ///
    /// # Errors
    /// A weight is negative or not finite.
    pub fn validated(self) -> Result<Self> {
        non_negative("response weight", self.response)?;
        non_negative("association weight", self.association)?;
        non_negative("latency weight", self.latency)?;
        non_negative("cost weight", self.cost)?;
        Ok(self)
    }

    /// The reward of a call at `level` of `costs` with response score `response` that uploads the
    /// share `share` of the association mass.
    #[must_use]
    pub fn reward(&self, costs: &CostTable, level: usize, response: f64, share: f64) -> f64 {
        self.response * response + self.association * share - self.price(costs, level)
    }

    /// What a call at `level` costs in units of reward: `b_l L~ + b_u U~`.
    #[must_use]
    pub fn price(&self, costs: &CostTable, level: usize) -> f64 {
        self.latency * costs.latency_norm(level) + self.cost * costs.cost_norm(level)
    }
}
