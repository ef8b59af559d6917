//! The problem: what can be done in a turn, what it costs and earns, and what a conversation may
//! spend.

mod action;
mod association;
mod budget;
mod costs;
mod dataset;
mod frame;
mod reward;
mod window;

pub use action::{Action, ActionSpace, LOCAL, MAX_MODALITIES};
pub(crate) use association::check_association;
pub use association::{association_mass, association_share, association_shares};
pub(crate) use budget::MARGIN;
pub use budget::{Budget, BudgetTracker};
pub use costs::CostTable;
pub use dataset::{Dataset, Turn};
pub use frame::Frame;
pub(crate) use frame::MAX_TASKS;
pub use reward::RewardWeights;
pub(crate) use window::check_span;
pub use window::{MAX_SPAN, Window};
