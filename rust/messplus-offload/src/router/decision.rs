//! What the router answers.

use messplus_base::names;

use crate::problem::Action;

/// Why an action was chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is the best of all actions.
    Planned,
    /// It is the best of the affordable actions; at least one was not affordable.
    Budget,
    /// Nothing fits any more: local as the last resort.
    Exhausted,
}

names!(Reason: "reason" { Planned => "planned", Budget => "budget", Exhausted => "exhausted" });

/// One decision.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// Index of the action.
    pub action: Action,
    /// Uploaded subset; `None` for local.
    pub mask: Option<u32>,
    /// Predicted response score.
    pub response: f64,
    /// Predicted reward of this turn.
    pub reward: f64,
    /// Latency the cost table gives for the call, seconds.
    pub latency: f64,
    /// Cost the cost table gives for the call, USD.
    pub cost: f64,
    /// Why.
    pub reason: Reason,
}
