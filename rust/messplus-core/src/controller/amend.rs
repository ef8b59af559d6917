//! Amendments: another target, limit or way of working, for a router that has learned.

use super::Controller;
use crate::config::{Config, Operation, ValidConfig};
use crate::error::{Error, Result};
use crate::learn::sources::MAX_SOURCES;
use crate::memory::stats::LevelStats;
use crate::types::agreement::{Agreement, ServiceLevel};
use crate::types::amendment::Amendment;

impl Controller {
    /// Change what was agreed; what was learned stays.
    ///
    /// A level with another target or source begins a new accounting period, and with other audits every
    /// level does: its queue is empty, its counters start anew, and what they were is kept among its
    /// closed periods. Ratings still to come of earlier decisions count in the new period; revisions of
    /// ratings that counted in an earlier one teach, and count in none.
    ///
    /// # Errors
    ///
    /// [`Error::Config`] for a value that breaks its rule, or for levels or limits other than those there
    /// are. Nothing has changed then.
    pub fn amend(&mut self, amendment: &Amendment) -> Result<()> {
        let config = self.amended(amendment)?;
        let audits = |config: &Config| {
            [config.operation.audit, config.operation.audit_first].map(f64::to_bits)
        };
        let audited_otherwise = audits(&config) != audits(&self.config);
        for (level, after) in config.agreement.levels.iter().enumerate() {
            let before = self.config.agreement.levels[level].clone();
            if before != *after || audited_otherwise {
                self.close_period(level, before.alpha, after.alpha);
            }
            if let Some(source) = &after.source {
                self.source_of(source);
            }
        }
        for (index, limit) in config.agreement.limits.iter().enumerate() {
            if *limit != self.config.agreement.limits[index] {
                self.limits[index] = self.limits[index].emptied();
                self.stats.limits[index] = self.stats.used(limit.resource);
                self.policy.set_limit(index, limit.mean);
            }
        }
        if config.operation.cooldown != self.config.operation.cooldown {
            self.breaker.set_cooldown(config.operation.cooldown);
        }
        self.config = config;
        Ok(())
    }

    /// The settings as they will be.
    fn amended(&self, amendment: &Amendment) -> Result<ValidConfig> {
        let Config { agreement, operation, .. } = &*self.config;
        let levels = amendment.levels.clone().unwrap_or_else(|| agreement.levels.clone());
        let limits = amendment.limits.clone().unwrap_or_else(|| agreement.limits.clone());
        let names = |levels: &[ServiceLevel]| levels.iter().map(|l| l.name.clone()).collect();
        let (known, asked): (Vec<String>, Vec<String>) = (names(&agreement.levels), names(&levels));
        if known != asked {
            return Err(Error::config("slas", "must be the ones there are", format!("{asked:?}")));
        }
        if !limits.iter().map(|l| l.resource).eq(agreement.limits.iter().map(|l| l.resource)) {
            let rule = "must be on the resources that are limited";
            return Err(Error::config("limits", rule, limits.len()));
        }
        let mut sources: Vec<&String> = levels.iter().filter_map(|l| l.source.as_ref()).collect();
        sources.sort();
        sources.dedup();
        sources.retain(|source| !self.sources.contains(source));
        if self.sources.len() + sources.len() > MAX_SOURCES {
            return Err(Error::config("slas", "must name at most 16 sources", sources.len()));
        }
        Config {
            agreement: Agreement { levels, limits, objective: agreement.objective },
            operation: Operation {
                missing: amendment.missing.unwrap_or(operation.missing),
                cooldown: amendment.cooldown.unwrap_or(operation.cooldown),
                audit: amendment.audit.unwrap_or(operation.audit),
                max_cost: amendment.max_cost.unwrap_or(operation.max_cost),
                max_price: amendment.max_price.unwrap_or(operation.max_price),
                audit_first: amendment.audit_first.unwrap_or(operation.audit_first),
                unrated: amendment.unrated.clone().unwrap_or_else(|| operation.unrated.clone()),
                ..operation.clone()
            },
            ..(*self.config).clone()
        }
        .try_into()
    }

    fn close_period(&mut self, level: usize, before: f64, alpha: f64) {
        let stats = &mut self.stats.levels[level];
        let period = stats.period(before, self.levels[level].backlog());
        let mut closed = std::mem::take(&mut stats.closed);
        closed.push(period);
        *stats =
            LevelStats { closed, since: self.step, silent: stats.silent, ..LevelStats::default() };
        self.levels[level] = self.levels[level].emptied();
        let rise = alpha - before;
        self.policy.shift(level, rise);
        self.pending.for_each(|pending| {
            if pending.level == level {
                pending.expectations.level.shortfall += rise;
                pending.closed |= pending.accounted;
            }
        });
    }
}
