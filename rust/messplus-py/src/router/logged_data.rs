//! The columns of logged data, row by row.

use std::num::NonZeroU32;

use messplus_core::{Example, Outcome};
use pyo3::prelude::*;

use super::shared::Shared;
use crate::error::to_py;

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

/// Rows learned under one lock: a millisecond or two.
const PART: usize = 256;

impl<'a> LoggedData<'a> {
    fn examples(self) -> impl Iterator<Item = Example<'a>> {
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

    /// An error that names the row, where one breaks a rule.
    pub fn check(self, py: Python<'_>, shared: &Shared) -> PyResult<()> {
        let refused = shared.read(py, |controller| {
            self.examples()
                .map(|example| controller.check_example(&example))
                .zip(1..)
                .find_map(|(checked, row)| checked.err().map(|error| (row, error)))
        });
        let Some((row, error)) = refused else { return Ok(()) };
        let error = to_py(&error);
        let message = format!("row {row}: {}", error.value(py));
        Err(PyErr::from_type(error.get_type(py), message))
    }

    /// Learns every row; requests are routed between parts of long data.
    pub fn learn(self, py: Python<'_>, shared: &Shared) -> PyResult<()> {
        let examples: Vec<_> = self.examples().collect();
        for part in examples.chunks(PART) {
            shared.enter(py, |controller| {
                part.iter().try_for_each(|example| controller.warm_start(example))
            })?;
        }
        Ok(())
    }
}
