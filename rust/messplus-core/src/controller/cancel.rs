//! Cancellation: a decision whose call was never made.

use super::Controller;
use crate::error::{Error, Result};
use crate::memory::pending_decision::PendingDecision;

impl Controller {
    /// Whether [`cancel`](Self::cancel) would accept this; the slot of the decision.
    ///
    /// # Errors
    ///
    /// Those of [`cancel`](Self::cancel).
    pub fn check_cancellation(&self, id: u128) -> Result<u32> {
        let slot = self.pending.find(id).ok_or(Error::UnknownDecision { id })?;
        let pending = self.pending.get(slot);
        let PendingDecision { rated, costed, timed, failed, .. } = pending;
        let known = [rated, costed, timed, failed].into_iter().any(|models| !models.is_empty());
        if known || pending.evidence.iter().next().is_some() {
            let found = format!("feedback on id {id:032x}");
            return Err(Error::input("cancel", "must come before anything is known", found));
        }
        Ok(slot)
    }

    /// Take a decision back: its call was never made.
    ///
    /// No rating is waited for, and no counter of decisions counts it; the model that was chosen is
    /// probed by the next call instead, where it was to be. The request was seen all the same: what was
    /// predicted of all models for it stays in their means, what randomisation was expected to cost stays in
    /// its price, and the random numbers it used are gone.
    ///
    /// # Errors
    ///
    /// [`Error::UnknownDecision`] where the decision is not pending, [`Error::Input`] where something
    /// is known of a call already. Nothing has changed then.
    pub fn cancel(&mut self, id: u128) -> Result<()> {
        let slot = self.check_cancellation(id)?;
        let pending = *self.pending.get(slot);
        let chosen = pending.shadow_choice.map_or(pending.model, |choice| choice.model);
        self.policy.cancel(pending.level, chosen, &pending.expectations);
        self.breaker.cancel(pending.model, pending.call, self.now);
        self.stats.cancel(&pending);
        self.pending.cancel(slot);
        Ok(())
    }
}
