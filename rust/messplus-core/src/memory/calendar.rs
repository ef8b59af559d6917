//! What happened in each minute, hour and day, for reports: nothing decided depends on it.
//!
//! A bounded number of the latest ones is kept. They begin where the wall clock, as
//! [`date`](crate::Controller::date) last told it, enters them; while it was never told there are none.
//! What is known of a decision later counts when it comes to be known: the sums over any span are those
//! of what happened in it.

use std::collections::VecDeque;

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::types::request::{Decision, Reason};

/// Seconds of a slot, and the most slots of that length kept: an hour, two days, three months.
const RINGS: [(u64, usize); 3] = [(60, 60), (3600, 48), (86_400, 92)];
/// What fits into a state and adds up without overflow.
const MAX_COUNT: u64 = 1 << 53;

/// Sums over the requests of one service level.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LevelSums {
    /// Requests decided.
    pub decided: u64,
    /// Decisions taken back, whenever they were made.
    pub cancelled: u64,
    /// Ratings that the queue accounted for.
    pub rated: u64,
    /// Calls whose cost became known.
    pub costed: u64,
    /// Sum of the ratings, and of what revisions changed earlier ones by.
    pub satisfaction: f64,
    /// Sum of the targets that held when they came.
    pub target: f64,
    /// Sum of the costs.
    pub cost: f64,
}

/// Sums over the calls of one model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelSums {
    /// Requests it was chosen for.
    pub selected: u64,
    /// Those of them, whenever chosen, that were taken back.
    pub cancelled: u64,
    /// Calls that failed.
    pub failed: u64,
    /// Ratings of its answers.
    pub rated: u64,
    /// Calls whose cost became known.
    pub costed: u64,
    /// Sum of the ratings, and of what revisions changed earlier ones by.
    pub satisfaction: f64,
    /// Sum of the costs.
    pub cost: f64,
}

/// One minute, hour or day.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slot {
    /// When it began, in seconds since 1970.
    pub start: u64,
    /// Requests decided that explored.
    pub explored: u64,
    /// Sum of what was predicted of the requests whose ratings queues accounted for.
    pub predicted: f64,
    /// Sum of all backlogs after the latest of these ratings.
    pub backlog: f64,
    /// Sum over its requests of what the model expected to cost most was expected to cost.
    pub most_expensive: f64,
    /// Per service level.
    pub levels: Vec<LevelSums>,
    /// Per model.
    pub models: Vec<ModelSums>,
}

/// The latest minutes, hours and days.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    rings: [VecDeque<Slot>; RINGS.len()],
    n_levels: usize,
    n_models: usize,
}

impl Calendar {
    /// Nothing yet.
    pub fn new(n_levels: usize, n_models: usize) -> Self {
        Self { rings: std::array::from_fn(|_| VecDeque::new()), n_levels, n_models }
    }

    /// Minutes, hours and days, each from the oldest to the current one.
    pub fn rings(&self) -> &[VecDeque<Slot>; RINGS.len()] {
        &self.rings
    }

    /// Whether a minute begins at this time.
    pub fn is_due(&self, now: u64) -> bool {
        self.rings[0].back().is_none_or(|minute| now >= minute.start + RINGS[0].0)
    }

    /// It is `now`, in seconds since 1970. A clock that goes back begins nothing.
    pub(crate) fn date(&mut self, now: u64) {
        let now = now.min(MAX_COUNT);
        for (ring, (length, most)) in self.rings.iter_mut().zip(RINGS) {
            let start = now - now % length;
            if ring.back().is_some_and(|latest| latest.start >= start) {
                continue;
            }
            let backlog = ring.back().map_or(0.0, |latest| latest.backlog);
            if ring.len() == most {
                ring.pop_front();
            }
            ring.push_back(Slot {
                start,
                backlog,
                levels: vec![LevelSums::default(); self.n_levels],
                models: vec![ModelSums::default(); self.n_models],
                ..Slot::default()
            });
        }
    }

    /// A model joins.
    pub(crate) fn add(&mut self) {
        self.n_models += 1;
        self.rings.iter_mut().flatten().for_each(|slot| slot.models.push(ModelSums::default()));
    }

    pub(crate) fn decide(&mut self, level: usize, decision: &Decision) {
        for slot in self.current() {
            slot.explored += u64::from(decision.reason == Reason::Explore);
            slot.most_expensive += decision.expected_cost.iter().copied().fold(0.0, f64::max);
            slot.levels[level].decided += 1;
            slot.models[decision.model].selected += 1;
        }
    }

    /// A request of the level was served elsewhere.
    pub(crate) fn decide_elsewhere(&mut self, level: usize) {
        self.current().for_each(|slot| slot.levels[level].decided += 1);
    }

    pub(crate) fn cancel(&mut self, level: usize, model: usize) {
        for slot in self.current() {
            slot.levels[level].cancelled += 1;
            slot.models[model].cancelled += 1;
        }
    }

    /// A queue accounts for a rating, and `backlog` is the sum of all afterwards.
    pub(crate) fn account(&mut self, level: usize, rating: &Accounted, backlog: f64) {
        for slot in self.current() {
            slot.predicted += rating.predicted;
            slot.backlog = backlog;
            let sums = &mut slot.levels[level];
            sums.rated += 1;
            sums.satisfaction += rating.satisfaction;
            sums.target += rating.target;
        }
    }

    /// A rating that a queue accounted for changes by `change`.
    pub(crate) fn revise(&mut self, level: usize, change: f64, backlog: f64) {
        for slot in self.current() {
            slot.backlog = backlog;
            slot.levels[level].satisfaction += change;
        }
    }

    pub(crate) fn rate_model(&mut self, model: usize, satisfaction: f64) {
        for slot in self.current() {
            slot.models[model].rated += 1;
            slot.models[model].satisfaction += satisfaction;
        }
    }

    pub(crate) fn revise_model(&mut self, model: usize, change: f64) {
        self.current().for_each(|slot| slot.models[model].satisfaction += change);
    }

    pub(crate) fn add_cost(&mut self, level: usize, model: usize, cost: f64) {
        for slot in self.current() {
            slot.levels[level].costed += 1;
            slot.levels[level].cost += cost;
            slot.models[model].costed += 1;
            slot.models[model].cost += cost;
        }
    }

    pub(crate) fn fail(&mut self, model: usize) {
        self.current().for_each(|slot| slot.models[model].failed += 1);
    }

    fn current(&mut self) -> impl Iterator<Item = &mut Slot> {
        self.rings.iter_mut().filter_map(VecDeque::back_mut)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        for ring in &self.rings {
            out.u64(ring.len() as u64);
            for slot in ring {
                out.u64s(&[slot.start, slot.explored]);
                out.f64s(&[slot.predicted, slot.backlog, slot.most_expensive]);
                for s in &slot.levels {
                    out.u64s(&[s.decided, s.cancelled, s.rated, s.costed]);
                    out.f64s(&[s.satisfaction, s.target, s.cost]);
                }
                for s in &slot.models {
                    out.u64s(&[s.selected, s.cancelled, s.failed, s.rated, s.costed]);
                    out.f64s(&[s.satisfaction, s.cost]);
                }
            }
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for (ring, (length, most)) in self.rings.iter_mut().zip(RINGS) {
            for _ in 0..input.count(most)? {
                let slot = Slot::decode(input, self.n_levels, self.n_models)?;
                let follows = ring.back().is_none_or(|before: &Slot| before.start < slot.start);
                if !follows || !slot.start.is_multiple_of(length) || slot.start > MAX_COUNT {
                    return Err(Error::state("must follow one another in time", slot.start));
                }
                ring.push_back(slot);
            }
        }
        Ok(())
    }
}

/// A rating that a queue accounts for.
#[derive(Clone, Copy, Debug)]
pub struct Accounted {
    pub satisfaction: f64,
    pub predicted: f64,
    pub target: f64,
}

impl Slot {
    fn decode(input: &mut Reader<'_>, n_levels: usize, n_models: usize) -> Result<Self> {
        let mut slot = Self { start: input.u64()?, explored: input.u64()?, ..Self::default() };
        let mut sums = [0.0; 3];
        input.f64s(&mut sums)?;
        [slot.predicted, slot.backlog, slot.most_expensive] = sums;
        for _ in 0..n_levels {
            let (mut counts, mut sums) = ([0; 4], [0.0; 3]);
            input.u64s(&mut counts)?;
            input.f64s(&mut sums)?;
            let [decided, cancelled, rated, costed] = counts;
            let [satisfaction, target, cost] = sums;
            let level = LevelSums { decided, cancelled, rated, costed, satisfaction, target, cost };
            slot.levels.push(level);
        }
        for _ in 0..n_models {
            let (mut counts, mut sums) = ([0; 5], [0.0; 2]);
            input.u64s(&mut counts)?;
            input.f64s(&mut sums)?;
            let [selected, cancelled, failed, rated, costed] = counts;
            let [satisfaction, cost] = sums;
            let model =
                ModelSums { selected, cancelled, failed, rated, costed, satisfaction, cost };
            slot.models.push(model);
        }
        Ok(slot)
    }
}

#[cfg(test)]
mod tests {
    use messplus_base::wire::{Reader, Writer};

    use super::{Accounted, Calendar, RINGS};

    #[test]
    fn counts_nothing_while_it_knows_no_time() {
        let mut calendar = Calendar::new(1, 1);
        calendar.add_cost(0, 0, 1.0);
        assert!(calendar.rings().iter().all(std::collections::VecDeque::is_empty));
        assert!(calendar.is_due(0));
    }

    #[test]
    fn keeps_the_latest_slots_of_each_length() {
        let mut calendar = Calendar::new(1, 1);
        for minute in 0..60 * 24 * 100 {
            let now = 60 * minute + 7;
            assert!(calendar.is_due(now));
            calendar.date(now);
            assert!(!calendar.is_due(now + 52));
            calendar.add_cost(0, 0, 2.0);
        }
        for (ring, (length, most)) in calendar.rings().iter().zip(RINGS) {
            assert_eq!(ring.len(), most);
            assert!(ring.iter().all(|slot| slot.levels[0].costed == length / 60));
            let starts: Vec<u64> = ring.iter().map(|slot| slot.start).collect();
            assert!(starts.windows(2).all(|pair| pair[1] - pair[0] == length));
        }
    }

    #[test]
    fn a_clock_that_goes_back_begins_nothing() {
        let mut calendar = Calendar::new(1, 1);
        calendar.date(600);
        calendar.date(500);
        calendar.account(0, &Accounted { satisfaction: 1.0, predicted: 0.5, target: 0.8 }, -3.0);
        assert_eq!(calendar.rings()[0].len(), 1);
        calendar.date(660);
        let minutes = &calendar.rings()[0];
        let rated: Vec<u64> = minutes.iter().map(|slot| slot.levels[0].rated).collect();
        assert_eq!(rated, [1, 0]);
        assert!((minutes[1].backlog + 3.0).abs() < 1e-12);
    }

    #[test]
    fn comes_back_as_it_was_saved() {
        let mut calendar = Calendar::new(2, 1);
        calendar.date(86_400);
        calendar.add();
        calendar.add_cost(1, 1, 2.5);
        calendar.date(90_000);
        calendar.fail(0);
        calendar.revise(0, -0.5, 1.5);
        let mut out = Writer::default();
        calendar.encode(&mut out);
        let mut read = Calendar::new(2, 2);
        read.decode(&mut Reader::new(out.as_bytes())).unwrap();
        assert_eq!(read, calendar);
    }
}
