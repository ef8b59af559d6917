//! The one error type of the crate.

use std::fmt::Display;

use messplus_base::Invalid;
use messplus_base::wire::WireError;

/// Why a call was refused. A call that returns an error has changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An argument breaks its rule.
    #[error(transparent)]
    Input(#[from] Invalid),
    /// A call does not go with those before it, such as a record without a decision.
    #[error(transparent)]
    Order(Invalid),
    /// Saved state cannot be read.
    #[error(transparent)]
    State(#[from] WireError),
}

/// Shorthand for results with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn input(field: impl Into<String>, rule: &'static str, found: impl Display) -> Self {
        Self::Input(Invalid::new(field, rule, found))
    }

    pub(crate) fn order(field: &str, rule: &'static str, found: impl Display) -> Self {
        Self::Order(Invalid::new(field, rule, found))
    }
}

/// Accepts finite values at or above zero.
pub(crate) fn non_negative(field: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        Err(Error::input(field, "must be finite and >= 0", value))
    }
}
