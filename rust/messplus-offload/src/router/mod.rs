//! The default policy: hard budgets, and an exact plan of the remaining budget over the remaining
//! turns, learning online.

mod config;
mod conversation;
mod decide;
mod decision;
mod lengths;
mod planner;
mod progress;
mod response;
mod scenarios;
mod snapshot;
mod state;

pub use config::RouterConfig;
pub use conversation::Conversation;
pub use decision::{Decision, Reason};
pub use planner::{Planner, Ticks};
pub use progress::Progress;
pub use response::{MeanModel, ResponseModel};
pub use scenarios::Scenario;

use std::collections::BTreeMap;

use lengths::Lengths;
use scenarios::Scenarios;
use snapshot::Snapshot;

use crate::error::{Error, Result, non_negative};
use crate::problem::{ActionSpace, Budget, Dataset, association_shares};

/// Plans conversations and learns from them.
#[derive(Clone, Debug)]
pub struct OffloadRouter {
    config: RouterConfig,
    space: ActionSpace,
    model: ResponseModel,
    scenarios: Scenarios,
    lengths: Lengths,
    /// Scored turns learned from.
    seen: u64,
    snapshot: Snapshot,
    /// Plans by known conversation length; `None` for an unknown one.
    plans: BTreeMap<Option<u16>, Planner>,
    /// Scratch of a decision: the value of uploading each modality, best first.
    values: Vec<(f64, usize)>,
}

impl OffloadRouter {
    /// A router that has seen nothing.
    ///
    /// # Errors
    /// A setting is out of range.
    pub fn new(config: RouterConfig) -> Result<Self> {
        let space = config.check()?;
        let model = ResponseModel::new(config.modalities, config.tasks);
        let lengths = Lengths::new(config.max_turns);
        let shares = association_shares(config.modalities, None);
        let snapshot = Snapshot {
            experience: 0,
            model: model.mean(),
            scenarios: vec![Scenario { task: 0, shares }],
            continuation: lengths.continuation(),
            costs: config.costs.clone(),
        };
        Ok(Self {
            config,
            space,
            model,
            scenarios: Scenarios::default(),
            lengths,
            seen: 0,
            snapshot,
            plans: BTreeMap::new(),
            values: vec![],
        })
    }

    /// Accepts data of the router's modalities and tasks.
    ///
    /// # Errors
    /// `data` has others.
    pub fn check(&self, data: &Dataset) -> Result<()> {
        if data.space() == &self.space && data.tasks() == self.config.tasks {
            return Ok(());
        }
        let found = format!("{} and {}", data.space().modalities(), data.tasks());
        Err(Error::input("data", "must have the router's modalities and tasks", found))
    }

    /// Learns from every logged turn of `data`.
    ///
    /// # Errors
    /// `data` has other modalities or tasks.
    pub fn fit(&mut self, data: &Dataset) -> Result<()> {
        self.check(data)?;
        for d in 0..data.len() {
            let mut at = Progress::default();
            for turn in data.dialogue(d) {
                self.scenarios.remember(self.config.modalities, turn.task, turn.association);
                self.model.learn_one(turn.task, at, self.space.decode(turn.action), turn.score);
                self.seen += 1;
                at = at.after(self.space.level(turn.action));
            }
            self.lengths.learn_one(at.turn);
        }
        self.renew_snapshot();
        Ok(())
    }

    /// Opens a conversation with `budget`; `turns` if its length is known.
    ///
    /// # Errors
    /// A limit is negative or NaN, or `turns` is outside `1..=16`.
    pub fn start(&self, budget: Budget, turns: Option<usize>) -> Result<Conversation> {
        Conversation::new(budget, turns)
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
            let rule = "must have the router's tasks and modalities";
            return Err(Error::order("conversation", rule, "a decision of another router"));
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
        self.lengths.learn_one(conversation.at.turn);
        Ok(())
    }

    /// The plan for conversations of `turns` turns.
    fn take_plan(&mut self, turns: Option<u16>) -> Planner {
        // A new snapshot once a tenth more is known.
        let known = self.snapshot.experience;
        if self.experience() > known + known / 10 + 32 {
            self.renew_snapshot();
        }
        self.plans.remove(&turns).unwrap_or_else(|| self.snapshot.plan(&self.config.weights, turns))
    }

    /// Bases further plans on what is known now.
    fn renew_snapshot(&mut self) {
        self.plans.clear();
        self.snapshot.experience = self.experience();
        self.snapshot.model = self.model.mean();
        if !self.scenarios.kept.is_empty() {
            self.snapshot.scenarios.clone_from(&self.scenarios.kept);
        }
        self.snapshot.continuation = self.lengths.continuation();
        self.snapshot.costs = self.config.costs.clone();
    }

    fn experience(&self) -> u64 {
        self.seen + self.scenarios.remembered
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
