//! The state machine: decide on a request, then observe what became of it.

use crate::config::{Config, Missing, ValidConfig};
use crate::error::{Error, Result};
use crate::exploration::Draws;
use crate::health::Health;
use crate::ledger::{Entry, Ledger};
use crate::method::{Choice, Method, Situation};
use crate::model_set::ModelSet;
use crate::queue::VirtualQueue;
use crate::request::{Decision, Example, Outcome, Reason, Request};
use crate::state::{Reader, Writer};
use crate::stats::Stats;

/// Largest counter read from a state: below it `f64` is exact and nothing overflows.
const MAX_COUNT: u64 = 1 << 53;
/// Largest cost or latency accepted: sums of them stay finite.
const MAX_BILL: f64 = 1e18;

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
    health: Health,
    draws: Draws,
    queue: VirtualQueue,
    method: Method,
    ledger: Ledger,
    stats: Stats,
}

impl Controller {
    /// A controller that has seen nothing.
    pub fn new(config: ValidConfig) -> Self {
        let (n_models, n_features) = (config.models.len(), config.n_features);
        Self {
            step: 0,
            now: 0,
            health: Health::new(n_models, config.operation.cooldown),
            draws: Draws::new(config.seed),
            queue: VirtualQueue::new(config.policy.credit()),
            method: Method::new(&config),
            ledger: Ledger::new(config.pending_capacity, n_features),
            stats: Stats::new(n_models),
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
        self.config.operation.pending_age.is_some() || self.health.is_waiting()
    }

    /// The virtual queue of the target.
    pub fn queue(&self) -> &VirtualQueue {
        &self.queue
    }

    /// Decisions whose feedback may still come.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// The model chosen to serve a decision, while the decision is held.
    pub fn served(&self, id: u128) -> Option<usize> {
        self.ledger.find(id).map(|slot| self.ledger.entry(slot).model)
    }

    /// Counters since the beginning.
    pub fn stats(&self) -> &Stats {
        &self.stats
    }

    /// Whether the target seems within reach; see [`Adaptive`](crate::adaptive::Adaptive).
    pub fn feasible(&self) -> bool {
        self.method.feasible(self.config.alpha)
    }

    /// Choose the model for one request as the policy has it: see [`Paper`](crate::paper::Paper) and
    /// [`Adaptive`](crate::adaptive::Adaptive). The answer is written over `decision`.
    ///
    /// An error changes neither the controller nor `decision`.
    pub fn decide(&mut self, request: &Request<'_>, decision: &mut Decision) -> Result<()> {
        let allowed = self.health.available(self.check_request(request)?, self.now);
        self.step += 1;
        let situation = Situation {
            step: self.step,
            features: request.features.unwrap_or(&[]),
            input_tokens: request.input_tokens,
            costs: request.costs,
            allowed,
            backlog: self.queue.backlog(),
            alpha: self.config.alpha,
            draw: self.draws.uniform(),
        };
        decision.id = request.id;
        decision.step = self.step;
        decision.also_query = ModelSet::EMPTY;
        decision.p_satisfied.clear();
        decision.expected_cost.clear();
        decision.score.clear();
        decision.ranking.clear();
        decision.ranking.extend(allowed.iter());
        let choice = self.method.decide(&situation, decision);
        decision.model = decision.ranking[0];
        decision.reason = self.reason(request, allowed, choice.explored, decision.model);
        self.remember(request, decision, choice);
        Ok(())
    }

    /// Time passes: seconds since any epoch, the same for the controller's whole life. Decisions made
    /// more than [`pending_age`](crate::Operation::pending_age) ago are forgotten. A time before the
    /// present changes nothing.
    pub fn advance(&mut self, now: u64) {
        self.now = self.now.max(now);
        let Some(age) = self.config.operation.pending_age else { return };
        while self.ledger.oldest().is_some_and(|oldest| self.now.saturating_sub(oldest.at) > age) {
            self.forget_oldest();
        }
    }

    /// A model did not answer the request of a decision: it is left alone for a while (see [`Health`]),
    /// and the predictor learns nothing. Returns the models that have failed on this decision.
    ///
    /// An error changes nothing.
    pub fn fail(&mut self, id: u128, model: usize) -> Result<ModelSet> {
        let slot = self.ledger.find(id).ok_or(Error::UnknownDecision { id })?;
        let Some(spec) = self.config.models.get(model) else {
            return Err(Error::input("model", "must be in the zoo", model));
        };
        if !self.ledger.entry_mut(slot).failed.insert(model) {
            return Err(Error::AlreadyRated { id, model: spec.name.clone() });
        }
        self.health.failed(model, self.now);
        self.stats.models[model].failed += 1;
        Ok(self.ledger.entry(slot).failed)
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
        let slot = self.ledger.find(id).ok_or(Error::UnknownDecision { id })?;
        self.check_outcomes(slot, outcomes)?;
        let entry = *self.ledger.entry(slot);
        for outcome in outcomes {
            self.health.answered(outcome.model);
            if let Some(satisfaction) = outcome.satisfaction {
                let x = self.ledger.features(slot);
                self.method.learn_rating(entry.explored, outcome.model, x, satisfaction);
                self.ledger.entry_mut(slot).rated.insert(outcome.model);
                let stats = &mut self.stats.models[outcome.model];
                stats.rated += 1;
                stats.satisfaction += satisfaction;
            }
            if let Some(cost) = outcome.cost {
                let x = self.ledger.features(slot);
                self.method.learn_bill(outcome.model, x, entry.input_tokens, cost);
                self.ledger.entry_mut(slot).billed.insert(outcome.model);
                let stats = &mut self.stats.models[outcome.model];
                stats.billed += 1;
                stats.cost += cost;
            }
            if let Some(latency) = outcome.latency {
                self.ledger.entry_mut(slot).timed.insert(outcome.model);
                let stats = &mut self.stats.models[outcome.model];
                stats.timed += 1;
                stats.latency += latency;
            }
        }
        if !entry.accounted
            && let Some(satisfaction) = served_satisfaction(&entry, outcomes)
        {
            self.queue.update(self.config.alpha, satisfaction);
            self.stats.rate(satisfaction, self.queue.backlog());
            self.ledger.entry_mut(slot).accounted = true;
            self.method.settle(entry.expectation, self.step.saturating_sub(entry.step));
        }
        Ok(())
    }

    /// Learn from a line of an old log, as if this policy had drawn it for exploration.
    ///
    /// Trains what predicts satisfaction and cost, and nothing else: the request was not routed under
    /// the service level, so queue, counters, steps and ledger stay as they are.
    ///
    /// An error changes nothing.
    pub fn warm_start(&mut self, example: &Example<'_>) -> Result<()> {
        self.check_example(example)?;
        let &Example { input_tokens, model, .. } = example;
        let features = example.features.unwrap_or(&[]);
        if let Some(satisfaction) = example.satisfaction {
            self.method.learn_rating(true, model, features, satisfaction);
        }
        if let Some(cost) = example.cost {
            self.method.learn_bill(model, features, input_tokens, cost);
        }
        Ok(())
    }

    /// Whether [`warm_start`](Self::warm_start) would accept this line.
    pub fn check_example(&self, example: &Example<'_>) -> Result<()> {
        let Some(spec) = self.config.models.get(example.model) else {
            return Err(Error::input("model", "must be in the zoo", example.model));
        };
        self.check_features(example.features)?;
        check_satisfaction(&spec.name, example.satisfaction)?;
        example.cost.map_or(Ok(()), |cost| check_bill("cost", &spec.name, cost))
    }

    /// Everything needed to go on as if nothing had happened, as versioned and checksummed bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.text(&self.config.to_json());
        out.u64(self.step);
        out.u64(self.now);
        self.health.encode(&mut out);
        self.draws.encode(&mut out);
        out.f64(self.queue.backlog());
        self.method.encode(&mut out);
        self.stats.encode(&mut out);
        self.ledger.encode(&mut out);
        out.seal()
    }

    /// The controller that [`to_bytes`](Self::to_bytes) saved.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = Reader::open(bytes)?;
        let config = Config::from_json(input.text()?)
            .map_err(|error| Error::state("must hold valid settings", error))?;
        let n_models = config.models.len();
        let mut controller = Self::new(config);
        controller.step = input.u64()?;
        controller.now = input.u64()?;
        if controller.step > MAX_COUNT {
            return Err(Error::state("counters must stay below 2^53", controller.step));
        }
        controller.health.decode(&mut input)?;
        controller.draws = Draws::decode(&mut input)?;
        controller.queue = controller.queue.with_backlog(input.f64()?)?;
        controller.method.decode(&mut input)?;
        controller.stats.decode(&mut input)?;
        controller.ledger.decode(&mut input, n_models)?;
        input.finish()?;
        Ok(controller)
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
        } else if self.method.labels(model) == 0 {
            Reason::WarmUp
        } else {
            Reason::Exploit
        }
    }

    fn remember(&mut self, request: &Request<'_>, decision: &Decision, choice: Choice) {
        self.stats.decide(decision);
        self.health.chosen(decision.model, self.now);
        if self.ledger.is_full() {
            self.forget_oldest();
        }
        let entry = Entry {
            id: request.id,
            step: decision.step,
            model: decision.model,
            also_query: decision.also_query,
            explored: choice.explored,
            expectation: choice.expectation,
            at: self.now,
            input_tokens: request.input_tokens,
            p_satisfied: decision.p_satisfied[decision.model],
            ..Entry::default()
        };
        self.ledger.insert(entry, request.features);
    }

    fn forget_oldest(&mut self) {
        let entry = self.ledger.evict_oldest();
        let presumed = match self.config.operation.missing {
            Missing::Ignore => return,
            Missing::Predicted => entry.p_satisfied,
            Missing::Unsatisfied => 0.0,
        };
        if !entry.accounted {
            self.queue.update(self.config.alpha, presumed);
            self.stats.presume(presumed, self.queue.backlog());
            self.method.settle(entry.expectation, self.step.saturating_sub(entry.step));
        }
    }

    /// The models that may serve, once every argument is as it must be.
    fn check_request(&self, request: &Request<'_>) -> Result<ModelSet> {
        let n_models = self.config.models.len();
        self.check_features(request.features)?;
        if let Some(costs) = request.costs {
            check_length("costs", n_models, costs.len())?;
            for (spec, cost) in self.config.models.iter().zip(costs) {
                cost.map_or(Ok(()), |cost| check_bill("costs", &spec.name, cost))?;
            }
        }
        let allowed = request.allowed.unwrap_or(ModelSet::all(n_models));
        if allowed.is_empty() || allowed.iter().any(|model| model >= n_models) {
            let found = format!("{:#b}", allowed.bits());
            return Err(Error::input("allowed", "must name at least one model of the zoo", found));
        }
        if self.ledger.find(request.id).is_some() {
            let found = format!("{:032x} again", request.id);
            return Err(Error::input("id", "must be new", found));
        }
        Ok(allowed)
    }

    fn check_features(&self, features: Option<&[f32]>) -> Result<()> {
        let Some(features) = features else { return Ok(()) };
        check_length("features", self.config.n_features, features.len())?;
        check_finite(features)
    }

    fn check_outcomes(&self, slot: usize, outcomes: &[Outcome]) -> Result<()> {
        let &Entry { id, mut rated, mut billed, mut timed, .. } = self.ledger.entry(slot);
        for outcome in outcomes {
            let Some(spec) = self.config.models.get(outcome.model) else {
                return Err(Error::input("model", "must be in the zoo", outcome.model));
            };
            let again = |set: &mut ModelSet, given: bool| given && !set.insert(outcome.model);
            if again(&mut rated, outcome.satisfaction.is_some())
                | again(&mut billed, outcome.cost.is_some())
                | again(&mut timed, outcome.latency.is_some())
            {
                return Err(Error::AlreadyRated { id, model: spec.name.clone() });
            }
            check_satisfaction(&spec.name, outcome.satisfaction)?;
            outcome.cost.map_or(Ok(()), |cost| check_bill("cost", &spec.name, cost))?;
            outcome.latency.map_or(Ok(()), |latency| check_bill("latency", &spec.name, latency))?;
        }
        Ok(())
    }
}

/// The rating that counts for the user, if it is among the outcomes.
fn served_satisfaction(entry: &Entry, outcomes: &[Outcome]) -> Option<f64> {
    let rating_where = |serves: &dyn Fn(usize) -> bool| {
        outcomes.iter().filter(|outcome| serves(outcome.model)).find_map(|o| o.satisfaction)
    };
    rating_where(&|model| model == entry.model)
        .or_else(|| rating_where(&|model| !entry.also_query.contains(model)))
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

fn check_satisfaction(model: &str, satisfaction: Option<f64>) -> Result<()> {
    match satisfaction {
        Some(satisfaction) if !(0.0..=1.0).contains(&satisfaction) => {
            Err(Error::input(format!("satisfied[{model:?}]"), "must be in [0, 1]", satisfaction))
        }
        _ => Ok(()),
    }
}

fn check_bill(field: &str, model: &str, value: f64) -> Result<()> {
    if (0.0..=MAX_BILL).contains(&value) {
        Ok(())
    } else {
        Err(Error::input(format!("{field}[{model:?}]"), "must be in [0, 1e18]", value))
    }
}
