//! What a replica of a fleet chose: all that the others need to count its decision as theirs.

use super::model_set::ModelSet;
use super::request::{Decision, Reason};

/// Who serves a request, as was decided elsewhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// The model that serves.
    pub model: usize,
    /// In shadow mode, the router's own choice and its propensity.
    pub shadow_choice: Option<(usize, f64)>,
    /// Probability with which `model` was to serve, in `(0, 1]`.
    pub propensity: f64,
    /// Weight of the audit that the request was picked for, in `(0, 1]`; zero where it was not.
    pub audit_weight: f64,
    /// The choice in whose place `model` was drawn to serve.
    pub drawn_for: Option<usize>,
    /// Models queried as well.
    pub also_query: ModelSet,
    /// Why `model` was chosen.
    pub reason: Reason,
}

impl Served {
    /// What was decided.
    pub fn by(decision: &Decision) -> Self {
        let &Decision { model, propensity, audit_weight, drawn_for, also_query, reason, .. } =
            decision;
        let shadow_choice = decision.shadow_choice.map(|choice| (choice.model, choice.propensity));
        Self { model, shadow_choice, propensity, audit_weight, drawn_for, also_query, reason }
    }
}
