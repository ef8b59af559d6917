//! Evaluation of policies over whole dialogues.

use std::sync::Arc;

use messplus_offload::Random;
use messplus_offload::evaluate::{Metrics, Policy, Problem};
use messplus_offload::oracle;
use messplus_offload::scorer::Scorer;
use pyo3::prelude::*;

use super::agent::PyAgent;
use super::data::PyData;
use super::error::to_py;
use super::estimator::PyEstimator;
use super::problem;
use super::router::PyRouter;
use crate::error::InputError;

/// A policy as Python names it: a fixed action, one of three names, an agent, or a router.
#[derive(FromPyObject)]
pub enum PolicyArgument<'py> {
    Fixed(usize),
    Named(String),
    Agent(Bound<'py, PyAgent>),
    Router(Bound<'py, PyRouter>),
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
    let budget = problem::budget(budget)?;
    let data = &data.inner;
    if costs.levels() != data.space().levels() || estimator.inner.space() != data.space() {
        return Err(InputError::new_err("costs, estimator: must have the modalities of the data"));
    }
    let problem = Problem { data, costs: &costs, weights: &weights, budget, true_means };
    let mut scorer = Scorer::new(Arc::clone(&estimator.inner));
    let mut rng = Random::new(seed);
    let mut run = |policy: &mut Policy<'_>| {
        messplus_offload::evaluate::evaluate(policy, &problem, &mut scorer, &mut rng)
    };
    let outcome = match policy {
        PolicyArgument::Fixed(action) => {
            if action >= data.space().len() {
                return Err(InputError::new_err(format!(
                    "policy: must be an action below {}, got {action}",
                    data.space().len()
                )));
            }
            py.detach(|| run(&mut Policy::Fixed(action)))
        }
        PolicyArgument::Named(name) => {
            let mut policy = match name.as_str() {
                "uniform_cloud" => Policy::UniformCloud,
                "random" => Policy::Random,
                "myopic_greedy" => Policy::MyopicGreedy,
                other => {
                    let rule = "must be uniform_cloud, random or myopic_greedy";
                    return Err(InputError::new_err(format!("policy: {rule}, got {other:?}")));
                }
            };
            py.detach(|| run(&mut policy))
        }
        PolicyArgument::Agent(agent) => {
            let mut agent = agent.get().copy();
            let shape = (data.space().modalities(), data.tasks(), estimator.inner.span());
            if agent.shape() != shape {
                let found = agent.shape();
                return Err(InputError::new_err(format!(
                    "policy: must be trained for (modalities, tasks, span) {shape:?}, got {found:?}"
                )));
            }
            py.detach(|| run(&mut Policy::Agent { agent: &mut agent, masked }))
        }
        PolicyArgument::Router(router) => {
            // A copy: the evaluation leaves no trace in the router.
            let mut router = router.get().copy();
            py.detach(|| run(&mut Policy::Router(&mut router)))
        }
    };
    outcome.map(Into::into).map_err(to_py)
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
    py.detach(|| oracle::best_reachable_reward(&data.inner, &weights, budget)).map_err(to_py)
}
