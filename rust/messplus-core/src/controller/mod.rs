//! The state machine: decide on a request, then observe what became of it.

mod admission;
mod changes;
mod codec;
mod shadow;

use crate::config::{Config, Missing, ValidConfig};
use crate::control::breaker::{CircuitBreaker, Failure};
use crate::control::queue::VirtualQueue;
use crate::error::{Error, Result};
use crate::memory::pending::PendingDecisions;
use crate::memory::pending_decision::PendingDecision;
use crate::memory::sessions::Sessions;
use crate::memory::stats::Stats;
use crate::policy::objective::rank;
use crate::policy::{Call, Context, Policy, Selection};
use crate::random::Draws;
use crate::types::agreement::{MAX_LIMITS, Resource};
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Example, Outcome, Reason, Request};
use crate::types::zoo;

/// Routes requests and learns from their outcomes.
///
/// Deterministic: the same configuration and the same calls give the same decisions bit for bit, on
/// every machine, across [`to_bytes`](Self::to_bytes) and [`from_bytes`](Self::from_bytes) too.
/// Neither [`decide`](Self::decide) nor [`observe`](Self::observe) allocates.
#[derive(Clone, Debug)]
pub struct Controller {
    config: ValidConfig,
    step: u64,
    now: u64,
    breaker: CircuitBreaker,
    draws: Draws,
    levels: Vec<VirtualQueue>,
    limits: Vec<VirtualQueue>,
    /// Models that have not left the zoo.
    active: ModelSet,
    sessions: Sessions,
    policy: Box<dyn Policy>,
    pending: PendingDecisions,
    stats: Stats,
}

impl Controller {
    /// A controller that has seen nothing.
    pub fn new(config: ValidConfig) -> Self {
        let (n_models, n_features) = (config.models.len(), config.n_features);
        let queue = || VirtualQueue::new(config.policy.preset().credit());
        Self {
            step: 0,
            now: 0,
            breaker: CircuitBreaker::new(n_models, config.operation.cooldown),
            draws: Draws::new(config.seed),
            levels: config.agreement.levels.iter().map(|_| queue()).collect(),
            limits: config.agreement.limits.iter().map(|_| queue()).collect(),
            active: zoo::active(&config.models),
            sessions: Sessions::new(config.switching_cost > 0.0),
            policy: config.policy.preset().build(&config.problem()),
            pending: PendingDecisions::new(config.pending_capacity, n_features),
            stats: Stats::new(config.agreement.levels.len(), n_models),
            config,
        }
    }

    /// What the controller was made from.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Requests decided so far.
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The time, as [`advance`](Self::advance) last told it.
    pub fn now(&self) -> u64 {
        self.now
    }

    /// Whether anything depends on the time: decisions that expire, or models that failed.
    pub fn needs_time(&self) -> bool {
        self.config.operation.pending_age.is_some() || self.breaker.is_resting()
    }

    /// The virtual queue of each service level, at least one.
    pub fn levels(&self) -> &[VirtualQueue] {
        &self.levels
    }

    /// The virtual queue of each limit.
    pub fn limits(&self) -> &[VirtualQueue] {
        &self.limits
    }

    /// Decisions whose feedback may still come.
    pub fn pending(&self) -> &PendingDecisions {
        &self.pending
    }

    /// The model chosen to serve a decision, while the decision is held.
    pub fn served(&self, id: u128) -> Option<usize> {
        self.pending.find(id).map(|slot| self.pending.get(slot).model)
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether a service level seems within reach; see [`Adaptive`](crate::policy::default::Adaptive).
    pub fn level_feasible(&self, level: usize) -> bool {
        self.policy.level_feasible(level, self.alpha(level))
    }

    /// Whether a limit seems within reach.
    pub fn limit_feasible(&self, limit: usize) -> bool {
        self.policy.limit_feasible(limit)
    }

    /// Times that ratings or costs of a model were found to have drifted; see [`Drift`](crate::learn::drift::Drift).
    pub fn drifts(&self, model: usize) -> u64 {
        self.policy.drifts(model)
    }

    /// Choose the model for one request as the policy has it: see [`Paper`](crate::policy::paper::Paper) and
    /// [`Adaptive`](crate::policy::default::Adaptive). The answer is written over `decision`.
    ///
    /// An error changes neither the controller nor `decision`.
    pub fn decide(&mut self, request: &Request<'_>, decision: &mut Decision) -> Result<()> {
        let asked = self.check_request(request)?;
        let allowed = self.breaker.available(asked, self.now);
        self.step += 1;
        let mut limit_backlogs = [0.0; MAX_LIMITS];
        for (backlog, limit) in limit_backlogs.iter_mut().zip(&self.limits) {
            *backlog = limit.backlog();
        }
        let context = Context {
            step: self.step,
            features: request.features.unwrap_or(&[]),
            input_tokens: request.input_tokens,
            costs: request.costs,
            allowed,
            level: request.level,
            backlog: self.levels[request.level].backlog(),
            alpha: self.alpha(request.level),
            limit_backlogs,
            previous: request.session.and_then(|session| self.sessions.model(session)),
            switching_cost: self.config.switching_cost,
            uniform: self.draws.uniform(),
        };
        decision.id = request.id;
        decision.step = self.step;
        decision.shadow_choice = None;
        decision.also_query = ModelSet::EMPTY;
        decision.p_satisfied.clear();
        decision.log_odds_sd.clear();
        decision.expected_cost.clear();
        decision.expected_latency.clear();
        decision.score.clear();
        decision.ranking.clear();
        decision.ranking.extend(allowed.iter());
        let selection = self.policy.decide(&context, decision);
        // Models that are cooling down are better than none when all others fail.
        decision.cooling = asked.iter().filter(|&model| !allowed.contains(model)).collect();
        decision.ranking.extend(decision.cooling.iter());
        rank(&decision.score, &mut decision.ranking[allowed.len()..]);
        decision.model = decision.ranking[0];
        decision.reason = self.reason(request, allowed, selection.explored, decision.model);
        if let Some(shadow) = request.shadow {
            self.serve_in_shadow(shadow, allowed, decision);
        }
        self.remember(request, decision, selection);
        Ok(())
    }

    /// Time passes: seconds of the controller's own life, which no wall clock moves. Decisions made more
    /// than [`pending_age`](crate::Operation::pending_age) ago are forgotten. A time before the present
    /// changes nothing.
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        let Some(age) = self.config.operation.pending_age else { return };
        while self.pending.oldest().is_some_and(|oldest| self.now.saturating_sub(oldest.at) > age) {
            self.forget_oldest();
        }
    }

    /// A model did not answer the request of a decision. Where calls of it keep failing, or a rate limit
    /// says for how many seconds, it rests (see [`CircuitBreaker`]); the predictor learns nothing. Returns
    /// the model to call instead: the best that has not failed on this decision.
    ///
    /// # Errors
    /// The decision or the model is unknown, or the model has failed on it before. Nothing has changed then.
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

    /// Learn what became of a decision.
    ///
    /// Outcomes may come late, in any order and in parts, but each part once. The queue accounts for a
    /// decision once, with the rating of the model that served: the chosen one, or, where it has none
    /// here, the first rated model that was not merely queried for learning. What else is learned is up
    /// to the policy.
    ///
    /// An error changes nothing.
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

    /// Whether no request was decided and nothing learned.
    pub fn is_new(&self) -> bool {
        self.step == 0 && self.now == 0 && self.policy.is_untrained()
    }

    /// Exchange the [metadata](Config::metadata) of a controller to which nothing has happened.
    ///
    /// An error changes nothing.
    pub fn describe(&mut self, metadata: String) -> Result<()> {
        if !self.is_new() {
            let rule = "must be set before anything was decided or learned";
            return Err(Error::input("metadata", rule, format!("step {}", self.step)));
        }
        self.config.set_metadata(metadata);
        Ok(())
    }

    /// Learn from a line of logged data, as if this policy had picked it for exploration.
    ///
    /// Trains what predicts satisfaction, cost and latency, and finds the dual variable the router starts
    /// with. The request was not routed under the service level, so queue, counters, steps and pending
    /// decisions stay as they are.
    ///
    /// An error changes nothing.
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

    fn alpha(&self, level: usize) -> f64 {
        self.config.agreement.levels[level].alpha
    }

    fn reason(
        &self,
        request: &Request<'_>,
        allowed: ModelSet,
        explored: bool,
        model: usize,
    ) -> Reason {
        if allowed.len() == 1 {
            Reason::Forced
        } else if explored {
            Reason::Explore
        } else if request.features.is_none() && self.config.n_features > 0 {
            Reason::Fallback
        } else if self.policy.labels(model) == 0 {
            Reason::WarmUp
        } else {
            Reason::Exploit
        }
    }

    fn remember(&mut self, request: &Request<'_>, decision: &Decision, selection: Selection) {
        let chosen = decision.shadow_choice.map_or(decision.model, |choice| choice.model);
        self.stats.decide(request.level, decision);
        if let Some(session) = request.session {
            self.sessions.remember(session, chosen);
        }
        let call = self.breaker.call(decision.model, self.now);
        if self.pending.is_full() {
            self.forget_oldest();
        }
        let pending = PendingDecision {
            id: request.id,
            step: decision.step,
            model: decision.model,
            ranking: decision.ranking.iter().copied().collect(),
            also_query: decision.also_query,
            // What another model teaches in shadow mode is worth as much as exploration.
            explored: selection.explored || decision.shadow_choice.is_some(),
            shadow_choice: decision.shadow_choice,
            level: request.level,
            expectations: selection.expectations,
            at: self.now,
            call,
            input_tokens: request.input_tokens,
            p_satisfied: decision.p_satisfied[chosen],
            ..PendingDecision::default()
        };
        self.pending.insert(pending, request.features);
    }

    fn forget_oldest(&mut self) {
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
