//! Settings of an environment.

use messplus_base::names;

use crate::problem::{Budget, CostTable, RewardWeights};

/// How budgets act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConstraintMode {
    /// Not at all: spending is only measured.
    None,
    /// What is left is part of the observation; turns after an overrun earn 0. This is TMO's
    /// journal version.
    Observe,
    /// What is left is part of the observation; each turn pays for the overrun it adds, at prices
    /// raised by dual ascent.
    Lagrangian,
    /// What is left is part of the observation, and actions that do not fit are forbidden. Local is
    /// always allowed.
    Mask,
}

names!(ConstraintMode: "constraint" {
    None => "none",
    Observe => "observe",
    Lagrangian => "lagrangian",
    Mask => "mask",
});

/// Whose actions the history window shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum History {
    /// Those of the behaviour policy that produced the log.
    Logged,
    /// The agent's own.
    OnPolicy,
}

names!(History: "history" { Logged => "logged", OnPolicy => "on_policy" });

/// Settings of an environment.
#[derive(Clone, Debug)]
pub struct EnvConfig {
    /// Costs by level.
    pub costs: CostTable,
    /// Reward weights.
    pub weights: RewardWeights,
    /// Budgets of every conversation, unless drawn.
    pub budget: Budget,
    /// Draw each conversation's budgets uniformly between a whole window of local calls and one of
    /// cloud calls that upload everything.
    pub random_budgets: bool,
    /// How budgets act.
    pub constraint: ConstraintMode,
    /// Whose history is seen.
    pub history: History,
}
