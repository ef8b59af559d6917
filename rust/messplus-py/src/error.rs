//! Errors of the core as the exceptions of `messplus.exceptions`.

use messplus_base::wire::WireError;
use messplus_core::Error;
use pyo3::import_exception;
use pyo3::prelude::*;

import_exception!(messplus.exceptions, ConfigError);
import_exception!(messplus.exceptions, FeedbackError);
import_exception!(messplus.exceptions, FeaturizerError);
import_exception!(messplus.exceptions, InputError);
import_exception!(messplus.exceptions, MessPlusError);
import_exception!(messplus.exceptions, NonFiniteError);
import_exception!(messplus.exceptions, ShapeError);
import_exception!(messplus.exceptions, StateError);
import_exception!(messplus.exceptions, StateLockedError);
import_exception!(messplus.exceptions, StateVersionError);
import_exception!(messplus.exceptions, UnsafeEncoderError);
import_exception!(messplus.exceptions, UnservableError);

/// The exception that stands for an error of the core, with the same message.
pub fn to_py(error: &Error) -> PyErr {
    let message = error.to_string();
    match error {
        Error::Config(_) => ConfigError::new_err(message),
        Error::Input(_) => InputError::new_err(message),
        Error::Unservable(_) => UnservableError::new_err(message),
        Error::Shape { .. } => ShapeError::new_err(message),
        Error::NonFinite { .. } => NonFiniteError::new_err(message),
        Error::UnknownDecision { .. }
        | Error::AlreadyRated { .. }
        | Error::AlreadyFailed { .. } => FeedbackError::new_err(message),
        Error::State(WireError::Format { .. }) => StateVersionError::new_err(message),
        Error::State(_) => StateError::new_err(message),
        _ => MessPlusError::new_err(message),
    }
}

/// The exception that stands for an error of a store's folder.
pub fn folder_error(error: messplus_journal::Error) -> PyErr {
    match error {
        messplus_journal::Error::Core(error) => to_py(&error),
        messplus_journal::Error::Locked { .. } => StateLockedError::new_err(error.to_string()),
        _ => StateError::new_err(error.to_string()),
    }
}
