//! The native module `messplus._core`: convert, detach, call the core, convert back.

mod controller;
mod convert;
mod decision;
mod error;
mod features;
mod folder_tokenizer;
mod fork;
mod ids;
mod logged_data;
mod names;
mod offload;
mod outcome;
mod replay;
mod report;
mod store_folder;
mod surface;
mod text;
mod timing;
mod tokenize;
mod wordpiece;

use pyo3::prelude::*;

#[pymodule(gil_used = false)]
mod _core {
    use super::{Bound, PyModule, PyModuleMethods, PyResult};

    #[pymodule_export]
    use super::controller::PyController;
    #[pymodule_export]
    use super::decision::PyDecision;
    #[pymodule_export]
    use super::features::prompt_features;
    #[pymodule_export]
    use super::folder_tokenizer::PyFolderTokenizer;
    #[pymodule_export]
    use super::fork::{after_fork_in_child, after_fork_in_parent, before_fork};
    #[pymodule_export]
    use super::replay::replay;
    #[pymodule_export]
    use super::store_folder::{audit_folder, folder_history};
    #[pymodule_export]
    const SURFACE_FEATURES: usize = super::surface::SURFACE_FEATURES;
    #[pymodule_export]
    use super::surface::surface_features;
    #[pymodule_export]
    use super::timing::Histogram;
    #[pymodule_export]
    use super::tokenize::PyWordPiece;

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
