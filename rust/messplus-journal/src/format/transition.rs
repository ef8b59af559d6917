//! One transition: its inputs, and the model it chose.
//!
//! The chosen model is an output; it is written down so that a replay by a version that would choose
//! otherwise credits the model that served, and is noticed.

use std::num::{NonZeroU32, NonZeroU64};

use messplus_core::{
    Amendment, Controller, Decision, Example, Failure, Feedback, ModelSet, Outcome, Request,
    Result, Served, Shadow, ZooChange,
};

/// Largest transition in bytes; 4,096 features and 64 costs need 17 kB.
pub const MAX_LEN: usize = 1 << 16;

pub(super) const DECIDE: u8 = 1;
pub(super) const OBSERVE: u8 = 2;
/// A failed call of no known kind, as format 2 of this project wrote it.
pub(super) const FAIL: u8 = 3;
pub(super) const ADVANCE: u8 = 4;
pub(super) const WARM_START: u8 = 5;
pub(super) const CHANGE_ZOO: u8 = 6;
pub(super) const FAIL_OF_KIND: u8 = 7;
pub(super) const OBSERVE_FROM: u8 = 8;
pub(super) const CANCEL: u8 = 9;
pub(super) const AMEND: u8 = 10;
pub(super) const COUNT_ELSEWHERE: u8 = 11;
pub(super) const DATE: u8 = 12;
/// Feedback of a call whose prompt was partly read from a cache.
pub(super) const OBSERVE_CACHED: u8 = 13;
/// A decision of a replica, which others adopt.
pub(super) const ADOPT: u8 = 14;
pub(super) const NO_FEATURES: u16 = u16::MAX;

/// One transition of a controller.
#[derive(Clone, Debug, PartialEq)]
pub enum Transition {
    /// A decision was made.
    Decide {
        /// Name of the decision.
        id: u128,
        /// The model that was chosen.
        model: usize,
        /// Index of the service level.
        level: usize,
        /// Hash of the conversation.
        session: Option<u64>,
        /// Who served instead of the model chosen.
        shadow: Option<Shadow>,
        /// Models that were allowed, where the caller said so.
        allowed: Option<ModelSet>,
        /// Features of the prompt.
        features: Option<Vec<f32>>,
        /// Tokens of the prompt.
        input_tokens: Option<NonZeroU32>,
        /// Costs the caller knew, per model.
        costs: Option<Vec<Option<f64>>>,
        /// Tokens of the prompt that should be cached, per model.
        cached_tokens: Option<Vec<u32>>,
        /// The most it was to cost.
        max_cost: Option<f64>,
        /// What a replica chose, for the others to adopt; none where the choice is made again.
        served: Option<Served>,
    },
    /// Outcomes became known.
    Observe {
        /// Name of the decision.
        id: u128,
        /// Per model.
        outcomes: Vec<Outcome>,
        /// Who rated.
        source: String,
        /// Hash of the name of the feedback.
        key: Option<NonZeroU64>,
        /// Hash of the rater.
        rater: Option<NonZeroU64>,
        /// The ratings take the place of earlier ones.
        replace: bool,
        /// Tokens of the prompt that were read from the provider's cache.
        cached_tokens: Option<u32>,
    },
    /// A call failed.
    Fail {
        /// Name of the decision.
        id: u128,
        /// The model that did not answer.
        model: usize,
        /// Why.
        kind: Failure,
        /// Seconds after which the provider wants to be asked again.
        retry_after: Option<u64>,
    },
    /// Time passed.
    Advance {
        /// The time reached.
        now: u64,
    },
    /// A minute began by the wall clock.
    Date {
        /// Seconds since 1970.
        now: u64,
    },
    /// A line of logged data was learned.
    WarmStart {
        /// Features of the prompt.
        features: Option<Vec<f32>>,
        /// Tokens of the prompt.
        input_tokens: Option<NonZeroU32>,
        /// What is known of the model that served.
        outcome: Outcome,
    },
    /// A decision was taken back.
    Cancel {
        /// Name of the decision.
        id: u128,
    },
    /// What was agreed changed.
    Amend {
        /// How.
        amendment: Amendment,
    },
    /// A request that was routed elsewhere counted.
    CountElsewhere {
        /// Index of the service level.
        level: usize,
        /// Features of the prompt.
        features: Option<Vec<f32>>,
        /// Tokens of the prompt.
        input_tokens: Option<NonZeroU32>,
        /// What is known of the model that served.
        outcome: Outcome,
    },
    /// The zoo changed.
    ChangeZoo {
        /// How.
        change: ZooChange,
    },
}

impl Transition {
    /// Do it again; whether the controller would do the same, rather than choose another model.
    /// `decision` is overwritten.
    ///
    /// # Errors
    ///
    /// The controller refuses it.
    pub fn apply(&self, controller: &mut Controller, decision: &mut Decision) -> Result<bool> {
        match self {
            Self::Decide {
                id,
                model,
                level,
                session,
                shadow,
                allowed,
                features,
                input_tokens,
                costs,
                cached_tokens,
                max_cost,
                served,
            } => {
                let request = Request {
                    id: *id,
                    features: features.as_deref(),
                    input_tokens: *input_tokens,
                    costs: costs.as_deref(),
                    cached_tokens: cached_tokens.as_deref(),
                    allowed: *allowed,
                    requires: &[],
                    max_cost: *max_cost,
                    level: *level,
                    session: *session,
                    shadow: *shadow,
                };
                if let Some(served) = served {
                    controller.adopt(&request, served, decision)?;
                    return Ok(true);
                }
                return controller.redo(&request, *model, decision);
            }
            &Self::Observe { id, ref outcomes, ref source, key, rater, replace, cached_tokens } => {
                let feedback = Feedback { outcomes, source, key, rater, replace, cached_tokens };
                controller.observe(id, feedback)?;
            }
            &Self::Fail { id, model, kind, retry_after } => {
                controller.fail(id, model, kind, retry_after)?;
            }
            Self::Advance { now } => controller.advance(*now),
            Self::Date { now } => controller.date(*now),
            &Self::WarmStart { ref features, input_tokens, outcome } => {
                let features = features.as_deref();
                controller.warm_start(&Example { features, input_tokens, outcome })?;
            }
            Self::Cancel { id } => controller.cancel(*id)?,
            Self::Amend { amendment } => controller.amend(amendment)?,
            &Self::CountElsewhere { level, ref features, input_tokens, outcome } => {
                let features = features.as_deref();
                controller.count_elsewhere(level, &Example { features, input_tokens, outcome })?;
            }
            Self::ChangeZoo { change } => controller.change_zoo(change)?,
        }
        Ok(true)
    }
}
