//! Transitions to bytes, from the arguments of the call: nothing is copied on the way.

use std::num::{NonZeroU32, NonZeroU64};

use messplus_base::wire::Writer;
use messplus_core::{
    Amendment, Example, Failure, Feedback, ModelSet, Outcome, Request, Served, Shadow, ZooChange,
};

use super::transition::{
    ADOPT, ADVANCE, AMEND, CANCEL, CHANGE_ZOO, COUNT_ELSEWHERE, DATE, DECIDE, FAIL_OF_KIND,
    NO_FEATURES, OBSERVE, OBSERVE_CACHED, OBSERVE_FROM, WARM_START,
};

/// Write down a decision.
pub fn decide(out: &mut Writer, request: &Request<'_>, model: usize) {
    out.u8(DECIDE);
    decided(out, request, model);
}

/// Write down a decision for other replicas to adopt.
pub fn adopt(out: &mut Writer, request: &Request<'_>, served: &Served) {
    out.u8(ADOPT);
    out.u8(served.reason as u8);
    out.f64(served.audit_weight);
    out.u8(u8::from(served.drawn_for.is_some()));
    out.u8(served.drawn_for.unwrap_or(0) as u8);
    out.u64(served.also_query.bits());
    out.f64(served.propensity);
    out.u8(u8::from(served.shadow_choice.is_some()));
    if let Some((model, propensity)) = served.shadow_choice {
        out.u8(model as u8);
        out.f64(propensity);
    }
    decided(out, request, served.model);
}

fn decided(out: &mut Writer, request: &Request<'_>, model: usize) {
    out.u128(request.id);
    out.u8(model as u8);
    out.u8(request.level as u8);
    out.u8(u8::from(request.session.is_some()));
    out.u64(request.session.unwrap_or(0));
    out.u8(u8::from(request.shadow.is_some()));
    if let Some(Shadow { model, explore }) = request.shadow {
        out.u8(model as u8);
        out.f64(explore);
    }
    out.u64(request.allowed.map_or(0, ModelSet::bits));
    prompt(out, request.input_tokens, request.features);
    // What is not known before something that is stands there of no models.
    let cached = request.cached_tokens.or(request.max_cost.map(|_| [].as_slice()));
    let costs = request.costs.or(cached.map(|_| [].as_slice()));
    if let Some(costs) = costs {
        let known = (0..costs.len()).filter(|&model| costs[model].is_some());
        out.u8(costs.len() as u8);
        out.u64(known.collect::<ModelSet>().bits());
        costs.iter().flatten().for_each(|&cost| out.f64(cost));
    }
    if let Some(cached) = cached {
        out.u8(cached.len() as u8);
        cached.iter().for_each(|&tokens| out.u32(tokens));
    }
    if let Some(cost) = request.max_cost {
        out.f64(cost);
    }
}

fn prompt(out: &mut Writer, tokens: Option<NonZeroU32>, features: Option<&[f32]>) {
    out.u32(tokens.map_or(0, NonZeroU32::get));
    let n_features = features.map_or(NO_FEATURES, |features| features.len() as u16);
    out.u16(n_features);
    out.f32s(features.unwrap_or(&[]));
}

/// Write down outcomes, and where they come from unless that is as usual.
pub fn observe(out: &mut Writer, id: u128, feedback: &Feedback<'_>) {
    let is_usual = *feedback == Feedback::from(feedback.outcomes);
    if let Some(tokens) = feedback.cached_tokens {
        out.u8(OBSERVE_CACHED);
        out.u32(tokens);
    } else {
        out.u8(if is_usual { OBSERVE } else { OBSERVE_FROM });
    }
    out.u128(id);
    if !is_usual {
        for hash in [feedback.key, feedback.rater] {
            out.u64(hash.map_or(0, NonZeroU64::get));
        }
        out.u8(u8::from(feedback.replace));
        out.u8(feedback.source.len() as u8);
        out.bytes(feedback.source.as_bytes());
    }
    feedback.outcomes.iter().for_each(|of| outcome(out, of));
}

fn outcome(out: &mut Writer, of: &Outcome) {
    let parts = [of.satisfaction, of.cost, of.latency];
    let known = (0..parts.len()).filter(|&part| parts[part].is_some());
    out.u8(of.model as u8);
    out.u8(known.collect::<ModelSet>().bits() as u8);
    parts.iter().flatten().for_each(|&part| out.f64(part));
}

/// Write down a failed call.
pub fn fail(out: &mut Writer, id: u128, model: usize, kind: Failure, retry_after: Option<u64>) {
    out.u8(FAIL_OF_KIND);
    out.u128(id);
    out.u8(model as u8);
    out.u8(kind as u8);
    out.u64(retry_after.unwrap_or(u64::MAX));
}

/// Write down that time passed.
pub fn advance(out: &mut Writer, now: u64) {
    out.u8(ADVANCE);
    out.u64(now);
}

/// Write down the time by the wall clock.
pub fn date(out: &mut Writer, now: u64) {
    out.u8(DATE);
    out.u64(now);
}

/// Write down a line of logged data.
pub fn warm_start(out: &mut Writer, example: &Example<'_>) {
    out.u8(WARM_START);
    prompt(out, example.input_tokens, example.features);
    outcome(out, &example.outcome);
}

/// Write down that a decision was taken back.
pub fn cancel(out: &mut Writer, id: u128) {
    out.u8(CANCEL);
    out.u128(id);
}

/// Write down a change of what was agreed, as JSON.
pub fn amend(out: &mut Writer, amendment: &Amendment) {
    out.u8(AMEND);
    out.bytes(amendment.to_json().as_bytes());
}

/// Write down a request that was routed elsewhere and counts.
pub fn count_elsewhere(out: &mut Writer, level: usize, example: &Example<'_>) {
    out.u8(COUNT_ELSEWHERE);
    out.u8(level as u8);
    prompt(out, example.input_tokens, example.features);
    outcome(out, &example.outcome);
}

/// Write down a change of the zoo, as JSON: it is rare, and names have any length.
pub fn change_zoo(out: &mut Writer, change: &ZooChange) {
    out.u8(CHANGE_ZOO);
    out.bytes(change.to_json().as_bytes());
}
