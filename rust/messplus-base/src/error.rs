//! The shape of a refusal.

use std::fmt::Display;

/// A value that breaks the rule of its field.
///
/// ```
/// use messplus_base::Invalid;
///
/// let refusal = Invalid::new("rate", "must be in (0, 1]", 1.5);
/// assert_eq!(refusal.to_string(), "rate: must be in (0, 1], got 1.5");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {rule}, got {found}")]
pub struct Invalid {
    /// Path of the setting, name of the argument, or place in a file.
    pub field: String,
    /// What the value must satisfy.
    pub rule: &'static str,
    /// The value found.
    pub found: String,
}

impl Invalid {
    /// A refusal of `found`.
    #[must_use]
    pub fn new(field: impl Into<String>, rule: &'static str, found: impl Display) -> Self {
        Self { field: field.into(), rule, found: found.to_string() }
    }
}
