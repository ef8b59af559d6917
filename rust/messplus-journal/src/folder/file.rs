//! Opening files that somebody else may have prepared: no link is followed, nothing but an ordinary
//! file is read, and what is made is its owner's alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _};
use std::path::Path;

/// Largest file that is read.
const MAX_BYTES: u64 = 4 << 30;

/// All bytes of a file.
pub fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = open(path, OpenOptions::new().read(true))?;
    let length = file.metadata()?.len();
    if length > MAX_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{length} bytes")));
    }
    let mut bytes = Vec::new();
    // A file may say that it is long, and take no room itself.
    bytes.try_reserve_exact(length as usize)?;
    file.take(MAX_BYTES).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// A new file to append to; what was there before is an error.
pub fn create(path: &Path) -> io::Result<File> {
    open(path, OpenOptions::new().append(true).create_new(true))
}

/// A new file to append to in the place of what was there before, which is not written to.
pub fn replace(path: &Path) -> io::Result<File> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => create(path),
    }
}

/// A file to read and write, made where it is missing.
pub fn open_or_create(path: &Path) -> io::Result<File> {
    let file = open(path, OpenOptions::new().read(true).write(true).create(true).truncate(false))?;
    if has_other_names(&file.metadata()?) {
        return Err(io::Error::other("a file that has another name as well"));
    }
    Ok(file)
}

/// Whether `file` is what `path` names; also where that cannot be told.
pub fn is_at(file: &File, path: &Path) -> bool {
    match (file.metadata(), fs::symlink_metadata(path)) {
        (Ok(held), Ok(found)) => identity(&held) == identity(&found),
        (_, Err(error)) => error.kind() != io::ErrorKind::NotFound,
        (Err(_), _) => true,
    }
}

#[cfg(unix)]
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};

    use rustix::fs::OFlags;

    // A pipe opens at once instead of waiting for its other end.
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = options.custom_flags(flags.bits().cast_signed()).mode(0o600).open(path)?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::Error::other("no ordinary file"));
    }
    if metadata.len() == 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))?;
    }
    Ok(file)
}

#[cfg(not(unix))]
fn open(path: &Path, options: &mut OpenOptions) -> io::Result<File> {
    if fs::symlink_metadata(path).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(io::Error::other("no ordinary file"));
    }
    options.open(path)
}

#[cfg(unix)]
fn has_other_names(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::MetadataExt::nlink(metadata) > 1
}

#[cfg(not(unix))]
fn has_other_names(_metadata: &fs::Metadata) -> bool {
    false
}

#[cfg(unix)]
fn identity(metadata: &fs::Metadata) -> (u64, u64) {
    use std::os::unix::fs::MetadataExt as _;
    (metadata.dev(), metadata.ino())
}

/// Other systems do not let go of files that are open.
#[cfg(not(unix))]
fn identity(_metadata: &fs::Metadata) {}
