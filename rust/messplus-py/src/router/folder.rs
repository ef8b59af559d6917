//! Folders of stores: opening, and looking in.

use std::path::PathBuf;

use messplus_base::Invalid;
use messplus_base::wire::WireError;
use messplus_core::{Config, Controller, Error as CoreError};
use messplus_journal::{FailureKind, FileAudit, Folder, Found, Options, Store, audit};
use pyo3::prelude::*;

use super::report::Named;
use crate::error::{folder_error, to_py};

pub fn open(
    py: Python<'_>,
    path: PathBuf,
    config: Option<&str>,
    durability: &str,
    journal_bytes: u64,
) -> PyResult<(Store, Option<FoundFolder>)> {
    let durability = durability.parse().map_err(|invalid| to_py(&CoreError::Config(invalid)))?;
    let options = Options { durability, journal_bytes, ..Options::default() };
    let make = || {
        let rule = "must be given where the folder holds no router yet";
        let missing = || CoreError::Config(Invalid::new("models", rule, "none"));
        let config = Config::from_json(config.ok_or_else(missing)?)?;
        Ok(Controller::new(config))
    };
    let opened = py.detach(|| Store::open(Folder::new(path), options, make));
    let (store, found) = opened.map_err(folder_error)?;
    Ok((store, found.map(Into::into)))
}

pub fn recover(py: Python<'_>, path: PathBuf) -> PyResult<(Controller, FoundFolder)> {
    let folder = Folder::new(path);
    let recovered = py.detach(|| messplus_journal::recover(&folder));
    let Some(recovered) = recovered.map_err(folder_error)? else {
        let empty = WireError::malformed("the folder must hold a router", folder.path().display());
        return Err(folder_error(CoreError::from(empty).into()));
    };
    let found = Found::of(&recovered).into();
    Ok((recovered.controller, found))
}

/// Make a folder of what another router knows, where there is none yet.
pub fn write(py: Python<'_>, path: PathBuf, state: &[u8]) -> PyResult<()> {
    let shown = path.display().to_string();
    let folder = Folder::new(path);
    let make = || Ok(Controller::from_bytes(state)?);
    py.detach(|| {
        let (store, found) = Store::open(folder, Options::default(), make)?;
        store.close()?;
        if found.is_some() {
            let there = WireError::malformed("a folder must hold no router yet", shown);
            return Err(CoreError::from(there).into());
        }
        Ok(())
    })
    .map_err(folder_error)
}

/// How a folder was found; each struct here becomes a dict of its fields in Python.
#[derive(IntoPyObject)]
pub struct FoundFolder {
    transitions: u64,
    replayed: u64,
    torn_bytes: u64,
    notes: Vec<String>,
}

impl From<Found> for FoundFolder {
    fn from(found: Found) -> Self {
        let Found { sequence, replayed, torn_bytes, notes } = found;
        Self { transitions: sequence, replayed, torn_bytes, notes }
    }
}

/// What could not be written, per kind; nothing for a store in memory.
pub fn failures(counts: Option<[u64; FailureKind::ALL.len()]>) -> Named<u64> {
    FailureKind::ALL.iter().map(|kind| kind.as_str()).zip(counts.unwrap_or_default()).collect()
}

#[derive(IntoPyObject)]
pub struct AuditedFile {
    name: String,
    bytes: usize,
    transitions_before: Option<u64>,
    transitions: u64,
    torn_bytes: usize,
    problem: Option<String>,
}

impl From<FileAudit> for AuditedFile {
    fn from(file: FileAudit) -> Self {
        Self {
            name: file.name,
            bytes: file.bytes,
            transitions_before: file.sequence,
            transitions: file.frames,
            torn_bytes: file.torn,
            problem: file.problem,
        }
    }
}

/// What every file of a folder holds, and whether they agree.
#[pyfunction]
pub fn audit_folder(py: Python<'_>, path: PathBuf) -> PyResult<Vec<AuditedFile>> {
    let files = py.detach(|| audit(&Folder::new(path))).map_err(folder_error)?;
    Ok(files.into_iter().map(Into::into).collect())
}
