//! Counters for reports.

use crate::error::Result;
use crate::history::{History, Point};
use crate::request::{Decision, Reason};
use crate::state::{Reader, Writer};

/// What is known about one model so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelStats {
    /// Requests it was chosen to serve, per [`Reason`].
    pub reasons: [u64; Reason::ALL.len()],
    /// Sum over them of the predicted probability of satisfaction.
    pub predicted: f64,
    /// Calls of it that failed.
    pub failed: u64,
    /// Requests on which it was queried for learning only.
    pub also_queried: u64,
    /// Ratings of its answers.
    pub rated: u64,
    /// Sum of those ratings.
    pub satisfaction: f64,
    /// Bills of its calls.
    pub billed: u64,
    /// Sum of those bills.
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

/// What happened so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Requests whose rating the queue has accounted for, T of the sample-path bound.
    pub rated: u64,
    /// Sum of their satisfaction.
    pub satisfaction: f64,
    /// Sum over them of the squared difference to the mean of those before (1/2 for the first): the
    /// variance process of an empirical-Bernstein confidence sequence.
    pub spread: f64,
    /// Requests never rated that the queue has accounted for all the same.
    pub presumed: u64,
    /// Sum of the satisfaction presumed of them.
    pub presumed_satisfaction: f64,
    /// The course of all this.
    pub history: History,
    /// Per model of the zoo.
    pub models: Vec<ModelStats>,
}

impl Stats {
    /// Nothing yet.
    pub fn new(n_models: usize) -> Self {
        Self {
            rated: 0,
            satisfaction: 0.0,
            spread: 0.0,
            presumed: 0,
            presumed_satisfaction: 0.0,
            history: History::new(),
            models: vec![ModelStats::default(); n_models],
        }
    }

    /// Sum of all bills, of models queried for learning too.
    pub fn cost(&self) -> f64 {
        self.models.iter().map(|model| model.cost).sum()
    }

    /// Count a decision.
    pub(crate) fn decide(&mut self, decision: &Decision) {
        let chosen = &mut self.models[decision.model];
        chosen.reasons[decision.reason as usize] += 1;
        chosen.predicted += decision.p_satisfied[decision.model];
        for model in decision.also_query.iter() {
            self.models[model].also_queried += 1;
        }
    }

    /// Count a rating that the queue has accounted for, `backlog` being what it led to.
    pub(crate) fn rate(&mut self, satisfaction: f64, backlog: f64) {
        let before = if self.rated == 0 { 0.5 } else { self.satisfaction / self.rated as f64 };
        self.rated += 1;
        self.satisfaction += satisfaction;
        self.spread += (satisfaction - before) * (satisfaction - before);
        self.note(backlog);
    }

    /// Count a rating that never came.
    pub(crate) fn presume(&mut self, satisfaction: f64, backlog: f64) {
        self.presumed += 1;
        self.presumed_satisfaction += satisfaction;
        self.note(backlog);
    }

    fn note(&mut self, backlog: f64) {
        let accounted = self.rated + self.presumed;
        let satisfaction = self.satisfaction + self.presumed_satisfaction;
        self.history.push(Point { accounted, satisfaction, backlog, cost: self.cost() });
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.rated, self.presumed]);
        out.f64s(&[self.satisfaction, self.spread, self.presumed_satisfaction]);
        self.history.encode(out);
        for m in &self.models {
            out.u64s(&m.reasons);
            out.u64s(&[m.also_queried, m.failed, m.rated, m.billed, m.timed]);
            out.f64s(&[m.predicted, m.satisfaction, m.cost, m.latency]);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.rated = input.u64()?;
        self.presumed = input.u64()?;
        self.satisfaction = input.f64()?;
        self.spread = input.f64()?;
        self.presumed_satisfaction = input.f64()?;
        self.history.decode(input)?;
        for m in &mut self.models {
            input.u64s(&mut m.reasons)?;
            for count in
                [&mut m.also_queried, &mut m.failed, &mut m.rated, &mut m.billed, &mut m.timed]
            {
                *count = input.u64()?;
            }
            for sum in [&mut m.predicted, &mut m.satisfaction, &mut m.cost, &mut m.latency] {
                *sum = input.f64()?;
            }
        }
        Ok(())
    }
}
