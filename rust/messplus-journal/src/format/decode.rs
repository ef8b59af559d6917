//! Transitions back from bytes, every byte of which must belong to them.

use std::num::{NonZeroU32, NonZeroU64};

use messplus_base::wire::{self, Reader};
use messplus_core::{
    Amendment, Failure, ModelSet, Outcome, Reason, Result, Served, Shadow, USER, ZooChange,
};

use super::transition::{
    ADOPT, ADVANCE, AMEND, CANCEL, CHANGE_ZOO, COUNT_ELSEWHERE, DATE, DECIDE, FAIL, FAIL_OF_KIND,
    NO_FEATURES, OBSERVE, OBSERVE_CACHED, OBSERVE_FROM, Transition, WARM_START,
};
use crate::error::damaged;

impl Transition {
    /// Read a transition back.
    ///
    /// # Errors
    ///
    /// The bytes are not what a transition is written as.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Reader::new(bytes);
        let transition = match input.u8()? {
            DECIDE => decide(&mut input, None)?,
            ADOPT => {
                let served = served(&mut input)?;
                decide(&mut input, Some(served))?
            }
            OBSERVE => {
                let (id, source) = (input.u128()?, USER.to_owned());
                let outcomes = outcomes(&mut input)?;
                let (key, rater, replace, cached_tokens) = (None, None, false, None);
                Self::Observe { id, outcomes, source, key, rater, replace, cached_tokens }
            }
            OBSERVE_FROM => observe(&mut input, None)?,
            OBSERVE_CACHED => {
                let cached_tokens = input.u32()?;
                observe(&mut input, Some(cached_tokens))?
            }
            FAIL => {
                let (id, model) = (input.u128()?, usize::from(input.u8()?));
                Self::Fail { id, model, kind: Failure::Error, retry_after: None }
            }
            FAIL_OF_KIND => fail(&mut input)?,
            ADVANCE => Self::Advance { now: input.u64()? },
            DATE => Self::Date { now: input.u64()? },
            WARM_START => warm_start(&mut input)?,
            CANCEL => Self::Cancel { id: input.u128()? },
            AMEND => {
                return Ok(Self::Amend { amendment: Amendment::from_json(input.rest())? });
            }
            COUNT_ELSEWHERE => count_elsewhere(&mut input)?,
            CHANGE_ZOO => {
                return Ok(Self::ChangeZoo { change: ZooChange::from_json(input.rest())? });
            }
            other => return Err(damaged("transitions must be of a known kind", other)),
        };
        input.finish()?;
        Ok(transition)
    }
}

/// All but the model, which the decision itself tells.
fn served(input: &mut Reader<'_>) -> Result<Served> {
    let reason = input.u8()?;
    let known = Reason::ALL.get(usize::from(reason)).copied();
    let reason = known.ok_or_else(|| damaged("reasons must be known", reason))?;
    let audit_weight = input.f64()?;
    let (drawn, drawn_for) = (input.u8()? == 1, usize::from(input.u8()?));
    let drawn_for = drawn.then_some(drawn_for);
    let also_query = ModelSet::from_bits(input.u64()?);
    let propensity = input.f64()?;
    let shadow_choice = match input.u8()? {
        0 => None,
        _ => Some((usize::from(input.u8()?), input.f64()?)),
    };
    Ok(Served { model: 0, shadow_choice, propensity, audit_weight, drawn_for, also_query, reason })
}

fn decide(input: &mut Reader<'_>, served: Option<Served>) -> Result<Transition> {
    let id = input.u128()?;
    let (model, level) = (usize::from(input.u8()?), usize::from(input.u8()?));
    let (in_session, session) = (input.u8()?, input.u64()?);
    if in_session > 1 {
        return Err(damaged("a session must be there or not", in_session));
    }
    let session = (in_session == 1).then_some(session);
    let shadow = shadow(input)?;
    let allowed = ModelSet::from_bits(input.u64()?);
    let allowed = (!allowed.is_empty()).then_some(allowed);
    let (input_tokens, features) = prompt(input)?;
    let costs = (!input.rest().is_empty()).then(|| costs(input)).transpose()?;
    let cached_tokens = (!input.rest().is_empty()).then(|| cached_tokens(input)).transpose()?;
    let max_cost = (!input.rest().is_empty()).then(|| input.f64()).transpose()?;
    Ok(Transition::Decide {
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
        served: served.map(|served| Served { model, ..served }),
    })
}

fn shadow(input: &mut Reader<'_>) -> Result<Option<Shadow>> {
    match input.u8()? {
        0 => Ok(None),
        1 => Ok(Some(Shadow { model: usize::from(input.u8()?), explore: input.f64()? })),
        other => Err(damaged("a shadow must be there or not", other)),
    }
}

fn prompt(input: &mut Reader<'_>) -> Result<(Option<NonZeroU32>, Option<Vec<f32>>)> {
    let input_tokens = NonZeroU32::new(input.u32()?);
    let n_features = input.u16()?;
    if n_features == NO_FEATURES {
        return Ok((input_tokens, None));
    }
    let mut features = vec![0.0; usize::from(n_features)];
    input.f32s(&mut features)?;
    Ok((input_tokens, Some(features)))
}

fn costs(input: &mut Reader<'_>) -> Result<Vec<Option<f64>>> {
    let n_models = input.u8()?;
    let known = ModelSet::from_bits(input.u64()?);
    (0..usize::from(n_models)).map(|model| optional(input, known, model)).collect()
}

fn cached_tokens(input: &mut Reader<'_>) -> Result<Vec<u32>> {
    let n_models = input.u8()?;
    Ok((0..n_models).map(|_| input.u32()).collect::<wire::Result<_>>()?)
}

fn observe(input: &mut Reader<'_>, cached_tokens: Option<u32>) -> Result<Transition> {
    let id = input.u128()?;
    let (key, rater) = (NonZeroU64::new(input.u64()?), NonZeroU64::new(input.u64()?));
    let (flags, length) = (input.u8()?, input.u8()?);
    if flags > 1 {
        return Err(damaged("a rating must take the place of another or not", flags));
    }
    let source = (0..length).map(|_| input.u8()).collect::<wire::Result<Vec<u8>>>()?;
    let source =
        String::from_utf8(source).map_err(|error| damaged("texts must be UTF-8", error))?;
    let outcomes = outcomes(input)?;
    let replace = flags == 1;
    Ok(Transition::Observe { id, outcomes, source, key, rater, replace, cached_tokens })
}

fn outcomes(input: &mut Reader<'_>) -> Result<Vec<Outcome>> {
    let mut outcomes = Vec::new();
    while !input.rest().is_empty() {
        outcomes.push(outcome(input)?);
    }
    Ok(outcomes)
}

fn outcome(input: &mut Reader<'_>) -> Result<Outcome> {
    let model = usize::from(input.u8()?);
    let known = ModelSet::from_bits(u64::from(input.u8()?));
    Ok(Outcome {
        model,
        satisfaction: optional(input, known, 0)?,
        cost: optional(input, known, 1)?,
        latency: optional(input, known, 2)?,
    })
}

fn fail(input: &mut Reader<'_>) -> Result<Transition> {
    let (id, model, kind) = (input.u128()?, usize::from(input.u8()?), input.u8()?);
    let retry_after = input.u64()?;
    let known = Failure::ALL.get(usize::from(kind)).copied();
    let kind = known.ok_or_else(|| damaged("failures must be of a known kind", kind))?;
    let retry_after = (retry_after != u64::MAX).then_some(retry_after);
    Ok(Transition::Fail { id, model, kind, retry_after })
}

fn warm_start(input: &mut Reader<'_>) -> Result<Transition> {
    let (input_tokens, features) = prompt(input)?;
    Ok(Transition::WarmStart { features, input_tokens, outcome: outcome(input)? })
}

fn count_elsewhere(input: &mut Reader<'_>) -> Result<Transition> {
    let level = usize::from(input.u8()?);
    let (input_tokens, features) = prompt(input)?;
    let outcome = outcome(input)?;
    Ok(Transition::CountElsewhere { level, features, input_tokens, outcome })
}

/// A number that is there where its place is in the set.
fn optional(input: &mut Reader<'_>, known: ModelSet, place: usize) -> Result<Option<f64>> {
    Ok(known.contains(place).then(|| input.f64()).transpose()?)
}
