//! What is evaluated: anything that answers a situation with an action.

use messplus_base::{Random, names};

use crate::error::{Error, Result};
use crate::estimator::Scorer;
use crate::problem::{
    Action, ActionSpace, Budget, BudgetTracker, CostTable, Dataset, LOCAL, RewardWeights, Window,
    association_share,
};

/// One turn as a policy sees it.
#[derive(Debug)]
pub struct Situation<'a> {
    /// The action space.
    pub space: &'a ActionSpace,
    /// Task of the prompt.
    pub task: usize,
    /// Association of the prompt with each modality.
    pub association: &'a [f32],
    /// The history, this turn included.
    pub window: &'a Window,
    /// Spending so far.
    pub tracker: &'a BudgetTracker,
    /// Turns of the conversation after this one.
    pub later: usize,
    /// Costs by level.
    pub costs: &'a CostTable,
    /// Reward weights.
    pub weights: &'a RewardWeights,
    /// Estimated response scores.
    pub scorer: &'a mut Scorer,
    /// Random numbers, for policies that draw.
    pub random: &'a mut Random,
}

impl Situation<'_> {
    /// Whether a call at `level` leaves room for local calls in all later turns; local is always
    /// allowed, as the last resort.
    #[must_use]
    pub fn affords(&self, level: usize) -> bool {
        level == 0 || self.tracker.affords(self.costs, level, self.later)
    }
}

/// Something that decides turns.
pub trait Policy {
    /// Accepts the problem that is to be played.
    ///
    /// # Errors
    /// The policy was made for another one.
    fn check(&self, data: &Dataset, span: usize) -> Result<()>;

    /// A conversation begins.
    ///
    /// # Errors
    /// The budget is malformed.
    fn begin(&mut self, _budget: Budget) -> Result<()> {
        Ok(())
    }

    /// The action of one turn.
    ///
    /// # Errors
    /// The policy refuses the turn.
    fn act(&mut self, seen: &mut Situation<'_>) -> Result<Action>;
}

/// The same action every turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed(pub Action);

impl Policy for Fixed {
    fn check(&self, data: &Dataset, _span: usize) -> Result<()> {
        if self.0 < data.space().len() {
            return Ok(());
        }
        Err(Error::input("policy", "must be an action below 1 + 2^M", self.0))
    }

    fn act(&mut self, _seen: &mut Situation<'_>) -> Result<Action> {
        Ok(self.0)
    }
}

/// Policies that learn nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Baseline {
    /// A cloud action, drawn uniformly.
    UniformCloud,
    /// Local with probability 0.5, else a cloud action, drawn uniformly.
    Random,
    /// The action with the best estimated reward of the turn, within the budgets.
    MyopicGreedy,
}

names!(Baseline: "policy" {
    UniformCloud => "uniform_cloud",
    Random => "random",
    MyopicGreedy => "myopic_greedy",
});

impl Policy for Baseline {
    fn check(&self, _data: &Dataset, _span: usize) -> Result<()> {
        Ok(())
    }

    fn act(&mut self, seen: &mut Situation<'_>) -> Result<Action> {
        Ok(match self {
            Self::MyopicGreedy => greedy(seen),
            Self::Random if seen.random.uniform() < 0.5 => LOCAL,
            Self::Random | Self::UniformCloud => 1 + seen.random.below(seen.space.len() - 1),
        })
    }
}

fn greedy(seen: &mut Situation<'_>) -> Action {
    let mut best = (LOCAL, f64::NEG_INFINITY);
    for action in 0..seen.space.len() {
        let level = seen.space.level(action);
        if !seen.affords(level) {
            continue;
        }
        let share = association_share(seen.space, action, seen.association);
        let response = seen.scorer.score(seen.window, action);
        let reward = seen.weights.reward(seen.costs, level, response, share);
        if reward > best.1 {
            best = (action, reward);
        }
    }
    best.0
}
