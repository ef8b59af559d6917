//! Changes of what was agreed and of how a router works, while it serves.

use serde::{Deserialize, Serialize};

use crate::config::{Missing, Unrated};
use crate::error::{Error, Result};
use crate::types::agreement::{Limit, ServiceLevel};

/// What is to change; what is left out stays.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Amendment {
    /// The same service levels in their order, with other targets or sources.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub levels: Option<Vec<ServiceLevel>>,
    /// Limits on the same resources in their order, with other bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limits: Option<Vec<Limit>>,
    /// See [`Operation`](crate::Operation), as all that follow.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cooldown: Option<u64>,
    /// What an unrated request does to the queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
    /// Probability with which a request is audited.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit: Option<f64>,
    /// Requests that are audited at first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub audit_first: Option<f64>,
    /// The most a request may be expected to cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_cost: Option<f64>,
    /// The most that one more satisfied request may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_price: Option<f64>,
    /// Where requests go while nobody rates.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unrated: Option<Unrated>,
}

impl Amendment {
    /// Read what [`to_json`](Self::to_json) wrote.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for anything but JSON of known keys and types.
    pub fn from_json(text: &[u8]) -> Result<Self> {
        serde_json::from_slice(text)
            .map_err(|error| Error::config("amend", "must be JSON of settings", error))
    }

    /// The amendment as JSON; numbers come back exactly.
    pub fn to_json(&self) -> String {
        serde_json::json!(self).to_string()
    }
}
