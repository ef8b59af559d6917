//! `messplus._core.simulate_fleet`: a fleet over an outcome table, detached from the interpreter.

use messplus_core::{Config, OutcomeTable};
use messplus_fleet::{Fleet, simulate};
use pyo3::prelude::*;

use crate::convert;
use crate::error::to_py;

/// What became of a stream; a dict of its fields in Python.
#[derive(IntoPyObject)]
pub struct SimulatedFleet<'py> {
    model: Bound<'py, PyAny>,
    satisfaction: Bound<'py, PyAny>,
    cost: Bound<'py, PyAny>,
    accepted: u64,
    counted: u64,
    identical: bool,
    bytes: u64,
}

/// Route the stream of an outcome table over replicas with so much traffic each, which look at their log
/// once every `every` requests of the stream.
#[pyfunction]
#[pyo3(signature = (config, features, input_tokens, scores, costs, order, rated, delay, traffic, every, *, anywhere=false, naive=false, outage=None, crash_every=None, seed=0))]
#[expect(clippy::too_many_arguments, reason = "private, and called in one place")]
pub fn simulate_fleet<'py>(
    py: Python<'py>,
    config: &str,
    features: &Bound<'py, PyAny>,
    input_tokens: &Bound<'py, PyAny>,
    scores: &Bound<'py, PyAny>,
    costs: &Bound<'py, PyAny>,
    order: &Bound<'py, PyAny>,
    rated: &Bound<'py, PyAny>,
    delay: usize,
    traffic: Vec<f64>,
    every: usize,
    anywhere: bool,
    naive: bool,
    outage: Option<(usize, usize)>,
    crash_every: Option<usize>,
    seed: u64,
) -> PyResult<SimulatedFleet<'py>> {
    let config = Config::from_json(config).map_err(|error| to_py(&error))?;
    let features = convert::borrowed_matrix::<f32>("features", features)?;
    let input_tokens = convert::borrowed_vector::<u32>("input_tokens", input_tokens)?;
    let scores = convert::borrowed_matrix::<f64>("scores", scores)?;
    let costs = convert::borrowed_matrix::<f64>("costs", costs)?;
    let order = convert::borrowed_vector::<u32>("order", order)?;
    let rated = convert::borrowed_vector::<bool>("rated", rated)?;
    let table = OutcomeTable {
        features: features.as_slice()?,
        input_tokens: input_tokens.as_slice()?,
        scores: scores.as_slice()?,
        costs: costs.as_slice()?,
        order: order.as_slice()?,
        rated: rated.as_slice()?,
        delay,
        past: &[],
        past_models: &[],
    };
    let fleet = Fleet { traffic, every, anywhere, naive, outage, crash_every, seed };
    let simulated =
        py.detach(|| simulate(config, &table, &fleet)).map_err(|error| to_py(&error))?;
    let n = simulated.model.len();
    Ok(SimulatedFleet {
        model: convert::array(py, simulated.model, n)?,
        satisfaction: convert::array(py, simulated.satisfaction, n)?,
        cost: convert::array(py, simulated.cost, n)?,
        accepted: simulated.accepted,
        counted: simulated.counted,
        identical: simulated.identical,
        bytes: simulated.bytes,
    })
}
