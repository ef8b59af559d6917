//! Routing: the core's controller as Python sees it.

mod arguments;
mod asked;
mod calendar;
mod controller;
mod decision;
mod folder;
mod fork;
mod history;
mod ids;
mod logged_data;
mod names;
mod outcome;
mod pending;
mod pickled;
mod replica;
mod report;
mod retraced;
mod shared;
mod timing;

pub use controller::PyController;
pub use decision::PyDecision;
pub use folder::audit_folder;
pub use fork::{after_fork_in_child, after_fork_in_parent, before_fork};
pub use history::{folder_history, log_history};
pub use replica::{PyReplica, read_spool};
pub use retraced::retrace_folder;
pub use timing::Histogram;
