//! A table of recorded outcomes.

use std::num::NonZeroU32;

use crate::error::{Error, Result};
use crate::types::request::{Example, Outcome};

/// What every one of M models would have scored and cost on each of n requests with k features.
#[derive(Clone, Copy, Debug)]
pub struct OutcomeTable<'a> {
    /// Features, row-major `[n, k]`.
    pub features: &'a [f32],
    /// Tokens of each prompt, `[n]`, zero where unknown; empty where none is known.
    pub input_tokens: &'a [u32],
    /// Satisfaction, row-major `[n, M]`, in `[0, 1]`; NaN where a model cannot be used.
    pub scores: &'a [f64],
    /// Costs, row-major `[n, M]`, `>= 0` where the model can be used.
    pub costs: &'a [f64],
    /// Row of the t-th request of the stream; rows may repeat or be left out.
    pub order: &'a [u32],
    /// Whether the t-th request gets rated, as long as `order`.
    pub rated: &'a [bool],
    /// Requests decided between a decision and its rating; costs come at once.
    pub delay: usize,
    /// Rows learned from before the stream begins, as logged data.
    pub past: &'a [u32],
    /// The model whose outcome each of them tells.
    pub past_models: &'a [u32],
}

impl<'a> OutcomeTable<'a> {
    /// Tokens of the prompt of a row, where known.
    pub fn input_tokens(&self, row: usize) -> Option<NonZeroU32> {
        self.input_tokens.get(row).copied().and_then(NonZeroU32::new)
    }

    pub(super) fn example(&self, row: usize, model: usize, n_models: usize) -> Example<'a> {
        let k = self.features.len() / (self.scores.len() / n_models);
        Example {
            features: Some(&self.features[row * k..][..k]),
            input_tokens: self.input_tokens(row),
            outcome: Outcome {
                model,
                satisfaction: Some(self.scores[row * n_models + model]),
                cost: Some(self.costs[row * n_models + model]),
                latency: None,
            },
        }
    }

    /// Whether the arrays fit each other, and a zoo of so many models and features.
    /// Check that the arrays fit each other, and a zoo of so many models and features.
    ///
    /// # Errors
    ///
    /// [`Error::Shape`] or [`Error::Input`] for arrays that do not.
    pub fn check(&self, n_models: usize, n_features: usize) -> Result<()> {
        let Self { features, input_tokens, scores, costs, order, rated, .. } = *self;
        let Self { past, past_models, .. } = *self;
        let n = scores.len() / n_models;
        let n_tokens = if input_tokens.is_empty() { 0 } else { n };
        for (field, expected, found) in [
            ("scores", n * n_models, scores.len()),
            ("costs", n * n_models, costs.len()),
            ("features", n * n_features, features.len()),
            ("input_tokens", n_tokens, input_tokens.len()),
            ("rated", order.len(), rated.len()),
            ("past_models", past.len(), past_models.len()),
        ] {
            if found != expected {
                return Err(Error::Shape { field, expected, found });
            }
        }
        for (field, rows) in [("order", order), ("past", past)] {
            if let Some(row) = rows.iter().find(|&&row| row as usize >= n) {
                return Err(Error::input(field, "must be a row of the outcome table", row));
            }
        }
        match past_models.iter().find(|&&model| model as usize >= n_models) {
            Some(model) => Err(Error::input("past_models", "must be in the zoo", model)),
            None => Ok(()),
        }
    }
}
