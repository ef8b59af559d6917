//! The files of a store: names, permissions, the lock, and what survives power loss.

pub(crate) mod file;
mod lock;

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

pub use self::lock::{Lock, Mark};
use crate::error::{Error, Result};
use crate::format::Content;

/// Largest generation: at a snapshot a second it is reached in nine million years.
const MAX_GENERATION: u64 = 1 << 48;

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
    /// [`Error::Io`] where the operating system refuses.
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
        self.path.join(name(content, generation))
    }

    /// Generations of which there is a file, ascending.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses.
    pub fn generations(&self, content: Content) -> Result<Vec<u64>> {
        let mut generations = Vec::new();
        for found in self.names()? {
            let digits = found.rsplit_once('-').map(|(_, digits)| digits);
            let generation = digits.and_then(|digits| u64::from_str_radix(digits, 16).ok());
            generations.extend(generation.filter(|&generation| {
                found == name(content, generation) && generation <= MAX_GENERATION
            }));
        }
        generations.sort_unstable();
        Ok(generations)
    }

    /// Names of files that look like a snapshot or a journal and can be neither.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses.
    pub fn strays(&self) -> Result<Vec<String>> {
        let mut strays = self.names()?;
        strays.retain(|found| found.starts_with("snapshot-") || found.starts_with("journal-"));
        strays.retain(|found| !found.contains(ASIDE));
        for content in [Content::Snapshot, Content::Journal] {
            let known: Vec<_> =
                self.generations(content)?.into_iter().map(|known| name(content, known)).collect();
            strays.retain(|found| !known.contains(found));
        }
        strays.sort_unstable();
        Ok(strays)
    }

    fn names(&self) -> Result<Vec<String>> {
        let refused = || Error::io("be listed", &self.path);
        let entries = match fs::read_dir(&self.path) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(refused()(error)),
        };
        let mut names = Vec::new();
        for entry in entries {
            names.extend(entry.map_err(refused())?.file_name().into_string());
        }
        Ok(names)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses, or it is no ordinary file.
    pub fn read(&self, content: Content, generation: u64) -> Result<Vec<u8>> {
        let path = self.file(content, generation);
        file::read(&path).map_err(Error::io("be read", &path))
    }

    /// How far the files were known to reach, as far as that was written down.
    pub fn mark(&self) -> Option<Mark> {
        Mark::of(&self.path)
    }

    /// An empty journal; with `sync` its name lasts.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses.
    pub fn create_journal(&self, generation: u64, sync: bool) -> Result<File> {
        let path = self.file(Content::Journal, generation);
        let created = file::create(&path).and_then(|file| {
            if sync { self.sync() } else { Ok(()) }.inspect_err(|_| _ = fs::remove_file(&path))?;
            Ok(file)
        });
        created.map_err(Error::io("be created", &path))
    }

    /// Whether a journal is still the file that it was.
    pub fn holds(&self, generation: u64, journal: &File) -> bool {
        file::is_at(journal, &self.file(Content::Journal, generation))
    }

    /// Remove a journal that nothing leads to.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses.
    pub fn remove_journal(&self, generation: u64) -> Result<()> {
        let path = self.file(Content::Journal, generation);
        fs::remove_file(&path).map_err(Error::io("be removed", &path))
    }

    /// Write a snapshot and read it back: complete and, with `sync`, lasting, or not at all.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses. What was there before is then still there.
    pub fn write_snapshot(&self, generation: u64, parts: [&[u8]; 2], sync: bool) -> Result<()> {
        let path = self.file(Content::Snapshot, generation);
        let temporary = self.path.join("snapshot.tmp");
        let written = file::replace(&temporary).and_then(|mut file| {
            parts.iter().try_for_each(|part| file.write_all(part))?;
            if sync { file.sync_all() } else { Ok(()) }
        });
        written
            .and_then(|()| compare(&temporary, parts))
            .and_then(|()| fs::rename(&temporary, &path))
            .and_then(|()| if sync { self.sync() } else { Ok(()) })
            .inspect_err(|_| _ = fs::remove_file(&temporary))
            .map_err(Error::io("be written", &path))
    }

    /// Remove what is older than the generation before the newest snapshot.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses.
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

    /// Keep a file out of the way, where nothing overwrites or removes it; with `stays` it is found
    /// under its own name as well.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] where the operating system refuses.
    pub fn set_aside(&self, name: &str, stays: bool) -> Result<()> {
        let path = self.path.join(name);
        let free = |n: &u64| {
            let aside = self.path.join(format!("{name}{ASIDE}{n}"));
            fs::symlink_metadata(&aside).is_err().then_some(aside)
        };
        let Some(aside) = (1..).find_map(|n| free(&n)) else { return Ok(()) };
        let kept = if stays {
            fs::hard_link(&path, &aside).or_else(|_| fs::copy(&path, &aside).map(drop))
        } else {
            fs::rename(&path, &aside)
        };
        kept.map_err(Error::io("be set aside", &path))
    }

    /// Make the folder this process's own until the lock is released or dropped.
    ///
    /// # Errors
    ///
    /// [`Error::Locked`] where somebody holds the folder, [`Error::Io`] where the operating system
    /// refuses.
    pub fn lock(&self) -> Result<Lock> {
        Lock::take(&self.path)
    }

    /// Why others could replace the files, where they could.
    #[cfg(unix)]
    pub fn exposure(&self) -> Option<String> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(&self.path).ok()?;
        let (owner, mode) = (metadata.uid(), metadata.mode());
        if owner != rustix::process::geteuid().as_raw() {
            return Some(format!("belongs to user {owner}, who can replace what is in it"));
        }
        let open_to_all = mode & 0o002 != 0 && mode & 0o1000 == 0;
        open_to_all.then(|| format!("can be written to by every user, mode {:o}", mode & 0o7777))
    }

    /// Why others could replace the files, where they could: other systems have no such modes.
    #[cfg(not(unix))]
    pub fn exposure(&self) -> Option<String> {
        None
    }

    #[cfg(unix)]
    fn sync(&self) -> io::Result<()> {
        File::open(&self.path)?.sync_all()
    }

    /// Other systems order a rename after the file's own sync and open no folders.
    #[cfg(not(unix))]
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Between a file's name and the number under which it is kept aside.
const ASIDE: &str = ".aside-";

/// Name of a file.
pub fn name(content: Content, generation: u64) -> String {
    let kind = match content {
        Content::Snapshot => "snapshot",
        Content::Journal => "journal",
    };
    format!("{kind}-{generation:016x}")
}

const CHUNK: usize = 1 << 16;

/// Whether a file holds these bytes, one part after the other.
fn compare(path: &Path, parts: [&[u8]; 2]) -> io::Result<()> {
    let mut file = File::open(path)?;
    let mut buffer = vec![0; CHUNK];
    for chunk in parts.iter().flat_map(|part| part.chunks(CHUNK)) {
        let read = &mut buffer[..chunk.len()];
        file.read_exact(read)?;
        if read != chunk {
            return Err(io::Error::other("other bytes when it was read back"));
        }
    }
    Ok(())
}
