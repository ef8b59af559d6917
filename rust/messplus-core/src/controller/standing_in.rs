//! Shadow mode: another model serves, and the queues follow what the router would have done.

use super::Controller;
use crate::ledger::Entry;
use crate::model_set::ModelSet;
use crate::objective::put_first;
use crate::request::{Decision, Outcome, Reason};
use crate::shadow::{Shadow, Would};

impl Controller {
    /// Let another model serve a decision that has been made.
    pub(super) fn stand_in(&mut self, shadow: Shadow, allowed: ModelSet, decision: &mut Decision) {
        let choice = decision.model;
        let draw = self.draws.uniform();
        let (served, propensity) = shadow.serve(allowed, choice, draw);
        let would = Would {
            model: choice,
            propensity,
            p_satisfied: decision.p_satisfied[choice],
            cost: decision.expected_cost[choice],
        };
        put_first(&mut decision.ranking, served);
        decision.would = Some(would);
        decision.model = served;
        decision.also_query = ModelSet::EMPTY;
        decision.reason = if draw < shadow.explore { Reason::Explore } else { Reason::Shadow };
        self.stats.shadow.decide(&would, served);
    }

    /// What the router's choice brought: the rating where it served, else what was predicted. The
    /// rating of the model that served enters the estimates.
    pub(super) fn presume(&mut self, entry: &Entry, would: &Would, outcomes: &[Outcome]) -> f64 {
        let rating = outcomes.iter().find(|o| o.model == entry.model).and_then(|o| o.satisfaction);
        let Some(satisfaction) = rating else { return would.p_satisfied };
        self.stats.shadow.rate(would, entry.model, satisfaction);
        if entry.model == would.model { satisfaction } else { would.p_satisfied }
    }
}
