//! What would be decided, without deciding.

use super::Controller;
use super::affordable::Affordable;
use crate::error::Result;
use crate::policy::objective::rank;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Request};

impl Controller {
    /// What [`decide`](Self::decide) would say of this request if it came at the time `now`, all
    /// draws left out: no exploration, no randomisation, no shadow. The answer is written over
    /// `decision`; the state stays as it is, and so does what is decided next.
    ///
    /// The policy decides on a copy of itself, which is allocated: not for the path of a request.
    ///
    /// # Errors
    ///
    /// Those of [`decide`](Self::decide).
    pub fn predict(&self, request: &Request<'_>, now: u64, decision: &mut Decision) -> Result<()> {
        let asked = self.check_request(request)?;
        let (now, cap) = (now.max(self.now), self.max_cost(request));
        let (mut policy, mut context) = (self.policy.clone(), self.context(request, asked));
        context.step += 1;
        decision.expected_cost.clear();
        let costs = &mut decision.expected_cost;
        let affordable = Affordable::of(cap, &context, &self.breaker, now, policy.as_mut(), costs);
        let allowed = self.breaker.available(affordable.models, now);
        context.allowed = allowed;
        decision.begin(request.id, context.step, allowed);
        policy.decide(&context, decision);
        // By score, whatever was explored.
        decision.also_query = ModelSet::EMPTY;
        rank(&decision.score, &mut decision.ranking);
        self.line_up(request, &affordable, allowed, false, decision);
        Ok(())
    }
}
