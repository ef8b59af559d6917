//! The default method: second-order learning from every rating, and a price that finds its own scale.

use std::num::NonZeroU32;

use crate::bayes::BayesianHeads;
use crate::config::{Config, DefaultPolicy};
use crate::error::{Error, Result};
use crate::exploration;
use crate::log_cost::LogCosts;
use crate::logistic::dot;
use crate::method::{Choice, Situation};
use crate::multiplier::{Expectation, Multiplier};
use crate::objective::{put_first, rank};
use crate::request::Decision;
use crate::state::{Reader, Writer};

/// Standard deviations of optimism about a model: on every request, on exploring ones, and about
/// ratings under way.
const BOLDNESS: f64 = 1.5;
const EXPLORING_BOLDNESS: f64 = 3.0;
const PENDING_BOLDNESS: f64 = 1.0;
/// Longer feature vectors are shortened to this length: beliefs are made for about unit length.
const MAX_NORM: f64 = 4.0;
/// The ceiling averages over about this many requests.
const CEILING_WINDOW: f64 = 500.0;
/// Saturation of the multiplier beyond which the target may be out of reach.
const SATURATED: f64 = 0.8;

/// Chooses `argmin_m E_m(x) - lambda p_m(x)`.
///
/// `E_m` is the expected cost in units of the dearest model's mean ([`LogCosts`]), `p_m` the probability
/// of satisfaction seen with 1.5 standard deviations of optimism ([`BayesianHeads`]), lambda the price
/// of satisfaction ([`Multiplier`]). With probability `min(1, c / n^(1/4))` after n ratings the request
/// explores: optimism doubles, so that a model is tried again exactly where it might change the
/// choice at the current price, and no money goes into models that could not.
#[derive(Clone, Debug)]
pub struct Adaptive {
    exploration: f64,
    heads: BayesianHeads,
    costs: LogCosts,
    multiplier: Multiplier,
    /// Running mean of the probability of satisfaction of the best model per request.
    ceiling: f64,
    decided: f64,
    /// Features, shortened.
    x: Vec<f32>,
    /// Scores of an exploring request.
    bold_scores: Vec<f64>,
}

impl Adaptive {
    /// The method before its first request.
    pub fn new(policy: &DefaultPolicy, config: &Config) -> Self {
        let (models, n_features) = (&config.models, config.n_features);
        let qualities = models.iter().map(|model| model.quality);
        Self {
            exploration: policy.exploration,
            heads: BayesianHeads::new(qualities, n_features, policy.forgetting),
            costs: LogCosts::new(models.iter().map(|model| model.cost.clone()), n_features),
            multiplier: Multiplier::default(),
            ceiling: 1.0,
            decided: 0.0,
            x: vec![0.0; n_features],
            bold_scores: Vec::with_capacity(models.len()),
        }
    }

    pub(crate) fn decide(&mut self, situation: &Situation<'_>, decision: &mut Decision) -> Choice {
        let &Situation { alpha, backlog, draw, input_tokens, .. } = situation;
        shorten(situation.features, &mut self.x);
        let x = self.x.as_slice();
        let (difficulty, length) = (self.heads.difficulty(x), self.costs.length(x));
        let price = self.multiplier.advance(backlog);
        let unit = self.costs.dearest().max(f64::MIN_POSITIVE);
        let explores = draw < exploration::probability(self.exploration, self.multiplier.n());
        self.bold_scores.clear();
        let mut best = 0.0_f64;
        for model in 0..self.heads.n_models() {
            let log_odds = self.heads.log_odds(model, x, difficulty);
            let predicted = || self.costs.expected(model, x, length, input_tokens);
            let cost = situation.cost(model).unwrap_or_else(predicted);
            let p_satisfied = log_odds.optimistic(0.0);
            if situation.allowed.contains(model) {
                best = best.max(p_satisfied);
            }
            decision.p_satisfied.push(p_satisfied);
            decision.expected_cost.push(cost);
            decision.score.push(cost / unit - price * log_odds.optimistic(BOLDNESS));
            if explores {
                let p_satisfied = log_odds.optimistic(EXPLORING_BOLDNESS);
                self.bold_scores.push(cost / unit - price * p_satisfied);
            }
        }
        rank(&decision.score, &mut decision.ranking);
        let exploit = decision.ranking[0];
        let model = if explores { lowest(&self.bold_scores, &decision.ranking) } else { exploit };
        put_first(&mut decision.ranking, model);
        self.decided += 1.0;
        self.ceiling += (best - self.ceiling) / self.decided.min(CEILING_WINDOW);
        let pending = self.heads.log_odds(model, x, difficulty).optimistic(PENDING_BOLDNESS);
        Choice { explored: model != exploit, expectation: self.multiplier.expect(alpha - pending) }
    }

    pub(crate) fn learn_rating(&mut self, model: usize, features: &[f32], satisfaction: f64) {
        shorten(features, &mut self.x);
        self.heads.learn_one(model, &self.x, satisfaction);
    }

    pub(crate) fn learn_bill(
        &mut self,
        model: usize,
        features: &[f32],
        input_tokens: Option<NonZeroU32>,
        cost: f64,
    ) {
        shorten(features, &mut self.x);
        self.costs.learn_one(model, &self.x, input_tokens, cost);
    }

    pub(crate) fn settle(&mut self, expectation: Expectation, age: u64) {
        self.multiplier.settle(expectation, age);
    }

    pub(crate) fn labels(&self, model: usize) -> u64 {
        self.heads.labels(model)
    }

    /// False once no price buys enough: the multiplier has been near its cap for long, and the best
    /// model of each request is expected to stay below the target.
    pub(crate) fn feasible(&self, alpha: f64) -> bool {
        self.multiplier.saturation() < SATURATED || self.ceiling >= alpha
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.heads.encode(out);
        self.costs.encode(out);
        self.multiplier.encode(out);
        out.f64s(&[self.ceiling, self.decided]);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.heads.decode(input)?;
        self.costs.decode(input)?;
        self.multiplier = Multiplier::decode(input)?;
        self.ceiling = input.f64()?;
        self.decided = input.f64()?;
        if self.decided < 0.0 {
            return Err(Error::state("counts must be >= 0", self.decided));
        }
        Ok(())
    }
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
