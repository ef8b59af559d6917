//! Models by name: Python speaks of names, the core of indices.

use messplus_core::{ModelSet, ModelSpec};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::error::InputError;

/// The names of a zoo, in its order.
pub struct Names {
    all: Vec<Py<PyString>>,
    /// Those not left out of dictionaries.
    active: ModelSet,
}

impl Names {
    pub fn new<'a>(py: Python<'_>, names: impl Iterator<Item = &'a str>) -> Self {
        let all: Vec<_> = names.map(|name| PyString::new(py, name).unbind()).collect();
        let active = ModelSet::all(all.len());
        Self { all, active }
    }

    /// The names of a zoo, models that left it included.
    pub fn of_zoo(py: Python<'_>, models: &[ModelSpec]) -> Self {
        let active = (0..models.len()).filter(|&index| !models[index].retired).collect();
        Self { active, ..Self::new(py, models.iter().map(|model| model.name.as_str())) }
    }

    /// The names and which of them are in use, for [`restore`](Self::restore).
    pub fn state(&self, py: Python<'_>) -> (Vec<String>, u64) {
        (self.all.iter().map(|name| name.bind(py).to_string()).collect(), self.active.bits())
    }

    /// The names that [`state`](Self::state) told.
    pub fn restore(py: Python<'_>, (names, active): (Vec<String>, u64)) -> Self {
        let active = ModelSet::from_bits(active);
        Self { active, ..Self::new(py, names.iter().map(String::as_str)) }
    }

    /// These names and one more.
    pub fn with(&self, py: Python<'_>, name: &str) -> Self {
        let mut all: Vec<_> = self.all.iter().map(|name| name.clone_ref(py)).collect();
        all.push(PyString::new(py, name).unbind());
        Self { active: self.active.with(all.len() - 1), all }
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// The index of a model named by an argument called `field`.
    pub fn index(&self, field: &str, name: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = name.py();
        self.find(name)?.ok_or_else(|| {
            let zoo: Vec<_> = self.active.iter().map(|model| self.all[model].bind(py)).collect();
            let zoo = zoo.iter().map(|name| name.repr().map(|repr| repr.to_string()));
            match (zoo.collect::<PyResult<Vec<_>>>(), name.repr()) {
                (Ok(zoo), Ok(found)) => {
                    let rule = format!("must name a model of the zoo ({})", zoo.join(", "));
                    InputError::new_err(format!("{field}: {rule}, got {found}"))
                }
                (Err(error), _) | (_, Err(error)) => error,
            }
        })
    }

    /// The index of what an argument called `field` names, or an error with this rule.
    pub fn index_of(&self, field: &str, rule: &str, name: &Bound<'_, PyAny>) -> PyResult<usize> {
        match self.find(name)? {
            Some(index) => Ok(index),
            None => Err(InputError::new_err(format!("{field}: {rule}, got {}", name.repr()?))),
        }
    }

    fn find(&self, name: &Bound<'_, PyAny>) -> PyResult<Option<usize>> {
        let py = name.py();
        let Ok(text) = name.cast::<PyString>() else { return Ok(None) };
        for (index, known) in self.all.iter().enumerate() {
            if known.bind(py).as_any().is(text) || known.bind(py).as_any().eq(text)? {
                return Ok(Some(index));
            }
        }
        Ok(None)
    }

    pub fn name<'py>(&self, py: Python<'py>, model: usize) -> Bound<'py, PyString> {
        self.all[model].bind(py).clone()
    }

    pub fn tuple<'py>(
        &self,
        py: Python<'py>,
        models: impl IntoIterator<Item = usize>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let names: Vec<_> = models.into_iter().map(|model| self.name(py, model)).collect();
        PyTuple::new(py, names)
    }

    /// Values by model; models that left are there if `among` names them.
    pub fn dict<'py>(
        &self,
        py: Python<'py>,
        values: &[f64],
        among: &[usize],
    ) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (index, (name, value)) in self.all.iter().zip(values).enumerate() {
            if self.active.contains(index) || among.contains(&index) {
                dict.set_item(name, value)?;
            }
        }
        Ok(dict)
    }

    /// The set of models named by an iterable.
    pub fn set(&self, field: &str, names: &Bound<'_, PyAny>) -> PyResult<ModelSet> {
        match names.try_iter() {
            // A string iterates too, but over letters.
            Ok(each) if !names.is_instance_of::<PyString>() => {
                each.map(|name| self.index(field, &name?)).collect()
            }
            _ => {
                let rule = "must be a collection of model names";
                Err(InputError::new_err(format!("{field}: {rule}, got {}", names.repr()?)))
            }
        }
    }
}

/// The mapping as a dict, where it is a mapping.
pub fn as_dict<'py>(mapping: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyDict>>> {
    if let Ok(dict) = mapping.cast::<PyDict>() {
        return Ok(Some(dict.clone()));
    }
    let Ok(mapping) = mapping.cast::<PyMapping>() else { return Ok(None) };
    let dict = PyDict::new(mapping.py());
    dict.update(mapping)?;
    Ok(Some(dict))
}
