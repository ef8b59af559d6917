//! The native module `messplus._core`: convert, detach, call the core, convert back.

mod convert;
mod error;
mod fleet_simulation;
mod offload;
mod replay;
mod router;
mod text;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use super::fleet_simulation::simulate_fleet;
    #[pymodule_export]
    use super::replay::replay;
    #[pymodule_export]
    use super::router::{
        Histogram, PyController, PyDecision, PyReplica, after_fork_in_child, after_fork_in_parent,
        audit_folder, before_fork, folder_history, log_history, read_spool, retrace_folder,
    };

    #[pymodule_export]
    const SURFACE_FEATURES: usize = super::text::SURFACE_FEATURES;
    #[pymodule_export]
    use super::text::{PyFolderTokenizer, PyStaticTable, text_features};

    #[pymodule_export]
    use super::offload::{
        PyAgent, PyConversation, PyData, PyDecision as PyOffloadDecision, PyEnv, PyEstimator,
        PyRouter, best_reachable_reward, evaluate,
    };

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        let profile = if cfg!(debug_assertions) { "debug" } else { "release" };
        module.add("build_profile", profile)?;
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }
}
