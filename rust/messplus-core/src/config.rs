//! Settings of a controller, checked as a whole.

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::{Error, Result};
use crate::memory::pending_decision::PendingDecision;
use crate::policy::Problem;
use crate::policy::presets::PolicyConfig;
use crate::types::agreement::{Agreement, Objective};
use crate::types::zoo::{self, ModelSpec};

/// Most features a prompt can have.
pub const MAX_FEATURES: usize = 4096;
/// Most requests that may be audited at first.
const MAX_AUDIT_FIRST: f64 = 1e6;
/// A cap on costs and prices that nothing exceeds.
pub(crate) const NO_CAP: f64 = *check::AMOUNTS.end();
/// Most bytes that pending decisions may take, at [`DECISION_BYTES`] and four a feature each.
pub const MAX_PENDING_BYTES: u64 = 4 << 30;
/// More than what is remembered of a decision takes beside its features.
const DECISION_BYTES: u64 = 1024;
const _: () = assert!(size_of::<PendingDecision>() < DECISION_BYTES as usize);

/// What an unrated request does to the queue when it is forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Missing {
    /// Nothing: the service level speaks of rated requests (MESS+).
    #[default]
    Ignore,
    /// It counts as satisfied with the probability predicted when it was decided.
    Predicted,
    /// It counts as not satisfied.
    Unsatisfied,
}

/// Where requests go while nobody rates.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Unrated {
    /// To the model that is expected to satisfy best: the target cannot be watched, so it is kept with
    /// the greatest certainty there is.
    #[default]
    Best,
    /// Where the policy would send them: by what it believed before ratings stopped.
    Learn,
    /// To this model, by name.
    Model(String),
}

/// Dealing with feedback that does not come and calls that fail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Operation {
    /// Seconds after which a decision is forgotten, `>= 1`; without, only the capacity bounds them.
    pub pending_age: Option<u64>,
    /// What an unrated request does to the queue when it is forgotten.
    pub missing: Missing,
    /// Seconds for which a model whose calls keep failing rests, in `[0, 86400]`.
    pub cooldown: u64,
    /// Probability, in `[0, 1]`, with which a request is picked to be rated in any case; zero for none.
    /// With audits the service levels speak of the audited requests.
    #[serde(skip_serializing_if = "is_zero")]
    pub audit: f64,
    /// Requests that are audited at first, in `[0, 1e6]`: the n-th of a service level is audited with
    /// probability `max(audit, min(1, sqrt(audit_first / n)))`. Zero without audits.
    #[serde(skip_serializing_if = "is_zero")]
    pub audit_first: f64,
    /// Share of the requests, in `[0, 1]`, that a model drawn uniformly from the allowed ones serves:
    /// a minimum of randomisation, by which every model has a known chance on every request.
    #[serde(skip_serializing_if = "is_zero")]
    pub epsilon: f64,
    /// The most a request may be expected to cost, in `[0, 1e18]`: models beyond that are left out, and
    /// where all are, the cheapest serves. The largest cost there is stands for no cap.
    #[serde(skip_serializing_if = "is_uncapped")]
    pub max_cost: f64,
    /// The most that one more satisfied request may cost, in `[0, 1e18]`, where the objective is cost:
    /// the policy pays no higher price for satisfaction, though a target be missed by that. The largest
    /// cost there is stands for no cap; the default policy has one of its own.
    #[serde(skip_serializing_if = "is_uncapped")]
    pub max_price: f64,
    /// Where requests go while nobody rates.
    #[serde(skip_serializing_if = "is_best")]
    pub unrated: Unrated,
}

impl Default for Operation {
    fn default() -> Self {
        Self {
            pending_age: None,
            missing: Missing::Ignore,
            cooldown: 5,
            audit: 0.0,
            audit_first: 0.0,
            epsilon: 0.0,
            max_cost: NO_CAP,
            max_price: NO_CAP,
            unrated: Unrated::Best,
        }
    }
}

impl Operation {
    /// The most that one more satisfied request may cost; infinite without a cap.
    pub(crate) fn price_cap(&self) -> f64 {
        if self.max_price < NO_CAP { self.max_price } else { f64::INFINITY }
    }

    /// Probability with which the `n`-th request of a service level is audited, `n >= 1`.
    ///
    /// Labels are worth most while little is known. Audits whose share falls with the square root of the
    /// requests are as many as a constant share picks, spent early: n requests take about
    /// `2 sqrt(audit_first n)` of them.
    pub(crate) fn audit_probability(&self, n: u64) -> f64 {
        if self.audit == 0.0 {
            return 0.0;
        }
        self.audit.max((self.audit_first / n as f64).sqrt().min(1.0))
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_zero(share: &f64) -> bool {
    *share == 0.0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands over a reference")]
fn is_uncapped(most: &f64) -> bool {
    *most == NO_CAP
}

fn is_best(unrated: &Unrated) -> bool {
    *unrated == Unrated::Best
}

/// Everything a [`Controller`](crate::Controller) is made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The zoo, 1 to 64 models.
    pub models: Vec<ModelSpec>,
    /// Service levels, limits and the objective.
    pub agreement: Agreement,
    /// Share of its expected cost that a call adds where another model served the conversation
    /// last, in `[0, 100]`: what a warm prompt cache saves.
    #[serde(default)]
    pub switching_cost: f64,
    /// Length of a feature vector, 0 to 4096; the heads add the constant themselves.
    pub n_features: usize,
    /// How requests are routed.
    pub policy: PolicyConfig,
    /// Seed of the random numbers that pick requests for exploration.
    pub seed: u64,
    /// Most decisions remembered for later feedback, `>= 1`; they may take 4 GiB, at 1 KiB and four
    /// bytes a feature.
    pub pending_capacity: usize,
    /// Dealing with feedback that does not come and calls that fail.
    #[serde(default)]
    pub operation: Operation,
    /// Text carried with the state for the embedding application; the core never reads it.
    #[serde(default)]
    pub metadata: String,
}

impl Config {
    /// Parse and check settings written as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for anything but JSON of known keys and types, and for a value out of range.
    pub fn from_json(text: &str) -> Result<ValidConfig> {
        let config: Self = serde_json::from_str(text)
            .map_err(|error| Error::config("config", "must be JSON of known settings", error))?;
        config.try_into()
    }

    /// What a policy needs to know of them.
    pub(crate) fn problem(&self) -> Problem<'_> {
        let Self { models, agreement, n_features, .. } = self;
        Problem { models, agreement, n_features: *n_features }
    }

    /// The settings as JSON; numbers come back exactly.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}

/// A [`Config`] whose every range has been checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ValidConfig(Config);

impl ValidConfig {
    /// The settings after a change of the zoo.
    pub(crate) fn with_models(&self, models: Vec<ModelSpec>) -> Result<Self> {
        Config { models, ..self.0.clone() }.try_into()
    }
}

impl Deref for ValidConfig {
    type Target = Config;

    fn deref(&self) -> &Config {
        &self.0
    }
}

impl ValidConfig {
    /// The same with other metadata, which no rule speaks of.
    pub(crate) fn set_metadata(&mut self, metadata: String) {
        self.0.metadata = metadata;
    }
}

impl TryFrom<Config> for ValidConfig {
    type Error = Error;

    fn try_from(config: Config) -> Result<Self> {
        zoo::check(&config.models)?;
        config.agreement.check()?;
        let (policy, limits) = (config.policy.preset(), &config.agreement.limits);
        policy.check()?;
        if !policy.takes_limits() && !limits.is_empty() {
            return Err(Error::config("limits", "need the default policy", limits.len()));
        }
        let rule = "must be in [0, 100]";
        check::number("switching_cost", config.switching_cost, rule, |c| {
            (0.0..=100.0).contains(&c)
        })?;
        let &Operation { pending_age, cooldown, audit, audit_first, epsilon, .. } =
            &config.operation;
        let &Operation { max_cost, max_price, .. } = &config.operation;
        for (field, most) in [("max_cost", max_cost), ("max_price", max_price)] {
            check::number(field, most, check::MEASURED, check::is_measured)?;
        }
        if max_price < NO_CAP && config.agreement.objective == Objective::Satisfaction {
            let rule = "must be left out where satisfaction is the objective";
            return Err(Error::config("max_price", rule, check::shown(max_price)));
        }
        if pending_age == Some(0) {
            return Err(Error::config("pending_age", "must be at least 1 second", 0));
        }
        if cooldown > 86_400 {
            return Err(Error::config("cooldown", "must be at most 86400 seconds", cooldown));
        }
        for (field, share) in [("audit", audit), ("epsilon", epsilon)] {
            check::number(field, share, "must be in [0, 1]", |s| (0.0..=1.0).contains(&s))?;
        }
        let most = if audit > 0.0 { MAX_AUDIT_FIRST } else { 0.0 };
        let rule = "must be in [0, 1e6], and 0 without audit";
        check::number("audit_first", audit_first, rule, |n| (0.0..=most).contains(&n))?;
        if let Unrated::Model(name) = &config.operation.unrated
            && !config.models.iter().any(|model| model.name == *name)
        {
            let rule = "must be 'best', 'learn' or a model of the zoo";
            return Err(Error::config("unrated", rule, format!("{name:?}")));
        }
        if config.n_features > MAX_FEATURES {
            return Err(Error::config("n_features", "must be at most 4096", config.n_features));
        }
        let each = DECISION_BYTES + 4 * config.n_features as u64;
        let bytes = (config.pending_capacity as u64).saturating_mul(each);
        if config.pending_capacity == 0 || bytes > MAX_PENDING_BYTES {
            let rule = "must be at least 1, and take at most 4 GiB at 1 KiB and 4 bytes a feature";
            return Err(Error::config("pending_capacity", rule, config.pending_capacity));
        }
        Ok(Self(config))
    }
}
