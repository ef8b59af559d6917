//! Transitions to bytes, from the arguments of the call: nothing is copied on the way.

use std::num::NonZeroU32;

use messplus_core::{Example, Failure, ModelSet, Outcome, Request, Shadow, ZooChange};

use super::transition::{
    ADVANCE, CHANGE_ZOO, DECIDE, FAIL_OF_KIND, NO_FEATURES, OBSERVE, WARM_START,
};

/// Write down a decision.
pub fn decide(out: &mut Vec<u8>, request: &Request<'_>, model: usize) {
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
    prompt(out, request.input_tokens, request.features);
    if let Some(costs) = request.costs {
        let known = (0..costs.len()).filter(|&model| costs[model].is_some());
        out.push(costs.len() as u8);
        out.extend(known.collect::<ModelSet>().bits().to_le_bytes());
        costs.iter().flatten().for_each(|cost| out.extend(cost.to_le_bytes()));
    }
}

fn prompt(out: &mut Vec<u8>, tokens: Option<NonZeroU32>, features: Option<&[f32]>) {
    out.extend(tokens.map_or(0, NonZeroU32::get).to_le_bytes());
    let n_features = features.map_or(NO_FEATURES, |features| features.len() as u16);
    out.extend(n_features.to_le_bytes());
    for feature in features.unwrap_or(&[]) {
        out.extend(feature.to_le_bytes());
    }
}

/// Write down outcomes.
pub fn observe(out: &mut Vec<u8>, id: u128, outcomes: &[Outcome]) {
    out.push(OBSERVE);
    out.extend(id.to_le_bytes());
    outcomes.iter().for_each(|of| outcome(out, of));
}

fn outcome(out: &mut Vec<u8>, of: &Outcome) {
    let parts = [of.satisfaction, of.cost, of.latency];
    let known = (0..parts.len()).filter(|&part| parts[part].is_some());
    out.push(of.model as u8);
    out.push(known.collect::<ModelSet>().bits() as u8);
    parts.iter().flatten().for_each(|part| out.extend(part.to_le_bytes()));
}

/// Write down a failed call.
pub fn fail(out: &mut Vec<u8>, id: u128, model: usize, kind: Failure, retry_after: Option<u64>) {
    out.push(FAIL_OF_KIND);
    out.extend(id.to_le_bytes());
    out.extend([model as u8, kind as u8]);
    out.extend(retry_after.unwrap_or(u64::MAX).to_le_bytes());
}

/// Write down that time passed.
pub fn advance(out: &mut Vec<u8>, now: u64) {
    out.push(ADVANCE);
    out.extend(now.to_le_bytes());
}

/// Write down a line of logged data.
pub fn warm_start(out: &mut Vec<u8>, example: &Example<'_>) {
    out.push(WARM_START);
    prompt(out, example.input_tokens, example.features);
    outcome(out, &example.outcome);
}

/// Write down a change of the zoo, as JSON: it is rare, and names have any length.
pub fn change_zoo(out: &mut Vec<u8>, change: &ZooChange) {
    out.push(CHANGE_ZOO);
    out.extend(change.to_json().into_bytes());
}
