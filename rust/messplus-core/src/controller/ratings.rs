//! Ratings by source: which are the truth a service level speaks of, and which are evidence.

use std::num::NonZeroU64;

use super::Controller;
use crate::learn::sources::MAX_SOURCES;

/// What a rating is to the service level of its request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// The level speaks of it.
    Truth,
    /// It is by the source the level speaks of, but of a request that was not audited while others are:
    /// who volunteers a rating is not a random sample.
    Volunteered,
    /// It is by another source, which may err.
    Judged,
    /// It is one of too many of one rater.
    SetAside,
}

impl Controller {
    /// Names of the sources of ratings, in the order they came.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Of a source: ratings that were compared with the truth, and its rates of true and false positives;
    /// none where the policy does not learn them.
    pub fn agreement(&self, source: usize) -> Option<(f64, f64, f64)> {
        self.policy.agreement(source)
    }

    /// The source that a service level speaks of, once it is known.
    pub(super) fn truth_of(&self, level: usize) -> Option<usize> {
        match &self.config.agreement.levels[level].source {
            Some(name) => self.sources.iter().position(|known| known == name),
            None => (!self.sources.is_empty()).then_some(0),
        }
    }

    /// The index of a source; a new one is remembered. The caller has checked that there is room.
    pub(super) fn source_of(&mut self, name: &str) -> usize {
        self.sources.iter().position(|known| known == name).unwrap_or_else(|| {
            self.add_source(name.to_owned());
            self.sources.len() - 1
        })
    }

    pub(super) fn add_source(&mut self, name: String) {
        debug_assert!(self.sources.len() < MAX_SOURCES);
        self.sources.push(name);
        self.policy.add_source();
    }

    pub(super) fn standing(
        &mut self,
        slot: u32,
        source: usize,
        rater: Option<NonZeroU64>,
    ) -> Standing {
        let pending = self.pending.get(slot);
        let (level, audited) = (pending.level, pending.audited);
        if rater.is_some_and(|rater| !self.raters.admit(rater.get())) {
            Standing::SetAside
        } else if self.truth_of(level) != Some(source) {
            Standing::Judged
        } else if self.config.operation.audit > 0.0 && !audited {
            Standing::Volunteered
        } else {
            Standing::Truth
        }
    }

    /// Take in one rating, or the revision of one.
    pub(super) fn take_rating(
        &mut self,
        slot: u32,
        model: usize,
        rating: f64,
        source: usize,
        standing: Standing,
    ) {
        match standing {
            Standing::Truth => self.take_truth(slot, model, rating),
            Standing::Volunteered => {
                let pending = *self.pending.get(slot);
                self.stats.levels[pending.level].volunteered += 1;
                self.pending.get_mut(slot).rated.insert(model);
                if !pending.rated.contains(model) {
                    let call = pending.call_to(model, self.pending.features(slot));
                    self.policy.learn_volunteered(&call, source, rating);
                }
            }
            Standing::Judged => self.take_judgement(slot, model, rating, source),
            Standing::SetAside => {
                let level = self.pending.get(slot).level;
                self.stats.levels[level].set_aside += 1;
            }
        }
    }

    fn take_truth(&mut self, slot: u32, model: usize, rating: f64) {
        let pending = *self.pending.get(slot);
        let call = pending.call_to(model, self.pending.features(slot));
        let before = pending.accounted_rating.filter(|&(rated, _)| rated == model);
        if let Some((_, before)) = before {
            self.policy.revise_rating(&call, before, rating);
        } else {
            self.policy.learn_rating(&call, rating);
        }
        for evidence in pending.evidence.iter().filter(|known| usize::from(known.model) == model) {
            let (source, judged) = (usize::from(evidence.source), f64::from(evidence.rating));
            if let Some((_, before)) = before {
                self.policy.compare(source, model, judged, before, -1.0);
            }
            self.policy.compare(source, model, judged, rating, 1.0);
        }
        self.pending.get_mut(slot).rated.insert(model);
        let Some((_, before)) = before else {
            self.stats.rate_model(model, rating);
            return;
        };
        self.stats.revise_model(model, rating - before);
        self.pending.get_mut(slot).accounted_rating = Some((model, rating));
        if pending.closed {
            return;
        }
        self.levels[pending.level].update(before, rating);
        let backlog = self.levels[pending.level].backlog();
        let stats = &mut self.stats.levels[pending.level];
        stats.revise(before, rating, backlog);
        let total = self.total_backlog();
        self.stats.calendar.revise(pending.level, rating - before, total);
        let stats = &mut self.stats.levels[pending.level];
        if pending.audited && pending.step > stats.since {
            stats.audits.revise(pending.audit_weight, pending.p_satisfied, before, rating);
        }
    }

    fn take_judgement(&mut self, slot: u32, model: usize, rating: f64, source: usize) {
        let pending = *self.pending.get(slot);
        let before = pending.evidence.get(source, model);
        let truth = pending.accounted_rating.filter(|&(rated, _)| rated == model);
        if let Some((_, truth)) = truth {
            if let Some(before) = before {
                self.policy.compare(source, model, before, truth, -1.0);
            }
            self.policy.compare(source, model, rating, truth, 1.0);
        } else if before.is_none() {
            // Once the truth is known it has been learned, and the judgement tells nothing more.
            let call = pending.call_to(model, self.pending.features(slot));
            self.policy.learn_judged(&call, source, rating);
        }
        if before.is_none() {
            self.stats.levels[pending.level].judged += 1;
        }
        self.pending.get_mut(slot).evidence.set(source, model, rating);
    }
}
