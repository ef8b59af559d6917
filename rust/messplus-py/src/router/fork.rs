//! Hooks around `os.fork`, registered by the package.

use messplus_journal::fork;
use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;

use super::ids;

/// Wait, detached, until no thread is inside a router, and keep them out.
#[pyfunction]
pub fn before_fork(py: Python<'_>) {
    py.detach(fork::before);
}

/// Let threads into routers again.
#[pyfunction]
pub fn after_fork_in_parent() {
    fork::after_in_parent();
}

/// Let the child use its routers, without their files, and draw ids of its own.
#[pyfunction]
pub fn after_fork_in_child() -> PyResult<()> {
    fork::after_in_child();
    ids::reseed().map_err(|error| PyOSError::new_err(error.to_string()))
}
