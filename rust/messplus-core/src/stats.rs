//! Counters for reports.

use crate::error::Result;
use crate::request::Reason;
use crate::state::{Reader, Writer};

/// What is known about one model so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelStats {
    /// Requests it was chosen to serve.
    pub selected: u64,
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

/// What happened so far.
#[derive(Clone, Debug, PartialEq)]
pub struct Stats {
    /// Requests decided, per [`Reason`].
    pub reasons: [u64; Reason::ALL.len()],
    /// Requests the queue has accounted for, T of the sample-path bound.
    pub rated: u64,
    /// Sum of their satisfaction.
    pub satisfaction: f64,
    /// Per model of the zoo.
    pub models: Vec<ModelStats>,
}

impl Stats {
    /// Nothing yet.
    pub fn new(n_models: usize) -> Self {
        Self {
            reasons: [0; Reason::ALL.len()],
            rated: 0,
            satisfaction: 0.0,
            models: vec![ModelStats::default(); n_models],
        }
    }

    /// Sum of all bills, of models queried for learning too.
    pub fn cost(&self) -> f64 {
        self.models.iter().map(|model| model.cost).sum()
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&self.reasons);
        out.u64(self.rated);
        out.f64(self.satisfaction);
        for m in &self.models {
            out.u64s(&[m.selected, m.also_queried, m.rated, m.billed, m.timed]);
            out.f64s(&[m.satisfaction, m.cost, m.latency]);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        input.u64s(&mut self.reasons)?;
        self.rated = input.u64()?;
        self.satisfaction = input.f64()?;
        for m in &mut self.models {
            for count in
                [&mut m.selected, &mut m.also_queried, &mut m.rated, &mut m.billed, &mut m.timed]
            {
                *count = input.u64()?;
            }
            for sum in [&mut m.satisfaction, &mut m.cost, &mut m.latency] {
                *sum = input.f64()?;
            }
        }
        Ok(())
    }
}
