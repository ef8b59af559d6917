//! Feedback: what became of a decision, and what the policy, the queues and the counters learn from it.

use super::Controller;
use super::ratings::Standing;
use crate::config::Missing;
use crate::control::breaker::Failure;
use crate::control::queue::VirtualQueue;
use crate::error::Result;
use crate::memory::calendar::Accounted;
use crate::memory::pending_decision::PendingDecision;
use crate::policy::{Call, Policy};
use crate::types::agreement::Resource;
use crate::types::feedback::Feedback;
use crate::types::request::{Example, Outcome};

impl Controller {
    /// Learn what became of a decision.
    ///
    /// Outcomes may come late, in any order and in parts, but each part once from each source. The queue
    /// accounts for a decision once, with the rating of the model that served by the source its service
    /// level speaks of: the chosen model, or, where it has none here, the first rated one that was not
    /// merely queried for learning. With audits it accounts for audited decisions only. What other
    /// sources say is evidence for the policy. A rating that takes the place of an earlier one moves the
    /// queue by their difference.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDecision`] where the decision is not pending, [`Error::AlreadyRated`] for a
    /// part that came before, [`Error::Input`] for a value out of range or a model not of the zoo.
    /// Nothing has changed then.
    ///
    /// [`Error::UnknownDecision`]: crate::Error::UnknownDecision
    /// [`Error::AlreadyRated`]: crate::Error::AlreadyRated
    /// [`Error::Input`]: crate::Error::Input
    pub fn observe<'a>(&mut self, id: u128, feedback: impl Into<Feedback<'a>>) -> Result<()> {
        let feedback = feedback.into();
        let Some(slot) = self.check_observation(id, &feedback)? else { return Ok(()) };
        // Who only tells what a call cost is no source of ratings, and no rater.
        let rated_by = feedback.rates().then(|| {
            let source = self.source_of(feedback.source);
            (source, self.standing(slot, source, feedback.rater))
        });
        let pending = *self.pending.get(slot);
        for outcome in feedback.outcomes {
            if !self.pending.get(slot).has_answered(outcome.model) {
                self.breaker.answer(outcome.model, pending.call_of(outcome.model));
            }
            if let (Some(rating), Some((source, standing))) = (outcome.satisfaction, rated_by) {
                self.take_rating(slot, outcome.model, rating, source, standing);
            }
            self.take_usage(slot, outcome, feedback.cached_tokens);
        }
        if rated_by.is_some_and(|(_, standing)| standing == Standing::Truth)
            && !pending.accounted
            && let Some((model, satisfaction)) = served_satisfaction(&pending, feedback.outcomes)
        {
            self.account_rating(slot, model, satisfaction, feedback.outcomes);
        }
        if let Some(key) = feedback.key {
            self.pending.get_mut(slot).add_key(key.get());
        }
        Ok(())
    }

    /// What a call cost and how long it took.
    fn take_usage(&mut self, slot: u32, outcome: &Outcome, cached_tokens: Option<u32>) {
        let pending = *self.pending.get(slot);
        self.stats.observe_usage(pending.level, outcome);
        if outcome.model == pending.model
            && let (Some(choice), Some(cost)) = (pending.shadow_choice, outcome.cost)
        {
            self.stats.shadow.add_cost(&choice, pending.model, cost);
        }
        let mut call = pending.call_to(outcome.model, self.pending.features(slot));
        call.cached_tokens = cached_tokens.unwrap_or(call.cached_tokens);
        learn_usage(self.policy.as_mut(), &call, outcome);
        for (resource, used) in
            [(Resource::Cost, outcome.cost), (Resource::Latency, outcome.latency)]
        {
            if let Some(used) = used {
                self.debit(slot, resource, used);
            }
        }
        if outcome.cost.is_none() && outcome.latency.is_none() {
            return;
        }
        let pending = self.pending.get_mut(slot);
        if outcome.cost.is_some() {
            pending.costed.insert(outcome.model);
        }
        if outcome.latency.is_some() {
            pending.timed.insert(outcome.model);
        }
    }

    /// Let the queue account for a decision with a rating of the model that served.
    fn account_rating(&mut self, slot: u32, model: usize, satisfaction: f64, outcomes: &[Outcome]) {
        let pending = *self.pending.get(slot);
        let rated = pending.shadow_choice.is_none().then_some((model, satisfaction));
        let kept = self.pending.get_mut(slot);
        (kept.accounted, kept.accounted_rating) = (true, rated);
        let age = Some(self.step.saturating_sub(pending.step));
        if let Some(choice) = pending.shadow_choice {
            let imputed = self.impute(&pending, &choice, outcomes);
            self.account(&pending, imputed, age);
            let backlog = self.levels[pending.level].backlog();
            self.stats.levels[pending.level].impute(imputed, backlog);
        } else {
            self.account(&pending, satisfaction, age);
            self.count_rating(pending.level, satisfaction, pending.p_satisfied);
            let stats = &mut self.stats.levels[pending.level];
            if pending.audited && pending.step > stats.since {
                stats.audits.rate(pending.audit_weight, pending.p_satisfied, satisfaction);
            }
        }
    }

    /// A model did not answer the request of a decision. Where calls of it keep failing, or a rate
    /// limit says for how many seconds, it rests; the predictor learns nothing. Returns the model to
    /// call instead: the best that has not failed on this decision.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDecision`] where the decision is not pending, [`Error::AlreadyFailed`] where
    /// this was known, [`Error::Input`] for a model not of the zoo. Nothing has changed then.
    ///
    /// [`Error::UnknownDecision`]: crate::Error::UnknownDecision
    /// [`Error::AlreadyFailed`]: crate::Error::AlreadyFailed
    /// [`Error::Input`]: crate::Error::Input
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
        self.stats.fail(model);
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
    ///
    /// [`Error::Input`]: crate::Error::Input
    /// [`Error::Shape`]: crate::Error::Shape
    /// [`Error::NonFinite`]: crate::Error::NonFinite
    pub fn warm_start(&mut self, example: &Example<'_>) -> Result<()> {
        self.check_example(example)?;
        let call = Call {
            model: example.outcome.model,
            features: example.features.unwrap_or(&[]),
            input_tokens: example.input_tokens,
            cached_tokens: 0,
            explored: true,
        };
        if let Some(satisfaction) = example.outcome.satisfaction {
            self.policy.learn_rating(&call, satisfaction);
        }
        learn_usage(self.policy.as_mut(), &call, &example.outcome);
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
        self.correct(pending.level, pending.p_satisfied, satisfaction, 1.0);
        self.policy.settle(
            pending.level,
            pending.model,
            pending.expectations.level,
            alpha - satisfaction,
            age,
        );
    }

    /// Count a rating that its queue has accounted for.
    pub(super) fn count_rating(&mut self, level: usize, satisfaction: f64, predicted: f64) {
        let rating = Accounted { satisfaction, predicted, target: self.alpha(level) };
        self.stats.calendar.account(level, &rating, self.total_backlog());
        self.stats.levels[level].rate(satisfaction, self.levels[level].backlog());
    }

    /// What all service levels are owed.
    pub(super) fn total_backlog(&self) -> f64 {
        self.levels.iter().map(VirtualQueue::backlog).sum()
    }

    /// Debit one call's usage to the limits of a resource.
    fn debit(&mut self, slot: u32, resource: Resource, used: f64) {
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
        if self.config.operation.audit > 0.0 && !pending.audited {
            // No rating of it was to count.
            return;
        }
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

/// Teach the policy what a call used up.
fn learn_usage(policy: &mut dyn Policy, call: &Call<'_>, outcome: &Outcome) {
    if let Some(cost) = outcome.cost {
        policy.learn_cost(call, cost);
    }
    if let Some(latency) = outcome.latency {
        policy.learn_latency(call, latency);
    }
}

/// The rating that counts for the user, and the model it is of, if it is among the outcomes.
fn served_satisfaction(pending: &PendingDecision, outcomes: &[Outcome]) -> Option<(usize, f64)> {
    let rating_where = |serves: &dyn Fn(usize) -> bool| {
        let mut served = outcomes.iter().filter(|outcome| serves(outcome.model));
        served.find_map(|outcome| Some((outcome.model, outcome.satisfaction?)))
    };
    rating_where(&|model| model == pending.model)
        .or_else(|| rating_where(&|model| !pending.also_query.contains(model)))
}
