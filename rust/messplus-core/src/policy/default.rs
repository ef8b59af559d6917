//! The default policy: second-order learning from every rating, and duals that find their own scale.

use messplus_base::wire::{Reader, Writer};
use serde::{Deserialize, Serialize};

use super::objective::{lowest, put_first, rank};
use super::{Call, Context, Policy, Preset, Problem, Selection, exploration, prior};
use crate::check;
use crate::control::delay_compensator::{Expectation, Expectations};
use crate::control::duals::{Duals, Usage};
use crate::control::in_flight::InFlight;
use crate::error::{Error, Result};
use crate::learn::bayesian_heads::{BayesianHeads, LogOdds};
use crate::learn::features::shorten;
use crate::learn::log_costs::LogCosts;
use crate::learn::sources::{Link, Sources};
use crate::types::agreement::Resource;
use crate::types::model_set::ModelSet;
use crate::types::price::ListedCost;
use crate::types::request::{Decision, Weights};
use crate::types::zoo::ModelSpec;

/// Standard deviations of optimism about a model: on every request where little is owed, on exploring
/// ones, and about ratings in flight.
const OPTIMISM: f64 = 1.25;
const EXPLORING_OPTIMISM: f64 = 3.0;
const PENDING_OPTIMISM: f64 = 1.0;

/// Settings of the default policy; the same values serve every zoo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DefaultConfig {
    /// Exploration strength c of `min(1, c / n^(1/4))` after n ratings, `>= 0`.
    pub exploration: f64,
    /// How far the queue may run ahead of the target, in rated requests, in `[0, 1e6]`.
    pub credit: f64,
    /// Factor by which each rating devalues earlier ones, in `(0.9, 1]`; one forgets nothing.
    pub forgetting: f64,
}

impl Default for DefaultConfig {
    fn default() -> Self {
        Self { exploration: 0.1, credit: 50.0, forgetting: 1.0 }
    }
}

impl Preset for DefaultConfig {
    fn check(&self) -> Result<()> {
        let &Self { exploration, credit, forgetting } = self;
        exploration::check(exploration)?;
        check::credit(credit)?;
        let rule = "must be in (0.9, 1]";
        check::number("policy.forgetting", forgetting, rule, |f| f > 0.9 && f <= 1.0)
    }

    fn build(&self, problem: &Problem<'_>) -> Box<dyn Policy> {
        Box::new(DefaultPolicy::new(self, problem))
    }

    fn credit(&self) -> f64 {
        self.credit
    }

    fn takes_limits(&self) -> bool {
        true
    }
}

/// Chooses `argmin_m E_m(x) - lambda p_m(x) + sum_r mu_r u_rm(x)`.
///
/// `E_m` is the expected cost ([`LogCosts`]) in units of the geometric mean of the models' mean costs,
/// `p_m` the probability of satisfaction seen with 1.25 standard deviations of optimism
/// ([`BayesianHeads`]), or more where a large debt puts beliefs in doubt, lambda and `mu_r` are the dual
/// variables of the request's service level and of each limited resource ([`Duals`]), of which `u_rm`
/// are used.
///
/// With probability `min(1, c / n^(1/4))` after n ratings the request explores: optimism is 3, so
/// that a model is tried again exactly where it might change the choice at the current duals, and no
/// money goes into models that could not.
#[derive(Clone, Debug)]
struct DefaultPolicy {
    exploration: f64,
    heads: BayesianHeads,
    sources: Sources,
    costs: LogCosts,
    /// Where a limit asks for them.
    latencies: Option<LogCosts>,
    duals: Duals,
    in_flight: InFlight,
    /// Requests the queues have accounted for.
    accounted: f64,
    /// Features, shortened.
    x: Vec<f32>,
    /// Scores of an exploring request.
    optimistic_scores: Vec<f64>,
}

impl DefaultPolicy {
    fn new(config: &DefaultConfig, problem: &Problem<'_>) -> Self {
        let &Problem { models, agreement, n_features } = problem;
        let duals = Duals::new(agreement, |alpha| prior::initial_dual(models, alpha));
        let unknown = || LogCosts::new(models.iter().map(|_| 0.0.into()), n_features);
        let costs = LogCosts::new(models.iter().map(|model| model.cost.clone()), n_features);
        let priors = models.iter().map(|model| prior::belief(model, costs.unit()));
        Self {
            exploration: config.exploration,
            heads: BayesianHeads::new(priors, n_features, config.forgetting),
            sources: Sources::new(),
            costs,
            latencies: duals.limits(Resource::Latency).then(unknown),
            duals,
            in_flight: InFlight::new(models.len()),
            accounted: 0.0,
            x: vec![0.0; n_features],
            optimistic_scores: Vec::with_capacity(models.len()),
        }
    }

    fn learn_linked(&mut self, call: &Call<'_>, source: usize, rating: f64, link: Link) {
        shorten(call.features, &mut self.x);
        let (residual, information) = self.heads.learn_linked(call.model, &self.x, rating, link);
        self.sources.learn_lean(source, call.model, residual, information);
    }

    /// What a request with the features `x` should cost, as far as its caller does not know.
    fn expected_cost(&self, context: &Context<'_>, model: usize, length: f64) -> f64 {
        context.cost(model).unwrap_or_else(|| {
            let cached = context.cached_tokens(model);
            self.costs.expected(model, &self.x, length, context.input_tokens, cached)
        })
    }

    /// What costs are counted in.
    fn unit(&self) -> f64 {
        self.costs.unit().max(f64::MIN_POSITIVE)
    }
}

impl Policy for DefaultPolicy {
    fn decide(&mut self, context: &Context<'_>, decision: &mut Decision) -> Selection {
        let &Context { level, alpha, uniform, .. } = context;
        let unit = self.unit();
        let mut weights = self.duals.advance(
            level,
            context.backlog,
            context.sampled,
            &context.limit_backlogs,
            unit,
        );
        let price_capped = weights.cap_price(context.max_price);
        let optimism = OPTIMISM + self.duals.doubt(level);
        shorten(context.features, &mut self.x);
        let x = self.x.as_slice();
        let (difficulty, length) = (self.heads.difficulty(x), self.costs.length(x));
        let duration = self.latencies.as_ref().map_or(0.0, |latencies| latencies.length(x));
        let rated_share = self.duals.compensator(level).rated_share();
        let probability = exploration::probability(self.exploration, self.accounted + 1.0);
        // Exploring is worth nothing without a rating: as many ratings explore as if all were rated. But
        // ratings of a random sample say how requests are served in the mean, and to explore on the
        // many others only costs.
        let share = if context.sampled { 1.0 } else { rated_share };
        let explores = uniform * share < probability;
        self.optimistic_scores.clear();
        let mut best = 0.0_f64;
        let mut least = Usage { cost: f64::INFINITY, latency: f64::INFINITY };
        for model in 0..self.heads.n_models() {
            let in_flight = rated_share * self.in_flight.count(model);
            let log_odds = self.heads.log_odds(model, x, difficulty).after(in_flight);
            let cost = self.expected_cost(context, model, length);
            let mut latency = 0.0;
            if let Some(latencies) = &self.latencies {
                latency = latencies.expected(model, x, duration, None, 0);
                decision.expected_latency.push(latency);
            }
            let p_satisfied = log_odds.optimistic(0.0);
            if context.allowed.contains(model) {
                best = best.max(p_satisfied);
                least.cost = least.cost.min(cost);
                least.latency = least.latency.min(latency);
            }
            decision.p_satisfied.push(p_satisfied);
            decision.log_odds_sd.push(log_odds.sd);
            decision.expected_cost.push(cost);
            let spent = weights.cost * cost * context.switching_factor(model);
            let spent = spent + weights.latency * latency;
            decision.score.push(spent - weights.satisfaction * log_odds.optimistic(optimism));
            if explores {
                let p_satisfied = log_odds.optimistic(EXPLORING_OPTIMISM);
                self.optimistic_scores.push(spent - weights.satisfaction * p_satisfied);
            }
        }
        decision.weights =
            Weights { satisfaction: weights.satisfaction, cost: weights.cost, optimism };
        rank(&decision.score, &mut decision.ranking);
        let exploit = decision.ranking[0];
        let model = context.served.unwrap_or_else(|| {
            if explores { lowest(&self.optimistic_scores, &decision.ranking) } else { exploit }
        });
        put_first(&mut decision.ranking, model);
        let pending = self.heads.log_odds(model, x, difficulty).optimistic(PENDING_OPTIMISM);
        let latency = decision.expected_latency.get(model).copied().unwrap_or_default();
        let used = Usage { cost: decision.expected_cost[model], latency };
        let compensator = self.duals.compensator(level);
        self.in_flight.expect(model, compensator.fade(), compensator.mass());
        let expectations = self.duals.expect(level, best, alpha - pending, used, least);
        Selection { explored: model != exploit, price_capped, expectations }
    }

    fn expect_costs(&mut self, context: &Context<'_>, costs: &mut Vec<f64>) {
        shorten(context.features, &mut self.x);
        let length = self.costs.length(&self.x);
        let expected = |model| self.expected_cost(context, model, length);
        costs.extend((0..self.heads.n_models()).map(expected));
    }

    fn learn_rating(&mut self, call: &Call<'_>, satisfaction: f64) {
        shorten(call.features, &mut self.x);
        self.heads.learn_one(call.model, &self.x, satisfaction);
    }

    fn revise_rating(&mut self, call: &Call<'_>, before: f64, after: f64) {
        shorten(call.features, &mut self.x);
        self.heads.revise(call.model, &self.x, before, after);
    }

    fn add_source(&mut self) {
        self.sources.add_source(self.heads.n_models());
    }

    fn learn_volunteered(&mut self, call: &Call<'_>, source: usize, rating: f64) {
        self.learn_linked(call, source, rating, self.sources.volunteered(source, call.model));
    }

    fn learn_judged(&mut self, call: &Call<'_>, source: usize, rating: f64) {
        self.learn_linked(call, source, rating, self.sources.judged(source, call.model));
    }

    fn compare(&mut self, source: usize, model: usize, rating: f64, truth: f64, times: f64) {
        self.sources.compare(source, model, rating, truth, times);
    }

    fn agreement(&self, source: usize) -> Option<(f64, f64, f64)> {
        Some(self.sources.agreement(source))
    }

    fn learn_cost(&mut self, call: &Call<'_>, cost: f64) {
        shorten(call.features, &mut self.x);
        self.costs.learn_one(call.model, &self.x, call.input_tokens, call.cached_tokens, cost);
    }

    fn learn_latency(&mut self, call: &Call<'_>, latency: f64) {
        if let Some(latencies) = &mut self.latencies {
            shorten(call.features, &mut self.x);
            latencies.learn_one(call.model, &self.x, None, 0, latency);
        }
    }

    /// Before the first rating of its own, a level learns by what the model that its dual would have
    /// chosen should fall short of the target.
    fn warm_start_dual(&mut self, level: usize, alpha: f64, among: ModelSet, call: &Call<'_>) {
        if self.accounted > 0.0 {
            return;
        }
        let unit = self.unit();
        shorten(call.features, &mut self.x);
        let x = self.x.as_slice();
        let (difficulty, length) = (self.heads.difficulty(x), self.costs.length(x));
        let shortfall = |dual: f64| {
            let outlooks = among.iter().map(|model| {
                let p = self.heads.log_odds(model, x, difficulty).optimistic(0.0);
                let cost = self.costs.expected(model, x, length, call.input_tokens, 0);
                (cost / unit - dual * p, p)
            });
            let best = outlooks.min_by(|a, b| a.0.total_cmp(&b.0));
            best.map_or(0.0, |(_, p)| alpha - p)
        };
        let lines = (0..self.heads.n_models()).map(|model| self.heads.labels(model)).sum();
        self.duals.warm_start(level, lines, shortfall);
    }

    fn settle(
        &mut self,
        level: usize,
        model: usize,
        expectation: Expectation,
        shortfall: f64,
        age: Option<u64>,
    ) {
        self.accounted += self.duals.compensator(level).weight();
        let open = self.duals.settle(level, expectation, shortfall, age);
        self.in_flight.settle(model, open);
    }

    fn serve_instead(
        &mut self,
        level: usize,
        alpha: f64,
        chosen: usize,
        served: usize,
        decision: &Decision,
        expectations: &mut Expectations,
    ) {
        let p = decision.p_satisfied[served];
        let log_odds = LogOdds { mean: libm::log(p / (1.0 - p)), sd: decision.log_odds_sd[served] };
        let latency = decision.expected_latency.get(served).copied().unwrap_or_default();
        let used = Usage { cost: decision.expected_cost[served], latency };
        let shortfall = alpha - log_odds.optimistic(PENDING_OPTIMISM);
        self.duals.expect_instead(level, shortfall, used, expectations);
        let mass = self.duals.compensator(level).mass();
        self.in_flight.serve_instead(chosen, served, mass);
    }

    fn cancel(&mut self, level: usize, model: usize, expectations: &Expectations) {
        let open = self.duals.cancel(level, expectations);
        self.in_flight.settle(model, open);
    }

    fn shift(&mut self, level: usize, rise: f64) {
        self.duals.shift(level, rise);
    }

    fn set_limit(&mut self, limit: usize, mean: f64) {
        self.duals.set_limit(limit, mean);
    }

    fn debit(&mut self, limit: usize, used: f64, first: Option<(Expectation, u64)>) {
        self.duals.debit(limit, used, first);
    }

    fn extrapolate(&mut self, weight: f64) {
        self.duals.extrapolate(weight);
    }

    fn add(&mut self, model: &ModelSpec, n_features: usize) {
        let before = self.costs.unit();
        self.costs.add(model.cost.clone(), n_features);
        self.heads.add(prior::belief(model, before), n_features);
        // Whoever joins, a unit of satisfaction is worth as much money as before.
        self.duals.rescale(before, self.costs.unit());
        self.sources.add_model();
        self.in_flight.add();
        if let Some(latencies) = &mut self.latencies {
            latencies.add(0.0.into(), n_features);
        }
        self.optimistic_scores.reserve(self.heads.n_models());
    }

    fn reprice(&mut self, model: usize, cost: &ListedCost) {
        self.costs.reprice(model, cost.clone());
    }

    fn labels(&self, model: usize) -> u64 {
        self.heads.labels(model)
    }

    fn is_untrained(&self) -> bool {
        (0..self.heads.n_models()).all(|model| self.heads.labels(model) == 0)
            && self.costs.is_untrained()
            && self.latencies.as_ref().is_none_or(LogCosts::is_untrained)
    }

    /// Of a model's ratings and costs.
    fn drifts(&self, model: usize) -> u64 {
        self.heads.drifts(model) + self.costs.drifts(model)
    }

    fn cost_anomalies(&self, model: usize) -> u64 {
        self.costs.anomalies(model)
    }

    fn level_feasible(&self, level: usize, alpha: f64) -> bool {
        self.duals.level_feasible(level, alpha)
    }

    fn limit_feasible(&self, limit: usize) -> bool {
        self.duals.limit_feasible(limit)
    }

    fn encode(&self, out: &mut Writer) {
        self.heads.encode(out);
        self.sources.encode(out);
        self.costs.encode(out);
        self.latencies.iter().for_each(|latencies| latencies.encode(out));
        self.duals.encode(out);
        self.in_flight.encode(out);
        out.f64(self.accounted);
    }

    fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.heads.decode(input)?;
        if input.found_format() >= 3 {
            self.sources.decode(input, self.heads.n_models())?;
        }
        self.costs.decode(input)?;
        self.latencies.iter_mut().try_for_each(|latencies| latencies.decode(input))?;
        self.duals.decode(input)?;
        if input.found_format() < 7 {
            self.duals.rescale(self.costs.most_expensive(), self.costs.unit());
        }
        self.in_flight.decode(input)?;
        self.accounted = input.f64()?;
        if self.accounted < 0.0 {
            return Err(Error::state("counts must be >= 0", self.accounted));
        }
        Ok(())
    }
}
