//! What would be decided, without deciding.

use super::Controller;
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
        let allowed = self.breaker.available(asked, now.max(self.now));
        let mut context = self.context(request, allowed);
        context.step += 1;
        decision.begin(request.id, context.step, allowed);
        self.policy.clone().decide(&context, decision);
        // By score, whatever was explored.
        decision.also_query = ModelSet::EMPTY;
        rank(&decision.score, &mut decision.ranking);
        self.line_up(request, asked, allowed, false, decision);
        Ok(())
    }
}
