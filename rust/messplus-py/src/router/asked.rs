//! The arguments of one request, read from Python before the controller is locked.

use std::num::NonZeroU32;

use messplus_core::{ModelSet, Request};
use pyo3::prelude::*;
use pyo3::types::PyAny;

use super::arguments;
use super::shared::Shared;
use crate::convert;

/// What a request says of itself.
pub struct Asked {
    features: Option<Vec<f32>>,
    input_tokens: Option<NonZeroU32>,
    costs: Option<Vec<Option<f64>>>,
    allowed: Option<ModelSet>,
    requires: Vec<String>,
    level: usize,
    session: Option<u64>,
    cached_tokens: Option<Vec<u32>>,
}

impl Asked {
    #[expect(clippy::too_many_arguments, reason = "those of select")]
    pub fn read(
        shared: &Shared,
        features: Option<&Bound<'_, PyAny>>,
        costs: Option<&Bound<'_, PyAny>>,
        allowed: Option<&Bound<'_, PyAny>>,
        requires: Option<&Bound<'_, PyAny>>,
        sla: Option<&Bound<'_, PyAny>>,
        session: Option<&Bound<'_, PyAny>>,
        input_tokens: Option<&Bound<'_, PyAny>>,
        cached_tokens: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let names = shared.names();
        Ok(Self {
            features: features.map(convert::features).transpose()?,
            costs: costs.map(|costs| arguments::costs(&names, costs)).transpose()?,
            allowed: allowed.map(|allowed| names.set("allowed", allowed)).transpose()?,
            requires: requires.map(arguments::requires).transpose()?.unwrap_or_default(),
            input_tokens: input_tokens.map(convert::tokens).transpose()?,
            level: arguments::level(&shared.levels, sla)?,
            session: session.map(arguments::session).transpose()?,
            cached_tokens: cached_tokens
                .map(|cached| arguments::cached_tokens(&names, cached))
                .transpose()?,
        })
    }

    /// The request, without an id.
    pub fn request(&self) -> Request<'_> {
        Request {
            features: self.features.as_deref(),
            input_tokens: self.input_tokens,
            costs: self.costs.as_deref(),
            allowed: self.allowed,
            requires: &self.requires,
            level: self.level,
            session: self.session,
            cached_tokens: self.cached_tokens.as_deref(),
            ..Request::default()
        }
    }
}
