//! The files of a store: names, permissions, the lock, and what survives power loss.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};
use crate::format::Content;

/// A folder that holds one store.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

impl Folder {
    /// The folder at a path, which need not exist.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// Make the folder where it is missing, for its owner only.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn create(&self) -> Result<()> {
        if self.path.is_dir() {
            return Ok(());
        }
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.path).map_err(Error::io("be created", &self.path))
    }

    /// Where the folder is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path of a file.
    pub fn file(&self, content: Content, generation: u64) -> PathBuf {
        let kind = match content {
            Content::Snapshot => "snapshot",
            Content::Journal => "journal",
        };
        self.path.join(format!("{kind}-{generation:016x}"))
    }

    /// Generations of which there is a file, ascending.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn generations(&self, content: Content) -> Result<Vec<u64>> {
        let mut generations = Vec::new();
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(generations),
            Err(error) => return Err(Error::io("be listed", &self.path)(error)),
        };
        for entry in entries {
            let name = entry.map_err(Error::io("be listed", &self.path))?.file_name();
            let digits = name.to_str().and_then(|name| name.rsplit_once('-')).map(|(_, tail)| tail);
            let generation = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            generations.extend(generation.filter(|&g| self.file(content, g).ends_with(&name)));
        }
        generations.sort_unstable();
        Ok(generations)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn read(&self, content: Content, generation: u64) -> Result<Vec<u8>> {
        let path = self.file(content, generation);
        fs::read(&path).map_err(Error::io("be read", &path))
    }

    /// An empty journal.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn create_journal(&self, generation: u64) -> Result<File> {
        let path = self.file(Content::Journal, generation);
        private(&path).map_err(Error::io("be created", &path))
    }

    /// Write a snapshot: complete and lasting, or not at all.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn write_snapshot(&self, generation: u64, parts: [&[u8]; 2], sync: bool) -> Result<()> {
        let path = self.file(Content::Snapshot, generation);
        let temporary = self.path.join("snapshot.tmp");
        let written = private(&temporary).and_then(|mut file| {
            parts.iter().try_for_each(|part| file.write_all(part))?;
            if sync { file.sync_all() } else { Ok(()) }
        });
        written
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| if sync { self.sync() } else { Ok(()) })
            .map_err(Error::io("be written", &path))
    }

    /// Remove what is older than the generation before the newest snapshot.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn prune(&self) -> Result<()> {
        let snapshots = self.generations(Content::Snapshot)?;
        let Some(&oldest) = snapshots.iter().nth_back(1) else { return Ok(()) };
        for content in [Content::Snapshot, Content::Journal] {
            for generation in self.generations(content)?.into_iter().filter(|&g| g < oldest) {
                let path = self.file(content, generation);
                fs::remove_file(&path).map_err(Error::io("be removed", &path))?;
            }
        }
        Ok(())
    }

    /// Cut a journal to its first `length` bytes, keeping what is cut off beside it.
    ///
    /// # Errors
    ///
    /// The operating system refuses.
    pub fn cut(&self, generation: u64, length: usize) -> Result<()> {
        let path = self.file(Content::Journal, generation);
        let bytes = self.read(Content::Journal, generation)?;
        let kept = self.path.join("journal.torn");
        private(&kept)
            .and_then(|mut file| file.write_all(bytes.get(length..).unwrap_or(&[])))
            .map_err(Error::io("be written", &kept))?;
        let file = OpenOptions::new().write(true).open(&path);
        file.and_then(|file| {
            file.set_len(length as u64)?;
            file.sync_all()
        })
        .map_err(Error::io("be cut", &path))
    }

    /// Make the folder this process's own until the returned file is closed.
    ///
    /// # Errors
    ///
    /// Another store has it, or the operating system refuses.
    pub fn lock(&self) -> Result<File> {
        let path = self.path.join("lock");
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&path).map_err(Error::io("be opened", &path))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Only for the message: the lock itself is what counts.
                let _ = file.read_to_string(&mut holder);
                return Err(Error::Locked { path: self.path.clone(), holder });
            }
            Err(fs::TryLockError::Error(error)) => {
                return Err(Error::io("be locked", &path)(error));
            }
        }
        file.set_len(0)
            .and_then(|()| write!(file, "{}", std::process::id()))
            .map_err(Error::io("be written", &path))?;
        Ok(file)
    }

    #[cfg(unix)]
    fn sync(&self) -> std::io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Other systems order a rename after the file's own sync and open no folders.
    #[cfg(not(unix))]
    fn sync(&self) -> std::io::Result<()> {
        Ok(())
    }
}

fn private(path: &Path) -> std::io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
