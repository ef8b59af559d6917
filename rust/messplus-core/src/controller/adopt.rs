//! Decisions of other replicas: what they chose counts here as if it had been chosen here.

use super::Controller;
use crate::error::{Error, Result};
use crate::policy::Context;
use crate::policy::objective::put_first;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Reason, Request};
use crate::types::served::Served;
use crate::types::shadow::ShadowChoice;

/// Draws nothing: exploration needs a number below its probability.
const NO_DRAW: f64 = 1.0;

impl Controller {
    /// Count a decision that a replica made: dual variables, counters and pending decisions follow as
    /// they do in [`decide`](Self::decide), with the model that serves given and nothing drawn at random.
    ///
    /// What is predicted of the request is predicted here, by a state that may know more than the replica
    /// did. `decision` is written over.
    ///
    /// # Errors
    ///
    /// Those of [`decide`](Self::decide), and [`Error::Input`] for models that are not of the zoo. Nothing
    /// has changed then.
    pub fn adopt(
        &mut self,
        request: &Request<'_>,
        served: &Served,
        decision: &mut Decision,
    ) -> Result<()> {
        let n_models = self.config.models.len();
        let choice = served.shadow_choice.map_or(served.model, |(model, _)| model);
        let named = served.also_query.with(served.model).with(choice);
        let named = named.with(served.drawn_for.unwrap_or(choice));
        if !named.iter().all(|model| model < n_models) {
            return Err(Error::input("served", "must be in the zoo", served.model));
        }
        if !(0.0..=1.0).contains(&served.audit_weight) {
            return Err(Error::input("audit_weight", "must be in [0, 1]", served.audit_weight));
        }
        // A model may have left the zoo, or begun to rest, since the replica chose it.
        // Or it was affordable by what the replica knew.
        let asked = self.check_request(request)?;
        self.step += self.others.steps();
        let context = self.context(request, asked);
        let affordable = self.afford(request, &context, decision);
        let allowed = affordable.models.with(choice).with(served.model);
        let context = Context { uniform: NO_DRAW, served: Some(choice), allowed, ..context };
        decision.begin(request.id, self.step, allowed);
        let mut selection = self.policy.decide(&context, decision);
        decision.cooling = ModelSet::EMPTY;
        put_first(&mut decision.ranking, served.model);
        decision.model = served.model;
        decision.also_query = served.also_query;
        (decision.audit, decision.audit_weight) = (served.audit_weight > 0.0, served.audit_weight);
        decision.propensity = served.propensity;
        decision.reason = served.reason;
        selection.explored = served.reason == Reason::Explore;
        decision.shadow_choice = served.shadow_choice.map(|(model, propensity)| ShadowChoice {
            model,
            propensity,
            p_satisfied: decision.p_satisfied[model],
            cost: decision.expected_cost[model],
        });
        if let Some(choice) = &decision.shadow_choice {
            self.stats.shadow.decide(choice, served.model);
        }
        if let Some(drawn_for) = served.drawn_for {
            self.count_draw(drawn_for, decision);
        }
        self.remember(request, decision, selection);
        Ok(())
    }
}
