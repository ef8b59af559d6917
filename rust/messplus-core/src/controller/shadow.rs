//! Shadow mode: another model serves, and the queues follow what the router would have done.

use super::Controller;
use crate::memory::pending_decision::PendingDecision;
use crate::policy::objective::put_first;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Outcome, Reason};
use crate::types::shadow::{Shadow, ShadowChoice};

impl Controller {
    /// Let another model serve a decision that has been made.
    pub(super) fn serve_in_shadow(
        &mut self,
        shadow: Shadow,
        allowed: ModelSet,
        decision: &mut Decision,
    ) {
        let choice = decision.model;
        let uniform = self.uniforms.uniform();
        let (served, of_served, propensity) = shadow.serve(allowed, choice, uniform);
        let shadow_choice = ShadowChoice {
            model: choice,
            propensity,
            p_satisfied: decision.p_satisfied[choice],
            cost: decision.expected_cost[choice],
        };
        put_first(&mut decision.ranking, served);
        decision.shadow_choice = Some(shadow_choice);
        decision.model = served;
        decision.propensity = of_served;
        decision.also_query = ModelSet::EMPTY;
        decision.reason = match decision.reason {
            // It is the only one left, whoever serves.
            Reason::Unaffordable => Reason::Unaffordable,
            _ if uniform < shadow.explore => Reason::Explore,
            _ => Reason::Shadow,
        };
        self.stats.shadow.decide(&shadow_choice, served);
    }

    /// What the router's choice brought: the rating where it served, else what was predicted. The
    /// rating of the model that served enters the estimates.
    pub(super) fn impute(
        &mut self,
        pending: &PendingDecision,
        choice: &ShadowChoice,
        outcomes: &[Outcome],
    ) -> f64 {
        let rating =
            outcomes.iter().find(|o| o.model == pending.model).and_then(|o| o.satisfaction);
        let Some(satisfaction) = rating else { return choice.p_satisfied };
        self.stats.shadow.add_rating(choice, pending.model, satisfaction);
        if pending.model == choice.model { satisfaction } else { choice.p_satisfied }
    }
}
