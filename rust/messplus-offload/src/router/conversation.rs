//! One conversation: its budget, its progress, and the decision that awaits its record.

use super::config::MAX_TASKS;
use super::planner::MAX_TURNS;
use super::progress::Progress;
use crate::error::{Error, Result, non_negative};
use crate::problem::{Budget, BudgetTracker, MAX_MODALITIES};
use crate::state::{self, Kind};

/// State of one conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Conversation {
    pub(super) tracker: BudgetTracker,
    pub(super) turns: Option<u16>,
    pub(super) at: Progress,
    /// Task and subset of the decision that awaits its record.
    pub(super) pending: Option<(usize, Option<u32>)>,
    pub(super) finished: bool,
}

impl Conversation {
    /// Opens a conversation with `budget`; `turns` if its length is known.
    pub(super) fn new(budget: Budget, turns: Option<usize>) -> Result<Self> {
        if let Some(turns) = turns.filter(|t| !(1..=MAX_TURNS).contains(t)) {
            return Err(Error::input("turns", "must be in 1..=16", turns));
        }
        Ok(Self {
            tracker: BudgetTracker::new(budget.validated()?),
            turns: turns.map(|t| t as u16),
            at: Progress::default(),
            pending: None,
            finished: false,
        })
    }

    /// Refuses a finished conversation.
    pub(super) fn check_open(&self) -> Result<()> {
        if self.finished {
            Err(Error::order("conversation", "must be open", "a finished one"))
        } else {
            Ok(())
        }
    }

    /// Spending and limits.
    #[must_use]
    pub fn tracker(&self) -> &BudgetTracker {
        &self.tracker
    }

    /// Turns recorded.
    #[must_use]
    pub fn turn(&self) -> usize {
        self.at.turn.into()
    }

    /// The state as bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = state::begin(Kind::Conversation);
        let tracker = &self.tracker;
        out.f64s(&[tracker.budget.latency, tracker.budget.cost, tracker.latency, tracker.cost]);
        // Options as value + 1, 0 for none.
        out.u64(self.turns.map_or(0, u64::from));
        out.u64s(&[self.at.turn, self.at.clouds, self.at.uploads].map(u64::from));
        out.u64(self.pending.map_or(0, |(task, _)| task as u64 + 1));
        out.u64(self.pending.and_then(|p| p.1).map_or(0, |mask| u64::from(mask) + 1));
        out.u64(self.finished.into());
        out.seal()
    }

    /// Restores a conversation from [`to_bytes`](Self::to_bytes).
    ///
    /// # Errors
    /// The bytes are damaged, of another kind or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = state::open(bytes, Kind::Conversation)?;
        let budget = Budget { latency: input.f64_or_infinity()?, cost: input.f64_or_infinity()? }
            .validated()?;
        let mut tracker = BudgetTracker::new(budget);
        tracker.spend(
            non_negative("spent latency", input.f64()?)?,
            non_negative("spent cost", input.f64()?)?,
        );
        let mut count = |limit: u16| input.count(limit.into()).map(|count| count as u16);
        let turns = Some(count(MAX_TURNS as u16)?).filter(|&t| t > 0);
        let at = Progress {
            turn: count(u16::MAX)?,
            clouds: count(u16::MAX)?,
            uploads: count(u16::MAX)?,
        };
        let task = input.count(MAX_TASKS)?;
        let mask = input.count(1 << MAX_MODALITIES)?;
        let finished = input.count(1)? == 1;
        input.finish()?;
        let pending = task.checked_sub(1).map(|task| (task, mask.checked_sub(1).map(|m| m as u32)));
        Ok(Self { tracker, turns, at, pending, finished })
    }
}
