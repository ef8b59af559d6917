//! The one error enum of the crate.

/// Everything that can be refused. Each message names the field, the rule and the value.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OffloadError {
    /// A value breaks the rule of its field; nothing was changed.
    #[error("{field} {rule}, got {value}")]
    Invalid {
        /// Name of the offending argument or record.
        field: String,
        /// The rule, phrased as "must ...".
        rule: &'static str,
        /// The value found.
        value: String,
    },
    /// Call order is wrong, e.g. feedback without a pending decision.
    #[error("{0}")]
    Order(&'static str),
    /// Bytes were written by another format version.
    #[error("state version must be {expected}, got {found}")]
    Version {
        /// The version this build reads.
        expected: u16,
        /// The version found.
        found: u16,
    },
    /// Bytes are not a valid state: truncated, altered or of another kind.
    #[error("state bytes {0}")]
    Corrupt(&'static str),
}

/// Result of this crate.
pub type Result<T> = core::result::Result<T, OffloadError>;

/// Shorthand for [`OffloadError::Invalid`].
pub(crate) fn invalid<T>(
    field: impl Into<String>,
    rule: &'static str,
    value: impl core::fmt::Debug,
) -> Result<T> {
    Err(OffloadError::Invalid { field: field.into(), rule, value: format!("{value:?}") })
}

/// Accepts finite values at or above zero.
pub(crate) fn non_negative(field: &str, value: f64) -> Result<f64> {
    if value.is_finite() && value >= 0.0 {
        Ok(value)
    } else {
        invalid(field, "must be finite and >= 0", value)
    }
}
