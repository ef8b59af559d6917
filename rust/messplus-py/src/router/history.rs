//! What was decided and what became of it, as the journals of a folder and the batches of a log hold it.

use std::path::PathBuf;

use messplus_core::Result;
use messplus_fleet::{Batch, Fold};
use messplus_journal::format::Transition;
use messplus_journal::{Folder, history};
use pyo3::prelude::*;

use super::ids;
use crate::error::{folder_error, to_py};

#[derive(IntoPyObject)]
pub struct RecordedDecision {
    transition: u64,
    id: String,
    level: usize,
    model: usize,
    allowed: Option<Vec<usize>>,
}

#[derive(IntoPyObject)]
pub struct RecordedOutcome {
    transition: u64,
    id: String,
    model: usize,
    satisfied: Option<f64>,
    cost: Option<f64>,
    latency: Option<f64>,
}

type Recorded = (Vec<RecordedDecision>, Vec<RecordedOutcome>);

/// The decisions and the outcomes that the journals of a folder hold, models and levels by index.
#[pyfunction]
pub fn folder_history(py: Python<'_>, path: PathBuf) -> PyResult<Recorded> {
    let history = py.detach(|| history(&Folder::new(path))).map_err(folder_error)?;
    Ok(recorded(history))
}

/// The same of the batches that come after a snapshot; `transition` is the number of the batch. What a
/// replica sent twice is there once.
#[pyfunction]
pub fn log_history(py: Python<'_>, snapshot: &[u8], batches: Vec<Vec<u8>>) -> PyResult<Recorded> {
    let read = || -> Result<Vec<(u64, Transition)>> {
        let mut fold = Fold::from_bytes(snapshot)?;
        let mut found = Vec::new();
        for bytes in batches {
            if let Ok(batch) = Batch::decode(&bytes) {
                let (last, at) = (fold.last(batch.replica), fold.position() + 1);
                let new = batch.transitions().filter(|&(number, _)| number > last);
                found.extend(new.map(|(_, transition)| (at, transition)));
            }
            fold.apply(&bytes)?;
        }
        Ok(found)
    };
    Ok(recorded(py.detach(read).map_err(|error| to_py(&error))?))
}

fn recorded(history: Vec<(u64, Transition)>) -> Recorded {
    let (mut decisions, mut outcomes) = (Vec::new(), Vec::new());
    for (transition, inputs) in history {
        match inputs {
            Transition::Decide { id, model, level, allowed, .. } => {
                decisions.push(RecordedDecision {
                    transition,
                    id: ids::to_hex(id),
                    level,
                    model,
                    allowed: allowed.map(|models| models.iter().collect()),
                });
            }
            Transition::Observe { id, outcomes: parts, .. } => {
                outcomes.extend(parts.into_iter().map(|part| RecordedOutcome {
                    transition,
                    id: ids::to_hex(id),
                    model: part.model,
                    satisfied: part.satisfaction,
                    cost: part.cost,
                    latency: part.latency,
                }));
            }
            _ => {}
        }
    }
    (decisions, outcomes)
}
