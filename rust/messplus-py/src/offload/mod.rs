//! The `Offload...` classes of `messplus._core`: conversion around `messplus_offload`.

#![allow(clippy::needless_pass_by_value, reason = "extracted arguments are owned")]

mod agent;
mod data;
mod environment;
mod error;
mod estimator;
mod evaluation;
mod problem;
mod router;

pub use agent::PyAgent;
pub use data::PyData;
pub use environment::PyEnv;
pub use estimator::PyEstimator;
pub use evaluation::{best_reachable_reward, evaluate};
pub use router::{PyConversation, PyDecision, PyRouter};
