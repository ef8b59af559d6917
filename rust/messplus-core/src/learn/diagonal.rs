//! Gaussian belief about the weights of a linear head, without correlations.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::learn::logistic::dot;

/// No variance falls below this: a head never stops learning, and rounding never reaches zero.
pub(crate) const MIN_VARIANCE: f32 = 1e-7;

/// Mean and variance of each weight w and of the intercept b of `w . x + b`.
#[derive(Clone, Debug)]
pub struct Diagonal {
    weights: Vec<f64>,
    variances: Vec<f32>,
    intercept: f64,
    intercept_variance: f32,
    prior_variance: f32,
    prior_intercept_variance: f32,
}

impl Diagonal {
    /// Weights of mean zero and one variance, and an intercept of its own; a variance of zero
    /// fixes the intercept.
    pub fn new(n_features: usize, variance: f32, intercept: f64, intercept_variance: f32) -> Self {
        Self {
            weights: vec![0.0; n_features],
            variances: vec![variance; n_features],
            intercept,
            intercept_variance,
            prior_variance: variance,
            prior_intercept_variance: intercept_variance,
        }
    }

    /// Mean of `w . x + b`.
    pub fn mean(&self, x: &[f32]) -> f64 {
        dot(&self.weights, x) + self.intercept
    }

    /// Variance of `w . x + b`.
    pub fn variance(&self, x: &[f32]) -> f64 {
        f64::from(weighted_square(&self.variances, x) + self.intercept_variance)
    }

    /// Move the intercept, as certain as it is.
    pub fn shift_intercept(&mut self, by: f64) {
        self.intercept += by;
    }

    /// Set the intercept, as certain as it was at first.
    pub fn set_intercept(&mut self, intercept: f64) {
        self.intercept = intercept;
        self.intercept_variance = self.prior_intercept_variance;
    }

    /// Condition on an observation of `w . x + b` that came out `residual` too low. It was expected
    /// with variance S = `innovation_variance`, noise included and more than
    /// [`variance`](Self::variance) of x: mean += P x residual / S, P -= P x (P x)' / S on the diagonal
    /// (Kalman, *A new approach to linear filtering and prediction problems*, 1960).
    pub fn learn_one(&mut self, x: &[f32], residual: f64, innovation_variance: f64) {
        self.learn_weights(x, residual, innovation_variance);
        let px = self.intercept_variance;
        if px > 0.0 {
            let total = innovation_variance as f32;
            self.intercept += residual / innovation_variance * f64::from(px);
            self.intercept_variance = (px * ((total - px) / total)).max(MIN_VARIANCE);
        }
    }

    /// The same for the weights alone: the observation tells nothing of the intercept.
    pub fn learn_weights(&mut self, x: &[f32], residual: f64, innovation_variance: f64) {
        let gain = residual / innovation_variance;
        let total = innovation_variance as f32;
        let weights = self.weights.iter_mut().zip(&mut self.variances);
        for ((weight, variance), &x) in weights.zip(x) {
            let px = *variance * x;
            *weight += gain * f64::from(px);
            *variance = (*variance * ((total - px * x) / total)).max(MIN_VARIANCE);
        }
    }

    /// Move the mean as [`learn_one`](Self::learn_one) would, as certain as it is.
    pub fn shift(&mut self, x: &[f32], residual: f64, innovation_variance: f64) {
        let gain = residual / innovation_variance;
        for ((weight, &variance), &x) in self.weights.iter_mut().zip(&self.variances).zip(x) {
            *weight += gain * f64::from(variance * x);
        }
        self.intercept += gain * f64::from(self.intercept_variance);
    }

    /// Widen the belief by `1 / forgetting`, never beyond what it was at first.
    pub fn forget(&mut self, forgetting: f32) {
        for variance in &mut self.variances {
            *variance = (*variance / forgetting).min(self.prior_variance);
        }
        self.intercept_variance =
            (self.intercept_variance / forgetting).min(self.prior_intercept_variance);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64s(&self.weights);
        out.f32s(&self.variances);
        out.f64(self.intercept);
        out.f32s(&[self.intercept_variance]);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        input.f64s(&mut self.weights)?;
        input.f32s(&mut self.variances)?;
        self.intercept = input.f64()?;
        let mut variance = [0.0];
        input.f32s(&mut variance)?;
        [self.intercept_variance] = variance;
        check_positive(&self.variances)
    }
}

/// `sum v_i x_i^2`, added in eight partial sums so that wide vectors can be used.
fn weighted_square(v: &[f32], x: &[f32]) -> f32 {
    let (v_body, v_tail) = v.as_chunks::<8>();
    let (x_body, x_tail) = x.as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (v8, x8) in v_body.iter().zip(x_body) {
        for lane in 0..8 {
            sums[lane] += v8[lane] * x8[lane] * x8[lane];
        }
    }
    let tail: f32 = v_tail.iter().zip(x_tail).map(|(v, x)| v * x * x).sum();
    sums.iter().sum::<f32>() + tail
}

pub(crate) fn check_positive(variances: &[f32]) -> Result<()> {
    match variances.iter().find(|&&variance| variance <= 0.0) {
        Some(variance) => Err(Error::state("variances must be > 0", variance)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Diagonal;

    #[test]
    fn conditions_like_bayes_on_one_weight() {
        // Prior N(0, 1), noise 1, y = 3 at x = 1: posterior N(1.5, 0.5).
        let mut head = Diagonal::new(1, 1.0, 0.0, 0.0);
        head.learn_one(&[1.0], 3.0, 1.0 + head.variance(&[1.0]));
        assert!((head.mean(&[1.0]) - 1.5).abs() < 1e-6);
        assert!((head.variance(&[1.0]) - 0.5).abs() < 1e-6);
        (0..100).for_each(|_| head.forget(0.5));
        assert_eq!(head.variance(&[1.0]), 1.0);
    }
}
