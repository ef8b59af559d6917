//! The default policy: hard budgets, and an exact plan of the remaining budget over the remaining turns, learning online.

mod basis;
mod conversation;
mod state;

use std::collections::BTreeMap;

pub use self::conversation::Conversation;

use self::basis::Basis;
use crate::action::{Action, ActionSpace};
use crate::budget::Budget;
use crate::cost::CostTable;
use crate::dataset::{Dataset, check_association};
use crate::error::{Error, Result, non_negative};
use crate::planner::{MAX_TURNS, Planner, SCENARIOS, Scenario, modality_values};
use crate::response::{Progress, ResponseModel};
use crate::reward::RewardWeights;
use messplus_base::names;

/// Largest number of tasks; the response model is quadratic in it.
pub const MAX_TASKS: usize = 64;

/// Settings of an [`OffloadRouter`].
#[derive(Debug, Clone, PartialEq)]
pub struct RouterConfig {
    /// Number of modalities `M`.
    pub modalities: usize,
    /// Number of tasks `K`.
    pub tasks: usize,
    /// Latency and cost of a call by level; upper bounds, if budgets are to hold without exception.
    pub costs: CostTable,
    /// Reward weights.
    pub weights: RewardWeights,
    /// Longest conversation budgets are planned for; later turns are still served.
    pub max_turns: usize,
    /// Standard deviations added to an uncertain response, so that untried actions get tried; 0 never explores.
    pub optimism: f64,
    /// Share of a measured call in its level's cost entry, in `[0, 1]`; 0 keeps the declared costs.
    pub cost_rate: f64,
}

/// Why an action was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The best of all actions.
    Planned,
    /// The best of the affordable actions; at least one was not affordable.
    Budget,
    /// Nothing fits any more: local as the last resort.
    Exhausted,
}

names!(Reason: "reason" { Planned => "planned", Budget => "budget", Exhausted => "exhausted" });

/// One decision.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// Index of the action.
    pub action: Action,
    /// Uploaded subset, `None` for local.
    pub mask: Option<u32>,
    /// Predicted response score.
    pub response: f64,
    /// Predicted reward of this turn.
    pub reward: f64,
    /// Declared latency, seconds.
    pub latency: f64,
    /// Declared cost, USD.
    pub cost: f64,
    /// Why.
    pub reason: Reason,
}

/// Plans conversations and learns from them.
#[derive(Debug, Clone)]
pub struct OffloadRouter {
    config: RouterConfig,
    space: ActionSpace,
    model: ResponseModel,
    scenarios: Vec<Scenario>,
    seen: u64,
    /// Turns whose scenario was kept at some time.
    remembered: u64,
    /// Per turn: conversations that reached it, and those that went on.
    lengths: Vec<(f64, f64)>,
    /// Plans by known conversation length; `None` for an unknown one.
    plans: BTreeMap<Option<u16>, Planner>,
    basis: Basis,
    values: Vec<(f64, usize)>,
}

impl OffloadRouter {
    /// A router that has seen nothing.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(config: RouterConfig) -> Result<Self> {
        let space = ActionSpace::new(config.modalities)?;
        if config.tasks == 0 || config.tasks > MAX_TASKS {
            return Err(Error::input("tasks", "must be in 1..=64", config.tasks));
        }
        if config.costs.levels() != space.levels() {
            return Err(Error::input(
                "costs",
                "must have modalities + 2 levels",
                config.costs.levels(),
            ));
        }
        if config.max_turns == 0 || config.max_turns > MAX_TURNS {
            return Err(Error::input("max_turns", "must be in 1..=16", config.max_turns));
        }
        non_negative("optimism", config.optimism)?;
        if !(0.0..=1.0).contains(&config.cost_rate) {
            return Err(Error::input("cost_rate", "must be in [0, 1]", config.cost_rate));
        }
        config.weights.validated()?;
        let model = ResponseModel::new(config.modalities, config.tasks);
        let lengths = vec![(0.0, 0.0); config.max_turns];
        let basis = Basis {
            experience: 0,
            model: model.mean(),
            scenarios: vec![Scenario { task: 0, shares: shares(config.modalities, None) }],
            continuation: continuation(&lengths),
            costs: config.costs.clone(),
        };
        Ok(Self {
            config,
            space,
            model,
            scenarios: vec![],
            seen: 0,
            remembered: 0,
            lengths,
            plans: BTreeMap::new(),
            basis,
            values: vec![],
        })
    }

    /// Learns from every logged turn of `data`.
    ///
    /// # Errors
    /// `data` has another number of modalities or tasks.
    pub fn fit(&mut self, data: &Dataset) -> Result<()> {
        if data.space() != &self.space || data.tasks() != self.config.tasks {
            let found = format!("{} and {}", data.space().modalities(), data.tasks());
            return Err(Error::input("data", "must have the router's modalities and tasks", found));
        }
        for d in 0..data.len() {
            let mut at = Progress::default();
            for turn in data.dialogue(d) {
                self.remember(turn.task, turn.association);
                self.model.learn_one(turn.task, at, self.space.decode(turn.action), turn.score);
                self.seen += 1;
                at = at.after(self.space.level(turn.action));
            }
            self.finished(at.turn);
        }
        self.take_stock();
        Ok(())
    }

    /// Opens a conversation with `budget`; `turns` if its length is known.
    ///
    /// # Errors
    /// A limit is negative or NaN, or `turns` is outside `1..=16`.
    pub fn start(&self, budget: Budget, turns: Option<usize>) -> Result<Conversation> {
        Conversation::new(budget, turns)
    }

    /// Decides the next turn. Without `association` all modalities count alike.
    ///
    /// # Errors
    /// The previous turn has no record yet, `task` is out of range, or `association` is malformed; nothing changes then.
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
            self.remember(task, association);
        }
        let decision = self.best(conversation, task, &shares(self.config.modalities, association));
        conversation.pending = Some((task, decision.mask));
        Ok(decision)
    }

    fn best(&mut self, conversation: &Conversation, task: usize, shares: &[f64]) -> Decision {
        let mut plan = self.take_plan(conversation.turns);
        let (at, tracker) = (conversation.at, &conversation.tracker);
        let purse = plan.purse(at, tracker.remaining());
        let gains = self.model.gains(task);
        modality_values(&self.config.weights, gains, shares, &mut self.values);
        // Stable order: equal values go to the lower index.
        self.values.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        let horizon = conversation.turns.map_or(self.config.max_turns, usize::from);
        let reserve = horizon.saturating_sub(usize::from(at.turn) + 1) as f64;
        let (mut best, mut skipped, mut mask) = (None::<(f64, Option<u32>, usize, f64)>, false, 0);
        for level in 0..self.space.levels() {
            if level >= 2 {
                mask |= 1 << self.values[level - 2].1;
            }
            let subset = (level > 0).then_some(mask);
            // Every later turn must at least be able to run locally.
            let latency = self.config.costs.latency(level) + reserve * self.config.costs.latency(0);
            let cost = self.config.costs.cost(level) + reserve * self.config.costs.cost(0);
            if level > 0 && !tracker.fits(latency, cost) {
                skipped = true;
                continue;
            }
            let response = self.model.predict(task, at, subset);
            let mut optimistic = response;
            if self.config.optimism > 0.0 {
                optimistic += self.config.optimism * self.model.deviation(task, at, subset);
            }
            let share: f64 = (0..shares.len())
                .filter(|m| subset.unwrap_or(0) >> m & 1 == 1)
                .map(|m| shares[m])
                .sum();
            let value = self.config.weights.reward(&self.config.costs, level, optimistic, share)
                + plan.value_after(at, level, purse);
            if best.is_none_or(|b| value > b.0) {
                let reward = self.config.weights.reward(&self.config.costs, level, response, share);
                best = Some((value, subset, level, reward));
            }
        }
        self.plans.insert(conversation.turns, plan);
        let (_, mask, level, reward) = best.unwrap_or((0.0, None, 0, 0.0));
        let (latency, cost) = (self.config.costs.latency(level), self.config.costs.cost(level));
        let reason = match (tracker.fits(latency, cost), skipped) {
            (false, _) => Reason::Exhausted,
            (true, true) => Reason::Budget,
            (true, false) => Reason::Planned,
        };
        let response = self.model.predict(task, at, mask);
        Decision { action: self.space.encode(mask), mask, response, reward, latency, cost, reason }
    }

    /// The plan for conversations of `turns` turns.
    fn take_plan(&mut self, turns: Option<u16>) -> Planner {
        // Plans are renewed once a tenth more is known.
        let known = self.basis.experience;
        if self.seen + self.remembered > known + known / 10 + 32 {
            self.take_stock();
        }
        self.plans.remove(&turns).unwrap_or_else(|| self.basis.plan(&self.config.weights, turns))
    }

    /// Bases further plans on what is known now.
    fn take_stock(&mut self) {
        self.plans.clear();
        self.basis.experience = self.seen + self.remembered;
        self.basis.model = self.model.mean();
        if !self.scenarios.is_empty() {
            self.basis.scenarios.clone_from(&self.scenarios);
        }
        self.basis.continuation = continuation(&self.lengths);
        self.basis.costs = self.config.costs.clone();
    }

    /// Takes what the decided turn really needed; with a `score`, learns from it.
    ///
    /// # Errors
    /// There is no open decision, or a value is negative or not finite; nothing changes then.
    pub fn record(
        &mut self,
        conversation: &mut Conversation,
        latency: f64,
        cost: f64,
        score: Option<f64>,
    ) -> Result<()> {
        let Some((task, mask)) = conversation.pending else {
            return Err(Error::order("conversation", "must have a decision to record", "none"));
        };
        if task >= self.config.tasks || mask.is_some_and(|m| m >> self.config.modalities != 0) {
            let found = "a decision of another router";
            return Err(Error::order(
                "conversation",
                "must have the router's tasks and modalities",
                found,
            ));
        }
        non_negative("latency", latency)?;
        non_negative("cost", cost)?;
        if let Some(score) = score {
            non_negative("score", score)?;
            self.model.learn_one(task, conversation.at, mask, score);
            self.seen += 1;
        }
        let level = mask.map_or(0, |m| 1 + m.count_ones() as usize);
        if self.config.cost_rate > 0.0 {
            self.config.costs.observe(level, latency, cost, self.config.cost_rate)?;
        }
        conversation.tracker.spend(latency, cost);
        conversation.at = conversation.at.after(level);
        conversation.pending = None;
        Ok(())
    }

    /// Closes a conversation and learns its length.
    ///
    /// # Errors
    /// It is closed already, or its last turn has no record yet.
    pub fn finish(&mut self, conversation: &mut Conversation) -> Result<()> {
        conversation.check_open()?;
        if conversation.pending.is_some() {
            let rule = "must be recorded before the conversation is finished";
            return Err(Error::order("turn", rule, "an end"));
        }
        conversation.finished = true;
        self.finished(conversation.at.turn);
        Ok(())
    }

    fn finished(&mut self, turns: u16) {
        for (t, (reached, on)) in self.lengths.iter_mut().enumerate().take(usize::from(turns)) {
            *reached += 1.0;
            *on += f64::from(u8::from(t + 1 < usize::from(turns)));
        }
    }

    /// Keeps the turn as one of the scenarios for the turns to come, in place of the oldest.
    fn remember(&mut self, task: usize, association: &[f32]) {
        let scenario = Scenario { task, shares: shares(self.config.modalities, Some(association)) };
        if self.scenarios.len() < SCENARIOS {
            self.scenarios.push(scenario);
        } else {
            self.scenarios[(self.remembered % SCENARIOS as u64) as usize] = scenario;
        }
        self.remembered += 1;
    }

    /// The settings, with costs as measured so far.
    #[must_use]
    pub fn config(&self) -> &RouterConfig {
        &self.config
    }

    /// The action space.
    #[must_use]
    pub fn space(&self) -> &ActionSpace {
        &self.space
    }

    /// Scored turns learned from.
    #[must_use]
    pub fn seen(&self) -> u64 {
        self.seen
    }
}

/// Association shares of a turn; equal ones when there is no association or no mass.
fn shares(modalities: usize, association: Option<&[f32]>) -> Vec<f64> {
    let total: f64 = association.unwrap_or(&[]).iter().map(|&c| f64::from(c)).sum();
    match association {
        Some(association) if total > 0.0 => {
            association.iter().map(|&c| f64::from(c) / total).collect()
        }
        _ => vec![1.0 / modalities as f64; modalities],
    }
}

/// Probability that a turn follows each turn; 1 where nothing is known, 0 at the horizon.
fn continuation(lengths: &[(f64, f64)]) -> Vec<f64> {
    let mut odds: Vec<f64> =
        lengths.iter().map(|(reached, on)| (on + 1.0) / (reached + 1.0)).collect();
    if let Some(last) = odds.last_mut() {
        *last = 0.0;
    }
    odds
}
