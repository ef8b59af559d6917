//! Reward of one turn and its components.

use crate::action::ActionSpace;
use crate::cost::CostTable;
use crate::error::{Result, non_negative};

/// Weights of the reward `alpha * q + b_a * C~ - b_l * L~ - b_u * U~`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RewardWeights {
    /// Weight of the response score.
    pub response: f64,
    /// Weight of the uploaded share of the association mass.
    pub association: f64,
    /// Weight of the normalised latency.
    pub latency: f64,
    /// Weight of the normalised usage cost.
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

    /// Reward of a call with response score `response`, uploaded association share `share`, at `level` of `costs`.
    #[must_use]
    pub fn reward(&self, costs: &CostTable, level: usize, response: f64, share: f64) -> f64 {
        self.response * response + self.association * share - self.price(costs, level)
    }

    /// The latency and cost part of the reward, as a positive price.
    #[must_use]
    pub fn price(&self, costs: &CostTable, level: usize) -> f64 {
        self.latency * costs.latency_norm(level) + self.cost * costs.cost_norm(level)
    }
}

/// Association mass uploaded by `action`: the sum over its modalities; zero for local and text-only calls.
#[must_use]
pub fn association_mass(space: &ActionSpace, action: usize, association: &[f32]) -> f64 {
    let mask = space.decode(action).unwrap_or(0);
    association
        .iter()
        .enumerate()
        .filter(|(m, _)| mask >> m & 1 == 1)
        .map(|(_, &c)| f64::from(c))
        .sum()
}

/// [`association_mass`] as a share of the turn's total mass, in `[0, 1]`; zero when the total is zero.
#[must_use]
pub fn association_share(space: &ActionSpace, action: usize, association: &[f32]) -> f64 {
    let total: f64 = association.iter().map(|&c| f64::from(c)).sum();
    if total > 0.0 { association_mass(space, action, association) / total } else { 0.0 }
}
