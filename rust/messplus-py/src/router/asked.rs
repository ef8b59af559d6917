//! The arguments of one request, read from Python before the controller is locked.

use std::num::NonZeroU32;

use messplus_core::{ModelSet, Request};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyAny, PyDict, PyString};

use super::arguments;
use super::names::Names;
use super::shared::Shared;
use crate::convert;

/// What a request says of itself.
#[derive(Default)]
pub struct Asked {
    features: Option<Vec<f32>>,
    input_tokens: Option<NonZeroU32>,
    costs: Option<Vec<Option<f64>>>,
    allowed: Option<ModelSet>,
    requires: Vec<String>,
    max_cost: Option<f64>,
    level: Option<usize>,
    session: Option<u64>,
    cached_tokens: Option<Vec<u32>>,
}

impl Asked {
    /// Read features, and what else is asked by the keyword that `select` takes it by.
    pub fn read(
        shared: &Shared,
        names: &Names,
        features: Option<&Bound<'_, PyAny>>,
        keywords: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        let mut asked =
            Self { features: features.map(convert::features).transpose()?, ..Self::default() };
        if let Some(keywords) = keywords {
            for (keyword, value) in keywords.iter().filter(|(_, value)| !value.is_none()) {
                asked.take(shared, names, &keyword, &value)?;
            }
        }
        if asked.level.is_none() {
            asked.level = Some(arguments::level(&shared.levels, None)?);
        }
        Ok(asked)
    }

    fn take(
        &mut self,
        shared: &Shared,
        names: &Names,
        keyword: &Bound<'_, PyAny>,
        value: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        match keyword.cast::<PyString>()?.to_str()? {
            "costs" => self.costs = Some(arguments::costs(names, value)?),
            "allowed" => self.allowed = Some(names.set("allowed", value)?),
            "requires" => self.requires = arguments::requires(value)?,
            "max_cost" => self.max_cost = Some(arguments::max_cost(value)?),
            "sla" => self.level = Some(arguments::level(&shared.levels, Some(value))?),
            "session" => self.session = Some(arguments::session(value)?),
            "input_tokens" => self.input_tokens = Some(convert::tokens(value)?),
            "cached_tokens" => self.cached_tokens = Some(arguments::cached_tokens(names, value)?),
            other => {
                let message = format!("unexpected keyword argument '{other}'");
                return Err(PyTypeError::new_err(message));
            }
        }
        Ok(())
    }

    /// The request, without an id.
    pub fn request(&self) -> Request<'_> {
        Request {
            features: self.features.as_deref(),
            input_tokens: self.input_tokens,
            costs: self.costs.as_deref(),
            allowed: self.allowed,
            requires: &self.requires,
            max_cost: self.max_cost,
            level: self.level.unwrap_or_default(),
            session: self.session,
            cached_tokens: self.cached_tokens.as_deref(),
            ..Request::default()
        }
    }
}
