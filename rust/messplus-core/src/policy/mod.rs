//! The seam between the controller and a policy: something that chooses models and learns from what
//! they bring.
//!
//! A policy is one file with its settings, which implement [`Preset`], and its state, which implements
//! [`Policy`]; one line in `presets.rs` makes it known. Everything crosses as plain values.

pub(crate) mod default;
pub(crate) mod epsilon_greedy;
pub(crate) mod exploration;
pub(crate) mod objective;
pub(crate) mod paper;
pub(crate) mod presets;
pub(crate) mod prior;

use std::fmt::Debug;
use std::num::NonZeroU32;

use messplus_base::wire::{Reader, Writer};

use crate::control::delay_compensator::{Expectation, Expectations};
use crate::error::Result;
use crate::types::agreement::{Agreement, MAX_LIMITS};
use crate::types::model_set::ModelSet;
use crate::types::price::ListedCost;
use crate::types::request::Decision;
use crate::types::zoo::ModelSpec;

/// What a policy is made for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Problem<'a> {
    pub models: &'a [ModelSpec],
    pub agreement: &'a Agreement,
    pub n_features: usize,
}

/// Settings of a policy, as they stand in a configuration.
pub(crate) trait Preset {
    /// Check the range of every setting.
    fn check(&self) -> Result<()>;

    /// The policy before its first request.
    fn build(&self, problem: &Problem<'_>) -> Box<dyn Policy>;

    /// How far the virtual queues may run ahead of their targets, in rated requests; MESS+ has no
    /// credit.
    fn credit(&self) -> f64 {
        0.0
    }

    /// Whether the policy keeps limits on cost and latency.
    fn takes_limits(&self) -> bool {
        false
    }
}

/// A request and the state it meets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// Requests decided, this one included.
    pub step: u64,
    /// Features of the request; empty without any.
    pub features: &'a [f32],
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<NonZeroU32>,
    /// Tokens of the prompt that are cached, per model.
    pub cached_tokens: &'a [u32],
    /// Costs the caller knows better.
    pub costs: Option<&'a [Option<f64>]>,
    /// Models that may serve, at least one.
    pub allowed: ModelSet,
    /// The service level of the request.
    pub level: usize,
    /// Satisfaction owed to that level.
    pub backlog: f64,
    /// Its target.
    pub alpha: f64,
    /// The most that one more satisfied request may cost; infinite without a cap.
    pub max_price: f64,
    /// Backlogs of the limits.
    pub limit_backlogs: [f64; MAX_LIMITS],
    /// The model that served the conversation last.
    pub previous: Option<usize>,
    /// The share of its cost that calling another model than that one adds.
    pub switching_cost: f64,
    /// Whether ratings are of requests picked at random.
    pub sampled: bool,
    /// A uniform number in `[0, 1)`.
    pub uniform: f64,
    /// The model that serves, where that was decided elsewhere.
    pub served: Option<usize>,
}

impl Context<'_> {
    /// Cost of a model where the caller knows it.
    pub fn cost(&self, model: usize) -> Option<f64> {
        self.costs?.get(model).copied().flatten()
    }

    /// Tokens of the prompt that a model's provider should have in its cache.
    pub fn cached_tokens(&self, model: usize) -> u32 {
        self.cached_tokens.get(model).copied().unwrap_or_default()
    }

    /// By what the expected cost of a model is multiplied in its score.
    pub fn switching_factor(&self, model: usize) -> f64 {
        match self.previous {
            Some(previous) if previous != model => 1.0 + self.switching_cost,
            _ => 1.0,
        }
    }
}

/// What the controller remembers of a choice beside the [`Decision`].
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Selection {
    /// The request was picked for exploration and got another model, or more models, by that.
    pub explored: bool,
    /// The price of satisfaction was at its cap.
    pub price_capped: bool,
    /// What its rating and costs should bring: handed back once they are known.
    pub expectations: Expectations,
}

/// A call whose outcome is learned.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub model: usize,
    /// Features of the request; empty without any.
    pub features: &'a [f32],
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<NonZeroU32>,
    /// Those of them that were cached.
    pub cached_tokens: u32,
    /// The request explored.
    pub explored: bool,
}

/// Chooses models and learns from what they bring.
///
/// Neither choosing nor learning allocates. The methods with a body are for what a policy may not care
/// about: limits, latencies, feasibility, delayed ratings.
pub(crate) trait Policy: CloneBoxed + Debug + Send + Sync {
    /// Choose: push probability, cost and score of every model of the zoo onto the empty vectors of
    /// `decision`, set its weights, and put its ranking, which holds the allowed models, in order, the
    /// model that serves first.
    fn decide(&mut self, context: &Context<'_>, decision: &mut Decision) -> Selection;

    /// Push what [`decide`](Self::decide) would expect every model of the zoo to cost.
    fn expect_costs(&mut self, context: &Context<'_>, costs: &mut Vec<f64>);

    /// The user was satisfied with the answer to a call by this much, in `[0, 1]`.
    fn learn_rating(&mut self, call: &Call<'_>, satisfaction: f64);

    /// A rating that was learned is revised.
    fn revise_rating(&mut self, _call: &Call<'_>, _before: f64, _after: f64) {}

    /// There is one source of ratings more.
    fn add_source(&mut self) {}

    /// A source whose ratings are the truth, but not of requests picked at random, rated a call.
    fn learn_volunteered(&mut self, _call: &Call<'_>, _source: usize, _rating: f64) {}

    /// A source that may err rated a call.
    fn learn_judged(&mut self, _call: &Call<'_>, _source: usize, _rating: f64) {}

    /// What a source that may err said of a call whose truth is known; counted `times`, which is -1
    /// where an earlier comparison is taken back.
    fn compare(&mut self, _source: usize, _model: usize, _rating: f64, _truth: f64, _times: f64) {}

    /// Ratings of a source that were compared with the truth, and its rates of true and false positives.
    fn agreement(&self, _source: usize) -> Option<(f64, f64, f64)> {
        None
    }

    /// A call cost this much, `>= 0`.
    fn learn_cost(&mut self, call: &Call<'_>, cost: f64);

    /// A call took this many seconds.
    fn learn_latency(&mut self, _call: &Call<'_>, _latency: f64) {}

    /// Let a level learn, from a call of logged data, the dual variable it starts with.
    fn warm_start_dual(&mut self, _level: usize, _alpha: f64, _among: ModelSet, _call: &Call<'_>) {}

    /// The queue of a level has accounted for a request that `model` served, which fell short by
    /// `shortfall`, as was rated `age` decisions after it, or as was imputed without an age.
    fn settle(
        &mut self,
        _level: usize,
        _model: usize,
        _expectation: Expectation,
        _shortfall: f64,
        _age: Option<u64>,
    ) {
    }

    /// Another model serves a decision just made than the one `chosen`: its rating and its costs are what
    /// is to be expected.
    fn serve_instead(
        &mut self,
        _level: usize,
        _alpha: f64,
        _chosen: usize,
        _served: usize,
        _decision: &Decision,
        _expectations: &mut Expectations,
    ) {
    }

    /// A decision of a level for `model` was never acted on.
    fn cancel(&mut self, _level: usize, _model: usize, _expectations: &Expectations) {}

    /// The target of a level rises by so much.
    fn shift(&mut self, _level: usize, _rise: f64) {}

    /// A limit has another bound.
    fn set_limit(&mut self, _limit: usize, _mean: f64) {}

    /// The queue of a limit was debited with a call that used `used`; with what was expected of the
    /// decision, made `age` decisions ago, where it is the first call.
    fn debit(&mut self, _limit: usize, _used: f64, _first: Option<(Expectation, u64)>) {}

    /// Count from now on with what the other replicas of a fleet do, which makes `weight` decisions per one
    /// made here; one by default.
    fn extrapolate(&mut self, _weight: f64) {}

    /// A model joins at the end of the zoo.
    fn add(&mut self, model: &ModelSpec, n_features: usize);

    /// A model's listed cost changes.
    fn reprice(&mut self, model: usize, cost: &ListedCost);

    /// Ratings learned from for a model.
    fn labels(&self, model: usize) -> u64;

    /// Whether nothing has been learned yet.
    fn is_untrained(&self) -> bool;

    /// Times that a model was found to have changed.
    fn drifts(&self, _model: usize) -> u64 {
        0
    }

    /// Costs of a model that were far from all that was seen of it.
    fn cost_anomalies(&self, _model: usize) -> u64 {
        0
    }

    /// Whether a service level seems within reach.
    fn level_feasible(&self, _level: usize, _alpha: f64) -> bool {
        true
    }

    /// Whether a limit seems within reach.
    fn limit_feasible(&self, _limit: usize) -> bool {
        true
    }

    /// Write down everything that was learned.
    fn encode(&self, out: &mut Writer);

    /// Take over what [`encode`](Self::encode) wrote, in a policy made for the same problem.
    fn decode(&mut self, input: &mut Reader<'_>) -> Result<()>;
}

/// Lets a boxed policy be cloned: given to every policy that is [`Clone`].
pub(crate) trait CloneBoxed {
    fn clone_boxed(&self) -> Box<dyn Policy>;
}

impl<P: Policy + Clone + 'static> CloneBoxed for P {
    fn clone_boxed(&self) -> Box<dyn Policy> {
        Box::new(self.clone())
    }
}

impl Clone for Box<dyn Policy> {
    fn clone(&self) -> Self {
        (**self).clone_boxed()
    }
}
