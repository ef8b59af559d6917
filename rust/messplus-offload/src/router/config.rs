//! Settings of the router.

use super::planner::MAX_TURNS;
use crate::error::{Error, Result, non_negative};
use crate::problem::{ActionSpace, CostTable, RewardWeights};

/// Most tasks; the response model is quadratic in them.
pub(super) const MAX_TASKS: usize = 64;

/// Settings of an [`OffloadRouter`](super::OffloadRouter).
#[derive(Clone, Debug, PartialEq)]
pub struct RouterConfig {
    /// Number of modalities M, 1 to 12.
    pub modalities: usize,
    /// Number of tasks K, 1 to 64.
    pub tasks: usize,
    /// Latency and cost of a call by level; upper bounds, if budgets are to hold without exception.
    pub costs: CostTable,
    /// Reward weights.
    pub weights: RewardWeights,
    /// Longest conversation budgets are planned for, 1 to 16; later turns are still served.
    pub max_turns: usize,
    /// Standard deviations added to an uncertain response, so that untried actions get tried, as in
    /// `LinUCB` (Li et al., "A Contextual-Bandit Approach to Personalized News Article
    /// Recommendation", 2010, algorithm 1); 0 never explores.
    pub optimism: f64,
    /// Share of a measured call in its level's cost entry, in `[0, 1]`; 0 keeps the declared costs.
    pub cost_rate: f64,
}

impl RouterConfig {
    /// The action space, once every setting is in range.
    pub(super) fn check(&self) -> Result<ActionSpace> {
        let space = ActionSpace::new(self.modalities)?;
        if self.tasks == 0 || self.tasks > MAX_TASKS {
            return Err(Error::input("tasks", "must be in 1..=64", self.tasks));
        }
        if self.costs.levels() != space.levels() {
            let (rule, levels) = ("must have modalities + 2 levels", self.costs.levels());
            return Err(Error::input("costs", rule, levels));
        }
        if self.max_turns == 0 || self.max_turns > MAX_TURNS {
            return Err(Error::input("max_turns", "must be in 1..=16", self.max_turns));
        }
        non_negative("optimism", self.optimism)?;
        if !(0.0..=1.0).contains(&self.cost_rate) {
            return Err(Error::input("cost_rate", "must be in [0, 1]", self.cost_rate));
        }
        self.weights.validated()?;
        Ok(space)
    }
}
