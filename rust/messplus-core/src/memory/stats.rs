//! Counters for reports.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;
use crate::memory::audits::AuditStats;
use crate::memory::calendar::Calendar;
use crate::memory::cap_stats::CapStats;
use crate::memory::history::{History, Point};
use crate::memory::pending_decision::PendingDecision;
use crate::memory::periods::{ClosedPeriods, Period};
use crate::memory::randomisation_stats::RandomisationStats;
use crate::memory::shadow_stats::ShadowStats;
use crate::types::agreement::{MAX_LIMITS, Resource};
use crate::types::request::{Decision, Outcome, Reason};

/// What is known about one model so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelStats {
    /// Requests it was chosen to serve, per [`Reason`].
    pub reasons: [u64; Reason::ALL.len()],
    /// Sum over them of the predicted probability of satisfaction.
    pub predicted: f64,
    /// Requests it was considered for, chosen or not.
    pub considered: u64,
    /// Sums over them of the predicted probability of satisfaction and of the expected cost.
    pub predicted_all: [f64; 2],
    /// Calls of it that failed.
    pub failed: u64,
    /// Requests on which it was queried for learning only.
    pub also_queried: u64,
    /// Ratings of its answers.
    pub rated: u64,
    /// Sum of those ratings.
    pub satisfaction: f64,
    /// Calls of it whose cost is known.
    pub costed: u64,
    /// Sum of those costs.
    pub cost: f64,
    /// Calls with a known latency.
    pub timed: u64,
    /// Sum of those latencies, in seconds.
    pub latency: f64,
}

impl ModelStats {
    /// Requests it was chosen to serve.
    pub fn selected(&self) -> u64 {
        self.reasons.iter().sum()
    }
}

/// What is known about one service level so far.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LevelStats {
    /// Requests of it.
    pub decided: u64,
    /// Requests whose rating the queue has accounted for, T of the sample-path bound.
    pub rated: u64,
    /// Sum of their satisfaction.
    pub satisfaction: f64,
    /// Sum over them of the squared difference to the mean of those before (1/2 for the first): the
    /// variance process of an empirical-Bernstein confidence sequence (Howard et al., *Time-uniform,
    /// nonparametric, nonasymptotic confidence sequences*, 2021, theorem 4).
    pub spread: f64,
    /// Requests never rated whose satisfaction was imputed, so that the queue accounts for them.
    pub imputed: u64,
    /// Sum of the satisfaction imputed to them.
    pub imputed_satisfaction: f64,
    /// Requests decided since the latest rating that the level speaks of.
    pub silent: u64,
    /// Ratings of its requests by other sources than the one it speaks of; and by that one, of
    /// requests that were not audited, while there are audits.
    pub judged: u64,
    /// See [`judged`](Self::judged).
    pub volunteered: u64,
    /// Ratings that were set aside, because one rater gave too many.
    pub set_aside: u64,
    /// Requests decided at the highest price of satisfaction there may be.
    pub price_capped: u64,
    /// What audits tell of all its requests.
    pub audits: AuditStats,
    /// Calls for its requests whose cost is known.
    pub costed: u64,
    /// Sum of them.
    pub cost: f64,
    /// The course of all this.
    pub history: History,
    /// Requests decided, of all levels, before this accounting period.
    pub since: u64,
    /// The periods before it.
    pub closed: ClosedPeriods,
}

impl LevelStats {
    /// The accounting period that these counters are of, with the backlog at its end.
    pub(crate) fn period(&self, alpha: f64, backlog: f64) -> Period {
        let &Self { decided, rated, satisfaction, imputed, .. } = self;
        let &Self { imputed_satisfaction, costed, cost, .. } = self;
        Period {
            alpha,
            decided,
            rated,
            satisfaction,
            imputed,
            imputed_satisfaction,
            costed,
            cost,
            backlog,
        }
    }

    /// Count a rating that the queue has accounted for, `backlog` being what it led to.
    pub(crate) fn rate(&mut self, satisfaction: f64, backlog: f64) {
        let before = if self.rated == 0 { 0.5 } else { self.satisfaction / self.rated as f64 };
        self.rated += 1;
        self.silent = 0;
        self.satisfaction += satisfaction;
        self.spread += (satisfaction - before) * (satisfaction - before);
        self.note(backlog);
    }

    /// A rating that was counted turns out to be another one.
    pub(crate) fn revise(&mut self, before: f64, after: f64, backlog: f64) {
        let mean = self.satisfaction / self.rated as f64;
        let (old, new) = (before - mean, after - mean);
        self.satisfaction += after - before;
        self.spread = (self.spread + new * new - old * old).max(0.0);
        self.note(backlog);
    }

    /// Count a satisfaction imputed to a request that was never rated.
    pub(crate) fn impute(&mut self, satisfaction: f64, backlog: f64) {
        self.imputed += 1;
        self.imputed_satisfaction += satisfaction;
        self.note(backlog);
    }

    fn note(&mut self, backlog: f64) {
        let accounted = self.rated + self.imputed;
        let satisfaction = self.satisfaction + self.imputed_satisfaction;
        let &mut Self { costed, cost, .. } = self;
        self.history.push(Point { accounted, satisfaction, backlog, costed, cost });
    }

    fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.decided, self.rated, self.imputed, self.costed]);
        out.f64s(&[self.satisfaction, self.spread, self.imputed_satisfaction, self.cost]);
        out.u64s(&[self.silent, self.judged, self.volunteered, self.set_aside]);
        self.audits.encode(out);
        self.history.encode(out);
        out.u64(self.since);
        self.closed.encode(out);
        out.u64(self.price_capped);
    }

    fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        let mut counts = [0; 4];
        input.u64s(&mut counts)?;
        [self.decided, self.rated, self.imputed, self.costed] = counts;
        let mut sums = [0.0; 4];
        input.f64s(&mut sums)?;
        [self.satisfaction, self.spread, self.imputed_satisfaction, self.cost] = sums;
        if input.found_format() >= 3 {
            for count in
                [&mut self.silent, &mut self.judged, &mut self.volunteered, &mut self.set_aside]
            {
                *count = input.u64()?;
            }
            self.audits = AuditStats::decode(input)?;
        }
        self.history.decode(input)?;
        if input.found_format() >= 4 {
            self.since = input.u64()?;
            self.closed = ClosedPeriods::decode(input)?;
        }
        if input.found_format() >= 7 {
            self.price_capped = input.u64()?;
        }
        Ok(())
    }
}

/// What happened so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Per service level.
    pub levels: Vec<LevelStats>,
    /// Per model of the zoo.
    pub models: Vec<ModelStats>,
    /// Of shadow mode.
    pub shadow: ShadowStats,
    /// Of the minimum of randomisation.
    pub randomisation: RandomisationStats,
    /// Of caps on the expected cost.
    pub cap: CapStats,
    /// Per limit, what had been used before its bound was last changed.
    pub limits: [Used; MAX_LIMITS],
    /// Decisions that were taken back.
    pub cancelled: u64,
    /// The latest minutes, hours and days.
    pub calendar: Calendar,
}

/// Calls whose usage of a resource was known, and what they used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Used {
    /// Calls.
    pub calls: u64,
    /// Sum of their usage.
    pub amount: f64,
}

impl Stats {
    /// Nothing yet.
    pub fn new(n_levels: usize, n_models: usize) -> Self {
        Self {
            // Not cloned from one: each history reserves its own room.
            levels: (0..n_levels).map(|_| LevelStats::default()).collect(),
            models: vec![ModelStats::default(); n_models],
            shadow: ShadowStats::default(),
            randomisation: RandomisationStats::default(),
            cap: CapStats::default(),
            limits: [Used::default(); MAX_LIMITS],
            cancelled: 0,
            calendar: Calendar::new(n_levels, n_models),
        }
    }

    /// Requests whose rating a queue has accounted for.
    pub fn rated(&self) -> u64 {
        self.levels.iter().map(|level| level.rated).sum()
    }

    /// All that was used of a resource.
    pub fn used(&self, resource: Resource) -> Used {
        let mut used = Used::default();
        for model in &self.models {
            let (calls, amount) = match resource {
                Resource::Cost => (model.costed, model.cost),
                Resource::Latency => (model.timed, model.latency),
            };
            used.calls += calls;
            used.amount += amount;
        }
        used
    }

    /// Count a decision.
    pub(crate) fn decide(&mut self, level: usize, decision: &Decision) {
        let stats = &mut self.levels[level];
        stats.decided += 1;
        stats.silent += 1;
        self.calendar.decide(level, decision);
        let chosen = &mut self.models[decision.model];
        chosen.reasons[decision.reason as usize] += 1;
        chosen.predicted += decision.p_satisfied[decision.model];
        for (model, (&p, &cost)) in
            self.models.iter_mut().zip(decision.p_satisfied.iter().zip(&decision.expected_cost))
        {
            model.considered += 1;
            model.predicted_all[0] += p;
            model.predicted_all[1] += cost;
        }
        for model in decision.also_query.iter() {
            self.models[model].also_queried += 1;
        }
    }

    /// Count a request of a level that was served elsewhere.
    pub(crate) fn decide_elsewhere(&mut self, level: usize) {
        self.levels[level].decided += 1;
        self.calendar.decide_elsewhere(level);
    }

    /// Take back the count of a decision; a closed period keeps what it counted.
    pub(crate) fn cancel(&mut self, pending: &PendingDecision) {
        self.cancelled += 1;
        self.calendar.cancel(pending.level, pending.model);
        let level = &mut self.levels[pending.level];
        if pending.step > level.since {
            level.decided -= 1;
            level.silent = level.silent.saturating_sub(1);
            if level.audits.decided > 0 {
                level.audits.cancel(pending.p_satisfied, pending.audited);
            }
        }
        let chosen = &mut self.models[pending.model];
        let predicted = match pending.shadow_choice {
            // Only what was predicted of the router's own choice is remembered.
            Some(_) => chosen.predicted / chosen.selected().max(1) as f64,
            None => pending.p_satisfied,
        };
        chosen.predicted -= predicted;
        let reason = &mut chosen.reasons[pending.reason as usize];
        *reason = reason.saturating_sub(1);
        for model in pending.also_query.iter() {
            self.models[model].also_queried -= 1;
        }
        if let Some(choice) = &pending.shadow_choice {
            self.shadow.cancel(choice, pending.model);
        }
    }

    /// Count a rating of one call.
    pub(crate) fn rate_model(&mut self, model: usize, satisfaction: f64) {
        self.models[model].rated += 1;
        self.models[model].satisfaction += satisfaction;
        self.calendar.rate_model(model, satisfaction);
    }

    /// A rating of one call changes by `change`.
    pub(crate) fn revise_model(&mut self, model: usize, change: f64) {
        self.models[model].satisfaction += change;
        self.calendar.revise_model(model, change);
    }

    /// Count what one call used up.
    pub(crate) fn observe_usage(&mut self, level: usize, outcome: &Outcome) {
        let model = &mut self.models[outcome.model];
        if let Some(cost) = outcome.cost {
            model.costed += 1;
            model.cost += cost;
            self.calendar.add_cost(level, outcome.model, cost);
            self.levels[level].costed += 1;
            self.levels[level].cost += cost;
        }
        if let Some(latency) = outcome.latency {
            model.timed += 1;
            model.latency += latency;
        }
    }

    /// Count a call that failed.
    pub(crate) fn fail(&mut self, model: usize) {
        self.models[model].failed += 1;
        self.calendar.fail(model);
    }

    /// A model joins.
    pub(crate) fn add(&mut self) {
        self.calendar.add();
        self.models.push(ModelStats::default());
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.levels.iter().for_each(|level| level.encode(out));
        self.shadow.encode(out);
        out.u64(self.cancelled);
        for used in &self.limits {
            out.u64(used.calls);
            out.f64(used.amount);
        }
        for m in &self.models {
            out.u64s(&m.reasons);
            out.u64s(&[m.considered, m.also_queried, m.failed, m.rated, m.costed, m.timed]);
            out.f64s(&m.predicted_all);
            out.f64s(&[m.predicted, m.satisfaction, m.cost, m.latency]);
        }
        self.calendar.encode(out);
        self.cap.encode(out);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.levels.iter_mut().try_for_each(|level| level.decode(input))?;
        self.shadow.decode(input)?;
        if input.found_format() >= 4 {
            self.cancelled = input.u64()?;
            for used in &mut self.limits {
                *used = Used { calls: input.u64()?, amount: input.f64()? };
            }
        }
        for m in &mut self.models {
            let reasons = match input.found_format() {
                ..3 => 6,
                3..7 => 7,
                _ => m.reasons.len(),
            };
            input.u64s(&mut m.reasons[..reasons])?;
            m.considered = input.u64()?;
            for count in
                [&mut m.also_queried, &mut m.failed, &mut m.rated, &mut m.costed, &mut m.timed]
            {
                *count = input.u64()?;
            }
            input.f64s(&mut m.predicted_all)?;
            for sum in [&mut m.predicted, &mut m.satisfaction, &mut m.cost, &mut m.latency] {
                *sum = input.f64()?;
            }
        }
        if input.found_format() >= 5 {
            self.calendar.decode(input)?;
        }
        if input.found_format() >= 7 {
            self.cap = CapStats::decode(input)?;
        }
        Ok(())
    }
}
