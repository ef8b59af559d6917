//! Ranges of settings.

use crate::error::{Error, Result};

/// The number is finite and the rule holds, or an error that names the field, the rule and the number.
pub(crate) fn number(
    field: &str,
    value: f64,
    rule: &'static str,
    holds: impl Fn(f64) -> bool,
) -> Result<()> {
    if value.is_finite() && holds(value) { Ok(()) } else { Err(Error::config(field, rule, value)) }
}

/// The credit of a policy's queues.
pub(crate) fn credit(credit: f64) -> Result<()> {
    number("policy.credit", credit, "must be in [0, 1e6]", |c| (0.0..=1e6).contains(&c))
}
