//! `messplus._core.OffloadEnv`: many conversations at once.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use messplus_offload::{EnvConfig, Step, VecEnv};
use pyo3::prelude::*;

use super::data::PyData;
use super::error::{parse, to_py};
use super::estimator::PyEstimator;
use super::problem;
use crate::convert;
use crate::error::InputError;

/// Conversations with simulated users, side by side, to train and test agents in.
#[pyclass(frozen, name = "OffloadEnv", module = "messplus._core")]
pub struct PyEnv {
    inner: Mutex<VecEnv>,
}

impl PyEnv {
    pub fn lock(&self) -> MutexGuard<'_, VecEnv> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn checked(&self, i: usize) -> PyResult<MutexGuard<'_, VecEnv>> {
        let env = self.lock();
        env.check(i).map_err(to_py)?;
        Ok(env)
    }
}

/// Reward, response, association mass, seconds, USD, done.
type StepTuple = (f64, f64, f64, f64, f64, bool);

fn unpack(step: Step) -> StepTuple {
    (step.reward, step.response, step.association, step.latency, step.cost, step.done)
}

#[pymethods]
impl PyEnv {
    #[new]
    #[expect(
        clippy::too_many_arguments,
        reason = "the settings of an environment, by keyword in Python"
    )]
    fn new(
        data: &PyData,
        estimator: &PyEstimator,
        costs: problem::Costs,
        weights: problem::Weights,
        budget: (f64, f64),
        random_budgets: bool,
        constraint: &str,
        history: &str,
        n: usize,
        seed: u64,
    ) -> PyResult<Self> {
        let config = EnvConfig {
            costs: problem::costs(costs)?,
            weights: problem::weights(weights)?,
            budget: problem::budget(budget)?,
            random_budgets,
            constraint: parse(constraint)?,
            history: parse(history)?,
        };
        let (data, estimator) = (Arc::clone(&data.inner), Arc::clone(&estimator.inner));
        let env = VecEnv::new(data, estimator, config, n, seed).map_err(to_py)?;
        Ok(Self { inner: Mutex::new(env) })
    }

    fn __len__(&self) -> usize {
        self.lock().len()
    }

    /// Restarts conversation `i`: on a given dialogue and budget, or on drawn ones.
    #[pyo3(signature = (i, dialogue=None, budget=None))]
    fn reset(&self, i: usize, dialogue: Option<usize>, budget: Option<(f64, f64)>) -> PyResult<()> {
        let mut env = self.checked(i)?;
        match dialogue {
            None => env.reset(i).map_err(to_py),
            Some(dialogue) => {
                let budget =
                    budget.map(problem::budget).transpose()?.unwrap_or(env.config().budget);
                env.restart(i, dialogue, budget).map_err(to_py)
            }
        }
    }

    /// One action in conversation `i`.
    fn step(&self, i: usize, action: usize) -> PyResult<StepTuple> {
        self.checked(i)?.step(i, action).map(unpack).map_err(to_py)
    }

    /// One action per conversation.
    fn step_all(&self, py: Python<'_>, actions: Vec<usize>) -> PyResult<Vec<StepTuple>> {
        py.detach(|| {
            let mut env = self.lock();
            if actions.len() != env.len() {
                let found = actions.len();
                return Err(InputError::new_err(format!(
                    "actions: must be {} numbers, got {found}",
                    env.len()
                )));
            }
            let steps = actions.iter().enumerate().map(|(i, &action)| env.step(i, action));
            steps.map(|step| step.map(unpack).map_err(to_py)).collect()
        })
    }

    /// Observation of conversation `i`, then the remaining share of its latency and cost budgets.
    fn observation<'py>(&self, py: Python<'py>, i: usize) -> PyResult<Bound<'py, PyAny>> {
        let env = self.checked(i)?;
        let (modalities, span) = (env.space().modalities(), env.span());
        let width = span * (modalities + 2);
        let mut out = vec![1.0; width + 2];
        env.window(i).write(modalities, span, &mut out[..width]);
        let tracker = env.tracker(i);
        let (latency, cost) = tracker.remaining();
        for (slot, left, limit) in
            [(width, latency, tracker.budget.latency), (width + 1, cost, tracker.budget.cost)]
        {
            if limit.is_finite() && limit > 0.0 {
                out[slot] = (left / limit) as f32;
            }
        }
        drop(env);
        Ok(convert::vector(py, out))
    }

    /// Which actions conversation `i` may take.
    fn action_mask<'py>(&self, py: Python<'py>, i: usize) -> PyResult<Bound<'py, PyAny>> {
        let env = self.checked(i)?;
        let mask = (0..env.space().len()).map(|a| env.allowed(i, env.space().level(a))).collect();
        drop(env);
        Ok(convert::vector(py, mask))
    }
}
