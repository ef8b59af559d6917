//! Decisions that were made before, made again as they were.

use super::Controller;
use crate::error::{Error, Result};
use crate::policy::objective::put_first;
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Reason, Request};

impl Controller {
    /// [`decide`](Self::decide) on a request that `model` has served: it does so here too, whatever would
    /// be chosen. Whether it would be chosen: by the version that chose it, it is.
    ///
    /// # Errors
    ///
    /// Those of [`decide`](Self::decide), and [`Error::Input`] for a model that could not have served.
    /// Neither the controller nor `decision` has changed then.
    pub fn redo(
        &mut self,
        request: &Request<'_>,
        model: usize,
        decision: &mut Decision,
    ) -> Result<bool> {
        let asked = self.check_request(request)?;
        if !asked.contains(model) && request.shadow.is_none_or(|shadow| shadow.model != model) {
            return Err(Error::input("model", "must be one that was allowed", model));
        }
        Ok(self.choose(request, asked, Some(model), decision))
    }

    /// Let the model that served before do so again.
    pub(super) fn serve_as_before(model: usize, decision: &mut Decision) {
        if !decision.ranking.contains(&model) {
            // It was affordable then.
            decision.ranking.push(model);
        }
        put_first(&mut decision.ranking, model);
        decision.model = model;
        decision.propensity = 1.0;
        decision.drawn_for = None;
        decision.also_query = ModelSet::EMPTY;
        decision.reason = Reason::Forced;
    }
}
