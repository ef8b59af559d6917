//! Epsilon-greedy choice over ridge regressions: a baseline that explores at a fixed rate.

use messplus_base::wire::{Reader, Writer};
use serde::{Deserialize, Serialize};

use super::objective::{put_first, rank};
use super::{Call, Context, Policy, Preset, Problem, Selection, prior};
use crate::check;
use crate::control::delay_compensator::Expectation;
use crate::control::duals::{Duals, Usage};
use crate::error::Result;
use crate::learn::features::shorten;
use crate::learn::gaussian::{FULL, Gaussian};
use crate::learn::running_means::RunningMeans;
use crate::types::price::ListedCost;
use crate::types::request::{Decision, Weights};
use crate::types::zoo::ModelSpec;

/// Prior variances of a weight and of a model's mean satisfaction, and the variance of a rating.
const WEIGHT_VARIANCE: f32 = 0.1;
const MEAN_VARIANCE: f32 = 0.1;
const RATING_VARIANCE: f64 = 0.25;

/// Settings of the epsilon-greedy baseline.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EpsilonGreedyConfig {
    /// Share of requests served by a model drawn uniformly, in `[0, 1]`.
    pub epsilon: f64,
    /// How far the queue may run ahead of the target, in rated requests, in `[0, 1e6]`.
    pub credit: f64,
}

impl Default for EpsilonGreedyConfig {
    fn default() -> Self {
        Self { epsilon: 0.05, credit: 50.0 }
    }
}

impl Preset for EpsilonGreedyConfig {
    fn check(&self) -> Result<()> {
        let rule = "must be in [0, 1]";
        check::number("policy.epsilon", self.epsilon, rule, |e| (0.0..=1.0).contains(&e))?;
        check::credit(self.credit)
    }

    fn build(&self, problem: &Problem<'_>) -> Box<dyn Policy> {
        Box::new(EpsilonGreedyPolicy::new(self, problem))
    }

    fn credit(&self) -> f64 {
        self.credit
    }
}

/// With probability epsilon a model drawn uniformly serves, otherwise
/// `argmin_m E_m - lambda clip(w_m . x + b_m, 0, 1)`.
///
/// `E_m` is the mean cost in units of the geometric mean of all, lambda the dual variable of the
/// service level ([`Duals`]); each rating moves `w_m` and `b_m` by one step of Bayesian ridge regression
/// ([`Gaussian`]; Bishop, *Pattern Recognition and Machine Learning*, 2006, sec. 3.3). Exploration:
/// Sutton and Barto, *Reinforcement Learning*, 2018, sec. 2.2.
#[derive(Clone, Debug)]
struct EpsilonGreedyPolicy {
    epsilon: f64,
    heads: Vec<Gaussian>,
    labels: Vec<u64>,
    listed: Vec<f64>,
    costs: RunningMeans,
    duals: Duals,
    /// Features, shortened.
    x: Vec<f32>,
    scratch: Vec<f32>,
}

impl EpsilonGreedyPolicy {
    fn new(config: &EpsilonGreedyConfig, problem: &Problem<'_>) -> Self {
        let &Problem { models, agreement, n_features } = problem;
        let mut policy = Self {
            epsilon: config.epsilon,
            heads: Vec::new(),
            labels: Vec::new(),
            listed: Vec::new(),
            costs: RunningMeans::new([]),
            duals: Duals::new(agreement, |alpha| prior::initial_dual(models, alpha)),
            x: vec![0.0; n_features],
            scratch: vec![0.0; FULL],
        };
        models.iter().for_each(|model| policy.add(model, n_features));
        policy
    }
}

impl Policy for EpsilonGreedyPolicy {
    fn decide(&mut self, context: &Context<'_>, decision: &mut Decision) -> Selection {
        let &Context { level, alpha, allowed, uniform, .. } = context;
        let unit = self.costs.unit().max(f64::MIN_POSITIVE);
        let mut weights = self.duals.advance(
            level,
            context.backlog,
            context.sampled,
            &context.limit_backlogs,
            unit,
        );
        let price_capped = weights.cap_price(context.max_price);
        shorten(context.features, &mut self.x);
        for (model, head) in self.heads.iter().enumerate() {
            let p_satisfied = head.mean(&self.x).clamp(0.0, 1.0);
            let cost = context.cost(model).unwrap_or_else(|| self.costs.expected(model));
            decision.p_satisfied.push(p_satisfied);
            decision.expected_cost.push(cost);
            let spent = weights.cost * cost * context.switching_factor(model);
            decision.score.push(spent - weights.satisfaction * p_satisfied);
        }
        decision.weights =
            Weights { satisfaction: weights.satisfaction, cost: weights.cost, optimism: 0.0 };
        rank(&decision.score, &mut decision.ranking);
        let greedy = decision.ranking[0];
        if uniform < self.epsilon {
            #[expect(clippy::cast_sign_loss, reason = "uniform numbers are not negative")]
            let place = (uniform / self.epsilon * allowed.len() as f64) as usize;
            let drawn = decision.ranking[place.min(allowed.len() - 1)];
            put_first(&mut decision.ranking, drawn);
        }
        let model = decision.ranking[0];
        let best = allowed.iter().map(|model| decision.p_satisfied[model]).fold(0.0, f64::max);
        let used = Usage { cost: decision.expected_cost[model], latency: 0.0 };
        let shortfall = alpha - decision.p_satisfied[model];
        let expectations = self.duals.expect(level, best, shortfall, used, used);
        Selection { explored: model != greedy, price_capped, expectations }
    }

    fn expect_costs(&mut self, context: &Context<'_>, costs: &mut Vec<f64>) {
        let expected = |model| context.cost(model).unwrap_or_else(|| self.costs.expected(model));
        costs.extend((0..self.listed.len()).map(expected));
    }

    fn learn_rating(&mut self, call: &Call<'_>, satisfaction: f64) {
        shorten(call.features, &mut self.x);
        let head = &mut self.heads[call.model];
        let residual = satisfaction - head.mean(&self.x);
        let innovation_variance = RATING_VARIANCE + head.variance(&self.x);
        head.learn_one(&self.x, residual, innovation_variance, &mut self.scratch);
        self.labels[call.model] += 1;
    }

    fn learn_cost(&mut self, call: &Call<'_>, cost: f64) {
        self.costs.learn_one(call.model, cost);
    }

    fn settle(
        &mut self,
        level: usize,
        _model: usize,
        expectation: Expectation,
        shortfall: f64,
        age: Option<u64>,
    ) {
        self.duals.settle(level, expectation, shortfall, age);
    }

    fn add(&mut self, model: &ModelSpec, n_features: usize) {
        let mean = model.quality.unwrap_or(0.5);
        self.heads.push(Gaussian::new(n_features, WEIGHT_VARIANCE, mean, MEAN_VARIANCE));
        self.labels.push(0);
        self.listed.push(model.cost.usual());
        self.costs.add(model.cost.usual());
    }

    fn reprice(&mut self, model: usize, cost: &ListedCost) {
        self.costs.reprice(model, self.listed[model], cost.usual());
        self.listed[model] = cost.usual();
    }

    fn labels(&self, model: usize) -> u64 {
        self.labels[model]
    }

    fn is_untrained(&self) -> bool {
        self.labels.iter().all(|&labels| labels == 0) && self.costs.is_untrained()
    }

    fn level_feasible(&self, level: usize, alpha: f64) -> bool {
        self.duals.level_feasible(level, alpha)
    }

    fn encode(&self, out: &mut Writer) {
        self.heads.iter().for_each(|head| head.encode(out));
        out.u64s(&self.labels);
        self.costs.encode(out);
        self.duals.encode(out);
    }

    fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.heads.iter_mut().try_for_each(|head| head.decode(input))?;
        input.u64s(&mut self.labels)?;
        self.costs.decode(input)?;
        self.duals.decode(input)?;
        if input.found_format() < 7 {
            self.duals.rescale(self.costs.most_expensive(), self.costs.unit());
        }
        Ok(())
    }
}
