//! The models requests are routed to, and how their set changes.

use std::collections::BTreeSet;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::types::model_set::ModelSet;
use crate::types::name;
use crate::types::price::ListedCost;

/// Most models a zoo can hold, those that left it included: a set of models is one 64-bit word.
pub const MAX_MODELS: usize = 64;

/// Most capabilities of a model.
const MAX_CAPABILITIES: usize = 64;

/// One model of the zoo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelSpec {
    /// Name, unique in the zoo.
    pub name: String,
    /// Expected cost of one request before any was seen. Under
    /// [`PolicyConfig::Default`](crate::PolicyConfig::Default) zero stands for unknown.
    pub cost: ListedCost,
    /// Mean satisfaction expected before any rating was seen, in `(0, 1)`; for
    /// [`PolicyConfig::Default`](crate::PolicyConfig::Default).
    #[serde(default)]
    pub quality: Option<f64>,
    /// Tokens of the longest prompt it takes, in `[1, 2^32)`; none is too long where this is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_input_tokens: Option<i64>,
    /// What it supports beside text, by the names that requests require it by; anything where this is
    /// not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub supports: Option<BTreeSet<String>>,
    /// It has left the zoo and serves no more; its place and what was learned stay.
    #[serde(default)]
    pub retired: bool,
}

impl ModelSpec {
    /// A model of which only the name and the listed cost are known.
    pub fn new(name: impl Into<String>, cost: impl Into<ListedCost>) -> Self {
        Self {
            name: name.into(),
            cost: cost.into(),
            quality: None,
            max_input_tokens: None,
            supports: None,
            retired: false,
        }
    }

    /// Whether it can serve a request that requires this, with a prompt of so many tokens where that is
    /// known.
    pub fn can_serve(&self, requires: &[String], input_tokens: Option<NonZeroU32>) -> bool {
        let fits = match (self.max_input_tokens, input_tokens) {
            (Some(most), Some(tokens)) => i64::from(tokens.get()) <= most,
            _ => true,
        };
        let supported = |supports: &BTreeSet<String>| requires.iter().all(|r| supports.contains(r));
        fits && self.supports.as_ref().is_none_or(supported)
    }

    /// Read a model written as JSON.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for anything but JSON of known keys and types. Ranges are checked with the
    /// zoo.
    pub fn from_json(text: &str) -> Result<Self> {
        serde_json::from_str(text)
            .map_err(|error| Error::config("model", "must be JSON of a model", error))
    }
}

/// A change of the zoo.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "lowercase", deny_unknown_fields)]
pub enum ZooChange {
    /// A model joins at the end, or one that left returns with what was learned of it.
    Add {
        /// The model.
        model: ModelSpec,
    },
    /// A model leaves.
    Remove {
        /// Its index.
        index: usize,
    },
    /// The price of a model changes; what it is expected to cost changes in proportion.
    Reprice {
        /// Its index.
        index: usize,
        /// The new listed cost.
        cost: ListedCost,
    },
    /// What a model can serve changes.
    Equip {
        /// Its index.
        index: usize,
        /// As in [`ModelSpec::max_input_tokens`].
        max_input_tokens: Option<i64>,
        /// As in [`ModelSpec::supports`].
        supports: Option<BTreeSet<String>>,
    },
}

impl ZooChange {
    /// The change as JSON.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }

    /// Read a change that [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::State`] for anything else.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text)
            .map_err(|error| Error::state("must be a change of the zoo", error))
    }
}

/// The models that may serve.
pub(crate) fn active(models: &[ModelSpec]) -> ModelSet {
    (0..models.len()).filter(|&index| !models[index].retired).collect()
}

pub(crate) fn check(models: &[ModelSpec]) -> Result<()> {
    if active(models).is_empty() || models.len() > MAX_MODELS {
        return Err(Error::config("models", "must be 1 to 64 models", models.len()));
    }
    for (index, model) in models.iter().enumerate() {
        let field = |key: &str| format!("models[{index}].{key}");
        name::check(&model.name, || field("name"))?;
        if models[..index].iter().any(|other| other.name == model.name) {
            let found = format!("{:?}", model.name);
            return Err(Error::config(field("name"), "must be unique", found));
        }
        model.cost.check(&field("cost"))?;
        if let Some(quality) = model.quality
            && !(quality > 0.0 && quality < 1.0)
        {
            return Err(Error::config(field("quality"), "must be in (0, 1)", quality));
        }
        if let Some(most) = model.max_input_tokens
            && !(1..1 << 32).contains(&most)
        {
            return Err(Error::config(field("max_input_tokens"), "must be in [1, 2^32)", most));
        }
        let supports = model.supports.iter().flatten();
        supports.clone().try_for_each(|name| name::check(name, || field("supports")))?;
        if supports.count() > MAX_CAPABILITIES {
            let found = model.supports.as_ref().map_or(0, BTreeSet::len);
            return Err(Error::config(field("supports"), "must be at most 64 names", found));
        }
    }
    Ok(())
}
