//! The history of a folder as columns: requests that were decided, and what became of them.

use std::path::PathBuf;

use messplus_core::Outcome;
use messplus_journal::format::Transition;
use messplus_journal::{Folder, retrace};
use pyo3::prelude::*;

use super::ids;
use crate::convert;
use crate::error::folder_error;

/// Decisions made with features: their columns, and their features `[n, k]`.
#[derive(IntoPyObject)]
pub struct RetracedRequests<'py> {
    id: Vec<String>,
    model: Vec<usize>,
    level: Vec<usize>,
    propensity: Vec<f64>,
    audit: Vec<bool>,
    session: Vec<Option<u64>>,
    features: Bound<'py, PyAny>,
}

/// One outcome of one model: decision, model, satisfied, cost and source.
type RetracedOutcome = (String, usize, Option<f64>, Option<f64>, String);

#[derive(Default)]
struct Columns {
    id: Vec<String>,
    model: Vec<usize>,
    level: Vec<usize>,
    propensity: Vec<f64>,
    audit: Vec<bool>,
    session: Vec<Option<u64>>,
    features: Vec<f32>,
    outcomes: Vec<RetracedOutcome>,
}

/// Decide everything again that the journals of a folder hold: requests, those with features alone, and
/// outcomes, in the order in which they happened.
#[pyfunction]
pub fn retrace_folder(
    py: Python<'_>,
    path: PathBuf,
) -> PyResult<(RetracedRequests<'_>, Vec<RetracedOutcome>)> {
    let mut columns = Columns::default();
    py.detach(|| {
        retrace(&Folder::new(path), |transition, decision| match transition {
            Transition::Decide { id, level, session, features: Some(features), .. } => {
                columns.id.push(ids::to_hex(*id));
                columns.model.push(decision.model);
                columns.level.push(*level);
                columns.propensity.push(decision.propensity);
                columns.audit.push(decision.audit);
                columns.session.push(*session);
                columns.features.extend(features);
            }
            Transition::Observe { id, outcomes, source, .. } => {
                columns.outcomes.extend(outcomes.iter().map(|part: &Outcome| {
                    let Outcome { model, satisfaction, cost, .. } = *part;
                    (ids::to_hex(*id), model, satisfaction, cost, source.clone())
                }));
            }
            _ => {}
        })
    })
    .map_err(folder_error)?;
    let Columns { id, model, level, propensity, audit, session, features, outcomes } = columns;
    let shape = [id.len(), features.len() / id.len().max(1)];
    let features = convert::array(py, features, shape)?;
    Ok((RetracedRequests { id, model, level, propensity, audit, session, features }, outcomes))
}
