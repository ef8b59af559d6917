//! Cost tables, reward weights and budgets from plain Python values.

use messplus_offload::{Budget, CostTable, RewardWeights};
use pyo3::prelude::*;

use super::error::to_py;

/// Latency and cost by level.
pub type Costs = (Vec<f64>, Vec<f64>);

/// Weights of response, association, latency and cost.
pub type Weights = (f64, f64, f64, f64);

pub fn costs((latency, cost): Costs) -> PyResult<CostTable> {
    CostTable::new(latency, cost).map_err(to_py)
}

pub fn weights((response, association, latency, cost): Weights) -> PyResult<RewardWeights> {
    RewardWeights { response, association, latency, cost }.validated().map_err(to_py)
}

pub fn budget((latency, cost): (f64, f64)) -> PyResult<Budget> {
    Budget { latency, cost }.validated().map_err(to_py)
}
