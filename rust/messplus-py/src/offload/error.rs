//! Errors of `messplus_offload` as the exceptions of `messplus.exceptions`.

use messplus_offload::OffloadError;
use pyo3::prelude::*;

use crate::error::{FeedbackError, InputError, MessPlusError, StateError, StateVersionError};

/// The exception that stands for an error of the crate, with the same message.
#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` wants")]
pub fn to_py(error: OffloadError) -> PyErr {
    let message = error.to_string();
    match error {
        OffloadError::Invalid { .. } => InputError::new_err(message),
        OffloadError::Order(_) => FeedbackError::new_err(message),
        OffloadError::Version { .. } => StateVersionError::new_err(message),
        OffloadError::Corrupt(_) => StateError::new_err(message),
        _ => MessPlusError::new_err(message),
    }
}
