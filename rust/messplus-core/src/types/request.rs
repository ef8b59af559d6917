//! What goes into a decision and what comes out of it.

use std::num::NonZeroU32;

use messplus_base::names;

use crate::types::model_set::ModelSet;
use crate::types::shadow::{Shadow, ShadowChoice};

/// One request to route.
#[derive(Clone, Copy, Debug, Default)]
pub struct Request<'a> {
    /// Name of the decision to be: 128 bits nobody can guess, chosen by the caller.
    pub id: u128,
    /// Features of the prompt, of the configured length; none when there are no features, and the
    /// decision then rests on the constant alone.
    pub features: Option<&'a [f32]>,
    /// Tokens of the prompt, where known: what a price per token is multiplied with.
    pub input_tokens: Option<NonZeroU32>,
    /// Tokens of the prompt that each model's provider is expected to have in its cache; models at the
    /// end may be left out. Prices per token take them into account where the cost is learned from them.
    pub cached_tokens: Option<&'a [u32]>,
    /// Cost of this request per model of the zoo, where the caller knows better than what was learned;
    /// models at the end may be left out.
    pub costs: Option<&'a [Option<f64>]>,
    /// Models that may serve this request; all when none is given.
    pub allowed: Option<ModelSet>,
    /// What a model must support to serve this request: see [`ModelSpec::supports`].
    ///
    /// [`ModelSpec::supports`]: crate::ModelSpec::supports
    pub requires: &'a [String],
    /// The most it may be expected to cost, in `[0, 1e18]`: see
    /// [`Operation::max_cost`](crate::Operation::max_cost), which holds as well.
    pub max_cost: Option<f64>,
    /// Index of its service level.
    pub level: usize,
    /// Hash of the conversation it belongs to.
    pub session: Option<u64>,
    /// Who serves instead of the model chosen.
    pub shadow: Option<Shadow>,
}

/// Why a model was chosen. [`ModelStats::reasons`](crate::ModelStats::reasons) counts in this order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Reason {
    /// It has the best score.
    #[default]
    Exploit,
    /// The request was picked for exploration.
    Explore,
    /// It is the only model allowed.
    Forced,
    /// It has the best score, but the request came without features.
    Fallback,
    /// It has the best score, but no label of it has been seen yet.
    WarmUp,
    /// It serves whatever the scores say.
    Shadow,
    /// Nobody has rated for long: it is the safe choice.
    Unrated,
    /// No model is within the cap on the expected cost: it is the cheapest.
    Unaffordable,
}

names!(Reason: "reason" {
    Exploit => "exploit",
    Explore => "explore",
    Forced => "forced",
    Fallback => "fallback",
    WarmUp => "warm-up",
    Shadow => "shadow",
    Unrated => "unrated",
    Unaffordable => "unaffordable",
});

/// What one unit of each counts in the scores of a decision.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Weights {
    /// Satisfaction: lambda of the default policy, Q of the published one.
    pub satisfaction: f64,
    /// Cost.
    pub cost: f64,
    /// Standard deviations by which log odds are raised before they are weighed.
    pub optimism: f64,
}

/// The answer to a [`Request`]. Reuse one value for many requests: nothing is then allocated.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// The id of the request.
    pub id: u128,
    /// Requests decided before this one, plus one.
    pub step: u64,
    /// The model whose answer goes to the user.
    pub model: usize,
    /// In shadow mode, the router's own choice.
    pub shadow_choice: Option<ShadowChoice>,
    /// Probability with which `model` was to serve, given everything before but the draw of
    /// [`epsilon`](crate::Operation::epsilon) or of shadow mode, in `(0, 1]`.
    pub propensity: f64,
    /// Whether it was picked to be rated in any case.
    pub audit: bool,
    /// Weight of that audit, in `(0, 1]`; zero where it was not picked.
    pub audit_weight: f64,
    /// The choice in whose place the draw of [`epsilon`](crate::Operation::epsilon) let `model` serve.
    pub drawn_for: Option<usize>,
    /// Models to query as well, for learning.
    pub also_query: ModelSet,
    /// Allowed models left out because they are cooling down.
    pub cooling: ModelSet,
    /// Why `model` was chosen.
    pub reason: Reason,
    /// Allowed models, best first, `model` leading and models that are cooling down last: the order to
    /// fall back in.
    pub ranking: Vec<usize>,
    /// Predicted probability of satisfaction per model of the zoo.
    pub p_satisfied: Vec<f64>,
    /// Standard deviation of the log odds per model of the zoo; empty where the policy has none.
    pub log_odds_sd: Vec<f64>,
    /// Expected cost per model of the zoo.
    pub expected_cost: Vec<f64>,
    /// Expected latency per model of the zoo, in seconds; empty without a limit on latencies.
    pub expected_latency: Vec<f64>,
    /// Drift-plus-penalty score per model of the zoo, lower is better.
    pub score: Vec<f64>,
    /// What the scores are made of.
    pub weights: Weights,
}

impl Decision {
    /// A value to be overwritten, with room for `n_models` models.
    pub fn with_capacity(n_models: usize) -> Self {
        Self {
            id: 0,
            step: 0,
            model: 0,
            shadow_choice: None,
            propensity: 1.0,
            audit: false,
            audit_weight: 0.0,
            drawn_for: None,
            also_query: ModelSet::EMPTY,
            cooling: ModelSet::EMPTY,
            reason: Reason::Exploit,
            ranking: Vec::with_capacity(n_models),
            p_satisfied: Vec::with_capacity(n_models),
            log_odds_sd: Vec::with_capacity(n_models),
            expected_cost: Vec::with_capacity(n_models),
            expected_latency: Vec::with_capacity(n_models),
            score: Vec::with_capacity(n_models),
            weights: Weights::default(),
        }
    }

    /// Empty it for a request that these models may serve.
    pub(crate) fn begin(&mut self, id: u128, step: u64, allowed: ModelSet) {
        self.id = id;
        self.step = step;
        self.shadow_choice = None;
        self.propensity = 1.0;
        self.audit = false;
        self.audit_weight = 0.0;
        self.drawn_for = None;
        self.also_query = ModelSet::EMPTY;
        self.p_satisfied.clear();
        self.log_odds_sd.clear();
        self.expected_cost.clear();
        self.expected_latency.clear();
        self.score.clear();
        self.ranking.clear();
        self.ranking.extend(allowed.iter());
    }
}

/// A line of logged data: what a model did on a request that was routed elsewhere.
#[derive(Clone, Copy, Debug)]
pub struct Example<'a> {
    /// Features of the prompt, of the configured length, or none.
    pub features: Option<&'a [f32]>,
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<NonZeroU32>,
    /// What is known of the model that served.
    pub outcome: Outcome,
}

/// What became known about one model on one request; each part may come alone, once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Outcome {
    /// The model.
    pub model: usize,
    /// How satisfied the user was with its answer, in `[0, 1]`.
    pub satisfaction: Option<f64>,
    /// What the call cost, `>= 0`, in the unit of the zoo.
    pub cost: Option<f64>,
    /// How long the call took, in seconds, `>= 0`.
    pub latency: Option<f64>,
}
