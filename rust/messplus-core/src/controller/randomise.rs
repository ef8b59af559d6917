//! A minimum of randomisation: every model has a known chance of serving every request, so that the log
//! can tell what any other policy would have brought.

use super::Controller;
use crate::policy::objective::put_first;
use crate::types::model_set::ModelSet;
use crate::types::randomisation;
use crate::types::request::{Decision, Reason};

impl Controller {
    /// Let a model drawn uniformly serve a share epsilon of the requests, and tell the propensity of the
    /// one that serves. Whether another model than the choice was drawn.
    pub(super) fn randomise(&mut self, allowed: ModelSet, decision: &mut Decision) -> bool {
        let epsilon = self.config.operation.epsilon;
        if epsilon == 0.0 || allowed.len() < 2 {
            return false;
        }
        let choice = decision.model;
        let uniform = self.uniforms.uniform();
        let served = randomisation::serve(allowed, choice, epsilon, uniform);
        decision.propensity = randomisation::propensity(allowed, choice, epsilon, served);
        if served == choice {
            return false;
        }
        put_first(&mut decision.ranking, served);
        decision.model = served;
        self.count_draw(choice, decision);
        decision.also_query = ModelSet::EMPTY;
        decision.reason = Reason::Explore;
        true
    }

    /// Count the price of a draw that let another model than the choice serve.
    pub(super) fn count_draw(&mut self, choice: usize, decision: &mut Decision) {
        let served = decision.model;
        decision.drawn_for = Some(choice);
        self.stats.randomisation.add(
            decision.expected_cost[served] - decision.expected_cost[choice],
            decision.p_satisfied[served] - decision.p_satisfied[choice],
        );
    }
}
