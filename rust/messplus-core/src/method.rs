//! What a policy is to the controller: something that decides and learns.

use std::num::NonZeroU32;

use crate::adaptive::Adaptive;
use crate::config::{Config, Policy};
use crate::error::Result;
use crate::model_set::ModelSet;
use crate::multiplier::Expectation;
use crate::paper::Paper;
use crate::request::Decision;
use crate::state::{Reader, Writer};

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
    /// Satisfaction owed.
    pub backlog: f64,
    /// Target.
    pub alpha: f64,
    /// A uniform draw.
    pub draw: f64,
}

impl Situation<'_> {
    pub fn cost(&self, model: usize) -> Option<f64> {
        self.costs.and_then(|costs| costs[model])
    }
}

/// What is remembered of a decision beside the [`Decision`] itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Choice {
    /// The request was drawn for exploration and got another model, or more models, by that.
    pub explored: bool,
    /// What its rating should bring.
    pub expectation: Expectation,
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

    /// The queue has accounted for a decision made `age` decisions ago.
    pub fn settle(&mut self, expectation: Expectation, age: u64) {
        match self {
            Self::Paper(_) => {}
            Self::Adaptive(adaptive) => adaptive.settle(expectation, age),
        }
    }

    /// Ratings learned from for a model.
    pub fn labels(&self, model: usize) -> u64 {
        match self {
            Self::Paper(paper) => paper.labels(model),
            Self::Adaptive(adaptive) => adaptive.labels(model),
        }
    }

    /// Whether the target seems within reach, as far as this method can tell.
    pub fn feasible(&self, alpha: f64) -> bool {
        match self {
            Self::Paper(_) => true,
            Self::Adaptive(adaptive) => adaptive.feasible(alpha),
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
