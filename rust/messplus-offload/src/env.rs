//! Environment: many conversations at once over a set of dialogues, rewards from the response estimator.

use std::sync::Arc;

use messplus_base::{Random, names};

use crate::action::{Action, ActionSpace};
use crate::budget::{Budget, BudgetTracker};
use crate::cost::CostTable;
use crate::dataset::Dataset;
use crate::error::{Error, Result};
use crate::knn::KnnEstimator;
use crate::reward::{RewardWeights, association_mass, association_share};
use crate::scorer::Scorer;
use crate::window::{Frame, Window};

/// How budgets act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConstraintMode {
    /// Not at all: spending is only measured.
    None,
    /// What is left is part of the observation; turns after an overrun earn 0.
    Observe,
    /// As `Observe`, but each turn pays for the overrun it adds, at prices raised by dual ascent.
    Lagrangian,
    /// What is left is part of the observation and actions that do not fit are forbidden. Local is always allowed.
    Mask,
}

names!(ConstraintMode: "constraint" {
    None => "none",
    Observe => "observe",
    Lagrangian => "lagrangian",
    Mask => "mask",
});

/// Whose actions the history window shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum History {
    /// Those of the behaviour policy that produced the log.
    Logged,
    /// The agent's own.
    OnPolicy,
}

names!(History: "history" { Logged => "logged", OnPolicy => "on_policy" });

/// Settings of an environment.
#[derive(Debug, Clone)]
pub struct EnvConfig {
    /// Costs by level.
    pub costs: CostTable,
    /// Reward weights.
    pub weights: RewardWeights,
    /// Budgets of every conversation, unless drawn.
    pub budget: Budget,
    /// Draw each conversation's budgets uniformly between all-local and all-cloud-with-everything over the span.
    pub random_budgets: bool,
    /// How budgets act.
    pub constraint: ConstraintMode,
    /// Whose history is seen.
    pub history: History,
}

/// What one step brought.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Step {
    /// Reward, after the constraint mode had its say.
    pub reward: f64,
    /// Estimated response score.
    pub response: f64,
    /// Raw association mass uploaded.
    pub association: f64,
    /// Seconds.
    pub latency: f64,
    /// USD.
    pub cost: f64,
    /// True when the conversation ended with this turn.
    pub done: bool,
}

/// Prices of overruns, per unit of the budget, and their ascent.
#[derive(Debug, Clone, Copy, Default)]
struct Duals {
    latency: f64,
    cost: f64,
}

/// Step size of the dual ascent, per finished conversation.
const DUAL_RATE: f64 = 0.05;

/// One conversation in progress.
#[derive(Debug, Clone)]
struct Slot {
    dialogue: usize,
    turn: usize,
    window: Window,
    tracker: BudgetTracker,
}

/// `n` conversations, each restarted on a dialogue drawn with replacement when it ends.
#[derive(Debug, Clone)]
pub struct VecEnv {
    data: Arc<Dataset>,
    scorer: Scorer,
    config: EnvConfig,
    duals: Duals,
    slots: Vec<Slot>,
    rng: Random,
}

impl VecEnv {
    /// Starts `n` conversations.
    ///
    /// # Errors
    /// There is no dialogue, `n` is zero, or costs, data and estimator do not fit together.
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
            return Err(Error::input(
                "costs, estimator",
                "must have the modalities of the data",
                config.costs.levels(),
            ));
        }
        config.weights.validated()?;
        config.budget.validated()?;
        let duals = Duals { latency: 1.0, cost: 1.0 };
        let mut env = Self {
            data,
            scorer: Scorer::new(estimator),
            config,
            duals,
            slots: vec![],
            rng: Random::new(seed),
        };
        env.slots = (0..n).map(|_| env.fresh()).collect();
        Ok(env)
    }

    fn fresh(&mut self) -> Slot {
        let dialogue = self.rng.below(self.data.len());
        let budget =
            if self.config.random_budgets { self.draw_budget() } else { self.config.budget };
        self.open(dialogue, budget)
    }

    fn open(&self, dialogue: usize, budget: Budget) -> Slot {
        let mut window = Window::default();
        let frame = Frame::new(self.data.space(), None, self.data.turn(dialogue, 0).task);
        window.push(frame, self.span());
        Slot { dialogue, turn: 0, window, tracker: BudgetTracker::new(budget) }
    }

    fn draw_budget(&mut self) -> Budget {
        let (costs, top, turns) =
            (&self.config.costs, self.config.costs.levels() - 1, self.span() as f64);
        let mut between = |low: f64, high: f64| turns * (low + (high - low) * self.rng.uniform());
        Budget {
            latency: between(costs.latency(0), costs.latency(top)),
            cost: between(costs.cost(0), costs.cost(top)),
        }
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
        self.slots[i] = self.fresh();
        Ok(())
    }

    fn check(&self, i: usize) -> Result<()> {
        if i < self.slots.len() {
            return Ok(());
        }
        Err(Error::input("environment", "must be below the number of environments", i))
    }

    /// True when the level of `action` may be used by conversation `i`.
    #[must_use]
    pub fn allowed(&self, i: usize, level: usize) -> bool {
        let slot = &self.slots[i];
        let later = (self.data.turns(slot.dialogue) - slot.turn - 1) as f64;
        self.config.constraint != ConstraintMode::Mask
            || fits(&slot.tracker, &self.config.costs, level, later)
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
        let (costs, weights) = (&self.config.costs, &self.config.weights);
        let response = self.scorer.score(&slot.window, action);
        let share = association_share(space, action, turn.association);
        let association = association_mass(space, action, turn.association);
        let before = slot.tracker.excess();
        slot.tracker.spend(costs.latency(level), costs.cost(level));
        let after = slot.tracker.excess();
        let mut reward = weights.reward(costs, level, response, share);
        match self.config.constraint {
            ConstraintMode::Observe if after != (0.0, 0.0) => reward = 0.0,
            ConstraintMode::Lagrangian => {
                let budget = slot.tracker.budget;
                reward -= self.duals.latency * share_of(after.0 - before.0, budget.latency);
                reward -= self.duals.cost * share_of(after.1 - before.1, budget.cost);
            }
            _ => {}
        }
        slot.turn += 1;
        let done = slot.turn == self.data.turns(slot.dialogue);
        if done {
            let budget = slot.tracker.budget;
            // Prices rise while conversations overrun and sink slowly while they do not.
            self.duals.latency = ascend(self.duals.latency, share_of(after.0, budget.latency));
            self.duals.cost = ascend(self.duals.cost, share_of(after.1, budget.cost));
            self.slots[i] = self.fresh();
        } else {
            let previous = match self.config.history {
                History::Logged => turn.action,
                History::OnPolicy => action,
            };
            let task = self.data.turn(slot.dialogue, slot.turn).task;
            slot.window
                .push(Frame::new(space, Some(previous), task), self.scorer.estimator().span());
        }
        let (latency, cost) = (self.config.costs.latency(level), self.config.costs.cost(level));
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

/// True for local, and for a level that leaves room for `later` further local turns.
#[must_use]
pub fn fits(tracker: &BudgetTracker, costs: &CostTable, level: usize, later: f64) -> bool {
    level == 0
        || tracker.fits(
            costs.latency(level) + later * costs.latency(0),
            costs.cost(level) + later * costs.cost(0),
        )
}

/// `value` in units of `limit`; zero for a limit of infinity.
fn share_of(value: f64, limit: f64) -> f64 {
    if limit > 0.0 { value / limit } else { value }
}

fn ascend(price: f64, excess: f64) -> f64 {
    (price + DUAL_RATE * (excess - 0.001)).max(0.0)
}
