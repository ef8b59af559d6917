//! The planning router as a policy.

use super::policy::{Policy, Situation};
use crate::error::Result;
use crate::problem::{Action, Budget, Dataset, LOCAL};
use crate::router::{Conversation, OffloadRouter};

/// A router that plays conversations, records what calls cost and learns no scores.
#[derive(Clone, Debug)]
pub struct Routed {
    router: OffloadRouter,
    conversation: Option<Conversation>,
}

impl Routed {
    /// Lets `router` play.
    #[must_use]
    pub fn new(router: OffloadRouter) -> Self {
        Self { router, conversation: None }
    }
}

impl Policy for Routed {
    fn check(&self, data: &Dataset, _span: usize) -> Result<()> {
        self.router.check(data)
    }

    fn begin(&mut self, budget: Budget) -> Result<()> {
        self.conversation = Some(self.router.start(budget, None)?);
        Ok(())
    }

    fn act(&mut self, seen: &mut Situation<'_>) -> Result<Action> {
        let Some(conversation) = &mut self.conversation else { return Ok(LOCAL) };
        let decision = self.router.decide(conversation, seen.task, Some(seen.association))?;
        let level = seen.space.level(decision.action);
        let (latency, cost) = (seen.costs.latency(level), seen.costs.cost(level));
        self.router.record(conversation, latency, cost, None)?;
        Ok(decision.action)
    }
}
