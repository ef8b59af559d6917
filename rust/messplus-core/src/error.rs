//! The one error type: every message names the field, the rule and the value found.

use std::fmt::Display;

use messplus_base::Invalid;
use messplus_base::wire::WireError;

/// Why a call was refused. A call that returns an error has changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting breaks its rule.
    #[error(transparent)]
    Config(Invalid),
    /// An argument of a call breaks its rule.
    #[error(transparent)]
    Input(Invalid),
    /// No model that is allowed can serve a request.
    #[error(transparent)]
    Unservable(Invalid),
    /// An array has the wrong length.
    #[error("{field}: must have {expected} values, got {found}")]
    Shape {
        /// Name of the argument.
        field: &'static str,
        /// The length required.
        expected: usize,
        /// The length found.
        found: usize,
    },
    /// NaN or infinity where a finite number is needed.
    #[error("{field}[{index}]: must be finite, got {found}")]
    NonFinite {
        /// Name of the argument.
        field: &'static str,
        /// Position of the first offending value.
        index: usize,
        /// The value found.
        found: f64,
    },
    /// No decision with this id is held: never made here, or evicted.
    #[error("decision: must be pending, got unknown or expired id {id:032x}")]
    UnknownDecision {
        /// The id as given.
        id: u128,
    },
    /// The model was rated for this decision before.
    #[error("decision: one rating per model, got a second one for {model:?} of id {id:032x}")]
    AlreadyRated {
        /// The id as given.
        id: u128,
        /// Name of the model.
        model: String,
    },
    /// The model failed on this decision before.
    #[error("decision: one failure per model, got a second one for {model:?} of id {id:032x}")]
    AlreadyFailed {
        /// The id as given.
        id: u128,
        /// Name of the model.
        model: String,
    },
    /// Saved state cannot be read.
    #[error(transparent)]
    State(#[from] WireError),
}

/// Shorthand for results with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn config(
        field: impl Into<String>,
        rule: &'static str,
        found: impl Display,
    ) -> Self {
        Self::Config(Invalid::new(field, rule, found))
    }

    pub(crate) fn input(field: impl Into<String>, rule: &'static str, found: impl Display) -> Self {
        Self::Input(Invalid::new(field, rule, found))
    }

    pub(crate) fn state(rule: &'static str, found: impl Display) -> Self {
        Self::State(WireError::malformed(rule, found))
    }
}
