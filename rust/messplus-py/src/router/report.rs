//! What the core counts, taken under the lock and turned into Python after it.
//!
//! Each struct becomes a dict of its fields; `_core.pyi` has a `TypedDict` of the same name.

use messplus_core::{
    AuditStats, Controller, Estimate, LevelStats, Limit, ModelStats, Period, RandomisationStats,
    Reason, ServiceLevel,
};
use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Values by name, in their order: a dict in Python.
pub struct Named<T>(Vec<(String, T)>);

impl<Name: Into<String>, T> FromIterator<(Name, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (Name, T)>>(named: I) -> Self {
        Self(named.into_iter().map(|(name, value)| (name.into(), value)).collect())
    }
}

impl<'py, T: IntoPyObject<'py>> IntoPyObject<'py> for Named<T> {
    type Target = PyDict;
    type Output = Bound<'py, PyDict>;
    type Error = PyErr;

    fn into_pyobject(self, py: Python<'py>) -> PyResult<Self::Output> {
        let dict = PyDict::new(py);
        for (name, value) in self.0 {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }
}

#[derive(IntoPyObject)]
pub struct CoreReport {
    decisions: u64,
    pending: usize,
    evicted: u64,
    slas: Named<LevelCounters>,
    limits: Named<LimitCounters>,
    models: Named<ModelCounters>,
    sources: Named<SourceCounters>,
    shadow: ShadowCounters,
    randomisation: RandomisationCounters,
    max_cost: CapCounters,
    state_errors: Named<u64>,
}

#[derive(IntoPyObject)]
struct LevelCounters {
    target: f64,
    backlog: f64,
    feasible: bool,
    decisions: u64,
    rated: u64,
    satisfaction: f64,
    spread: f64,
    imputed: u64,
    imputed_satisfaction: f64,
    cost: f64,
    unrated: bool,
    since: u64,
    closed: Vec<ClosedPeriod>,
    judged: u64,
    volunteered: u64,
    set_aside: u64,
    price_capped: u64,
    audits: AuditCounters,
    /// Accounted requests, satisfaction, backlog, calls with a cost, and cost.
    history: Vec<(u64, f64, f64, u64, f64)>,
}

#[derive(IntoPyObject)]
struct AuditCounters {
    decided: u64,
    predicted: f64,
    audited: u64,
    rated: u64,
    weight: f64,
    residual: f64,
    spread: f64,
}

#[derive(IntoPyObject)]
struct SourceCounters {
    compared: f64,
    true_positive: f64,
    false_positive: f64,
}

#[derive(IntoPyObject)]
struct LimitCounters {
    limit: f64,
    backlog: f64,
    feasible: bool,
    calls_before: u64,
    used_before: f64,
}

#[derive(IntoPyObject)]
struct ModelCounters {
    removed: bool,
    selected: u64,
    reasons: Named<u64>,
    predicted: f64,
    considered: u64,
    predicted_overall: f64,
    expected_cost_overall: f64,
    also_queried: u64,
    failed: u64,
    drifts: u64,
    cost_anomalies: u64,
    rated: u64,
    satisfaction: f64,
    costed: u64,
    cost: f64,
    timed: u64,
    latency: f64,
}

#[derive(IntoPyObject)]
struct ShadowCounters {
    decided: u64,
    agreed: u64,
    satisfaction: EstimateSums,
    cost: EstimateSums,
}

#[derive(IntoPyObject)]
struct RandomisationCounters {
    epsilon: f64,
    requests: u64,
    cost: f64,
    satisfaction: f64,
}

#[derive(IntoPyObject)]
struct CapCounters {
    router: f64,
    narrowed: u64,
    unaffordable: u64,
}

#[derive(IntoPyObject)]
struct EstimateSums {
    n: u64,
    identified: u64,
    value: f64,
    square: f64,
    predicted: f64,
    served: f64,
}

impl CoreReport {
    pub fn of(controller: &Controller, state_errors: Named<u64>) -> Self {
        let (config, stats) = (controller.config(), controller.stats());
        let agreement = &config.agreement;
        let levels = agreement.levels.iter().zip(&stats.levels).enumerate();
        let limits = agreement.limits.iter().enumerate();
        let models = config.models.iter().zip(&stats.models).enumerate();
        Self {
            decisions: controller.step() - stats.cancelled,
            pending: controller.pending().unaccounted(),
            evicted: controller.pending().evicted(),
            slas: levels
                .map(|(i, (level, stats))| {
                    (level.name.as_str(), LevelCounters::of(controller, i, level, stats))
                })
                .collect(),
            limits: limits
                .map(|(i, limit)| {
                    (limit.resource.as_str(), LimitCounters::of(controller, i, limit))
                })
                .collect(),
            models: models
                .map(|(i, (model, stats))| {
                    (model.name.as_str(), ModelCounters::of(controller, i, stats))
                })
                .collect(),
            sources: SourceCounters::of(controller),
            shadow: ShadowCounters {
                decided: stats.shadow.decided,
                agreed: stats.shadow.agreed,
                satisfaction: EstimateSums::of(&stats.shadow.satisfaction),
                cost: EstimateSums::of(&stats.shadow.cost),
            },
            randomisation: RandomisationCounters::of(
                config.operation.epsilon,
                &stats.randomisation,
            ),
            max_cost: CapCounters {
                router: config.operation.max_cost,
                narrowed: stats.cap.narrowed,
                unaffordable: stats.cap.unaffordable,
            },
            state_errors,
        }
    }
}

impl RandomisationCounters {
    fn of(epsilon: f64, stats: &RandomisationStats) -> Self {
        let &RandomisationStats { requests, cost, satisfaction } = stats;
        Self { epsilon, requests, cost, satisfaction }
    }
}

/// An accounting period that ended with its target or its audits.
#[derive(IntoPyObject)]
struct ClosedPeriod {
    target: f64,
    decisions: u64,
    rated: u64,
    satisfaction: f64,
    imputed: u64,
    imputed_satisfaction: f64,
    cost: f64,
    backlog: f64,
}

impl ClosedPeriod {
    fn of(period: &Period) -> Self {
        Self {
            target: period.alpha,
            decisions: period.decided,
            rated: period.rated,
            satisfaction: period.satisfaction,
            imputed: period.imputed,
            imputed_satisfaction: period.imputed_satisfaction,
            cost: period.cost,
            backlog: period.backlog,
        }
    }
}

impl LevelCounters {
    fn of(controller: &Controller, index: usize, level: &ServiceLevel, stats: &LevelStats) -> Self {
        let points = stats.history.points().iter();
        Self {
            target: level.alpha,
            backlog: controller.levels()[index].backlog(),
            feasible: controller.level_feasible(index),
            decisions: stats.decided,
            rated: stats.rated,
            satisfaction: stats.satisfaction,
            spread: stats.spread,
            imputed: stats.imputed,
            imputed_satisfaction: stats.imputed_satisfaction,
            cost: stats.cost,
            since: stats.since,
            closed: stats.closed.iter().map(ClosedPeriod::of).collect(),
            unrated: controller.is_unrated(index),
            judged: stats.judged,
            volunteered: stats.volunteered,
            set_aside: stats.set_aside,
            price_capped: stats.price_capped,
            audits: AuditCounters::of(&stats.audits),
            history: points
                .map(|p| (p.accounted, p.satisfaction, p.backlog, p.costed, p.cost))
                .collect(),
        }
    }
}

impl AuditCounters {
    fn of(stats: &AuditStats) -> Self {
        let &AuditStats { decided, predicted, audited, rated, weight, residual, spread } = stats;
        Self { decided, predicted, audited, rated, weight, residual, spread }
    }
}

impl SourceCounters {
    fn of(controller: &Controller) -> Named<Self> {
        let sources = controller.sources().iter().enumerate();
        sources
            .filter_map(|(index, name)| {
                let (compared, true_positive, false_positive) = controller.agreement(index)?;
                Some((name.as_str(), Self { compared, true_positive, false_positive }))
            })
            .collect()
    }
}

impl LimitCounters {
    fn of(controller: &Controller, index: usize, limit: &Limit) -> Self {
        Self {
            limit: limit.mean,
            backlog: controller.limits()[index].backlog(),
            feasible: controller.limit_feasible(index),
            calls_before: controller.stats().limits[index].calls,
            used_before: controller.stats().limits[index].amount,
        }
    }
}

impl ModelCounters {
    fn of(controller: &Controller, index: usize, stats: &ModelStats) -> Self {
        let [predicted_overall, expected_cost_overall] = stats.predicted_all;
        Self {
            removed: !controller.active().contains(index),
            selected: stats.selected(),
            reasons: Reason::ALL.iter().map(|r| r.as_str()).zip(stats.reasons).collect(),
            predicted: stats.predicted,
            considered: stats.considered,
            predicted_overall,
            expected_cost_overall,
            also_queried: stats.also_queried,
            failed: stats.failed,
            drifts: controller.drifts(index),
            cost_anomalies: controller.cost_anomalies(index),
            rated: stats.rated,
            satisfaction: stats.satisfaction,
            costed: stats.costed,
            cost: stats.cost,
            timed: stats.timed,
            latency: stats.latency,
        }
    }
}

impl EstimateSums {
    fn of(sums: &Estimate) -> Self {
        let &Estimate { n, identified, value, square, predicted, served } = sums;
        Self { n, identified, value, square, predicted, served }
    }
}
