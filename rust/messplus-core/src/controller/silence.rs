//! While nobody rates: requests go to the safe choice.

use super::Controller;
use crate::config::Unrated;
use crate::policy::objective::put_first;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Reason};

/// Requests without a rating before the policy's beliefs are no longer acted on; where ratings are
/// rare, ten times as many as come between two of them on average.
const PATIENCE: u64 = 1000;
const PATIENCE_IN_GAPS: u64 = 10;
/// Requests without a rating before that is worth a warning.
const WARNING: u64 = 80;

impl Controller {
    /// Whether so many requests of a level went by without a rating that it is worth a warning.
    pub fn is_unrated(&self, level: usize) -> bool {
        let stats = &self.stats.levels[level];
        stats.silent >= WARNING.max(PATIENCE_IN_GAPS * self.gap(level))
    }

    /// Mean number of requests per rating.
    fn gap(&self, level: usize) -> u64 {
        let stats = &self.stats.levels[level];
        stats.decided.checked_div(stats.rated).unwrap_or(0)
    }

    /// While nobody rates, let the safe choice serve.
    pub(super) fn serve_safely(&self, level: usize, allowed: ModelSet, decision: &mut Decision) {
        let silent = self.stats.levels[level].silent;
        if silent < PATIENCE.max(PATIENCE_IN_GAPS * self.gap(level)) || allowed.len() < 2 {
            return;
        }
        let safe = match &self.config.operation.unrated {
            Unrated::Learn => return,
            Unrated::Best => {
                let p = |&model: &usize| decision.p_satisfied[model];
                allowed.iter().max_by(|a, b| p(a).total_cmp(&p(b)).then(b.cmp(a)))
            }
            Unrated::Model(name) => {
                let named = self.config.models.iter().position(|model| model.name == *name);
                named.filter(|&model| allowed.contains(model))
            }
        };
        if let Some(safe) = safe {
            put_first(&mut decision.ranking, safe);
            decision.model = safe;
            decision.also_query = ModelSet::EMPTY;
            decision.reason = Reason::Unrated;
        }
    }
}
