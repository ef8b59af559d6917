//! Feedback: what became of a decision, and what the policy, the queues and the counters learn from it.

use super::Controller;
use crate::config::Missing;
use crate::control::breaker::Failure;
use crate::error::{Error, Result};
use crate::memory::pending_decision::PendingDecision;
use crate::policy::{Call, Policy};
use crate::types::agreement::Resource;
use crate::types::request::{Example, Outcome};

impl Controller {
    /// Learn what became of a decision.
    ///
    /// Outcomes may come late, in any order and in parts, but each part once. The queue accounts for a
    /// decision once, with the rating of the model that served: the chosen one, or, where it has none
    /// here, the first rated model that was not merely queried for learning. What else is learned is up
    /// to the policy.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDecision`] where the decision is not pending, [`Error::AlreadyRated`] for a
    /// part that came before, [`Error::Input`] for a value out of range or a model not of the zoo.
    /// Nothing has changed then.
    pub fn observe(&mut self, id: u128, outcomes: &[Outcome]) -> Result<()> {
        let slot = self.pending.find(id).ok_or(Error::UnknownDecision { id })?;
        self.check_outcomes(slot, outcomes)?;
        let pending = *self.pending.get(slot);
        for outcome in outcomes {
            if !self.pending.get(slot).has_answered(outcome.model) {
                self.breaker.answer(outcome.model, pending.call_of(outcome.model));
            }
            self.stats.observe(pending.level, outcome);
            if outcome.model == pending.model
                && let (Some(choice), Some(cost)) = (pending.shadow_choice, outcome.cost)
            {
                self.stats.shadow.add_cost(&choice, pending.model, cost);
            }
            let call = Call {
                model: outcome.model,
                features: self.pending.features(slot),
                input_tokens: pending.input_tokens,
                explored: pending.explored,
            };
            learn(self.policy.as_mut(), &call, outcome);
            for (resource, used) in
                [(Resource::Cost, outcome.cost), (Resource::Latency, outcome.latency)]
            {
                if let Some(used) = used {
                    self.debit(slot, resource, used);
                }
            }
            self.pending.get_mut(slot).observe(outcome);
        }
        if !pending.accounted
            && let Some(satisfaction) = served_satisfaction(&pending, outcomes)
        {
            self.pending.get_mut(slot).accounted = true;
            let age = Some(self.step.saturating_sub(pending.step));
            if let Some(choice) = pending.shadow_choice {
                let imputed = self.impute(&pending, &choice, outcomes);
                self.account(&pending, imputed, age);
                let backlog = self.levels[pending.level].backlog();
                self.stats.levels[pending.level].impute(imputed, backlog);
            } else {
                self.account(&pending, satisfaction, age);
                let backlog = self.levels[pending.level].backlog();
                self.stats.levels[pending.level].rate(satisfaction, backlog);
            }
        }
        Ok(())
    }

    /// A model did not answer the request of a decision. Where calls of it keep failing, or a rate
    /// limit says for how many seconds, it rests; the predictor learns nothing. Returns the model to
    /// call instead: the best that has not failed on this decision.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDecision`] where the decision is not pending, [`Error::AlreadyFailed`] where
    /// this was known, [`Error::Input`] for a model not of the zoo. Nothing has changed then.
    pub fn fail(
        &mut self,
        id: u128,
        model: usize,
        kind: Failure,
        retry_after: Option<u64>,
    ) -> Result<Option<usize>> {
        let slot = self.check_failure(id, model)?;
        let pending = self.pending.get_mut(slot);
        pending.failed.insert(model);
        self.breaker.fail(model, pending.call_of(model), kind, retry_after, self.now);
        self.stats.models[model].failed += 1;
        Ok(pending.ranking.iter().find(|&model| !pending.failed.contains(model)))
    }

    /// Learn from a line of logged data, as if this policy had picked it for exploration.
    ///
    /// Trains what predicts satisfaction, cost and latency, and finds the dual variable the router
    /// starts with. The request was not routed under the service level, so queue, counters, steps and
    /// pending decisions stay as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Input`], [`Error::Shape`] or [`Error::NonFinite`] for a value that breaks its rule.
    /// Nothing has changed then.
    pub fn warm_start(&mut self, example: &Example<'_>) -> Result<()> {
        self.check_example(example)?;
        let call = Call {
            model: example.outcome.model,
            features: example.features.unwrap_or(&[]),
            input_tokens: example.input_tokens,
            explored: true,
        };
        learn(self.policy.as_mut(), &call, &example.outcome);
        if example.outcome.satisfaction.is_some() {
            for level in 0..self.levels.len() {
                self.policy.warm_start_dual(level, self.alpha(level), self.active, &call);
            }
        }
        Ok(())
    }

    /// Let a decision's service level account for its satisfaction, rated `age` decisions after it or
    /// imputed without an age.
    fn account(&mut self, pending: &PendingDecision, satisfaction: f64, age: Option<u64>) {
        let alpha = self.alpha(pending.level);
        self.levels[pending.level].update(alpha, satisfaction);
        self.policy.settle(
            pending.level,
            pending.model,
            pending.expectations.level,
            alpha - satisfaction,
            age,
        );
    }

    /// Debit one call's usage to the limits of a resource.
    fn debit(&mut self, slot: usize, resource: Resource, used: f64) {
        let pending = self.pending.get(slot);
        let earlier = match resource {
            Resource::Cost => pending.costed,
            Resource::Latency => pending.timed,
        };
        let age = self.step.saturating_sub(pending.step);
        for (index, limit) in self.config.agreement.limits.iter().enumerate() {
            if limit.resource == resource {
                self.limits[index].update(used / limit.mean, 1.0);
                let first = earlier.is_empty().then_some((pending.expectations.limits[index], age));
                self.policy.debit(index, used, first);
            }
        }
    }

    /// Evict the oldest decision; where it was never rated, do what [`Missing`] says.
    pub(super) fn forget_oldest(&mut self) {
        let pending = self.pending.evict_oldest();
        let imputed = match self.config.operation.missing {
            Missing::Ignore => return,
            Missing::Predicted => pending.p_satisfied,
            Missing::Unsatisfied => 0.0,
        };
        if !pending.accounted {
            self.account(&pending, imputed, None);
            self.stats.levels[pending.level].impute(imputed, self.levels[pending.level].backlog());
        }
    }
}

/// Teach the policy what is known of a call.
fn learn(policy: &mut dyn Policy, call: &Call<'_>, outcome: &Outcome) {
    if let Some(satisfaction) = outcome.satisfaction {
        policy.learn_rating(call, satisfaction);
    }
    if let Some(cost) = outcome.cost {
        policy.learn_cost(call, cost);
    }
    if let Some(latency) = outcome.latency {
        policy.learn_latency(call, latency);
    }
}

/// The rating that counts for the user, if it is among the outcomes.
fn served_satisfaction(pending: &PendingDecision, outcomes: &[Outcome]) -> Option<f64> {
    let rating_where = |serves: &dyn Fn(usize) -> bool| {
        outcomes.iter().filter(|outcome| serves(outcome.model)).find_map(|o| o.satisfaction)
    };
    rating_where(&|model| model == pending.model)
        .or_else(|| rating_where(&|model| !pending.also_query.contains(model)))
}
