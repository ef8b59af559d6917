//! Arguments of calls, checked and turned into what the core takes.

use std::num::NonZeroU64;

use messplus_core::Error;
use messplus_fleet::SERVED;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyBool, PyString};

use super::decision::PyDecision;
use super::names::{Names, as_dict};
use super::shared::Shared;
use super::{ids, outcome};
use crate::error::{FeedbackError, InputError, to_py};

/// Costs that the caller knows, by model.
pub fn costs(names: &Names, costs: &Bound<'_, PyAny>) -> PyResult<Vec<Option<f64>>> {
    let Some(by_model) = as_dict(costs)? else {
        let message = format!("costs: must be {{model: cost}}, got {}", costs.repr()?);
        return Err(InputError::new_err(message));
    };
    let mut costs = vec![None; names.len()];
    for (name, cost) in by_model {
        costs[names.index("costs", &name)?] = Some(outcome::number("costs", &cost)?);
    }
    // The zoo may not have grown as far as its names yet.
    let known = costs.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
    costs.truncate(known);
    Ok(costs)
}

/// The most a request may be expected to cost; the core knows its range.
pub fn max_cost(cost: &Bound<'_, PyAny>) -> PyResult<f64> {
    if cost.is_instance_of::<PyBool>() {
        let message = format!("max_cost: must be a number, got {cost}");
        return Err(InputError::new_err(message));
    }
    outcome::number("max_cost", cost)
}

/// Tokens that providers have in their caches, by model.
pub fn cached_tokens(names: &Names, cached: &Bound<'_, PyAny>) -> PyResult<Vec<u32>> {
    let wrong = |found: String| {
        let rule = "must be {model: tokens}, integers in [0, 4294967295]";
        InputError::new_err(format!("cached_tokens: {rule}, got {found}"))
    };
    let Some(by_model) = as_dict(cached)? else {
        return Err(wrong(cached.repr()?.to_string()));
    };
    let mut tokens = Vec::new();
    for (name, number) in by_model {
        let model = names.index("cached_tokens", &name)?;
        if tokens.len() <= model {
            tokens.resize(model + 1, 0);
        }
        let read = number.extract::<u32>();
        tokens[model] = read.map_err(|_| wrong(format!("{name}: {number}")))?;
    }
    // The zoo may not have grown as far as its names yet.
    let known = tokens.iter().rposition(|&tokens| tokens > 0).map_or(0, |last| last + 1);
    tokens.truncate(known);
    Ok(tokens)
}

/// The index of a service level, which may be left out where there is one.
pub fn level(levels: &Names, sla: Option<&Bound<'_, PyAny>>) -> PyResult<usize> {
    match sla {
        Some(sla) => levels.index_of("sla", "must name a service level", sla),
        None if levels.len() == 1 => Ok(0),
        None => {
            let rule = "must name one of the service levels";
            Err(InputError::new_err(format!("sla: {rule}, got None")))
        }
    }
}

/// Names of what a request requires.
pub fn requires(names: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    // A string iterates too, but over letters.
    let all = match names.try_iter() {
        Ok(each) if !names.is_instance_of::<PyString>() => {
            each.map(|name| name?.extract()).collect::<PyResult<Vec<String>>>().ok()
        }
        _ => None,
    };
    all.map_or_else(
        || {
            let rule = "must be a collection of capabilities by name";
            Err(InputError::new_err(format!("requires: {rule}, got {}", names.repr()?)))
        },
        Ok,
    )
}

/// Hash of a name that callers give.
pub fn hash(field: &str, name: &Bound<'_, PyAny>) -> PyResult<NonZeroU64> {
    // One name in 2^64 shares its hash with another.
    name_hash(field, name).map(|hash| NonZeroU64::new(hash).unwrap_or(NonZeroU64::MIN))
}

/// FNV-1a of a conversation's key.
pub fn session(key: &Bound<'_, PyAny>) -> PyResult<u64> {
    name_hash("session", key)
}

/// FNV-1a. Written out here because saved states hold such hashes: it must
/// be the same in every process and every version, which hashers of libraries do not promise.
fn name_hash(field: &str, name: &Bound<'_, PyAny>) -> PyResult<u64> {
    let Ok(text) = name.cast::<PyString>() else {
        let message = format!("{field}: must be a string, got {}", name.repr()?);
        return Err(InputError::new_err(message));
    };
    // Lone surrogates, which JSON can carry and UTF-8 cannot, become replacement characters.
    let bytes = text.to_string_lossy();
    Ok(bytes.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    }))
}

/// Whole seconds to wait, rounded up.
pub fn seconds(retry_after: &Bound<'_, PyAny>) -> PyResult<u64> {
    let seconds = outcome::number("retry_after", retry_after)?;
    if !(seconds >= 0.0 && seconds.is_finite()) {
        let rule = "must be a number of seconds >= 0";
        return Err(InputError::new_err(format!("retry_after: {rule}, got {seconds}")));
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "saturates")]
    Ok(seconds.ceil() as u64)
}

/// The id of a decision, given whole or by its id, and the model chosen to serve it.
pub fn decision(
    py: Python<'_>,
    shared: &Shared,
    decision: &Bound<'_, PyAny>,
) -> PyResult<(u128, usize)> {
    if let Ok(decision) = decision.cast::<PyDecision>() {
        return Ok((decision.get().inner.id, decision.get().inner.model));
    }
    let id = id(decision)?;
    let served = shared.read(py, |controller| controller.served(id));
    // Another replica may have decided a moment ago: the log tells who serves.
    let served = served.or(shared.replica.get().map(|_| SERVED));
    Ok((id, served.ok_or_else(|| to_py(&Error::UnknownDecision { id }))?))
}

pub fn id(decision: &Bound<'_, PyAny>) -> PyResult<u128> {
    let text = decision.cast::<PyString>().ok().map(ToString::to_string);
    text.as_deref().and_then(ids::from_hex).ok_or_else(|| match decision.repr() {
        Ok(repr) => {
            let rule = "must be a Decision or its id of 32 hexadecimal digits";
            FeedbackError::new_err(format!("decision: {rule}, got {repr}"))
        }
        Err(error) => error,
    })
}
