//! A controller that survives its process.
//!
//! The controller is deterministic, so its state is the last snapshot plus the inputs since then. A
//! [`Store`] appends the inputs of every transition to a journal before the call returns, and now and
//! then writes a snapshot and begins a new journal. Both are files of one folder, which belongs to
//! one process at a time:
//!
//! ```text
//! lock                            held by the owner
//! snapshot-0000000000000007       header, then the controller's own sealed bytes
//! journal-0000000000000007        header, then one frame per transition since snapshot 7
//! ```
//!
//! One generation back is kept: where the newest snapshot cannot be read, the one before it and two
//! journals lead to the same state, bit for bit.
//!
//! Reading order: [`record`] and [`segment`] are the format; [`recorded`] joins a controller with the
//! frames not yet written; [`store`] has them written; [`recovery`] reads them back; [`audit`]
//! looks without opening.

pub mod audit;
pub mod error;
pub mod folder;
pub mod fork;
pub mod header;
mod keeper;
mod log;
pub mod record;
pub mod recorded;
pub mod recovery;
pub mod segment;
pub mod store;
mod trouble;

pub use error::{Error, Result};
pub use record::Record;
pub use recorded::Recorded;
pub use recovery::{Recovered, recover};
pub use store::{Durability, Found, Options, Store};
pub use trouble::Kind;
