//! The state machine: decide on a request, then observe what became of it.

mod admission;
mod adopt;
mod affordable;
mod amend;
mod cancel;
mod changes;
mod codec;
mod eligible;
mod elsewhere;
mod extrapolate;
mod feedback;
mod predict;
mod randomise;
mod ratings;
mod redo;
mod shadow;
mod silence;

use self::affordable::Affordable;
use self::extrapolate::Others;
use crate::config::{Config, ValidConfig};
use crate::control::breaker::CircuitBreaker;
use crate::control::queue::VirtualQueue;
use crate::error::{Error, Result};
use crate::memory::pending::PendingDecisions;
use crate::memory::pending_decision::PendingDecision;
use crate::memory::raters::Raters;
use crate::memory::sessions::Sessions;
use crate::memory::stats::Stats;
use crate::policy::objective::rank;
use crate::policy::{Context, Policy, Selection};
use crate::random::Uniforms;
use crate::types::agreement::MAX_LIMITS;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Reason, Request};
use crate::types::zoo;

/// What sets the random numbers of audits apart from those of explorations.
const AUDIT_STREAM: u64 = 0x0061_7564_6974;

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
    uniforms: Uniforms,
    levels: Vec<VirtualQueue>,
    limits: Vec<VirtualQueue>,
    /// Models that have not left the zoo.
    active: ModelSet,
    /// Names of the sources of ratings.
    sources: Vec<String>,
    raters: Raters,
    /// Picks the requests to audit, apart from everything else.
    audit_uniforms: Uniforms,
    sessions: Sessions,
    others: Others,
    policy: Box<dyn Policy>,
    pending: PendingDecisions,
    stats: Stats,
}

impl Controller {
    /// A controller that has seen nothing.
    #[must_use]
    pub fn new(config: ValidConfig) -> Self {
        let (n_models, n_features) = (config.models.len(), config.n_features);
        let queue = || VirtualQueue::new(config.policy.preset().credit());
        let levels = &config.agreement.levels;
        let named: Vec<String> = levels.iter().filter_map(|level| level.source.clone()).collect();
        let mut controller = Self {
            step: 0,
            now: 0,
            breaker: CircuitBreaker::new(n_models, config.operation.cooldown),
            uniforms: Uniforms::new(config.seed),
            levels: config.agreement.levels.iter().map(|_| queue()).collect(),
            limits: config.agreement.limits.iter().map(|_| queue()).collect(),
            active: zoo::active(&config.models),
            sources: Vec::new(),
            raters: Raters::new(),
            audit_uniforms: Uniforms::new(config.seed ^ AUDIT_STREAM),
            sessions: Sessions::new(config.switching_cost > 0.0),
            others: Others::default(),
            policy: config.policy.preset().build(&config.problem()),
            pending: PendingDecisions::new(config.pending_capacity, n_features),
            stats: Stats::new(config.agreement.levels.len(), n_models),
            config,
        };
        for source in named {
            controller.source_of(&source);
        }
        controller
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

    /// Whether a service level seems within reach, as far as the policy can tell.
    pub fn level_feasible(&self, level: usize) -> bool {
        self.policy.level_feasible(level, self.alpha(level))
    }

    /// Whether a limit seems within reach, as far as the policy can tell.
    pub fn limit_feasible(&self, limit: usize) -> bool {
        self.policy.limit_feasible(limit)
    }

    /// Times that ratings or costs of a model were found to have drifted.
    pub fn drifts(&self, model: usize) -> u64 {
        self.policy.drifts(model)
    }

    /// Costs of a model that were far from all that was seen of it, or zero.
    pub fn cost_anomalies(&self, model: usize) -> u64 {
        self.policy.cost_anomalies(model)
    }

    /// Choose the model for one request, as the policy has it. The answer is written over `decision`.
    ///
    /// # Errors
    ///
    /// [`Error::Input`], [`Error::Shape`] or [`Error::NonFinite`] for an argument that breaks its
    /// rule, an id that is pending already among them. Neither the controller nor `decision` has
    /// changed then.
    pub fn decide(&mut self, request: &Request<'_>, decision: &mut Decision) -> Result<()> {
        let asked = self.check_request(request)?;
        self.choose(request, asked, None, decision);
        Ok(())
    }

    /// Choose one of the models asked for, or let the one serve that did before; whether it was chosen.
    fn choose(
        &mut self,
        request: &Request<'_>,
        asked: ModelSet,
        before: Option<usize>,
        decision: &mut Decision,
    ) -> bool {
        self.step += self.others.steps();
        let context = self.context(request, asked);
        let affordable = self.afford(request, &context, decision);
        let allowed = self.breaker.available(affordable.models, self.now);
        let context = Context { uniform: self.uniforms.uniform(), allowed, ..context };
        decision.begin(request.id, self.step, allowed);
        let mut selection = self.policy.decide(&context, decision);
        let chosen = decision.ranking[0];
        self.line_up(request, &affordable, allowed, selection.explored, decision);
        self.audit(request.level, decision);
        if let Some(shadow) = request.shadow {
            self.serve_in_shadow(shadow, allowed, decision);
        } else {
            // What another model teaches is worth as much as exploration.
            selection.explored |= self.randomise(allowed, decision);
        }
        let other = before.filter(|&model| model != decision.model);
        if let Some(model) = other {
            Self::serve_as_before(model, decision);
        }
        let served = decision.shadow_choice.map_or(decision.model, |choice| choice.model);
        if served != chosen {
            let expectations = &mut selection.expectations;
            self.policy.serve_instead(
                request.level,
                context.alpha,
                chosen,
                served,
                decision,
                expectations,
            );
        }
        self.remember(request, decision, selection);
        other.is_none()
    }

    /// The request and the state it meets.
    fn context<'a>(&self, request: &Request<'a>, allowed: ModelSet) -> Context<'a> {
        let mut limit_backlogs = [0.0; MAX_LIMITS];
        for (backlog, limit) in limit_backlogs.iter_mut().zip(&self.limits) {
            *backlog = limit.backlog();
        }
        Context {
            step: self.step,
            features: request.features.unwrap_or(&[]),
            input_tokens: request.input_tokens,
            cached_tokens: request.cached_tokens.unwrap_or_default(),
            costs: request.costs,
            allowed,
            level: request.level,
            backlog: self.levels[request.level].backlog(),
            alpha: self.alpha(request.level),
            max_price: self.config.operation.price_cap(),
            limit_backlogs,
            previous: request.session.and_then(|session| self.sessions.model(session)),
            switching_cost: self.config.switching_cost,
            sampled: self.config.operation.audit > 0.0,
            uniform: 0.0,
            served: None,
        }
    }

    /// Complete what the policy has decided: who serves, why, and who comes last.
    fn line_up(
        &self,
        request: &Request<'_>,
        affordable: &Affordable,
        allowed: ModelSet,
        explored: bool,
        decision: &mut Decision,
    ) {
        // Models that are cooling down are better than none when all others fail.
        decision.cooling =
            affordable.models.iter().filter(|&model| !allowed.contains(model)).collect();
        decision.ranking.extend(decision.cooling.iter());
        rank(&decision.score, &mut decision.ranking[allowed.len()..]);
        decision.model = decision.ranking[0];
        decision.reason = if affordable.fits {
            self.reason(request, allowed, explored, decision.model)
        } else {
            Reason::Unaffordable
        };
        affordable.spare(decision);
        self.serve_safely(request.level, allowed, decision);
    }

    /// Time passes: seconds of the controller's own life, which no wall clock moves. Decisions made
    /// more than [`pending_age`](crate::Operation::pending_age) ago are forgotten. A time before the
    /// present changes nothing.
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        let Some(age) = self.config.operation.pending_age else { return };
        while self.pending.oldest().is_some_and(|oldest| self.now.saturating_sub(oldest.at) > age) {
            self.forget_oldest();
        }
    }

    /// It is `now` by the wall clock, in seconds since 1970: reports tell days apart by it, and nothing
    /// decided depends on it.
    pub fn date(&mut self, now: u64) {
        self.stats.calendar.date(now);
    }

    /// Whether no request was decided and nothing learned.
    pub fn is_new(&self) -> bool {
        self.step == 0 && self.now == 0 && self.policy.is_untrained()
    }

    /// Exchange the [metadata](Config::metadata) of a controller to which nothing has happened.
    ///
    /// # Errors
    ///
    /// [`Error::Input`] once something was decided or learned. Nothing has changed then.
    pub fn describe(&mut self, metadata: String) -> Result<()> {
        if !self.is_new() {
            let rule = "must be set before anything was decided or learned";
            return Err(Error::input("metadata", rule, format!("step {}", self.step)));
        }
        self.config.set_metadata(metadata);
        Ok(())
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

    /// Pick the request for an audit or not.
    fn audit(&mut self, level: usize, decision: &mut Decision) {
        let operation = &self.config.operation;
        let n = self.stats.levels[level].audits.decided + 1;
        let probability = operation.audit_probability(n);
        decision.audit = probability > 0.0 && self.audit_uniforms.uniform() < probability;
        decision.audit_weight = if decision.audit { operation.audit / probability } else { 0.0 };
    }

    fn remember(&mut self, request: &Request<'_>, decision: &Decision, selection: Selection) {
        let chosen = decision.shadow_choice.map_or(decision.model, |choice| choice.model);
        self.stats.decide(request.level, decision);
        self.count_others(request.level, decision, chosen);
        self.stats.levels[request.level].price_capped += u64::from(selection.price_capped);
        if self.config.operation.audit > 0.0 {
            let audits = &mut self.stats.levels[request.level].audits;
            audits.decide(decision.p_satisfied[chosen], decision.audit);
        }
        if let Some(session) = request.session {
            self.sessions.remember(session, chosen);
        }
        let call = self.breaker.call(decision.model, self.now);
        while !self.pending.make_room() {
            if self.pending.is_empty() {
                // No memory for a single decision: better served and not remembered than refused.
                return;
            }
            self.forget_oldest();
        }
        let cached = request.cached_tokens.unwrap_or_default();
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
            audited: decision.audit,
            audit_weight: decision.audit_weight,
            input_tokens: request.input_tokens,
            cached_tokens: cached.get(decision.model).copied().unwrap_or_default(),
            p_satisfied: decision.p_satisfied[chosen],
            reason: decision.reason,
            ..PendingDecision::default()
        };
        self.pending.insert(&pending, request.features);
    }
}
