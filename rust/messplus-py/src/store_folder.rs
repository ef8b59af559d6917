//! Folders of stores: opening, and looking in.

use std::path::PathBuf;

use messplus_base::Invalid;
use messplus_base::wire::WireError;
use messplus_core::{Config, Controller, Error as CoreError};
use messplus_journal::audit::{FileAudit, audit, history};
use messplus_journal::folder::Folder;
use messplus_journal::header::Content;
use messplus_journal::{Durability, Found, Kind, Options, Record, Result, Store};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};

use crate::error::{ConfigError, folder_error};
use crate::ids;

pub fn open(
    py: Python<'_>,
    path: PathBuf,
    config: Option<&str>,
    durability: &str,
    journal_bytes: u64,
) -> PyResult<(Store, Option<Found>)> {
    let durability = match durability {
        "group" => Durability::Group,
        "each" => Durability::Each,
        "none" => Durability::None,
        other => {
            let rule = "must be 'group', 'each' or 'none'";
            return Err(ConfigError::new_err(format!("durability: {rule}, got {other:?}")));
        }
    };
    let options = Options { durability, journal_bytes, ..Options::default() };
    let make = || {
        let rule = "must be given where the folder holds no router yet";
        let missing = || CoreError::Config(Invalid::new("models", rule, "none"));
        let config = Config::from_json(config.ok_or_else(missing)?)?;
        Ok(Controller::new(config))
    };
    py.detach(|| Store::open(Folder::new(path), options, make)).map_err(folder_error)
}

pub fn recover(py: Python<'_>, path: PathBuf) -> PyResult<(Controller, Found)> {
    let folder = Folder::new(path);
    let recovered = py.detach(|| messplus_journal::recover(&folder));
    let Some(recovered) = recovered.map_err(folder_error)? else {
        let empty = WireError::malformed("the folder must hold a router", folder.path().display());
        return Err(folder_error(CoreError::from(empty).into()));
    };
    let found = Found::of(&recovered);
    Ok((recovered.controller, found))
}

pub fn found<'py>(py: Python<'py>, found: &Found) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("transitions", found.sequence)?;
    dict.set_item("replayed", found.replayed)?;
    dict.set_item("torn_bytes", found.torn_bytes)?;
    dict.set_item("notes", &found.notes)?;
    Ok(dict)
}

pub fn troubles(
    py: Python<'_>,
    counts: Option<[u64; Kind::ALL.len()]>,
) -> PyResult<Bound<'_, PyDict>> {
    let dict = PyDict::new(py);
    for (kind, count) in Kind::ALL.iter().zip(counts.unwrap_or_default()) {
        dict.set_item(kind.as_str(), count)?;
    }
    Ok(dict)
}

/// What every file of a folder holds, and whether they agree.
#[pyfunction]
pub fn audit_folder(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyList>> {
    let folder = Folder::new(path);
    let files: Result<Vec<FileAudit>> = py.detach(|| audit(&folder));
    let list = PyList::empty(py);
    for file in files.map_err(folder_error)? {
        let dict = PyDict::new(py);
        let kind = if file.content == Content::Snapshot { "snapshot" } else { "journal" };
        dict.set_item("kind", kind)?;
        dict.set_item("generation", file.generation)?;
        dict.set_item("bytes", file.bytes)?;
        dict.set_item("transitions_before", file.sequence)?;
        dict.set_item("transitions", file.frames)?;
        dict.set_item("torn_bytes", file.torn)?;
        dict.set_item("problem", file.problem)?;
        list.append(dict)?;
    }
    Ok(list)
}

/// Every transition that the journals of a folder hold, models by their index.
#[pyfunction]
pub fn folder_history(py: Python<'_>, path: PathBuf) -> PyResult<Bound<'_, PyList>> {
    let folder = Folder::new(path);
    let history = py.detach(|| history(&folder)).map_err(folder_error)?;
    let list = PyList::empty(py);
    for (sequence, record) in history {
        let dict = PyDict::new(py);
        dict.set_item("transition", sequence)?;
        match record {
            Record::Decide { id, model, level, allowed, features, .. } => {
                dict.set_item("kind", "decide")?;
                dict.set_item("id", ids::to_hex(id))?;
                dict.set_item("model", model)?;
                dict.set_item("level", level)?;
                dict.set_item("allowed", allowed.map(|set| set.iter().collect::<Vec<_>>()))?;
                dict.set_item("features", features)?;
            }
            Record::Observe { id, outcomes } => {
                let parts = outcomes.iter().map(|o| (o.model, o.satisfaction, o.cost, o.latency));
                dict.set_item("kind", "observe")?;
                dict.set_item("id", ids::to_hex(id))?;
                dict.set_item("outcomes", parts.collect::<Vec<_>>())?;
            }
            Record::WarmStart { features, outcome, .. } => {
                dict.set_item("kind", "warm_start")?;
                dict.set_item("model", outcome.model)?;
                dict.set_item("features", features)?;
                dict.set_item("satisfied", outcome.satisfaction)?;
                dict.set_item("cost", outcome.cost)?;
                dict.set_item("latency", outcome.latency)?;
            }
            Record::Fail { id, model } => {
                dict.set_item("kind", "fail")?;
                dict.set_item("id", ids::to_hex(id))?;
                dict.set_item("model", model)?;
            }
            Record::ChangeZoo { change } => {
                dict.set_item("kind", "zoo")?;
                dict.set_item("change", change.to_json())?;
            }
            Record::Advance { now } => {
                dict.set_item("kind", "advance")?;
                dict.set_item("now", now)?;
            }
        }
        list.append(dict)?;
    }
    Ok(list)
}
