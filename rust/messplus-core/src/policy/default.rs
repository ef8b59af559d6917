//! The default policy: second-order learning from every rating, and a dual that finds its own scale.

use std::num::NonZeroU32;

use crate::config::{Config, DefaultConfig};
use crate::control::delay_compensator::{Expectation, Expectations};
use crate::control::in_flight::InFlight;
use crate::control::level_dual::LevelDual;
use crate::control::limit_dual::LimitDual;
use crate::error::{Error, Result};
use crate::learn::bayesian_heads::BayesianHeads;
use crate::learn::log_costs::LogCosts;
use crate::learn::logistic::dot;
use crate::policy::exploration;
use crate::policy::objective::{put_first, rank};
use crate::policy::prior;
use crate::policy::{Context, Selection};
use crate::types::agreement::{Objective, Resource};
use crate::types::model_set::ModelSet;
use crate::types::price::ListedCost;
use crate::types::request::{Decision, Weights};
use crate::types::zoo::ModelSpec;
use crate::wire::{Reader, Writer};

/// Standard deviations of optimism about a model: on every request, on exploring ones, and about
/// ratings in flight.
const OPTIMISM: f64 = 1.5;
const EXPLORING_OPTIMISM: f64 = 3.0;
const PENDING_OPTIMISM: f64 = 1.0;
/// Dual of satisfaction at first where qualities are not listed, in costs of the most expensive model.
const INITIAL_DUAL: f64 = 0.7;
/// Longer feature vectors are shortened to this length: beliefs are made for about unit length.
const MAX_NORM: f64 = 4.0;

/// Chooses `argmin_m E_m(x) - lambda p_m(x) + sum_r mu_r u_rm(x)`.
///
/// `E_m` is the expected cost in units of the most expensive model's mean ([`LogCosts`]), `p_m` the probability
/// of satisfaction seen with 1.5 standard deviations of optimism ([`BayesianHeads`]), lambda the dual
/// variable of the service level of the request and `mu_r` that of each limited resource
/// ([`Multiplier`](crate::control::multiplier::Multiplier)), of which `u_rm` are used. Where satisfaction is the
/// objective it is weighed by `1 + lambda` and cost alone has none. With probability `min(1, c / n^(1/4))` after n ratings the request
/// explores: optimism doubles, so that a model is tried again exactly where it might change the
/// choice at the current duals, and no money goes into models that could not.
#[derive(Clone, Debug)]
pub struct Adaptive {
    exploration: f64,
    heads: BayesianHeads,
    costs: LogCosts,
    /// Where a limit asks for them.
    latencies: Option<LogCosts>,
    objective: Objective,
    levels: Vec<LevelDual>,
    limits: Vec<LimitDual>,
    in_flight: InFlight,
    /// Requests the queues have accounted for.
    accounted: f64,
    /// Features, shortened.
    x: Vec<f32>,
    /// Scores of an exploring request.
    optimistic_scores: Vec<f64>,
}

impl Adaptive {
    /// The policy before its first request.
    pub fn new(policy: &DefaultConfig, config: &Config) -> Self {
        let (models, n_features) = (&config.models, config.n_features);
        let agreement = &config.agreement;
        let limits: Vec<_> = agreement.limits.iter().map(LimitDual::new).collect();
        let times = limits.iter().any(|limit| limit.resource == Resource::Latency);
        let unknown = || LogCosts::new(models.iter().map(|_| 0.0.into()), n_features);
        let most_expensive = prior::most_expensive(models);
        let log_odds = models.iter().map(|model| prior::log_odds(model, most_expensive));
        let initial_dual = |alpha| match agreement.objective {
            Objective::Cost => prior::dual(models, alpha).unwrap_or(INITIAL_DUAL),
            Objective::Satisfaction => 0.0,
        };
        Self {
            exploration: policy.exploration,
            heads: BayesianHeads::new(log_odds, n_features, policy.forgetting),
            costs: LogCosts::new(models.iter().map(|model| model.cost.clone()), n_features),
            latencies: times.then(unknown),
            objective: agreement.objective,
            levels: agreement
                .levels
                .iter()
                .map(|level| LevelDual::new(initial_dual(level.alpha)))
                .collect(),
            limits,
            in_flight: InFlight::new(models.len()),
            accounted: 0.0,
            x: vec![0.0; n_features],
            optimistic_scores: Vec::with_capacity(models.len()),
        }
    }

    pub(crate) fn decide(&mut self, context: &Context<'_>, decision: &mut Decision) -> Selection {
        let &Context { level, alpha, uniform, input_tokens, .. } = context;
        let weights = self.unit_weights(context);
        shorten(context.features, &mut self.x);
        let x = self.x.as_slice();
        let (difficulty, length) = (self.heads.difficulty(x), self.costs.length(x));
        let duration = self.latencies.as_ref().map_or(0.0, |latencies| latencies.length(x));
        let rated_share = self.levels[level].multiplier.compensator.rated_share();
        let probability = exploration::probability(self.exploration, self.accounted + 1.0);
        // Exploring is worth nothing without a rating: as many ratings explore as if all were rated.
        let explores = uniform * rated_share < probability;
        self.optimistic_scores.clear();
        let mut best = 0.0_f64;
        let mut least = [f64::INFINITY; 2];
        for model in 0..self.heads.n_models() {
            let in_flight = rated_share * self.in_flight.count(model);
            let log_odds = self.heads.log_odds(model, x, difficulty).after(in_flight);
            let predicted = || self.costs.expected(model, x, length, input_tokens);
            let cost = context.cost(model).unwrap_or_else(predicted);
            let mut latency = 0.0;
            if let Some(latencies) = &self.latencies {
                latency = latencies.expected(model, x, duration, None);
                decision.expected_latency.push(latency);
            }
            let p_satisfied = log_odds.optimistic(0.0);
            if context.allowed.contains(model) {
                best = best.max(p_satisfied);
                least = [least[0].min(cost), least[1].min(latency)];
            }
            decision.p_satisfied.push(p_satisfied);
            decision.log_odds_sd.push(log_odds.sd);
            decision.expected_cost.push(cost);
            let spent = weights.cost * cost * context.switching_factor(model);
            let spent = spent + weights.latency * latency;
            decision.score.push(spent - weights.satisfaction * log_odds.optimistic(OPTIMISM));
            if explores {
                let p_satisfied = log_odds.optimistic(EXPLORING_OPTIMISM);
                self.optimistic_scores.push(spent - weights.satisfaction * p_satisfied);
            }
        }
        decision.weights =
            Weights { satisfaction: weights.satisfaction, cost: weights.cost, optimism: OPTIMISM };
        rank(&decision.score, &mut decision.ranking);
        let exploit = decision.ranking[0];
        let model =
            if explores { lowest(&self.optimistic_scores, &decision.ranking) } else { exploit };
        put_first(&mut decision.ranking, model);
        let pending = self.heads.log_odds(model, x, difficulty).optimistic(PENDING_OPTIMISM);
        self.levels[level].see(best);
        let compensator = &mut self.levels[level].multiplier.compensator;
        self.in_flight.expect(model, compensator.keep());
        let mut expectations =
            Expectations { level: compensator.expect(alpha - pending), ..Expectations::default() };
        for (limit, expectation) in self.limits.iter_mut().zip(&mut expectations.limits) {
            let (used, least) = match limit.resource {
                Resource::Cost => (decision.expected_cost[model], least[0]),
                Resource::Latency => (decision.expected_latency[model], least[1]),
            };
            *expectation = limit.expect(used, least);
        }
        Selection { explored: model != exploit, expectations }
    }

    /// What one unit of everything counts in the scores of the next request.
    fn unit_weights(&mut self, context: &Context<'_>) -> UnitWeights {
        let dual = self.levels[context.level].multiplier.advance(context.backlog);
        let unit = self.costs.most_expensive().max(f64::MIN_POSITIVE);
        let mut weights = match self.objective {
            Objective::Cost => UnitWeights { satisfaction: dual, cost: 1.0 / unit, latency: 0.0 },
            Objective::Satisfaction => {
                UnitWeights { satisfaction: 1.0 + dual, cost: 0.0, latency: 0.0 }
            }
        };
        for (limit, &backlog) in self.limits.iter_mut().zip(&context.limit_backlogs) {
            match limit.resource {
                Resource::Cost => weights.cost += limit.advance(backlog),
                Resource::Latency => weights.latency += limit.advance(backlog),
            }
        }
        weights
    }

    pub(crate) fn learn_rating(&mut self, model: usize, features: &[f32], satisfaction: f64) {
        shorten(features, &mut self.x);
        self.heads.learn_one(model, &self.x, satisfaction);
    }

    pub(crate) fn learn_cost(
        &mut self,
        model: usize,
        features: &[f32],
        input_tokens: Option<NonZeroU32>,
        cost: f64,
    ) {
        shorten(features, &mut self.x);
        self.costs.learn_one(model, &self.x, input_tokens, cost);
    }

    pub(crate) fn learn_latency(&mut self, model: usize, features: &[f32], latency: f64) {
        if let Some(latencies) = &mut self.latencies {
            shorten(features, &mut self.x);
            latencies.learn_one(model, &self.x, None, latency);
        }
    }

    /// Before the first rating of its own, a service level learns its dual from a request of logged data:
    /// by what the model that this dual would have chosen should fall short of the target `alpha`.
    pub(crate) fn warm_start_dual(
        &mut self,
        level: usize,
        alpha: f64,
        among: ModelSet,
        features: &[f32],
        input_tokens: Option<NonZeroU32>,
    ) {
        if self.accounted > 0.0 || self.objective == Objective::Satisfaction {
            return;
        }
        shorten(features, &mut self.x);
        let x = self.x.as_slice();
        let (difficulty, length) = (self.heads.difficulty(x), self.costs.length(x));
        let unit = self.costs.most_expensive().max(f64::MIN_POSITIVE);
        let multiplier = &mut self.levels[level].multiplier;
        let dual = multiplier.steady_dual();
        let outlooks = among.iter().map(|model| {
            let p = self.heads.log_odds(model, x, difficulty).optimistic(0.0);
            (self.costs.expected(model, x, length, input_tokens) / unit - dual * p, p)
        });
        let lines = (0..self.heads.n_models()).map(|model| self.heads.labels(model)).sum::<u64>();
        if let Some((_, p)) = outlooks.min_by(|a, b| a.0.total_cmp(&b.0)) {
            multiplier.warm_start_dual(alpha - p, lines as f64);
        }
    }

    pub(crate) fn settle(
        &mut self,
        level: usize,
        model: usize,
        expectations: &Expectations,
        shortfall: f64,
        age: Option<u64>,
    ) {
        self.accounted += 1.0;
        let compensator = &mut self.levels[level].multiplier.compensator;
        let open = compensator.settle(expectations.level, shortfall, age);
        self.in_flight.settle(model, open);
    }

    pub(crate) fn debit(&mut self, limit: usize, used: f64, first: Option<(Expectation, u64)>) {
        let limit = &mut self.limits[limit];
        limit.observe(used);
        if let Some((expectation, age)) = first {
            limit.settle(expectation, used, age);
        }
    }

    pub(crate) fn add(&mut self, model: &ModelSpec, n_features: usize) {
        // The zoo's most expensive mean stands for the most expensive listed cost.
        let most_expensive = self.costs.most_expensive().max(model.cost.usual());
        self.heads.add(prior::log_odds(model, most_expensive), n_features);
        self.in_flight.add();
        self.costs.add(model.cost.clone(), n_features);
        if let Some(latencies) = &mut self.latencies {
            latencies.add(0.0.into(), n_features);
        }
        self.optimistic_scores.reserve(self.heads.n_models());
    }

    pub(crate) fn reprice(&mut self, model: usize, cost: ListedCost) {
        self.costs.reprice(model, cost);
    }

    /// Times that a model's ratings or costs were found to have drifted.
    pub(crate) fn drifts(&self, model: usize) -> u64 {
        self.heads.drifts(model) + self.costs.drifts(model)
    }

    pub(crate) fn labels(&self, model: usize) -> u64 {
        self.heads.labels(model)
    }

    /// False once no dual is high enough: the multiplier has been near its cap for long, and the best
    /// model of each request is expected to stay below the target, or another constraint pulls.
    pub(crate) fn level_feasible(&self, level: usize, alpha: f64) -> bool {
        let level = &self.levels[level];
        !level.multiplier.is_saturated() || !(level.is_beyond(alpha) || self.pulling() > 1)
    }

    /// The same for a limit: even the thriftiest models use more, or another constraint pulls.
    pub(crate) fn limit_feasible(&self, limit: usize) -> bool {
        let limit = &self.limits[limit];
        !limit.multiplier.is_saturated() || !(limit.is_beyond() || self.pulling() > 1)
    }

    fn pulling(&self) -> usize {
        let levels = self.levels.iter().filter(|level| level.multiplier.pulls());
        levels.count() + self.limits.iter().filter(|limit| limit.multiplier.pulls()).count()
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.heads.encode(out);
        self.costs.encode(out);
        self.latencies.iter().for_each(|latencies| latencies.encode(out));
        self.levels.iter().for_each(|level| level.encode(out));
        self.limits.iter().for_each(|limit| limit.encode(out));
        self.in_flight.encode(out);
        out.f64(self.accounted);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.heads.decode(input)?;
        self.costs.decode(input)?;
        self.latencies.iter_mut().try_for_each(|latencies| latencies.decode(input))?;
        self.levels.iter_mut().try_for_each(|level| level.decode(input))?;
        self.limits.iter_mut().try_for_each(|limit| limit.decode(input))?;
        self.in_flight.decode(input)?;
        self.accounted = input.f64()?;
        if self.accounted < 0.0 {
            return Err(Error::state("counts must be >= 0", self.accounted));
        }
        Ok(())
    }
}

/// What one unit of each counts in the score.
struct UnitWeights {
    satisfaction: f64,
    cost: f64,
    latency: f64,
}

/// Copy features, zeros where there are none, shortened to at most [`MAX_NORM`].
fn shorten(features: &[f32], x: &mut [f32]) {
    if features.is_empty() {
        x.fill(0.0);
        return;
    }
    let norm = dot(features, features).sqrt();
    let scale = if norm > MAX_NORM { MAX_NORM / norm } else { 1.0 };
    for (x, &feature) in x.iter_mut().zip(features) {
        *x = (f64::from(feature) * scale) as f32;
    }
}

/// The first model of `among` with the lowest score.
fn lowest(scores: &[f64], among: &[usize]) -> usize {
    let mut best = among[0];
    for &model in among {
        if scores[model] < scores[best] {
            best = model;
        }
    }
    best
}
