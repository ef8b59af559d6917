//! A snapshot of the counters, taken under the lock and turned into Python after it.

use messplus_core::{Controller, Reason, Stats};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::names::Names;

pub struct Snapshot {
    step: u64,
    alpha: f64,
    backlog: f64,
    feasible: bool,
    pending: usize,
    evicted: u64,
    stats: Stats,
}

impl Snapshot {
    pub fn of(controller: &Controller) -> Self {
        Self {
            step: controller.step(),
            alpha: controller.config().alpha,
            backlog: controller.queue().backlog(),
            feasible: controller.feasible(),
            pending: controller.ledger().pending(),
            evicted: controller.ledger().evicted(),
            stats: controller.stats().clone(),
        }
    }

    pub fn to_dict<'py>(&self, py: Python<'py>, names: &Names) -> PyResult<Bound<'py, PyDict>> {
        let report = PyDict::new(py);
        report.set_item("decisions", self.step)?;
        report.set_item("target", self.alpha)?;
        report.set_item("backlog", self.backlog)?;
        report.set_item("feasible", self.feasible)?;
        report.set_item("pending", self.pending)?;
        report.set_item("evicted", self.evicted)?;
        report.set_item("rated", self.stats.rated)?;
        report.set_item("satisfaction", self.stats.satisfaction)?;
        report.set_item("spread", self.stats.spread)?;
        report.set_item("presumed", self.stats.presumed)?;
        report.set_item("presumed_satisfaction", self.stats.presumed_satisfaction)?;
        let points = self.stats.history.points().iter();
        let points = points.map(|p| (p.accounted, p.satisfaction, p.backlog, p.cost));
        report.set_item("history", points.collect::<Vec<_>>())?;
        let models = PyDict::new(py);
        for (index, stats) in self.stats.models.iter().enumerate() {
            let reasons = PyDict::new(py);
            for (reason, count) in Reason::ALL.iter().zip(stats.reasons) {
                reasons.set_item(reason.as_str(), count)?;
            }
            let model = PyDict::new(py);
            model.set_item("selected", stats.selected())?;
            model.set_item("reasons", reasons)?;
            model.set_item("predicted", stats.predicted)?;
            model.set_item("failed", stats.failed)?;
            model.set_item("also_queried", stats.also_queried)?;
            model.set_item("rated", stats.rated)?;
            model.set_item("satisfaction", stats.satisfaction)?;
            model.set_item("billed", stats.billed)?;
            model.set_item("cost", stats.cost)?;
            model.set_item("timed", stats.timed)?;
            model.set_item("latency", stats.latency)?;
            models.set_item(names.name(py, index), model)?;
        }
        report.set_item("models", models)?;
        Ok(report)
    }
}
