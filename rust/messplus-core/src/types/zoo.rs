//! The models requests are routed to, and how their set changes.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::types::model_set::ModelSet;
use crate::types::name;
use crate::types::price::ListedCost;

/// Most models a zoo can hold, those that left it included: a set of models is one 64-bit word.
pub const MAX_MODELS: usize = 64;

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
    /// It has left the zoo and serves no more; its place and what was learned stay.
    #[serde(default)]
    pub retired: bool,
}

impl ModelSpec {
    /// A model of which only the name and the listed cost are known.
    pub fn new(name: impl Into<String>, cost: impl Into<ListedCost>) -> Self {
        Self { name: name.into(), cost: cost.into(), quality: None, retired: false }
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
    }
    Ok(())
}
