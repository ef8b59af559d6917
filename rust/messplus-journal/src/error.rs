//! Why a folder could not be opened or a file not be read.

use std::io;
use std::path::{Path, PathBuf};

use messplus_base::wire::WireError;

/// What went wrong. Names the file and the rule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Settings, or bytes of a snapshot or journal, break a rule.
    #[error(transparent)]
    Core(#[from] messplus_core::Error),
    /// The operating system refused.
    #[error("{}: must allow to {action}, got {source}", path.display())]
    Io {
        /// What was attempted.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Another process, or another router of this one, has the folder open.
    #[error(
        "{}: must be free, or shared by its holder, got a folder held by process {holder}",
        path.display()
    )]
    Locked {
        /// The folder.
        path: PathBuf,
        /// Process id of the holder, as it wrote it down.
        holder: String,
    },
}

/// Shorthand for results with [`Error`].
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { action, path: path.to_owned(), source }
    }
}

/// Bytes that break a rule of the format.
pub(crate) fn damaged(rule: &'static str, found: impl std::fmt::Display) -> messplus_core::Error {
    WireError::malformed(rule, found).into()
}
