//! Ranges of settings.

use std::ops::RangeInclusive;

use crate::error::{Error, Result};

/// The number is finite and the rule holds, or an error that names the field, the rule and the number.
pub(crate) fn number(
    field: &str,
    value: f64,
    rule: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<()> {
    if value.is_finite() && holds(value) {
        Ok(())
    } else {
        Err(Error::config(field, rule, shown(value)))
    }
}

/// A number as people write it: not with hundreds of zeros.
pub(crate) fn shown(value: f64) -> String {
    let plain = value == 0.0 || !value.is_finite() || (1e-6..1e16).contains(&value.abs());
    if plain { value.to_string() } else { format!("{value:e}") }
}

/// Smallest and largest amount of a resource that is told from nothing: within them products,
/// quotients and squares of two of them, and long sums, are finite and not zero.
pub(crate) const AMOUNTS: RangeInclusive<f64> = 1e-18..=1e18;

/// Whether this is an amount of a resource: nothing, or in [`AMOUNTS`].
pub(crate) fn is_amount(value: f64) -> bool {
    value == 0.0 || AMOUNTS.contains(&value)
}

/// What [`is_measured`] asks for.
pub(crate) const MEASURED: &str = "must be in [0, 1e18]";

/// Whether this can be what something cost or took: nothing is divided by it, so it may be as small as
/// it likes.
pub(crate) fn is_measured(value: f64) -> bool {
    (0.0..=*AMOUNTS.end()).contains(&value)
}

/// The credit of a policy's queues.
pub(crate) fn credit(credit: f64) -> Result<()> {
    number("policy.credit", credit, "must be in [0, 1e6]", |c| (0.0..=1e6).contains(&c))
}
