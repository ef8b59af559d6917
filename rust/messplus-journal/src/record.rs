//! One transition as bytes: its inputs, and the model it chose.
//!
//! The chosen model is an output; it is written down so that a replay by a version that would choose
//! otherwise is noticed instead of crediting the wrong model.

use std::num::NonZeroU32;

use messplus_core::{
    Controller, Decision, Example, Failure, ModelSet, Outcome, Request, Result, Shadow, ZooChange,
};

use crate::error::damaged;

/// Largest record in bytes; 4,096 features and 64 costs need 17 kB.
pub const MAX_LEN: usize = 1 << 16;

const DECIDE: u8 = 1;
const OBSERVE: u8 = 2;
/// A failed call of no known kind, as format 2 of this project wrote it.
const FAIL: u8 = 3;
const ADVANCE: u8 = 4;
const WARM_START: u8 = 5;
const CHANGE_ZOO: u8 = 6;
const FAIL_OF_KIND: u8 = 7;
const NO_FEATURES: u16 = u16::MAX;

/// One transition of a controller.
#[derive(Clone, Debug, PartialEq)]
pub enum Record {
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
    },
    /// Outcomes became known.
    Observe {
        /// Name of the decision.
        id: u128,
        /// Per model.
        outcomes: Vec<Outcome>,
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
    /// A line of logged data was learned.
    WarmStart {
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

/// Write down a decision.
pub fn encode_decide(out: &mut Vec<u8>, request: &Request<'_>, model: usize) {
    out.push(DECIDE);
    out.extend(request.id.to_le_bytes());
    out.push(model as u8);
    out.push(request.level as u8);
    out.push(u8::from(request.session.is_some()));
    out.extend(request.session.unwrap_or(0).to_le_bytes());
    out.push(u8::from(request.shadow.is_some()));
    if let Some(Shadow { model, explore }) = request.shadow {
        out.push(model as u8);
        out.extend(explore.to_le_bytes());
    }
    out.extend(request.allowed.map_or(0, ModelSet::bits).to_le_bytes());
    encode_prompt(out, request.input_tokens, request.features);
    if let Some(costs) = request.costs {
        let known = (0..costs.len()).filter(|&model| costs[model].is_some());
        out.push(costs.len() as u8);
        out.extend(known.collect::<ModelSet>().bits().to_le_bytes());
        costs.iter().flatten().for_each(|cost| out.extend(cost.to_le_bytes()));
    }
}

fn encode_prompt(out: &mut Vec<u8>, tokens: Option<NonZeroU32>, features: Option<&[f32]>) {
    out.extend(tokens.map_or(0, NonZeroU32::get).to_le_bytes());
    let n_features = features.map_or(NO_FEATURES, |features| features.len() as u16);
    out.extend(n_features.to_le_bytes());
    for feature in features.unwrap_or(&[]) {
        out.extend(feature.to_le_bytes());
    }
}

/// Write down outcomes.
pub fn encode_observe(out: &mut Vec<u8>, id: u128, outcomes: &[Outcome]) {
    out.push(OBSERVE);
    out.extend(id.to_le_bytes());
    for outcome in outcomes {
        encode_outcome(out, outcome);
    }
}

fn encode_outcome(out: &mut Vec<u8>, outcome: &Outcome) {
    let parts = [outcome.satisfaction, outcome.cost, outcome.latency];
    let known = (0..parts.len()).filter(|&part| parts[part].is_some());
    out.push(outcome.model as u8);
    out.push(known.collect::<ModelSet>().bits() as u8);
    parts.iter().flatten().for_each(|part| out.extend(part.to_le_bytes()));
}

/// Write down a failed call.
pub fn encode_fail(
    out: &mut Vec<u8>,
    id: u128,
    model: usize,
    kind: Failure,
    retry_after: Option<u64>,
) {
    out.push(FAIL_OF_KIND);
    out.extend(id.to_le_bytes());
    out.extend([model as u8, kind as u8]);
    out.extend(retry_after.unwrap_or(u64::MAX).to_le_bytes());
}

/// Write down that time passed.
pub fn encode_advance(out: &mut Vec<u8>, now: u64) {
    out.push(ADVANCE);
    out.extend(now.to_le_bytes());
}

/// Write down a line of logged data.
pub fn encode_warm_start(out: &mut Vec<u8>, example: &Example<'_>) {
    out.push(WARM_START);
    encode_prompt(out, example.input_tokens, example.features);
    encode_outcome(out, &example.outcome);
}

/// Write down a change of the zoo, as JSON: it is rare, and names have any length.
pub fn encode_change_zoo(out: &mut Vec<u8>, change: &ZooChange) {
    out.push(CHANGE_ZOO);
    out.extend(change.to_json().into_bytes());
}

impl Record {
    /// Read a record back; every byte must belong to it.
    ///
    /// # Errors
    ///
    /// [`Error::State`](messplus_core::Error::State) for bytes that are no record, or more than one.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Input(bytes);
        let [kind] = input.take()?;
        let record = match kind {
            DECIDE => input.decide()?,
            OBSERVE => input.observe()?,
            FAIL => {
                let id = u128::from_le_bytes(input.take()?);
                let [model] = input.take()?;
                Self::Fail {
                    id,
                    model: usize::from(model),
                    kind: Failure::Error,
                    retry_after: None,
                }
            }
            FAIL_OF_KIND => {
                let id = u128::from_le_bytes(input.take()?);
                let [model, kind] = input.take()?;
                let retry_after = u64::from_le_bytes(input.take()?);
                let known = Failure::ALL.get(usize::from(kind)).copied();
                let kind =
                    known.ok_or_else(|| damaged("failures must be of a known kind", kind))?;
                let retry_after = (retry_after != u64::MAX).then_some(retry_after);
                Self::Fail { id, model: usize::from(model), kind, retry_after }
            }
            ADVANCE => Self::Advance { now: u64::from_le_bytes(input.take()?) },
            WARM_START => input.warm_start()?,
            CHANGE_ZOO => {
                Self::ChangeZoo { change: ZooChange::from_json(std::mem::take(&mut input.0))? }
            }
            other => return Err(damaged("records must be of a known kind", other)),
        };
        if input.0.is_empty() {
            Ok(record)
        } else {
            Err(damaged("records must end with their last field", input.0.len()))
        }
    }

    /// Do it again. `decision` is overwritten.
    ///
    /// # Errors
    ///
    /// Those of the transition, and [`Error::State`](messplus_core::Error::State) where another model
    /// is chosen than was.
    pub fn apply(&self, controller: &mut Controller, decision: &mut Decision) -> Result<()> {
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
            } => {
                let request = Request {
                    id: *id,
                    features: features.as_deref(),
                    input_tokens: *input_tokens,
                    costs: costs.as_deref(),
                    allowed: *allowed,
                    level: *level,
                    session: *session,
                    shadow: *shadow,
                };
                controller.decide(&request, decision)?;
                if decision.model == *model {
                    Ok(())
                } else {
                    let found = format!("model {} instead of {model}", decision.model);
                    Err(damaged("a replay must choose the model that was chosen", found))
                }
            }
            Self::Observe { id, outcomes } => controller.observe(*id, outcomes),
            &Self::Fail { id, model, kind, retry_after } => {
                controller.fail(id, model, kind, retry_after).map(drop)
            }
            Self::Advance { now } => {
                controller.advance(*now);
                Ok(())
            }
            &Self::WarmStart { ref features, input_tokens, outcome } => {
                let features = features.as_deref();
                controller.warm_start(&Example { features, input_tokens, outcome })
            }
            Self::ChangeZoo { change } => controller.change_zoo(change),
        }
    }
}

struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self
            .0
            .split_first_chunk()
            .ok_or_else(|| damaged("records must not end within a field", self.0.len()))?;
        self.0 = rest;
        Ok(*array)
    }

    fn f64(&mut self) -> Result<f64> {
        self.take().map(f64::from_le_bytes)
    }

    fn decide(&mut self) -> Result<Record> {
        let id = u128::from_le_bytes(self.take()?);
        let [model, level, in_session] = self.take()?;
        let session = u64::from_le_bytes(self.take()?);
        if in_session > 1 {
            return Err(damaged("a session must be there or not", in_session));
        }
        let shadow = self.shadow()?;
        let allowed = ModelSet::from_bits(u64::from_le_bytes(self.take()?));
        let (input_tokens, features) = self.prompt()?;
        let costs = (!self.0.is_empty()).then(|| self.costs()).transpose()?;
        let allowed = (!allowed.is_empty()).then_some(allowed);
        let (model, level) = (usize::from(model), usize::from(level));
        let session = (in_session == 1).then_some(session);
        Ok(Record::Decide {
            id,
            model,
            level,
            session,
            shadow,
            allowed,
            features,
            input_tokens,
            costs,
        })
    }

    fn shadow(&mut self) -> Result<Option<Shadow>> {
        match self.take()? {
            [0] => Ok(None),
            [1] => {
                let [model] = self.take()?;
                Ok(Some(Shadow { model: usize::from(model), explore: self.f64()? }))
            }
            [other] => Err(damaged("a shadow must be there or not", other)),
        }
    }

    fn prompt(&mut self) -> Result<(Option<NonZeroU32>, Option<Vec<f32>>)> {
        let input_tokens = NonZeroU32::new(u32::from_le_bytes(self.take()?));
        let n_features = u16::from_le_bytes(self.take()?);
        let features = (n_features != NO_FEATURES)
            .then(|| (0..n_features).map(|_| self.take().map(f32::from_le_bytes)).collect())
            .transpose()?;
        Ok((input_tokens, features))
    }

    fn warm_start(&mut self) -> Result<Record> {
        let (input_tokens, features) = self.prompt()?;
        Ok(Record::WarmStart { features, input_tokens, outcome: self.outcome()? })
    }

    fn outcome(&mut self) -> Result<Outcome> {
        let [model, known] = self.take()?;
        let known = ModelSet::from_bits(u64::from(known));
        let mut part = |index| known.contains(index).then(|| self.f64()).transpose();
        let (satisfaction, cost, latency) = (part(0)?, part(1)?, part(2)?);
        Ok(Outcome { model: usize::from(model), satisfaction, cost, latency })
    }

    fn costs(&mut self) -> Result<Vec<Option<f64>>> {
        let [n_models] = self.take()?;
        let known = ModelSet::from_bits(u64::from_le_bytes(self.take()?));
        let cost = |model| known.contains(model).then(|| self.f64()).transpose();
        (0..usize::from(n_models)).map(cost).collect()
    }

    fn observe(&mut self) -> Result<Record> {
        let id = u128::from_le_bytes(self.take()?);
        let mut outcomes = Vec::new();
        while !self.0.is_empty() {
            outcomes.push(self.outcome()?);
        }
        Ok(Record::Observe { id, outcomes })
    }
}
