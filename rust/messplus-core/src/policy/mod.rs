//! What a policy is to the controller: something that decides and learns.

pub(crate) mod default;
pub(crate) mod exploration;
pub(crate) mod objective;
pub(crate) mod paper;
pub(crate) mod prior;

use std::num::NonZeroU32;

use crate::config::{Config, PolicyConfig};
use crate::control::delay_compensator::{Expectation, Expectations};
use crate::error::Result;
use crate::policy::default::Adaptive;
use crate::policy::paper::Paper;
use crate::types::agreement::MAX_LIMITS;
use crate::types::model_set::ModelSet;
use crate::types::price::ListedCost;
use crate::types::request::{Decision, Example};
use crate::types::zoo::ModelSpec;
use crate::wire::{Reader, Writer};

/// A request and the state it meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
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
    /// A uniform number in `[0, 1)`.
    pub uniform: f64,
}

impl Context<'_> {
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
pub(crate) struct Selection {
    /// The request was picked for exploration and got another model, or more models, by that.
    pub explored: bool,
    /// What its rating and costs should bring.
    pub expectations: Expectations,
}

/// One of the presets, with all it has learned.
#[derive(Clone, Debug)]
pub(crate) enum Policy {
    Paper(Paper),
    Adaptive(Box<Adaptive>),
}

impl Policy {
    pub fn new(config: &Config) -> Self {
        match &config.policy {
            PolicyConfig::Paper(policy) => Self::Paper(Paper::new(policy, config)),
            PolicyConfig::Default(policy) => {
                Self::Adaptive(Box::new(Adaptive::new(policy, config)))
            }
        }
    }

    /// Fill in probabilities, costs and scores of the zoo, which are empty, and put the ranking, which
    /// holds the allowed models, in order.
    pub fn decide(&mut self, context: &Context<'_>, decision: &mut Decision) -> Selection {
        match self {
            Self::Paper(paper) => paper.decide(context, decision),
            Self::Adaptive(adaptive) => adaptive.decide(context, decision),
        }
    }

    pub fn learn_rating(&mut self, explored: bool, model: usize, x: &[f32], satisfaction: f64) {
        match self {
            Self::Paper(paper) => paper.learn_rating(explored, model, x, satisfaction),
            Self::Adaptive(adaptive) => adaptive.learn_rating(model, x, satisfaction),
        }
    }

    pub fn learn_cost(
        &mut self,
        model: usize,
        x: &[f32],
        input_tokens: Option<NonZeroU32>,
        cost: f64,
    ) {
        match self {
            Self::Paper(paper) => paper.learn_cost(model, cost),
            Self::Adaptive(adaptive) => adaptive.learn_cost(model, x, input_tokens, cost),
        }
    }

    pub fn learn_latency(&mut self, model: usize, x: &[f32], latency: f64) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.learn_latency(model, x, latency),
        }
    }

    /// A service level learns from a request of logged data what satisfaction costs.
    pub fn warm_start_dual(
        &mut self,
        level: usize,
        alpha: f64,
        among: ModelSet,
        example: &Example<'_>,
    ) {
        if let Self::Adaptive(adaptive) = self {
            let x = example.features.unwrap_or(&[]);
            adaptive.warm_start_dual(level, alpha, among, x, example.input_tokens);
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
    /// `age` decisions after it, or as is imputed without a rating.
    pub fn settle(
        &mut self,
        level: usize,
        model: usize,
        expectations: &Expectations,
        shortfall: f64,
        age: Option<u64>,
    ) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.settle(level, model, expectations, shortfall, age),
        }
    }

    /// The queue of a limit has accounted for a call that used `used`; with what was expected of the
    /// decision, made `age` decisions ago, where it is the first call.
    pub fn debit(&mut self, limit: usize, used: f64, first: Option<(Expectation, u64)>) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.debit(limit, used, first),
        }
    }

    /// Times that a model was found to have changed, as far as this policy can tell.
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

    /// Whether a service level seems within reach, as far as this policy can tell.
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
