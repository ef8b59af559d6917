//! The published policy: drift plus penalty with a fixed V and all-model exploration.

use crate::config::{Config, PaperConfig};
use crate::error::Result;
use crate::learn::logistic_heads::LogisticHeads;
use crate::learn::running_means::RunningMeans;
use crate::policy::exploration;
use crate::policy::objective::{drift_plus_penalty, put_first, rank};
use crate::policy::{Context, Selection};
use crate::types::request::{Decision, Weights};
use crate::types::zoo::ModelSpec;
use crate::wire::{Reader, Writer};

/// MESS+ (arXiv 2505.19947): with probability `min(1, c / t^(1/4))` every allowed model is queried and
/// the most expensive serves; otherwise the model of the smallest drift plus penalty serves. Learns ratings
/// of explored requests, and mean costs.
#[derive(Clone, Debug)]
pub struct Paper {
    v: f64,
    exploration: f64,
    listed: Vec<f64>,
    /// Models from the most expensive listed cost to the cheapest.
    largest: Vec<usize>,
    predictor: LogisticHeads,
    costs: RunningMeans,
}

impl Paper {
    /// The policy before its first request.
    pub fn new(policy: &PaperConfig, config: &Config) -> Self {
        let models = &config.models;
        let listed: Vec<f64> = models.iter().map(|model| model.cost.usual()).collect();
        Self {
            v: policy.v,
            exploration: policy.exploration,
            largest: most_expensive_first(&listed),
            predictor: LogisticHeads::new(policy.sgd.clone(), models.len(), config.n_features),
            costs: RunningMeans::new(listed.iter().copied()),
            listed,
        }
    }

    pub(crate) fn decide(&self, context: &Context<'_>, decision: &mut Decision) -> Selection {
        let &Context { step, allowed, backlog, alpha, uniform, .. } = context;
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
                Selection { explored: true, ..Selection::default() }
            }
            _ => Selection::default(),
        }
    }

    pub(crate) fn learn_rating(
        &mut self,
        explored: bool,
        model: usize,
        x: &[f32],
        satisfaction: f64,
    ) {
        if explored {
            self.predictor.learn_one(model, x, satisfaction);
        }
    }

    pub(crate) fn learn_cost(&mut self, model: usize, cost: f64) {
        self.costs.learn_one(model, cost);
    }

    pub(crate) fn add(&mut self, model: &ModelSpec, n_features: usize) {
        self.predictor.add(n_features);
        self.costs.add(model.cost.usual());
        self.listed.push(model.cost.usual());
        self.largest = most_expensive_first(&self.listed);
    }

    pub(crate) fn reprice(&mut self, model: usize, cost: f64) {
        self.costs.reprice(model, self.listed[model], cost);
        self.listed[model] = cost;
        self.largest = most_expensive_first(&self.listed);
    }

    pub(crate) fn labels(&self, model: usize) -> u64 {
        self.predictor.labels(model)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.predictor.encode(out);
        self.costs.encode(out);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.predictor.decode(input)?;
        self.costs.decode(input)
    }
}

fn most_expensive_first(listed: &[f64]) -> Vec<usize> {
    let mut models: Vec<usize> = (0..listed.len()).collect();
    models.sort_by(|&a, &b| listed[b].total_cmp(&listed[a]));
    models
}
