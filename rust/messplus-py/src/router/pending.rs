//! What is known of a decision while its feedback may still come.

use messplus_core::{Controller, PendingDecision};
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use super::ids;
use super::names::Names;

/// A pending decision; becomes a dict of its fields in Python.
#[derive(IntoPyObject)]
pub struct PendingRecord<'py> {
    id: String,
    model: Bound<'py, PyString>,
    ranking: Bound<'py, PyTuple>,
    p_satisfied: f64,
    sla: Bound<'py, PyString>,
    reason: &'static str,
    audit: bool,
    satisfied: Option<f64>,
    rated: Bound<'py, PyTuple>,
    costed: Bound<'py, PyTuple>,
    timed: Bound<'py, PyTuple>,
    failed: Bound<'py, PyTuple>,
}

impl<'py> PendingRecord<'py> {
    pub fn of(
        py: Python<'py>,
        pending: &PendingDecision,
        names: &Names,
        levels: &Names,
    ) -> PyResult<Self> {
        Ok(Self {
            id: ids::to_hex(pending.id),
            model: names.name(py, pending.model),
            ranking: names.tuple(py, pending.ranking.iter())?,
            p_satisfied: pending.p_satisfied,
            sla: levels.name(py, pending.level),
            reason: pending.reason.as_str(),
            audit: pending.audited,
            satisfied: pending.accounted_rating.map(|(_, rating)| rating),
            rated: names.tuple(py, pending.rated.iter())?,
            costed: names.tuple(py, pending.costed.iter())?,
            timed: names.tuple(py, pending.timed.iter())?,
            failed: names.tuple(py, pending.failed.iter())?,
        })
    }
}

/// The decision of this id, while it is held.
pub fn find(controller: &Controller, id: u128) -> Option<PendingDecision> {
    let pending = controller.pending();
    pending.find(id).map(|slot| *pending.get(slot))
}
