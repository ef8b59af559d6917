//! The one error type: every message names the field, the rule and the value found.

/// Why a call was refused. A call that returns an error has changed nothing.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting breaks its rule.
    #[error("{field}: {rule}, got {found}")]
    Config {
        /// Path of the setting.
        field: String,
        /// What the setting must satisfy.
        rule: &'static str,
        /// The value found.
        found: String,
    },
    /// An argument of a call breaks its rule.
    #[error("{field}: {rule}, got {found}")]
    Input {
        /// Name of the argument.
        field: String,
        /// What the argument must satisfy.
        rule: &'static str,
        /// The value found.
        found: String,
    },
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
    /// No decision with this id is held: never made here, or evicted from the pending.
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
    /// Saved state is truncated, corrupt or not ours.
    #[error("state: {rule}, got {found}")]
    State {
        /// What the bytes must satisfy.
        rule: &'static str,
        /// What was found instead.
        found: String,
    },
    /// Saved state has a format this version does not read.
    #[error("state: format must be {supported}, got {found}")]
    StateVersion {
        /// The format this version reads.
        supported: u32,
        /// The format found.
        found: u32,
    },
}

/// Shorthand for results with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn config(
        field: impl Into<String>,
        rule: &'static str,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Config { field: field.into(), rule, found: found.to_string() }
    }

    pub(crate) fn input(
        field: impl Into<String>,
        rule: &'static str,
        found: impl std::fmt::Display,
    ) -> Self {
        Self::Input { field: field.into(), rule, found: found.to_string() }
    }

    pub(crate) fn state(rule: &'static str, found: impl std::fmt::Display) -> Self {
        Self::State { rule, found: found.to_string() }
    }
}
