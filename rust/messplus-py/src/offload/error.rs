//! Errors of `messplus_offload` as the exceptions of `messplus.exceptions`.

use std::str::FromStr;

use messplus_base::Invalid;
use messplus_base::wire::WireError;
use messplus_offload::Error;
use pyo3::prelude::*;

use crate::error::{FeedbackError, InputError, MessPlusError, StateError, StateVersionError};

/// The exception that stands for an error of the crate, with the same message.
#[expect(clippy::needless_pass_by_value, reason = "the signature that `map_err` wants")]
pub fn to_py(error: Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Input(_) => InputError::new_err(message),
        Error::Order(_) => FeedbackError::new_err(message),
        Error::State(WireError::Format { .. }) => StateVersionError::new_err(message),
        Error::State(_) => StateError::new_err(message),
        _ => MessPlusError::new_err(message),
    }
}

/// The variant with this name.
pub fn parse<T: FromStr<Err = Invalid>>(name: &str) -> PyResult<T> {
    name.parse().map_err(|invalid: Invalid| InputError::new_err(invalid.to_string()))
}
