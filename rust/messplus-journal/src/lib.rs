//! A controller that survives its process.
//!
//! The controller is deterministic, so its state is the last snapshot plus the inputs since then. A
//! [`Store`] appends the inputs of every transition to a journal before the call returns, and now and
//! then writes a snapshot and begins a new journal. Both are files of one folder, which belongs to
//! one process at a time, until it is [handed on](Store::hand_on) to a log that many share:
//!
//! ```text
//! lock                            held by the owner; how far the files are known to reach
//! snapshot-0000000000000007       header, then the controller's own sealed bytes
//! journal-0000000000000007        header, then one frame per transition since snapshot 7
//! ```
//!
//! One generation back is kept: where the newest snapshot cannot be read, the one before it and two
//! journals lead to the same state, bit for bit. What is found damaged is kept beside, as
//! `NAME.aside-1`.
//!
//! ```text
//! format/      the bytes on file: headers, frames, transitions
//! controller   a controller together with the frames not yet written
//! store/       has them written; group syncs and snapshots in the background; counts what fails
//! folder       names, permissions, the lock
//! recovery     from files back to the controller
//! audit        looks into a folder without opening it
//! retrace      makes its decisions again, for those who study them
//! fork         keeps a forked child off its parent's files
//! ```

mod audit;
mod controller;
mod error;
mod folder;
pub mod fork;
pub mod format;
mod recovery;
mod retrace;
mod store;
mod sync;

pub use audit::{FileAudit, audit, history};
pub use controller::JournaledController;
pub use error::{Error, Result};
pub use folder::{Folder, Mark};
pub use recovery::{Recovered, recover};
pub use retrace::retrace;
pub use store::{Durability, FailureKind, Found, Options, Place, Spooled, Store};
