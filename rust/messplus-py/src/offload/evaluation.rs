//! Evaluation of policies over whole dialogues.

use std::sync::Arc;

use messplus_offload::{Baseline, Fixed, Masked, Metrics, Policy, Problem, Random, Routed, Scorer};
use pyo3::prelude::*;

use super::agent::PyAgent;
use super::data::PyData;
use super::error::{parse, to_py};
use super::estimator::PyEstimator;
use super::problem;
use super::router::PyRouter;

/// A policy as Python names it: a fixed action, the name of a baseline, an agent, or a router.
#[derive(FromPyObject)]
pub enum PolicyArgument<'py> {
    Fixed(usize),
    Named(String),
    Agent(Bound<'py, PyAgent>),
    Router(Bound<'py, PyRouter>),
}

impl PolicyArgument<'_> {
    /// The policy to play, a copy of what Python holds: an evaluation leaves no trace in it.
    fn policy(&self, masked: bool) -> PyResult<Box<dyn Policy + Send>> {
        Ok(match self {
            Self::Fixed(action) => Box::new(Fixed(*action)),
            Self::Named(name) => Box::new(parse::<Baseline>(name)?),
            Self::Agent(agent) if masked => Box::new(Masked(agent.get().copy())),
            Self::Agent(agent) => Box::new(agent.get().copy()),
            Self::Router(router) => Box::new(Routed::new(router.get().copy())),
        })
    }
}

/// Means over dialogues: a dict of these fields in Python.
#[derive(IntoPyObject)]
pub struct OffloadMetrics {
    response: f64,
    association: f64,
    reward: f64,
    true_reward: f64,
    latency: f64,
    cost: f64,
    window_latency: f64,
    window_cost: f64,
    latency_violation: f64,
    cost_violation: f64,
    violation_rate: f64,
    latency_excess: f64,
    cost_excess: f64,
    levels: Vec<u64>,
    task_reward: Vec<f64>,
    dialogue_reward: Vec<f64>,
}

impl From<Metrics> for OffloadMetrics {
    fn from(metrics: Metrics) -> Self {
        Self {
            response: metrics.response,
            association: metrics.association,
            reward: metrics.reward,
            true_reward: metrics.true_reward,
            latency: metrics.latency,
            cost: metrics.cost,
            window_latency: metrics.window_latency,
            window_cost: metrics.window_cost,
            latency_violation: metrics.latency_violation,
            cost_violation: metrics.cost_violation,
            violation_rate: metrics.violation_rate,
            latency_excess: metrics.latency_excess,
            cost_excess: metrics.cost_excess,
            levels: metrics.levels,
            task_reward: metrics.task_reward,
            dialogue_reward: metrics.dialogue_reward,
        }
    }
}

/// Run a policy over whole dialogues: means over turns, and rewards by task and by dialogue.
#[pyfunction(name = "offload_evaluate")]
#[expect(clippy::too_many_arguments, reason = "the problem, by keyword in Python")]
pub fn evaluate<'py>(
    py: Python<'py>,
    policy: PolicyArgument<'py>,
    masked: bool,
    data: &PyData,
    estimator: &PyEstimator,
    costs: problem::Costs,
    weights: problem::Weights,
    budget: (f64, f64),
    true_means: bool,
    seed: u64,
) -> PyResult<OffloadMetrics> {
    let (costs, weights) = (problem::costs(costs)?, problem::weights(weights)?);
    let (data, budget) = (&data.inner, problem::budget(budget)?);
    let problem = Problem { data, costs: &costs, weights: &weights, budget, true_means };
    let (mut scorer, mut random) = (Scorer::new(Arc::clone(&estimator.inner)), Random::new(seed));
    let mut policy = policy.policy(masked)?;
    let metrics = py
        .detach(|| messplus_offload::evaluate(policy.as_mut(), &problem, &mut scorer, &mut random));
    metrics.map(Into::into).map_err(to_py)
}

/// Best mean reward any policy can reach within the budgets on generated dialogues.
#[pyfunction(name = "offload_best_reachable_reward")]
pub fn best_reachable_reward(
    py: Python<'_>,
    data: &PyData,
    weights: problem::Weights,
    budget: (f64, f64),
) -> PyResult<f64> {
    let (weights, budget) = (problem::weights(weights)?, problem::budget(budget)?);
    py.detach(|| messplus_offload::best_reachable_reward(&data.inner, &weights, budget))
        .map_err(to_py)
}
