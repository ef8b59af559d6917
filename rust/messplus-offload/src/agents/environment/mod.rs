//! Many conversations at once over a set of dialogues, rewarded by the response estimator.

mod config;
mod duals;

pub use config::{ConstraintMode, EnvConfig, History};

use std::sync::Arc;

use duals::Duals;
use messplus_base::Random;

use crate::error::{Error, Result};
use crate::estimator::{KnnEstimator, Scorer};
use crate::problem::{
    Action, ActionSpace, Budget, BudgetTracker, Dataset, Frame, Window, association_mass,
    association_share,
};

/// What one step brought.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Step {
    /// Reward, after the constraint has acted on it.
    pub reward: f64,
    /// Estimated response score.
    pub response: f64,
    /// Association mass uploaded.
    pub association: f64,
    /// Seconds.
    pub latency: f64,
    /// USD.
    pub cost: f64,
    /// Whether the conversation ended with this turn.
    pub done: bool,
}

/// One conversation in progress.
#[derive(Clone, Debug)]
struct Slot {
    dialogue: usize,
    turn: usize,
    window: Window,
    tracker: BudgetTracker,
}

/// `n` conversations, each restarted on a dialogue drawn with replacement when it ends.
#[derive(Clone, Debug)]
pub struct VecEnv {
    data: Arc<Dataset>,
    scorer: Scorer,
    config: EnvConfig,
    duals: Duals,
    slots: Vec<Slot>,
    random: Random,
}

impl VecEnv {
    /// Starts `n` conversations.
    ///
    /// # Errors
    /// There is no dialogue, `n` is zero, a setting is malformed, or costs, data and estimator are
    /// not for the same modalities.
    pub fn new(
        data: Arc<Dataset>,
        estimator: Arc<KnnEstimator>,
        config: EnvConfig,
        n: usize,
        seed: u64,
    ) -> Result<Self> {
        for (field, count) in [("dialogues", data.len()), ("environments", n)] {
            if count == 0 {
                return Err(Error::input(field, "must be positive", count));
            }
        }
        if config.costs.levels() != data.space().levels() || estimator.space() != data.space() {
            let (rule, levels) = ("must have the modalities of the data", config.costs.levels());
            return Err(Error::input("costs, estimator", rule, format!("{levels} levels")));
        }
        config.weights.validated()?;
        config.budget.validated()?;
        let (scorer, random) = (Scorer::new(estimator), Random::new(seed));
        let mut env = Self { data, scorer, config, duals: Duals::new(), slots: vec![], random };
        env.slots = (0..n).map(|_| env.draw()).collect();
        Ok(env)
    }

    /// A conversation on a dialogue drawn at random.
    fn draw(&mut self) -> Slot {
        let dialogue = self.random.below(self.data.len());
        let budget =
            if self.config.random_budgets { self.draw_budget() } else { self.config.budget };
        self.open(dialogue, budget)
    }

    fn draw_budget(&mut self) -> Budget {
        let (costs, turns) = (&self.config.costs, self.scorer.estimator().span() as f64);
        let everything = costs.levels() - 1;
        let mut between =
            |low: f64, high: f64| turns * (low + (high - low) * self.random.uniform());
        Budget {
            latency: between(costs.latency(0), costs.latency(everything)),
            cost: between(costs.cost(0), costs.cost(everything)),
        }
    }

    fn open(&self, dialogue: usize, budget: Budget) -> Slot {
        let mut window = Window::default();
        let frame = Frame::new(self.space(), None, self.data.turn(dialogue, 0).task);
        window.push(frame, self.span());
        Slot { dialogue, turn: 0, window, tracker: BudgetTracker::new(budget) }
    }

    /// Restarts conversation `i` on a given dialogue with given budgets.
    ///
    /// # Errors
    /// `i` or `dialogue` is out of range, or the budget is malformed.
    pub fn restart(&mut self, i: usize, dialogue: usize, budget: Budget) -> Result<()> {
        self.check(i)?;
        if dialogue >= self.data.len() {
            let rule = "must be below the number of dialogues";
            return Err(Error::input("dialogue", rule, dialogue));
        }
        self.slots[i] = self.open(dialogue, budget.validated()?);
        Ok(())
    }

    /// Restarts conversation `i` on a dialogue drawn at random.
    ///
    /// # Errors
    /// `i` is out of range.
    pub fn reset(&mut self, i: usize) -> Result<()> {
        self.check(i)?;
        self.slots[i] = self.draw();
        Ok(())
    }

    /// Accepts the index of a conversation.
    ///
    /// # Errors
    /// `i` is out of range.
    pub fn check(&self, i: usize) -> Result<()> {
        if i < self.slots.len() {
            return Ok(());
        }
        Err(Error::input("environment", "must be below the number of environments", i))
    }

    /// Whether conversation `i` may use the actions of `level`.
    #[must_use]
    pub fn allowed(&self, i: usize, level: usize) -> bool {
        let slot = &self.slots[i];
        let later = self.data.turns(slot.dialogue) - slot.turn - 1;
        self.config.constraint != ConstraintMode::Mask
            || level == 0
            || slot.tracker.affords(&self.config.costs, level, later)
    }

    /// Takes one action in conversation `i`; a conversation that ends is replaced by a fresh one.
    ///
    /// # Errors
    /// `i` or `action` is out of range, or the action is forbidden.
    pub fn step(&mut self, i: usize, action: Action) -> Result<Step> {
        self.check(i)?;
        let space = self.data.space();
        if action >= space.len() {
            return Err(Error::input("action", "must be below 1 + 2^M", action));
        }
        let level = space.level(action);
        if !self.allowed(i, level) {
            return Err(Error::order("action", "must fit the remaining budget", action));
        }
        let slot = &mut self.slots[i];
        let turn = self.data.turn(slot.dialogue, slot.turn);
        let costs = &self.config.costs;
        let (latency, cost) = (costs.latency(level), costs.cost(level));
        let response = self.scorer.score(&slot.window, action);
        let share = association_share(space, action, turn.association);
        let association = association_mass(space, action, turn.association);
        let before = slot.tracker.excess();
        slot.tracker.spend(latency, cost);
        let (after, budget) = (slot.tracker.excess(), slot.tracker.budget);
        let mut reward = self.config.weights.reward(costs, level, response, share);
        match self.config.constraint {
            ConstraintMode::Observe if after != (0.0, 0.0) => reward = 0.0,
            ConstraintMode::Lagrangian => {
                let added = (after.0 - before.0, after.1 - before.1);
                self.duals.price(added, budget).iter().for_each(|price| reward -= price);
            }
            _ => {}
        }
        slot.turn += 1;
        let done = slot.turn == self.data.turns(slot.dialogue);
        if done {
            self.duals.ascend(after, budget);
            self.slots[i] = self.draw();
        } else {
            let previous = match self.config.history {
                History::Logged => turn.action,
                History::OnPolicy => action,
            };
            let task = self.data.turn(slot.dialogue, slot.turn).task;
            let frame = Frame::new(space, Some(previous), task);
            slot.window.push(frame, self.scorer.estimator().span());
        }
        Ok(Step { reward, response, association, latency, cost, done })
    }

    /// Window of conversation `i`.
    #[must_use]
    pub fn window(&self, i: usize) -> &Window {
        &self.slots[i].window
    }

    /// Spending of conversation `i`.
    #[must_use]
    pub fn tracker(&self, i: usize) -> &BudgetTracker {
        &self.slots[i].tracker
    }

    /// Number of conversations.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "there is always one conversation")]
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// The dialogues.
    #[must_use]
    pub fn data(&self) -> &Dataset {
        &self.data
    }

    /// The settings.
    #[must_use]
    pub fn config(&self) -> &EnvConfig {
        &self.config
    }

    /// The action space.
    #[must_use]
    pub fn space(&self) -> &ActionSpace {
        self.data.space()
    }

    /// Window length.
    #[must_use]
    pub fn span(&self) -> usize {
        self.scorer.estimator().span()
    }
}
