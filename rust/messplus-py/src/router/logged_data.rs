//! The columns of logged data, row by row.

use std::num::NonZeroU32;

use messplus_core::{Example, Outcome};

/// Columns of one length n; features row-major `[n, k]`.
#[derive(Clone, Copy)]
pub struct LoggedData<'a> {
    pub features: &'a [f32],
    /// Zero where unknown.
    pub input_tokens: &'a [u32],
    pub models: &'a [u32],
    /// NaN where unknown.
    pub satisfied: &'a [f64],
    /// NaN where unknown.
    pub costs: &'a [f64],
    /// NaN where unknown.
    pub latencies: &'a [f64],
}

impl<'a> LoggedData<'a> {
    /// Rows learned under one lock: a millisecond or two.
    pub const PART: usize = 256;

    pub fn examples(self) -> impl Iterator<Item = Example<'a>> {
        let n = self.models.len();
        let k = self.features.len() / n.max(1);
        let known = |number: f64| (!number.is_nan()).then_some(number);
        (0..n).map(move |row| Example {
            features: Some(&self.features[row * k..][..k]),
            input_tokens: NonZeroU32::new(self.input_tokens[row]),
            outcome: Outcome {
                model: self.models[row] as usize,
                satisfaction: known(self.satisfied[row]),
                cost: known(self.costs[row]),
                latency: known(self.latencies[row]),
            },
        })
    }
}
