//! Gaussian belief about the weights of a linear head, kept positive definite by construction.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;
use crate::learn::diagonal::{Diagonal, MIN_VARIANCE, check_positive};
use crate::learn::logistic::dot;

/// Leading features whose correlations are kept; the rest have variances alone.
pub const FULL: usize = 32;

/// Mean and covariance of the weights w and the intercept b of `w . x + b`.
///
/// The covariance of the first [`FULL`] weights is held as `U D U'` with U unit upper triangular and
/// D diagonal (Bierman, *Factorization Methods for Discrete Sequential Estimation*, 1977, ch. V):
/// whatever is learned, D stays positive and so does the covariance. The other weights and the
/// intercept are [`Diagonal`]; correlations with them are dropped.
#[derive(Clone, Debug)]
pub struct Gaussian {
    weights: Vec<f64>,
    d: Vec<f32>,
    /// Columns of U above the diagonal, one after another: column j has j entries.
    upper: Vec<f32>,
    prior_variance: f32,
    rest: Diagonal,
}

impl Gaussian {
    /// Independent weights of mean zero and one variance, and an intercept of its own; a variance
    /// of zero fixes the intercept.
    pub fn new(n_features: usize, variance: f32, intercept: f64, intercept_variance: f32) -> Self {
        let full = n_features.min(FULL);
        Self {
            weights: vec![0.0; full],
            d: vec![variance; full],
            upper: vec![0.0; full * full.saturating_sub(1) / 2],
            prior_variance: variance,
            rest: Diagonal::new(n_features - full, variance, intercept, intercept_variance),
        }
    }

    /// Mean of `w . x + b`.
    pub fn mean(&self, x: &[f32]) -> f64 {
        let (x, rest) = x.split_at(self.d.len());
        dot(&self.weights, x) + self.rest.mean(rest)
    }

    /// Variance of `w . x + b`.
    pub fn variance(&self, x: &[f32]) -> f64 {
        let (x, rest) = x.split_at(self.d.len());
        let mut variance = 0.0;
        let mut columns = self.upper.as_slice();
        for (j, &d) in self.d.iter().enumerate() {
            let f = x[j] + dot8(take(&mut columns, j), x);
            variance += d * f * f;
        }
        f64::from(variance) + self.rest.variance(rest)
    }

    /// Condition on an observation of `w . x + b` that came out `residual` too low. It was expected
    /// with variance S = `innovation_variance`, noise included and more than
    /// [`variance`](Self::variance) of x: mean += P x residual / S, P -= P x (P x)' / S.
    ///
    /// The parts of w see each other's variance as noise. `scratch` holds [`FULL`] numbers.
    pub fn learn_one(
        &mut self,
        x: &[f32],
        residual: f64,
        innovation_variance: f64,
        scratch: &mut [f32],
    ) {
        let (full, rest) = x.split_at(self.d.len());
        self.rest.learn_one(rest, residual, innovation_variance);
        self.learn_full(full, residual, innovation_variance, scratch);
    }

    /// The same for the weights alone: the observation tells nothing of the intercept.
    pub fn learn_weights(
        &mut self,
        x: &[f32],
        residual: f64,
        innovation_variance: f64,
        scratch: &mut [f32],
    ) {
        let (full, rest) = x.split_at(self.d.len());
        self.rest.learn_weights(rest, residual, innovation_variance);
        self.learn_full(full, residual, innovation_variance, scratch);
    }

    fn learn_full(
        &mut self,
        x: &[f32],
        residual: f64,
        innovation_variance: f64,
        scratch: &mut [f32],
    ) {
        let px = &mut scratch[..x.len()];
        self.update_factors(x, innovation_variance as f32, px);
        let gain = residual / innovation_variance;
        for (weight, &px) in self.weights.iter_mut().zip(&*px) {
            *weight += gain * f64::from(px);
        }
    }

    /// Move the mean as [`learn_one`](Self::learn_one) would, as certain as it is: `mean += U D U' x
    /// residual / S`.
    pub fn shift(&mut self, x: &[f32], residual: f64, innovation_variance: f64) {
        let (full, rest) = x.split_at(self.d.len());
        self.rest.shift(rest, residual, innovation_variance);
        let gain = residual / innovation_variance;
        let mut columns = self.upper.as_slice();
        for (j, &d) in self.d.iter().enumerate() {
            let column = take(&mut columns, j);
            let df = d * (full[j] + dot8(column, full));
            for (weight, &u) in self.weights.iter_mut().zip(column) {
                *weight += gain * f64::from(u * df);
            }
            self.weights[j] += gain * f64::from(df);
        }
    }

    /// Update U and D for the innovation variance `total` (Bierman 1977, ch. V, U-D measurement
    /// update); leaves P x in `px`.
    fn update_factors(&mut self, x: &[f32], total: f32, px: &mut [f32]) {
        let mut explained = 0.0;
        let mut columns = self.upper.as_slice();
        for (j, &d) in self.d.iter().enumerate() {
            let f = x[j] + dot8(take(&mut columns, j), x);
            px[j] = f;
            explained += d * f * f;
        }
        // The noise this block sees; rounding must not take it away.
        let mut before = (total - explained).max(1e-6 * total);
        let mut columns = self.upper.as_mut_slice();
        for (j, d) in self.d.iter_mut().enumerate() {
            let (column, next) = columns.split_at_mut(j);
            columns = next;
            let f = px[j];
            let g = *d * f;
            let after = before + f * g;
            *d = (*d * (before / after)).max(MIN_VARIANCE);
            let lambda = -f / before;
            for (u, k) in column.iter_mut().zip(px.iter_mut()) {
                let old = *u;
                *u += lambda * *k;
                *k += g * old;
            }
            px[j] = g;
            before = after;
        }
    }

    /// Widen the belief by `1 / forgetting`; no entry of D goes beyond what it was at first.
    pub fn forget(&mut self, forgetting: f32) {
        for d in &mut self.d {
            *d = (*d / forgetting).min(self.prior_variance);
        }
        self.rest.forget(forgetting);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64s(&self.weights);
        out.f32s(&self.d);
        out.f32s(&self.upper);
        self.rest.encode(out);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        input.f64s(&mut self.weights)?;
        input.f32s(&mut self.d)?;
        input.f32s(&mut self.upper)?;
        self.rest.decode(input)?;
        check_positive(&self.d)
    }
}

/// The next `n` numbers.
fn take<'a>(numbers: &mut &'a [f32], n: usize) -> &'a [f32] {
    let (taken, rest) = numbers.split_at(n);
    *numbers = rest;
    taken
}

/// `sum a_i b_i` over the length of `a`, in single precision and the fixed order of [`dot`].
fn dot8(a: &[f32], b: &[f32]) -> f32 {
    let (a_body, a_tail) = a.as_chunks::<8>();
    let (b_body, b_tail) = b[..a.len()].as_chunks::<8>();
    let mut sums = [0.0_f32; 8];
    for (a8, b8) in a_body.iter().zip(b_body) {
        for lane in 0..8 {
            sums[lane] += a8[lane] * b8[lane];
        }
    }
    let tail: f32 = a_tail.iter().zip(b_tail).map(|(a, b)| a * b).sum();
    for half in [4, 2, 1] {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
    }
    sums[0] + tail
}

#[cfg(test)]
mod tests {
    use super::{FULL, Gaussian};

    #[test]
    fn conditions_like_bayes() {
        // Prior I, noise 1, x = (1, 1), y = 3: P^-1 = I + x x' = [[2, 1], [1, 2]], so
        // P = [[2, -1], [-1, 2]] / 3 and the mean is P x y = (1, 1).
        let mut head = Gaussian::new(2, 1.0, 0.0, 0.0);
        let x = [1.0, 1.0];
        assert!((head.variance(&x) - 2.0).abs() < 1e-6);
        head.learn_one(&x, 3.0, 1.0 + head.variance(&x), &mut [0.0; FULL]);
        assert!((head.mean(&[1.0, 0.0]) - 1.0).abs() < 1e-6);
        assert!((head.variance(&[1.0, 0.0]) - 2.0 / 3.0).abs() < 1e-6);
        assert!((head.variance(&[1.0, -1.0]) - 2.0).abs() < 1e-6);
        assert!((head.variance(&x) - 2.0 / 3.0).abs() < 1e-6);
    }

    #[test]
    fn a_shift_moves_the_mean_as_learning_does_and_nothing_else() {
        let mut head = Gaussian::new(FULL + 2, 1.0, 0.5, 1.0);
        let x: Vec<f32> = (0..FULL + 2).map(|i| (i % 5) as f32 / 8.0).collect();
        let y: Vec<f32> = (0..FULL + 2).map(|i| (i % 3) as f32 / 8.0).collect();
        (0..9).for_each(|_| head.learn_one(&y, 0.3, 2.0 + head.variance(&y), &mut [0.0; FULL]));
        let (mut learned, mut shifted) = (head.clone(), head.clone());
        let total = 2.0 + head.variance(&x);
        learned.learn_one(&x, 1.5, total, &mut [0.0; FULL]);
        shifted.shift(&x, 1.5, total);
        assert!((learned.mean(&y) - shifted.mean(&y)).abs() < 1e-5);
        assert!((head.mean(&y) - shifted.mean(&y)).abs() > 1e-2);
        assert_eq!(shifted.variance(&y), head.variance(&y));
    }

    #[test]
    fn features_beyond_the_full_block_are_learned_too() {
        let mut head = Gaussian::new(FULL + 3, 1.0, 0.0, 1.0);
        let mut x = [0.0; FULL + 3];
        x[FULL + 1] = 1.0;
        for _ in 0..200 {
            let residual = 2.0 - head.mean(&x);
            head.learn_one(&x, residual, 0.1 + head.variance(&x), &mut [0.0; FULL]);
        }
        assert!((head.mean(&x) - 2.0).abs() < 0.01);
        assert!(head.variance(&x) < 0.01);
    }
}
