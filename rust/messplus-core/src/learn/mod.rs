//! Online learning of what a call brings: satisfaction, cost and latency, per model and request.

pub(crate) mod bayesian_heads;
pub(crate) mod diagonal;
pub(crate) mod drift;
pub(crate) mod features;
pub(crate) mod gaussian;
#[cfg(test)]
mod laws;
pub(crate) mod log_costs;
pub(crate) mod logistic;
pub(crate) mod logistic_heads;
pub(crate) mod running_means;
pub(crate) mod sources;
pub(crate) mod unit;
