//! What is agreed with users and with whoever pays: service levels, limits, and an objective.

use messplus_base::names;
use serde::{Deserialize, Serialize};

use crate::check::{AMOUNTS, shown};
use crate::error::{Error, Result};
use crate::types::name;

/// Most service levels of one router.
pub const MAX_LEVELS: usize = 64;

/// Longest name of a source of ratings, in bytes.
const MAX_SOURCE_NAME: usize = 64;

/// Most limits of one router: one per resource.
pub const MAX_LIMITS: usize = 2;

/// A class of requests and the satisfaction rate it was promised.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceLevel {
    /// Name, unique.
    pub name: String,
    /// Target long-run satisfaction rate alpha, in `[0, 1]`; zero promises nothing, which only
    /// [`Objective::Satisfaction`] may.
    pub alpha: f64,
    /// The source whose ratings it speaks of; the first there is, where none is named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
}

impl ServiceLevel {
    /// A level that speaks of the ratings there are.
    pub fn new(name: impl Into<String>, alpha: f64) -> Self {
        Self { name: name.into(), alpha, source: None }
    }
}

/// What a call uses up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Resource {
    /// Money, or what else costs are measured in.
    Cost,
    /// Seconds.
    Latency,
}

names!(Resource: "resource" { Cost => "cost", Latency => "latency" });

/// A bound on the long-run mean of a resource per call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// What is bounded.
    pub resource: Resource,
    /// The bound, in `[1e-18, 1e18]`, in the unit of the resource.
    pub mean: f64,
}

/// What is optimised while every constraint holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Objective {
    /// The smallest cost (MESS+).
    #[default]
    Cost,
    /// The greatest satisfaction: the dual problem.
    Satisfaction,
}

/// Service levels, limits and the objective of one router.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// 1 to 64 service levels; requests name one by its index.
    pub levels: Vec<ServiceLevel>,
    /// At most one limit per resource.
    #[serde(default)]
    pub limits: Vec<Limit>,
    /// What is optimised.
    #[serde(default)]
    pub objective: Objective,
}

impl Agreement {
    /// One service level for all requests, and the smallest cost.
    pub fn target(alpha: f64) -> Self {
        let level = ServiceLevel::new("default", alpha);
        Self { levels: vec![level], limits: Vec::new(), objective: Objective::Cost }
    }

    pub(crate) fn check(&self) -> Result<()> {
        if self.levels.is_empty() || self.levels.len() > MAX_LEVELS {
            let found = self.levels.len();
            return Err(Error::config("slas", "must be 1 to 64 service levels", found));
        }
        for (index, level) in self.levels.iter().enumerate() {
            name::check(&level.name, || format!("slas[{index}].name"))?;
            if self.levels[..index].iter().any(|other| other.name == level.name) {
                let found = format!("{:?}", level.name);
                return Err(Error::config("slas", "must have unique names", found));
            }
            if let Some(source) = &level.source
                && !is_source(source)
            {
                let field = format!("slas[{:?}].source", level.name);
                return Err(Error::config(field, SOURCE_RULE, format!("{source:?}")));
            }
            self.check_target(level)?;
        }
        for (index, limit) in self.limits.iter().enumerate() {
            if self.limits[..index].iter().any(|other| other.resource == limit.resource) {
                let rule = "must bound each resource once";
                return Err(Error::config("limits", rule, limit.resource.as_str()));
            }
            if !AMOUNTS.contains(&limit.mean) {
                let field = format!("limits[{index}].mean");
                return Err(Error::config(field, "must be in [1e-18, 1e18]", shown(limit.mean)));
            }
        }
        if self.objective == Objective::Satisfaction && self.limits.is_empty() {
            let rule = "'satisfaction' needs a limit to stay within";
            return Err(Error::config("objective", rule, "no limits"));
        }
        Ok(())
    }

    fn check_target(&self, level: &ServiceLevel) -> Result<()> {
        let promises_nothing = level.alpha == 0.0 && self.objective == Objective::Satisfaction;
        if promises_nothing || (level.alpha > 0.0 && level.alpha <= 1.0) {
            return Ok(());
        }
        let field = match self.levels.as_slice() {
            [_] => "sla.target".to_owned(),
            _ => format!("slas[{:?}].target", level.name),
        };
        Err(Error::config(field, "must be in (0, 1]", level.alpha))
    }
}

/// What the name of a source of ratings must be.
pub(crate) const SOURCE_RULE: &str = "must be a name of 1 to 64 bytes without control characters";

/// Whether it is.
pub(crate) fn is_source(name: &str) -> bool {
    (1..=MAX_SOURCE_NAME).contains(&name.len()) && name::is_one_line(name)
}

#[cfg(test)]
mod tests {
    use super::{Agreement, Limit, Objective, Resource, ServiceLevel};

    #[test]
    fn each_rule_names_its_field() {
        let level = |name: &str, alpha| ServiceLevel::new(name, alpha);
        let limit = |resource, mean| Limit { resource, mean };
        let valid = Agreement::target(0.8);
        let message = |agreement: Agreement| agreement.check().expect_err("broken").to_string();
        assert_eq!(valid.check(), Ok(()));
        for (agreement, field) in [
            (Agreement { levels: vec![], ..valid.clone() }, "slas: "),
            (Agreement { levels: vec![level("all", 0.0)], ..valid.clone() }, "sla.target: "),
            (
                Agreement { levels: vec![level("gold", 1.5), level("free", 0.5)], ..valid.clone() },
                "slas[\"gold\"].target: ",
            ),
            (
                Agreement { levels: vec![level("a", 0.5), level("a", 0.6)], ..valid.clone() },
                "slas: ",
            ),
            (
                Agreement { limits: vec![limit(Resource::Cost, 0.0)], ..valid.clone() },
                "limits[0].mean: ",
            ),
            (
                Agreement {
                    limits: vec![limit(Resource::Cost, 1.0), limit(Resource::Cost, 2.0)],
                    ..valid.clone()
                },
                "limits: ",
            ),
            (Agreement { objective: Objective::Satisfaction, ..valid.clone() }, "objective: "),
        ] {
            let message = message(agreement);
            assert!(message.starts_with(field), "{message}");
        }
    }
}
