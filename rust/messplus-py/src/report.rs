//! A snapshot of the counters, taken under the lock and turned into Python after it.

use messplus_core::{
    Controller, Estimate, Limit, ModelSet, Reason, ServiceLevel, ShadowStats, Stats, VirtualQueue,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::names::Names;

/// Where a constraint stands.
struct Constraint {
    backlog: f64,
    feasible: bool,
}

impl Constraint {
    fn to_dict<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        dict.set_item("backlog", self.backlog)?;
        dict.set_item("feasible", self.feasible)?;
        Ok(dict)
    }
}

fn zip<T: Clone>(
    terms: &[T],
    queues: &[VirtualQueue],
    feasible: impl Fn(usize) -> bool,
) -> Vec<(T, Constraint)> {
    let terms = terms.iter().zip(queues).enumerate();
    let terms = terms.map(|(index, (term, queue))| {
        let constraint = Constraint { backlog: queue.backlog(), feasible: feasible(index) };
        (term.clone(), constraint)
    });
    terms.collect()
}

fn shadow<'py>(py: Python<'py>, stats: &ShadowStats) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("decided", stats.decided)?;
    dict.set_item("agreed", stats.agreed)?;
    for (name, sums) in [("satisfaction", &stats.satisfaction), ("cost", &stats.cost)] {
        let Estimate { n, identified, value, square, predicted, served } = *sums;
        dict.set_item(name, (n, identified, value, square, predicted, served))?;
    }
    Ok(dict)
}

pub struct Snapshot {
    step: u64,
    levels: Vec<(ServiceLevel, Constraint)>,
    limits: Vec<(Limit, Constraint)>,
    active: ModelSet,
    drifts: Vec<u64>,
    pending: usize,
    evicted: u64,
    stats: Stats,
}

impl Snapshot {
    pub fn of(controller: &Controller) -> Self {
        let agreement = &controller.config().agreement;
        Self {
            step: controller.step(),
            levels: zip(&agreement.levels, controller.levels(), |i| controller.level_feasible(i)),
            limits: zip(&agreement.limits, controller.limits(), |i| controller.limit_feasible(i)),
            active: controller.active(),
            drifts: (0..controller.stats().models.len()).map(|m| controller.drifts(m)).collect(),
            pending: controller.pending().unaccounted(),
            evicted: controller.pending().evicted(),
            stats: controller.stats().clone(),
        }
    }

    pub fn to_dict<'py>(&self, py: Python<'py>, names: &Names) -> PyResult<Bound<'py, PyDict>> {
        let report = PyDict::new(py);
        report.set_item("decisions", self.step)?;
        report.set_item("pending", self.pending)?;
        report.set_item("evicted", self.evicted)?;
        let levels = PyDict::new(py);
        for ((level, constraint), stats) in self.levels.iter().zip(&self.stats.levels) {
            let dict = constraint.to_dict(py)?;
            dict.set_item("target", level.alpha)?;
            dict.set_item("decisions", stats.decided)?;
            dict.set_item("rated", stats.rated)?;
            dict.set_item("satisfaction", stats.satisfaction)?;
            dict.set_item("spread", stats.spread)?;
            dict.set_item("imputed", stats.imputed)?;
            dict.set_item("imputed_satisfaction", stats.imputed_satisfaction)?;
            dict.set_item("cost", stats.cost)?;
            let points = stats.history.points().iter();
            let points = points.map(|p| (p.accounted, p.satisfaction, p.backlog, p.costed, p.cost));
            dict.set_item("history", points.collect::<Vec<_>>())?;
            levels.set_item(&level.name, dict)?;
        }
        report.set_item("slas", levels)?;
        let limits = PyDict::new(py);
        for (limit, constraint) in &self.limits {
            let dict = constraint.to_dict(py)?;
            dict.set_item("limit", limit.mean)?;
            limits.set_item(limit.resource.as_str(), dict)?;
        }
        report.set_item("limits", limits)?;
        report.set_item("shadow", shadow(py, &self.stats.shadow)?)?;
        let models = PyDict::new(py);
        for (index, stats) in self.stats.models.iter().enumerate() {
            let reasons = PyDict::new(py);
            for (reason, count) in Reason::ALL.iter().zip(stats.reasons) {
                reasons.set_item(reason.as_str(), count)?;
            }
            let model = PyDict::new(py);
            model.set_item("removed", !self.active.contains(index))?;
            model.set_item("selected", stats.selected())?;
            model.set_item("reasons", reasons)?;
            model.set_item("predicted", stats.predicted)?;
            model.set_item("considered", stats.considered)?;
            model.set_item("predicted_overall", stats.predicted_all)?;
            model.set_item("failed", stats.failed)?;
            model.set_item("drifts", self.drifts[index])?;
            model.set_item("also_queried", stats.also_queried)?;
            model.set_item("rated", stats.rated)?;
            model.set_item("satisfaction", stats.satisfaction)?;
            model.set_item("costed", stats.costed)?;
            model.set_item("cost", stats.cost)?;
            model.set_item("timed", stats.timed)?;
            model.set_item("latency", stats.latency)?;
            models.set_item(names.name(py, index), model)?;
        }
        report.set_item("models", models)?;
        Ok(report)
    }
}
