//! Requests that were routed elsewhere and count here all the same.

use super::Controller;
use crate::error::{Error, Result};
use crate::types::agreement::Resource;
use crate::types::request::Example;

impl Controller {
    /// Whether [`count_elsewhere`](Self::count_elsewhere) would accept this.
    ///
    /// # Errors
    ///
    /// Those of [`count_elsewhere`](Self::count_elsewhere).
    pub fn check_elsewhere(&self, level: usize, example: &Example<'_>) -> Result<()> {
        self.check_example(example)?;
        if level >= self.levels.len() {
            return Err(Error::input("level", "must be a service level", level));
        }
        if self.config.operation.audit > 0.0 {
            // The level speaks of requests audited at random, and this one was not.
            let found = format!("audit of {}", self.config.operation.audit);
            return Err(Error::input(
                "count",
                "must be left out where requests are audited",
                found,
            ));
        }
        Ok(())
    }

    /// Learn from a request that was routed elsewhere, as [`warm_start`](Self::warm_start) does, and let
    /// its service level account for its rating, the limits for its cost and latency, and the counters
    /// for all of it.
    ///
    /// # Errors
    ///
    /// Those of [`warm_start`](Self::warm_start), and [`Error::Input`] for an unknown level or where
    /// requests are audited. Nothing has changed then.
    pub fn count_elsewhere(&mut self, level: usize, example: &Example<'_>) -> Result<()> {
        self.check_elsewhere(level, example)?;
        self.warm_start(example)?;
        let outcome = &example.outcome;
        self.stats.decide_elsewhere(level);
        self.stats.observe_usage(level, outcome);
        for (resource, used) in
            [(Resource::Cost, outcome.cost), (Resource::Latency, outcome.latency)]
        {
            let Some(used) = used else { continue };
            for (index, limit) in self.config.agreement.limits.iter().enumerate() {
                if limit.resource == resource {
                    self.limits[index].update(used / limit.mean, 1.0);
                    self.policy.debit(index, used, None);
                }
            }
        }
        if let Some(satisfaction) = outcome.satisfaction {
            self.stats.rate_model(outcome.model, satisfaction);
            let alpha = self.alpha(level);
            self.levels[level].update(alpha, satisfaction);
            // Nothing was predicted, so nothing was predicted wrongly.
            self.count_rating(level, satisfaction, satisfaction);
        }
        Ok(())
    }
}
