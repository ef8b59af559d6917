//! The published policy: drift plus penalty with a fixed V and all-model exploration.

use messplus_base::wire::{Reader, Writer};
use serde::{Deserialize, Serialize};

use super::objective::{drift_plus_penalty, put_first, rank};
use super::{Call, Context, Policy, Preset, Problem, Selection, exploration};
use crate::check;
use crate::control::price_cap::cap_price;
use crate::error::Result;
use crate::learn::logistic_heads::{LogisticHeads, SgdConfig};
use crate::learn::running_means::RunningMeans;
use crate::types::price::ListedCost;
use crate::types::request::{Decision, Weights};
use crate::types::zoo::ModelSpec;

/// Settings of the published policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaperConfig {
    /// Penalty weight V of the cost, `>= 0`, unit 1/cost.
    pub v: f64,
    /// Exploration strength c of `min(1, c / t^(1/4))`, `>= 0`.
    pub exploration: f64,
    /// The satisfaction predictor.
    pub sgd: SgdConfig,
}

impl Default for PaperConfig {
    /// As published: V = 0.0001 with costs in joules, c = 0.1.
    fn default() -> Self {
        Self { v: 1e-4, exploration: 0.1, sgd: SgdConfig::default() }
    }
}

impl Preset for PaperConfig {
    fn check(&self) -> Result<()> {
        check::number("policy.v", self.v, "must be finite and >= 0", |v| v >= 0.0)?;
        exploration::check(self.exploration)?;
        self.sgd.check()
    }

    fn build(&self, problem: &Problem<'_>) -> Box<dyn Policy> {
        Box::new(PaperPolicy::new(self, problem))
    }
}

/// MESS+ (arXiv 2505.19947, algorithm 1).
///
/// With probability `min(1, c / t^(1/4))` every allowed model is queried and the most expensive
/// serves; otherwise the model of the smallest drift plus penalty serves. Learns ratings of explored
/// requests, and mean costs.
#[derive(Clone, Debug)]
struct PaperPolicy {
    v: f64,
    exploration: f64,
    listed: Vec<f64>,
    /// Models from the most expensive listed cost to the cheapest.
    largest: Vec<usize>,
    predictor: LogisticHeads,
    costs: RunningMeans,
}

impl PaperPolicy {
    fn new(config: &PaperConfig, problem: &Problem<'_>) -> Self {
        let &Problem { models, n_features, .. } = problem;
        let listed: Vec<f64> = models.iter().map(|model| model.cost.usual()).collect();
        Self {
            v: config.v,
            exploration: config.exploration,
            largest: most_expensive_first(&listed),
            predictor: LogisticHeads::new(config.sgd.clone(), models.len(), n_features),
            costs: RunningMeans::new(listed.iter().copied()),
            listed,
        }
    }
}

impl Policy for PaperPolicy {
    fn decide(&mut self, context: &Context<'_>, decision: &mut Decision) -> Selection {
        let &Context { step, allowed, mut backlog, alpha, uniform, .. } = context;
        let price_capped = cap_price(&mut backlog, self.v, context.max_price);
        for model in 0..self.largest.len() {
            let p_satisfied = self.predictor.predict_proba_one(model, context.features);
            let cost = context.cost(model).unwrap_or_else(|| self.costs.expected(model));
            decision.p_satisfied.push(p_satisfied);
            decision.expected_cost.push(cost);
            let cost = cost * context.switching_factor(model);
            decision.score.push(drift_plus_penalty(self.v, cost, backlog, alpha, p_satisfied));
        }
        decision.weights = Weights { satisfaction: backlog, cost: self.v, optimism: 0.0 };
        rank(&decision.score, &mut decision.ranking);
        let explored = uniform < exploration::probability(self.exploration, step as f64);
        let most_expensive = self.largest.iter().copied().find(|&model| allowed.contains(model));
        match most_expensive {
            Some(most_expensive) if explored && allowed.len() > 1 => {
                put_first(&mut decision.ranking, most_expensive);
                decision.also_query = allowed.without(most_expensive);
                Selection { explored: true, price_capped, ..Selection::default() }
            }
            _ => Selection { price_capped, ..Selection::default() },
        }
    }

    fn expect_costs(&mut self, context: &Context<'_>, costs: &mut Vec<f64>) {
        let expected = |model| context.cost(model).unwrap_or_else(|| self.costs.expected(model));
        costs.extend((0..self.listed.len()).map(expected));
    }

    fn learn_rating(&mut self, call: &Call<'_>, satisfaction: f64) {
        if call.explored {
            self.predictor.learn_one(call.model, call.features, satisfaction);
        }
    }

    fn learn_cost(&mut self, call: &Call<'_>, cost: f64) {
        self.costs.learn_one(call.model, cost);
    }

    fn add(&mut self, model: &ModelSpec, n_features: usize) {
        self.predictor.add(n_features);
        self.costs.add(model.cost.usual());
        self.listed.push(model.cost.usual());
        self.largest = most_expensive_first(&self.listed);
    }

    fn reprice(&mut self, model: usize, cost: &ListedCost) {
        let cost = cost.usual();
        self.costs.reprice(model, self.listed[model], cost);
        self.listed[model] = cost;
        self.largest = most_expensive_first(&self.listed);
    }

    fn labels(&self, model: usize) -> u64 {
        self.predictor.labels(model)
    }

    fn is_untrained(&self) -> bool {
        (0..self.listed.len()).all(|model| self.predictor.labels(model) == 0)
            && self.costs.is_untrained()
    }

    fn encode(&self, out: &mut Writer) {
        self.predictor.encode(out);
        self.costs.encode(out);
    }

    fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.predictor.decode(input)?;
        self.costs.decode(input)
    }
}

fn most_expensive_first(listed: &[f64]) -> Vec<usize> {
    let mut models: Vec<usize> = (0..listed.len()).collect();
    models.sort_by(|&a, &b| listed[b].total_cmp(&listed[a]));
    models
}
