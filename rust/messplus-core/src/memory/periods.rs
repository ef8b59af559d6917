//! Accounting periods of a service level that ended with its target.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Periods kept; the oldest is dropped.
const CAPACITY: usize = 32;

/// What was accounted for under one target.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Period {
    /// The target alpha.
    pub alpha: f64,
    /// Requests decided.
    pub decided: u64,
    /// Requests whose rating the queue had accounted for.
    pub rated: u64,
    /// Sum of their satisfaction.
    pub satisfaction: f64,
    /// Requests whose satisfaction was imputed.
    pub imputed: u64,
    /// Sum of it.
    pub imputed_satisfaction: f64,
    /// Calls whose cost was known.
    pub costed: u64,
    /// Sum of them.
    pub cost: f64,
    /// The backlog Q at the end: the mean satisfaction of what was accounted for was at least alpha - Q / T.
    pub backlog: f64,
}

/// The latest closed periods, oldest first.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ClosedPeriods(Vec<Period>);

impl ClosedPeriods {
    /// The periods, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Period> {
        self.0.iter()
    }

    pub(crate) fn push(&mut self, period: Period) {
        if self.0.len() == CAPACITY {
            self.0.remove(0);
        }
        self.0.push(period);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.0.len() as u64);
        for period in &self.0 {
            out.u64s(&[period.decided, period.rated, period.imputed, period.costed]);
            let &Period { alpha, satisfaction, imputed_satisfaction, cost, backlog, .. } = period;
            out.f64s(&[alpha, satisfaction, imputed_satisfaction, cost, backlog]);
        }
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let len = input.u64()?;
        if len > CAPACITY as u64 {
            return Err(Error::state("must keep at most 32 closed periods", len));
        }
        let mut periods = Vec::new();
        for _ in 0..len {
            let (mut counts, mut sums) = ([0; 4], [0.0; 5]);
            input.u64s(&mut counts)?;
            input.f64s(&mut sums)?;
            let [decided, rated, imputed, costed] = counts;
            let [alpha, satisfaction, imputed_satisfaction, cost, backlog] = sums;
            periods.push(Period {
                alpha,
                decided,
                rated,
                satisfaction,
                imputed,
                imputed_satisfaction,
                costed,
                cost,
                backlog,
            });
        }
        Ok(Self(periods))
    }
}
