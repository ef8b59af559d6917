//! Models by name: Python speaks of names, the core of indices.

use messplus_core::ModelSet;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyMapping, PyString, PyTuple};

use crate::error::InputError;

/// The names of a zoo, in its order.
pub struct Names(Vec<Py<PyString>>);

impl Names {
    pub fn new<'a>(py: Python<'_>, names: impl Iterator<Item = &'a str>) -> Self {
        Self(names.map(|name| PyString::new(py, name).unbind()).collect())
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The index of a model named by an argument called `field`.
    pub fn index(&self, field: &str, name: &Bound<'_, PyAny>) -> PyResult<usize> {
        let py = name.py();
        if let Ok(text) = name.cast::<PyString>() {
            for (index, known) in self.0.iter().enumerate() {
                if known.bind(py).as_any().is(text) || known.bind(py).as_any().eq(text)? {
                    return Ok(index);
                }
            }
        }
        let rule = "must name a model of the zoo";
        Err(InputError::new_err(format!("{field}: {rule}, got {}", name.repr()?)))
    }

    pub fn name<'py>(&self, py: Python<'py>, model: usize) -> Bound<'py, PyString> {
        self.0[model].bind(py).clone()
    }

    pub fn tuple<'py>(
        &self,
        py: Python<'py>,
        models: impl IntoIterator<Item = usize>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        let names: Vec<_> = models.into_iter().map(|model| self.name(py, model)).collect();
        PyTuple::new(py, names)
    }

    pub fn dict<'py>(&self, py: Python<'py>, values: &[f64]) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in self.0.iter().zip(values) {
            dict.set_item(name, value)?;
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
