//! The lock file: who owns the folder, and how far its files are known to reach.

use std::fs::{File, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use messplus_base::wire::checksum;

use super::file;
use crate::error::{Error, Result};

const NAME: &str = "lock";

/// What the files of a folder held when this was written down; later they hold more.
///
/// A journal cut at the end of a frame, or missing as a whole, is sound by itself: this tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The newest journal.
    pub generation: u64,
    /// Transitions on file since the folder was made.
    pub sequence: u64,
}

impl Mark {
    /// The mark of a folder; none where it has none that can be read.
    pub fn of(folder: &Path) -> Option<Self> {
        let bytes = file::read(&folder.join(NAME)).ok()?;
        Self::parse(std::str::from_utf8(&bytes).ok()?)
    }

    /// The digits after the holder's, and their checksum.
    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_whitespace().skip(1);
        let mut number = || u64::from_str_radix(words.next()?, 16).ok();
        let mark = Self { generation: number()?, sequence: number()? };
        (number()? == mark.checksum()).then_some(mark)
    }

    fn checksum(self) -> u64 {
        let Self { generation, sequence } = self;
        checksum(checksum(0, &generation.to_le_bytes()), &sequence.to_le_bytes()).into()
    }
}

/// The folder is this process's own while this is held.
#[derive(Debug)]
pub struct Lock {
    file: File,
    path: PathBuf,
    mark: Option<Mark>,
}

impl Lock {
    pub(super) fn take(folder: &Path) -> Result<Self> {
        let path = folder.join(NAME);
        let mut file = file::open_or_create(&path).map_err(Error::io("be opened", &path))?;
        let locked = file.try_lock();
        let mut text = String::new();
        // For the message, or for the mark; the lock itself is what counts.
        let _ = (&mut file).take(256).read_to_string(&mut text);
        match locked {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = text.split_whitespace().next().unwrap_or_default().into();
                return Err(Error::Locked { path: folder.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(Error::io("be locked", &path)(error)),
        }
        let mut lock = Self { file, path, mark: Mark::parse(&text) };
        lock.write().map_err(Error::io("be written", &lock.path))?;
        Ok(lock)
    }

    /// Whether the folder still has this very lock file: nobody else can have taken it then.
    pub fn is_in_place(&self) -> bool {
        file::is_at(&self.file, &self.path)
    }

    /// Write down how far the files reach.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn mark(&mut self, mark: Mark) -> io::Result<()> {
        if self.mark == Some(mark) {
            return Ok(());
        }
        self.mark = Some(mark);
        self.write()
    }

    /// Let go of the folder.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn release(&self) -> Result<()> {
        self.file.unlock().map_err(Error::io("be unlocked", &self.path))
    }

    /// In place, and as long as before.
    fn write(&mut self) -> io::Result<()> {
        let process = std::process::id();
        let text = self.mark.map_or_else(
            || format!("{process:<10}"),
            |mark| {
                let (Mark { generation, sequence }, sum) = (mark, mark.checksum());
                format!("{process:<10} {generation:016x} {sequence:016x} {sum:08x}\n")
            },
        );
        self.file.rewind()?;
        self.file.write_all(text.as_bytes())?;
        self.file.set_len(text.len() as u64)
    }
}
