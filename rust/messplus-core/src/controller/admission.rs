//! Checks at the door: every argument, before anything changes.

use super::Controller;
use crate::check::{MEASURED, is_measured, shown};
use crate::error::{Error, Result};
use crate::learn::sources::MAX_SOURCES;
use crate::memory::pending_decision::PendingDecision;
use crate::types::agreement::{SOURCE_RULE, is_source};
use crate::types::feedback::Feedback;
use crate::types::model_set::ModelSet;
use crate::types::request::{Example, Outcome, Request};
use crate::types::shadow::Shadow;
use crate::types::zoo::ModelSpec;

impl Controller {
    /// Whether [`decide`](Self::decide) would accept this; the models that may serve.
    ///
    /// # Errors
    ///
    /// Those of [`decide`](Self::decide).
    pub fn check_request(&self, request: &Request<'_>) -> Result<ModelSet> {
        let n_models = self.config.models.len();
        self.check_features(request.features)?;
        if let Some(costs) = request.costs {
            // Fewer than models: the zoo may have grown since the caller looked.
            check_length("costs", n_models.min(costs.len()), costs.len())?;
            for (spec, cost) in self.config.models.iter().zip(costs) {
                cost.map_or(Ok(()), |cost| check_amount("costs", Some(&spec.name), cost))?;
            }
        }
        if let Some(cached) = request.cached_tokens {
            check_length("cached_tokens", n_models.min(cached.len()), cached.len())?;
        }
        if let Some(cost) = request.max_cost
            && !is_measured(cost)
        {
            return Err(Error::input("max_cost", MEASURED, shown(cost)));
        }
        let eligible = self.eligible(request)?;
        if request.level >= self.levels.len() {
            return Err(Error::input("level", "must be a service level", request.level));
        }
        if let Some(Shadow { model, explore }) = request.shadow {
            if model >= n_models {
                return Err(Error::input("shadow", "must be in the zoo", model));
            }
            if !(0.0..=1.0).contains(&explore) {
                return Err(Error::input("shadow.explore", "must be in [0, 1]", explore));
            }
            if !self.limits.is_empty() {
                let found = self.limits.len();
                return Err(Error::input("shadow", "must not be combined with limits", found));
            }
        }
        if self.pending.find(request.id).is_some() {
            let found = format!("{:032x} again", request.id);
            return Err(Error::input("id", "must be new", found));
        }
        Ok(eligible)
    }

    /// Whether [`warm_start`](Self::warm_start) would accept this line.
    ///
    /// # Errors
    ///
    /// Those of [`warm_start`](Self::warm_start).
    pub fn check_example(&self, example: &Example<'_>) -> Result<()> {
        self.check_features(example.features)?;
        self.check_outcome(&example.outcome).map(drop)
    }

    /// The model's settings, once each part is as it must be.
    fn check_outcome(&self, outcome: &Outcome) -> Result<&ModelSpec> {
        let Some(spec) = self.config.models.get(outcome.model) else {
            return Err(Error::input("model", "must be in the zoo", outcome.model));
        };
        check_values(Some(&spec.name), outcome)?;
        Ok(spec)
    }

    fn check_features(&self, features: Option<&[f32]>) -> Result<()> {
        let Some(features) = features else { return Ok(()) };
        check_length("features", self.config.n_features, features.len())?;
        check_finite(features)
    }

    /// Whether [`fail`](Self::fail) would accept this; the slot of the decision.
    ///
    /// # Errors
    ///
    /// Those of [`fail`](Self::fail).
    pub fn check_failure(&self, id: u128, model: usize) -> Result<u32> {
        let slot = self.pending.find(id).ok_or(Error::UnknownDecision { id })?;
        let Some(spec) = self.config.models.get(model) else {
            return Err(Error::input("model", "must be in the zoo", model));
        };
        if self.pending.get(slot).failed.contains(model) {
            return Err(Error::AlreadyFailed { id, model: spec.name.clone() });
        }
        Ok(slot)
    }

    /// Whether [`observe`](Self::observe) would accept this; the slot of the decision, or none where the
    /// feedback has come before.
    ///
    /// # Errors
    ///
    /// Those of [`observe`](Self::observe).
    pub fn check_observation(&self, id: u128, feedback: &Feedback<'_>) -> Result<Option<u32>> {
        let slot = self.pending.find(id).ok_or(Error::UnknownDecision { id })?;
        if feedback.key.is_some_and(|key| self.pending.get(slot).has_key(key.get())) {
            return Ok(None);
        }
        self.check_feedback(slot, feedback)?;
        Ok(Some(slot))
    }

    /// Whether [`observe`](Self::observe) could accept this of a decision that is not known here, nor in
    /// every case who serves it.
    ///
    /// # Errors
    ///
    /// A source or a value is none that any decision could have.
    pub fn check_forwarded(&self, feedback: &Feedback<'_>) -> Result<()> {
        self.check_source(feedback)?;
        let name = |model| self.config.models.get(model).map(|spec: &ModelSpec| spec.name.as_str());
        feedback.outcomes.iter().try_for_each(|outcome| check_values(name(outcome.model), outcome))
    }

    fn check_feedback(&self, slot: u32, feedback: &Feedback<'_>) -> Result<()> {
        let pending = self.pending.get(slot);
        let source = self.check_source(feedback)?;
        let is_truth = match source {
            Some(source) => self.truth_of(pending.level) == Some(source),
            None => self.would_be_truth(pending.level, feedback.source),
        };
        let volunteered = self.config.operation.audit > 0.0 && !pending.audited;
        let &PendingDecision { id, mut rated, mut costed, mut timed, .. } = pending;
        let mut seen = ModelSet::EMPTY;
        for outcome in feedback.outcomes {
            let spec = self.check_outcome(outcome)?;
            let model = outcome.model;
            let again = |set: &mut ModelSet, given: bool| given && !set.insert(model);
            let rated_before = outcome.satisfaction.is_some()
                && if is_truth {
                    let revised = pending.accounted_rating.is_some_and(|(m, _)| m == model);
                    !(rated.insert(model) || feedback.replace && (revised || volunteered))
                } else {
                    let known = source.and_then(|source| pending.evidence.get(source, model));
                    if known.is_none() && pending.evidence.is_full() {
                        let rule = "must be rated by other sources at most 6 times";
                        return Err(Error::input("decision", rule, "another rating"));
                    }
                    known.is_some() && !feedback.replace
                };
            let twice = !seen.insert(model);
            if rated_before
                | again(&mut costed, outcome.cost.is_some())
                | again(&mut timed, outcome.latency.is_some())
                | twice
            {
                return Err(Error::AlreadyRated { id, model: spec.name.clone() });
            }
        }
        Ok(())
    }

    /// The index of a source that is known; none for a new one, for which there must be room if it rates.
    fn check_source(&self, feedback: &Feedback<'_>) -> Result<Option<usize>> {
        let name = feedback.source;
        let known = self.sources.iter().position(|known| known == name);
        if known.is_none() {
            if !is_source(name) {
                return Err(Error::input("source", SOURCE_RULE, format!("{name:?}")));
            }
            if feedback.rates() && self.sources.len() >= MAX_SOURCES {
                let rule = "must be one of at most 16";
                return Err(Error::input("source", rule, format!("{name:?}")));
            }
        }
        Ok(known)
    }

    /// Whether a source that is not known yet is the one a service level speaks of.
    fn would_be_truth(&self, level: usize, name: &str) -> bool {
        match &self.config.agreement.levels[level].source {
            Some(truth) => truth == name,
            None => self.sources.is_empty(),
        }
    }
}

fn check_length(field: &'static str, expected: usize, found: usize) -> Result<()> {
    if found == expected { Ok(()) } else { Err(Error::Shape { field, expected, found }) }
}

fn check_finite(features: &[f32]) -> Result<()> {
    // Looking at every value first, without an early exit, lets the common case run on vectors.
    if features.iter().fold(true, |finite, x| finite & x.is_finite()) {
        return Ok(());
    }
    let mut values = features.iter().copied().enumerate();
    let (index, found) = values.find(|(_, x)| !x.is_finite()).unwrap_or_default();
    Err(Error::NonFinite { field: "features", index, found: found.into() })
}

/// Check what became of a call of a model, where it is known which.
fn check_values(model: Option<&str>, outcome: &Outcome) -> Result<()> {
    if let Some(satisfaction) = outcome.satisfaction
        && !(0.0..=1.0).contains(&satisfaction)
    {
        return Err(Error::input(of_model("satisfied", model), "must be in [0, 1]", satisfaction));
    }
    outcome.cost.map_or(Ok(()), |cost| check_amount("cost", model, cost))?;
    outcome.latency.map_or(Ok(()), |latency| check_amount("latency", model, latency))
}

fn check_amount(field: &str, model: Option<&str>, value: f64) -> Result<()> {
    if is_measured(value) {
        Ok(())
    } else {
        Err(Error::input(of_model(field, model), MEASURED, shown(value)))
    }
}

fn of_model(field: &str, model: Option<&str>) -> String {
    model.map_or(field.to_owned(), |model| format!("{field}[{model:?}]"))
}
