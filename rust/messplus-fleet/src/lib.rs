//! One router in many processes: every replica folds one ordered log in the same order.
//!
//! A log holds [`Batch`]es: what a replica decided and was told, numbered by the replica. The state that
//! they lead to is a function of the log alone ([`Fold`]), so replicas at the same position agree bit
//! for bit. A replica decides on a copy of that state to which its own transitions since then were
//! applied, each standing for what all replicas do meanwhile ([`Replica`]).
//!
//! ```text
//! batch        what travels: transitions of one replica, numbered and checked
//! fold         the state all replicas agree on, at a position of the log
//! early        outcomes that are in the log before their decision
//! share        how much of the traffic a replica has
//! replica      decides ahead of the fold; keeps its transitions until the log has them
//! simulation   many replicas and their log in one process, on recorded outcomes
//! ```
//!
//! No I/O, no clock, no threads: where the log is kept, and who carries batches to it, is an argument.

mod batch;
mod early;
mod fold;
mod replica;
mod share;
mod simulation;

pub use batch::Batch;
pub use early::{Answer, SERVED};
pub use fold::{Counts, Fold};
pub use replica::Replica;
pub use share::Share;
pub use simulation::{Fleet, Simulated, simulate};
