//! The choice of one turn.

use super::planner::modality_values;
use super::{Conversation, Decision, OffloadRouter, Reason};
use crate::error::{Error, Result};
use crate::problem::{association_shares, check_association};

/// The best level so far.
struct Best {
    /// Reward of the turn with an optimistic response, and of what follows.
    value: f64,
    mask: Option<u32>,
    level: usize,
    response: f64,
    reward: f64,
}

impl OffloadRouter {
    /// Decides the next turn. Without `association` all modalities count alike.
    ///
    /// The action maximises the predicted reward of the turn, its response raised by `optimism`
    /// posterior standard deviations, plus the planned value of what it leaves for later; among
    /// equals, the one of the lowest level. Actions that do not fit the remaining budget, with a
    /// local call reserved for every later turn, are left out.
    ///
    /// # Errors
    /// The previous turn has no record yet, `task` is out of range, or `association` is malformed;
    /// nothing changes then.
    pub fn decide(
        &mut self,
        conversation: &mut Conversation,
        task: usize,
        association: Option<&[f32]>,
    ) -> Result<Decision> {
        conversation.check_open()?;
        if conversation.pending.is_some() {
            let rule = "must be recorded before the next decision";
            return Err(Error::order("turn", rule, "a second decision"));
        }
        if task >= self.config.tasks {
            return Err(Error::input("task", "must be below the number of tasks", task));
        }
        if let Some(association) = association {
            check_association(&self.space, association)?;
            self.scenarios.remember(self.config.modalities, task, association);
        }
        let shares = association_shares(self.config.modalities, association);
        let decision = self.choose(conversation, task, &shares);
        conversation.pending = Some((task, decision.mask));
        Ok(decision)
    }

    fn choose(&mut self, conversation: &Conversation, task: usize, shares: &[f64]) -> Decision {
        let mut plan = self.take_plan(conversation.turns);
        let (at, tracker) = (conversation.at, &conversation.tracker);
        let left = plan.open(at, tracker.remaining());
        let (costs, weights) = (&self.config.costs, &self.config.weights);
        modality_values(weights, self.model.gains(task), shares, &mut self.values);
        // Equal values go to the lower index.
        self.values.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let horizon = conversation.turns.map_or(self.config.max_turns, usize::from);
        let later = horizon.saturating_sub(usize::from(at.turn) + 1);
        let (mut skipped, mut uploaded) = (false, 0);
        let nothing = f64::NEG_INFINITY;
        let mut best = Best { value: nothing, mask: None, level: 0, response: 0.0, reward: 0.0 };
        for level in 0..self.space.levels() {
            if level >= 2 {
                uploaded |= 1 << self.values[level - 2].1;
            }
            let mask = (level > 0).then_some(uploaded);
            if level > 0 && !tracker.affords(costs, level, later) {
                skipped = true;
                continue;
            }
            let response = self.model.predict(task, at, mask);
            let mut optimistic = response;
            if self.config.optimism > 0.0 {
                optimistic += self.config.optimism * self.model.deviation(task, at, mask);
            }
            let uploads =
                shares.iter().enumerate().filter(|(m, _)| mask.unwrap_or(0) >> m & 1 == 1);
            let share = uploads.map(|(_, share)| share).sum();
            let value =
                weights.reward(costs, level, optimistic, share) + plan.value_after(at, level, left);
            if value > best.value {
                let reward = weights.reward(costs, level, response, share);
                best = Best { value, mask, level, response, reward };
            }
        }
        let Best { mask, level, response, reward, .. } = best;
        let (latency, cost) = (costs.latency(level), costs.cost(level));
        let reason = match (tracker.fits(latency, cost), skipped) {
            (false, _) => Reason::Exhausted,
            (true, true) => Reason::Budget,
            (true, false) => Reason::Planned,
        };
        self.plans.insert(conversation.turns, plan);
        Decision { action: self.space.encode(mask), mask, response, reward, latency, cost, reason }
    }
}
