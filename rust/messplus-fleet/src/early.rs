//! Outcomes that are in the log before their decision.
//!
//! A rating may reach another replica than the one that decided, and be in the log first. It waits here,
//! in every replica alike, until its decision comes.

use std::collections::{HashMap, VecDeque};

use messplus_base::wire::{Reader, Writer};
use messplus_core::{Controller, Decision, Error, Feedback, Outcome, Result};
use messplus_journal::format::{Transition, encode};

/// Outcomes that wait, at most: seconds of them at any rate, where batches are late by a tenth of one.
const WAITING: usize = 1 << 14;
/// The model of an outcome of whichever model serves: not known where the decision is not.
pub const SERVED: usize = u8::MAX as usize;

/// What became of a transition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It counts.
    Taken,
    /// It is of a decision that is not known.
    Unknown,
    /// It breaks a rule, such as a rating that came before.
    Refused,
}

/// Apply a transition; an outcome of the model that serves gets its model.
pub(crate) fn apply(
    transition: &Transition,
    controller: &mut Controller,
    decision: &mut Decision,
) -> Answer {
    let result = match transition {
        &Transition::Observe {
            id,
            ref outcomes,
            ref source,
            key,
            rater,
            replace,
            cached_tokens,
        } if outcomes.iter().any(|outcome| outcome.model == SERVED) => {
            let Some(served) = controller.served(id) else { return Answer::Unknown };
            let of = |o: &Outcome| Outcome { model: served, ..*o };
            let outcomes: Vec<_> =
                outcomes.iter().map(|o| if o.model == SERVED { of(o) } else { *o }).collect();
            let outcomes = &outcomes;
            let feedback = Feedback { outcomes, source, key, rater, replace, cached_tokens };
            controller.observe(id, feedback)
        }
        _ => transition.apply(controller, decision).map(drop),
    };
    match result {
        Ok(()) => Answer::Taken,
        Err(Error::UnknownDecision { .. }) => Answer::Unknown,
        Err(_) => Answer::Refused,
    }
}

/// Outcomes that wait for their decisions.
#[derive(Clone, Debug, Default)]
pub(crate) struct Early {
    order: VecDeque<u128>,
    by_id: HashMap<u128, Vec<Transition>>,
}

impl Early {
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Keep an outcome; how many had to go for it.
    pub fn keep(&mut self, id: u128, transition: Transition) -> u64 {
        self.order.push_back(id);
        self.by_id.entry(id).or_default().push(transition);
        if self.order.len() <= WAITING {
            return 0;
        }
        let Some(oldest) = self.order.pop_front() else { return 0 };
        if let Some(waiting) = self.by_id.get_mut(&oldest) {
            waiting.remove(0);
            if waiting.is_empty() {
                self.by_id.remove(&oldest);
            }
        }
        1
    }

    /// What waits for a decision.
    pub fn take(&mut self, id: u128) -> Vec<Transition> {
        if self.by_id.is_empty() {
            return Vec::new();
        }
        let taken = self.by_id.remove(&id).unwrap_or_default();
        if !taken.is_empty() {
            self.order.retain(|&waiting| waiting != id);
        }
        taken
    }

    /// In the order in which they came, for each decision.
    pub fn encode(&self, out: &mut Writer) {
        out.u64(self.order.len() as u64);
        let mut nth: HashMap<u128, usize> = HashMap::new();
        for id in &self.order {
            let index = nth.entry(*id).or_default();
            let mut bytes = Writer::default();
            write(&mut bytes, &self.by_id[id][*index]);
            *index += 1;
            out.u64(bytes.len() as u64);
            out.bytes(bytes.as_bytes());
        }
    }

    pub fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let mut early = Self::default();
        for _ in 0..input.count(WAITING)? {
            let length = input.count(messplus_journal::format::transition::MAX_LEN)?;
            let transition = Transition::decode(input.bytes(length)?)?;
            if let Some(id) = awaited(&transition) {
                early.keep(id, transition);
            }
        }
        Ok(early)
    }
}

/// The decision that a transition is of, where that must have been made before.
pub(crate) fn awaited(transition: &Transition) -> Option<u128> {
    match transition {
        Transition::Observe { id, .. }
        | Transition::Fail { id, .. }
        | Transition::Cancel { id, .. } => Some(*id),
        _ => None,
    }
}

fn write(out: &mut Writer, transition: &Transition) {
    match transition {
        &Transition::Observe {
            id,
            ref outcomes,
            ref source,
            key,
            rater,
            replace,
            cached_tokens,
        } => {
            let feedback = Feedback { outcomes, source, key, rater, replace, cached_tokens };
            encode::observe(out, id, &feedback);
        }
        &Transition::Fail { id, model, kind, retry_after } => {
            encode::fail(out, id, model, kind, retry_after);
        }
        Transition::Cancel { id } => encode::cancel(out, *id),
        _ => {}
    }
}
