//! `messplus._core.replay`: the replay loop, detached from the interpreter.

use std::time::{Duration, Instant};

use messplus_core::{Config, OutcomeTable, Replay};
use pyo3::prelude::*;

use crate::convert;
use crate::error::to_py;

/// Requests between two looks at the interpreter: a few milliseconds.
const CHUNK: usize = 4096;

/// Model, satisfaction, cost, explored, backlog and propensity of each step.
type Columns<'py> = [Bound<'py, PyAny>; 6];

/// Run a fresh controller through an outcome table: the trace, the backlog after the last rating, and the
/// seconds spent in the core. `progress(done)` is called now and then; raising there ends the replay.
#[pyfunction]
#[pyo3(signature = (config, features, input_tokens, scores, costs, order, rated, delay, past, past_models, progress=None))]
#[expect(clippy::too_many_arguments, reason = "private, and called in one place")]
pub fn replay<'py>(
    py: Python<'py>,
    config: &str,
    features: &Bound<'py, PyAny>,
    input_tokens: &Bound<'py, PyAny>,
    scores: &Bound<'py, PyAny>,
    costs: &Bound<'py, PyAny>,
    order: &Bound<'py, PyAny>,
    rated: &Bound<'py, PyAny>,
    delay: usize,
    past: &Bound<'py, PyAny>,
    past_models: &Bound<'py, PyAny>,
    progress: Option<&Bound<'py, PyAny>>,
) -> PyResult<(Columns<'py>, f64, f64)> {
    let config = Config::from_json(config).map_err(|error| to_py(&error))?;
    let features = convert::borrowed_matrix::<f32>("features", features)?;
    let input_tokens = convert::borrowed_vector::<u32>("input_tokens", input_tokens)?;
    let scores = convert::borrowed_matrix::<f64>("scores", scores)?;
    let costs = convert::borrowed_matrix::<f64>("costs", costs)?;
    let order = convert::borrowed_vector::<u32>("order", order)?;
    let rated = convert::borrowed_vector::<bool>("rated", rated)?;
    let past = convert::borrowed_vector::<u32>("past", past)?;
    let past_models = convert::borrowed_vector::<u32>("past_models", past_models)?;
    let table = OutcomeTable {
        features: features.as_slice()?,
        input_tokens: input_tokens.as_slice()?,
        scores: scores.as_slice()?,
        costs: costs.as_slice()?,
        order: order.as_slice()?,
        rated: rated.as_slice()?,
        delay,
        past: past.as_slice()?,
        past_models: past_models.as_slice()?,
    };
    let mut replay = Replay::new(config, table).map_err(|error| to_py(&error))?;
    let mut elapsed = Duration::ZERO;
    let mut more = true;
    while more {
        more = py
            .detach(|| {
                let start = Instant::now();
                let more = replay.advance(CHUNK);
                elapsed += start.elapsed();
                more
            })
            .map_err(|error| to_py(&error))?;
        py.check_signals()?;
        progress.map_or(Ok(()), |progress| progress.call1((replay.done(),)).map(drop))?;
    }
    let (trace, controller) = replay.finish().map_err(|error| to_py(&error))?;
    let steps = trace.model.len();
    let columns = [
        convert::array(py, trace.model, steps)?,
        convert::array(py, trace.satisfaction, steps)?,
        convert::array(py, trace.cost, steps)?,
        convert::array(py, trace.explored, steps)?,
        convert::array(py, trace.backlog, steps)?,
        convert::array(py, trace.propensity, steps)?,
    ];
    Ok((columns, controller.levels()[0].backlog(), elapsed.as_secs_f64()))
}
