//! What a policy is to the controller: something that decides and learns.

use std::num::NonZeroU32;

use crate::adaptive::Adaptive;
use crate::agreement::MAX_LIMITS;
use crate::config::{Config, Policy};
use crate::error::Result;
use crate::foresight::Expectation;
use crate::ledger::Entry;
use crate::model_set::ModelSet;
use crate::paper::Paper;
use crate::price::ListedCost;
use crate::request::{Decision, Example};
use crate::state::{Reader, Writer};
use crate::zoo::ModelSpec;

/// A request and the state it meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Situation<'a> {
    /// Requests decided, this one included.
    pub step: u64,
    /// Features of the request; empty without any.
    pub features: &'a [f32],
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<NonZeroU32>,
    /// Costs the caller knows better.
    pub costs: Option<&'a [Option<f64>]>,
    /// Models that may serve.
    pub allowed: ModelSet,
    /// The service level of the request.
    pub level: usize,
    /// Satisfaction owed to that level.
    pub backlog: f64,
    /// Its target.
    pub alpha: f64,
    /// Backlogs of the limits.
    pub limit_backlogs: [f64; MAX_LIMITS],
    /// The model that served the conversation last, and the share of its cost that calling another
    /// one adds.
    pub previous: Option<usize>,
    pub switching_cost: f64,
    /// A uniform draw.
    pub draw: f64,
}

impl Situation<'_> {
    pub fn cost(&self, model: usize) -> Option<f64> {
        self.costs?.get(model).copied().flatten()
    }

    /// By what the expected cost of a model is multiplied in its score.
    pub fn switching_factor(&self, model: usize) -> f64 {
        match self.previous {
            Some(previous) if previous != model => 1.0 + self.switching_cost,
            _ => 1.0,
        }
    }
}

/// What is remembered of a decision beside the [`Decision`] itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Choice {
    /// The request was drawn for exploration and got another model, or more models, by that.
    pub explored: bool,
    /// What its rating and bills should bring.
    pub expectations: Expectations,
}

/// What is expected of a decision, per constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expectations {
    /// For its service level.
    pub level: Expectation,
    /// For the limits, in the order of the agreement.
    pub limits: [Expectation; MAX_LIMITS],
}

/// One of the presets, with all it has learned.
#[derive(Clone, Debug)]
pub(crate) enum Method {
    Paper(Paper),
    Adaptive(Box<Adaptive>),
}

impl Method {
    pub fn new(config: &Config) -> Self {
        match &config.policy {
            Policy::Paper(policy) => Self::Paper(Paper::new(policy, config)),
            Policy::Default(policy) => Self::Adaptive(Box::new(Adaptive::new(policy, config))),
        }
    }

    /// Fill in probabilities, costs and scores of the zoo, which are empty, and put the ranking, which
    /// holds the allowed models, in order.
    pub fn decide(&mut self, situation: &Situation<'_>, decision: &mut Decision) -> Choice {
        match self {
            Self::Paper(paper) => paper.decide(situation, decision),
            Self::Adaptive(adaptive) => adaptive.decide(situation, decision),
        }
    }

    pub fn learn_rating(&mut self, explored: bool, model: usize, x: &[f32], satisfaction: f64) {
        match self {
            Self::Paper(paper) => paper.learn_rating(explored, model, x, satisfaction),
            Self::Adaptive(adaptive) => adaptive.learn_rating(model, x, satisfaction),
        }
    }

    pub fn learn_bill(
        &mut self,
        model: usize,
        x: &[f32],
        input_tokens: Option<NonZeroU32>,
        cost: f64,
    ) {
        match self {
            Self::Paper(paper) => paper.learn_bill(model, cost),
            Self::Adaptive(adaptive) => adaptive.learn_bill(model, x, input_tokens, cost),
        }
    }

    pub fn learn_latency(&mut self, model: usize, x: &[f32], latency: f64) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.learn_latency(model, x, latency),
        }
    }

    /// A service level learns from a request of an old log what satisfaction costs.
    pub fn rehearse(&mut self, level: usize, alpha: f64, among: ModelSet, example: &Example<'_>) {
        if let Self::Adaptive(adaptive) = self {
            let x = example.features.unwrap_or(&[]);
            adaptive.rehearse(level, alpha, among, x, example.input_tokens);
        }
    }

    /// A model joins at the end of the zoo.
    pub fn add(&mut self, model: &ModelSpec, n_features: usize) {
        match self {
            Self::Paper(paper) => paper.add(model, n_features),
            Self::Adaptive(adaptive) => adaptive.add(model, n_features),
        }
    }

    /// A model's listed cost changes.
    pub fn reprice(&mut self, model: usize, cost: &ListedCost) {
        match self {
            Self::Paper(paper) => paper.reprice(model, cost.usual()),
            Self::Adaptive(adaptive) => adaptive.reprice(model, cost.clone()),
        }
    }

    /// The queue of a level has accounted for a decision, which fell short by `shortfall`, as was rated
    /// `age` decisions after it, or as is presumed without a rating.
    pub fn settle(&mut self, entry: &Entry, shortfall: f64, age: Option<u64>) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.settle(entry, shortfall, age),
        }
    }

    /// The queue of a limit has accounted for a call that used `used`; with what was expected of the
    /// decision, made `age` decisions ago, where it is the first call.
    pub fn draw(&mut self, limit: usize, used: f64, first: Option<(Expectation, u64)>) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.draw(limit, used, first),
        }
    }

    /// Times that a model was found to have changed, as far as this method can tell.
    pub fn drifts(&self, model: usize) -> u64 {
        match self {
            Self::Paper(_) => 0,
            Self::Adaptive(adaptive) => adaptive.drifts(model),
        }
    }

    /// Ratings learned from for a model.
    pub fn labels(&self, model: usize) -> u64 {
        match self {
            Self::Paper(paper) => paper.labels(model),
            Self::Adaptive(adaptive) => adaptive.labels(model),
        }
    }

    /// Whether a service level seems within reach, as far as this method can tell.
    pub fn level_feasible(&self, level: usize, alpha: f64) -> bool {
        match self {
            Self::Paper(_) => true,
            Self::Adaptive(adaptive) => adaptive.level_feasible(level, alpha),
        }
    }

    /// Whether a limit seems within reach.
    pub fn limit_feasible(&self, limit: usize) -> bool {
        match self {
            Self::Paper(_) => true,
            Self::Adaptive(adaptive) => adaptive.limit_feasible(limit),
        }
    }

    pub fn encode(&self, out: &mut Writer) {
        match self {
            Self::Paper(paper) => paper.encode(out),
            Self::Adaptive(adaptive) => adaptive.encode(out),
        }
    }

    pub fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        match self {
            Self::Paper(paper) => paper.decode(input),
            Self::Adaptive(adaptive) => adaptive.decode(input),
        }
    }
}
