//! The state machine: decide on a request, then observe what became of it.

use crate::config::{Config, ValidConfig};
use crate::cost::RunningMeans;
use crate::error::{Error, Result};
use crate::exploration::{self, Draws};
use crate::ledger::{Entry, Ledger};
use crate::model_set::ModelSet;
use crate::objective::{drift_plus_penalty, rank};
use crate::predictor::LogisticHeads;
use crate::queue::VirtualQueue;
use crate::request::{Decision, Outcome, Reason, Request};
use crate::state::{Reader, Writer};
use crate::stats::Stats;

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
    largest: Vec<usize>,
    step: u64,
    draws: Draws,
    queue: VirtualQueue,
    predictor: LogisticHeads,
    costs: RunningMeans,
    ledger: Ledger,
    stats: Stats,
}

impl Controller {
    /// A controller that has seen nothing.
    pub fn new(config: ValidConfig) -> Self {
        let (n_models, n_features) = (config.models.len(), config.n_features);
        let listed = config.models.iter().map(|model| model.cost);
        let mut largest: Vec<usize> = (0..n_models).collect();
        largest.sort_by(|&a, &b| config.models[b].cost.total_cmp(&config.models[a].cost));
        Self {
            largest,
            step: 0,
            draws: Draws::new(config.seed),
            queue: VirtualQueue::new(),
            predictor: LogisticHeads::new(config.policy.sgd.clone(), n_models, n_features),
            costs: RunningMeans::new(listed),
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

    /// Choose the model for one request (MESS+, one step): with probability `min(1, c / t^(1/4))`
    /// every allowed model is queried and the dearest serves; otherwise the model of the smallest
    /// drift plus penalty serves. The answer is written over `decision`.
    ///
    /// An error changes neither the controller nor `decision`.
    pub fn decide(&mut self, request: &Request<'_>, decision: &mut Decision) -> Result<()> {
        let allowed = self.check_request(request)?;
        self.step += 1;
        self.score(request, allowed, decision);
        let explore = self.draws.uniform()
            < exploration::probability(self.config.policy.exploration, self.step);
        let explored = explore && allowed.len() > 1;
        decision.id = request.id;
        decision.step = self.step;
        decision.also_query = ModelSet::EMPTY;
        if explored {
            let dearest = self.largest.iter().copied().find(|&model| allowed.contains(model));
            let dearest = dearest.unwrap_or(decision.ranking[0]);
            put_first(&mut decision.ranking, dearest);
            decision.also_query = allowed.without(dearest);
        }
        decision.model = decision.ranking[0];
        decision.reason = self.reason(request, allowed, explored, decision.model);
        self.remember(request, decision, explored);
        Ok(())
    }

    /// Learn what became of a decision.
    ///
    /// Outcomes may come late, in any order and in parts, but each part once. The queue accounts for a
    /// decision once, with the rating of the model that served: the chosen one, or, where it has none
    /// here, the first rated model that was not merely queried for learning. The predictor learns from
    /// requests that explored, as the paper has it; mean costs learn from every bill.
    ///
    /// An error changes nothing.
    pub fn observe(&mut self, id: u128, outcomes: &[Outcome]) -> Result<()> {
        let slot = self.ledger.find(id).ok_or(Error::UnknownDecision { id })?;
        self.check_outcomes(slot, outcomes)?;
        let entry = *self.ledger.entry(slot);
        for outcome in outcomes {
            if let Some(satisfaction) = outcome.satisfaction {
                if entry.explored {
                    let x = self.ledger.features(slot);
                    self.predictor.learn_one(outcome.model, x, satisfaction);
                }
                self.ledger.entry_mut(slot).rated.insert(outcome.model);
                let stats = &mut self.stats.models[outcome.model];
                stats.rated += 1;
                stats.satisfaction += satisfaction;
            }
            if let Some(cost) = outcome.cost {
                self.costs.learn_one(outcome.model, cost);
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
            self.stats.rated += 1;
            self.stats.satisfaction += satisfaction;
            self.ledger.entry_mut(slot).accounted = true;
        }
        Ok(())
    }

    /// Everything needed to go on as if nothing had happened, as versioned and checksummed bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.text(&self.config.to_json());
        out.u64(self.step);
        self.draws.encode(&mut out);
        out.f64(self.queue.backlog());
        self.predictor.encode(&mut out);
        self.costs.encode(&mut out);
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
        controller.draws = Draws::decode(&mut input)?;
        controller.queue = VirtualQueue::with_backlog(input.f64()?)?;
        controller.predictor.decode(&mut input)?;
        controller.costs.decode(&mut input)?;
        controller.stats.decode(&mut input)?;
        controller.ledger.decode(&mut input, n_models)?;
        input.finish()?;
        Ok(controller)
    }

    /// Fill in probabilities, costs and scores of the whole zoo and rank the allowed models.
    fn score(&self, request: &Request<'_>, allowed: ModelSet, decision: &mut Decision) {
        let features = request.features.unwrap_or(&[]);
        let (v, backlog, alpha) = (self.config.policy.v, self.queue.backlog(), self.config.alpha);
        decision.p_satisfied.clear();
        decision.expected_cost.clear();
        decision.score.clear();
        for model in 0..self.config.models.len() {
            let p_satisfied = self.predictor.predict_proba_one(model, features);
            let cost = request
                .costs
                .and_then(|costs| costs[model])
                .unwrap_or_else(|| self.costs.expected(model));
            decision.p_satisfied.push(p_satisfied);
            decision.expected_cost.push(cost);
            decision.score.push(drift_plus_penalty(v, cost, backlog, alpha, p_satisfied));
        }
        decision.ranking.clear();
        decision.ranking.extend(allowed.iter());
        rank(&decision.score, &mut decision.ranking);
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
        } else if self.predictor.labels(model) == 0 {
            Reason::WarmUp
        } else {
            Reason::Exploit
        }
    }

    fn remember(&mut self, request: &Request<'_>, decision: &Decision, explored: bool) {
        self.stats.reasons[decision.reason as usize] += 1;
        self.stats.models[decision.model].selected += 1;
        for model in decision.also_query.iter() {
            self.stats.models[model].also_queried += 1;
        }
        let entry = Entry {
            id: request.id,
            model: decision.model,
            also_query: decision.also_query,
            explored,
            ..Entry::default()
        };
        self.ledger.insert(entry, request.features);
    }

    /// The models that may serve, once every argument is as it must be.
    fn check_request(&self, request: &Request<'_>) -> Result<ModelSet> {
        let n_models = self.config.models.len();
        if let Some(features) = request.features {
            check_length("features", self.config.n_features, features.len())?;
            check_finite(features)?;
        }
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
            if let Some(satisfaction) = outcome.satisfaction
                && !(0.0..=1.0).contains(&satisfaction)
            {
                let field = format!("satisfied[{:?}]", spec.name);
                return Err(Error::input(field, "must be in [0, 1]", satisfaction));
            }
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

fn put_first(ranking: &mut [usize], model: usize) {
    if let Some(place) = ranking.iter().position(|&ranked| ranked == model) {
        ranking[..=place].rotate_right(1);
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

fn check_bill(field: &str, model: &str, value: f64) -> Result<()> {
    if (0.0..=MAX_BILL).contains(&value) {
        Ok(())
    } else {
        Err(Error::input(format!("{field}[{model:?}]"), "must be in [0, 1e18]", value))
    }
}
