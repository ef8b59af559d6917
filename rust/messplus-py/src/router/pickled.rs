//! Decisions that cross processes: a pickled one carries the names of its models.

use messplus_core::{Decision, ModelSet, Reason, ShadowChoice, Weights};
use pyo3::prelude::*;

use super::ids;
use super::names::Names;
use crate::error::InputError;

/// Names, and which of them are in the zoo.
pub type NameState = (Vec<String>, u64);
/// Id, step, model, propensity, also queried, cooling, reason, weight of the audit, and the choice in whose
/// place the model was drawn.
type Head = (String, u64, usize, f64, u64, u64, String, f64, Option<usize>);
/// Probabilities, standard deviations, costs, latencies and scores.
type Columns = (Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>, Vec<f64>);
/// Everything a decision is made of.
pub type DecisionState =
    (Head, Vec<usize>, Columns, (f64, f64, f64), Option<(usize, f64, f64, f64)>);

/// Take a decision apart.
pub fn state(decision: &Decision) -> DecisionState {
    let d = decision;
    let (also_query, cooling) = (d.also_query.bits(), d.cooling.bits());
    let reason = d.reason.as_str().to_owned();
    let head = (
        ids::to_hex(d.id),
        d.step,
        d.model,
        d.propensity,
        also_query,
        cooling,
        reason,
        d.audit_weight,
        d.drawn_for,
    );
    let columns = (
        d.p_satisfied.clone(),
        d.log_odds_sd.clone(),
        d.expected_cost.clone(),
        d.expected_latency.clone(),
        d.score.clone(),
    );
    let Weights { satisfaction, cost, optimism } = d.weights;
    let shadow = d.shadow_choice.map(|c| (c.model, c.propensity, c.p_satisfied, c.cost));
    (head, d.ranking.clone(), columns, (satisfaction, cost, optimism), shadow)
}

/// Put a decision together again.
pub fn restore(names: &Names, state: DecisionState) -> PyResult<Decision> {
    let (head, ranking, columns, (satisfaction, cost, optimism), shadow) = state;
    let (id, step, model, propensity, also_query, cooling, reason, audit_weight, drawn_for) = head;
    let (p_satisfied, log_odds_sd, expected_cost, expected_latency, score) = columns;
    let known = ranking.iter().chain([&model]).all(|&model| model < names.len());
    let reason = reason.parse::<Reason>().ok();
    let (Some(id), Some(reason), true) = (ids::from_hex(&id), reason, known) else {
        return Err(InputError::new_err("decision: must be as it was pickled, got another state"));
    };
    let shadow_choice = shadow.map(|(model, propensity, p_satisfied, cost)| ShadowChoice {
        model,
        propensity,
        p_satisfied,
        cost,
    });
    Ok(Decision {
        id,
        step,
        model,
        propensity,
        shadow_choice,
        also_query: ModelSet::from_bits(also_query),
        cooling: ModelSet::from_bits(cooling),
        audit: audit_weight > 0.0,
        audit_weight,
        drawn_for,
        reason,
        ranking,
        p_satisfied,
        log_odds_sd,
        expected_cost,
        expected_latency,
        score,
        weights: Weights { satisfaction, cost, optimism },
    })
}
