//! Bayesian linear regression, one observation at a time.

use messplus_base::wire::{Reader, Result, Writer};

use crate::state::{read_array, write_array};

/// Weights with prior `Normal(0, I)` and observations with unit noise.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Regression {
    /// Posterior mean.
    pub weights: Vec<f64>,
    /// Posterior covariance P, row-major, symmetric.
    covariance: Vec<f64>,
}

impl Regression {
    pub fn new(dimension: usize) -> Self {
        let mut covariance = vec![0.0; dimension * dimension];
        covariance.iter_mut().step_by(dimension + 1).for_each(|v| *v = 1.0);
        Self { weights: vec![0.0; dimension], covariance }
    }

    /// Posterior mean of `w' x` (Bishop, "Pattern Recognition and Machine Learning", 2006, eq.
    /// 3.58).
    pub fn mean(&self, x: &[f64]) -> f64 {
        dot(&self.weights, x)
    }

    /// Posterior variance of `w' x`: `x' P x` (Bishop, eq. 3.59 without the noise).
    pub fn variance(&self, x: &[f64]) -> f64 {
        let rows = self.covariance.chunks_exact(x.len()).zip(x);
        rows.map(|(row, &xi)| if xi == 0.0 { 0.0 } else { xi * dot(row, x) }).sum()
    }

    /// Takes in the observation y at x (Bishop, eqs. 3.50 and 3.51, by one rank-one update):
    ///
    /// ```text
    /// g = P x / (1 + x' P x)      w += g (y - w' x)      P -= g (P x)'
    /// ```
    pub fn learn_one(&mut self, x: &[f64], y: f64, scratch: &mut Vec<f64>) {
        scratch.clear();
        scratch.extend(self.covariance.chunks_exact(x.len()).map(|row| dot(row, x)));
        let scale = 1.0 / (1.0 + dot(scratch, x));
        let error = (y - self.mean(x)) * scale;
        for (w, p) in self.weights.iter_mut().zip(scratch.iter()) {
            *w += error * p;
        }
        for (row, &pi) in self.covariance.chunks_exact_mut(x.len()).zip(scratch.iter()) {
            for (v, &pj) in row.iter_mut().zip(scratch.iter()) {
                *v -= scale * pi * pj;
            }
        }
    }

    pub fn write(&self, out: &mut Writer) {
        write_array(out, &self.weights);
        write_array(out, &self.covariance);
    }

    pub fn read(&mut self, input: &mut Reader<'_>) -> Result<()> {
        read_array(input, &mut self.weights)?;
        read_array(input, &mut self.covariance)
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::Regression;

    #[test]
    fn one_observation_moves_mean_and_variance_half_way() {
        let (mut regression, mut scratch) = (Regression::new(2), vec![]);
        assert_eq!((regression.mean(&[1.0, 0.0]), regression.variance(&[1.0, 0.0])), (0.0, 1.0));
        regression.learn_one(&[1.0, 0.0], 3.0, &mut scratch);
        assert_eq!((regression.mean(&[1.0, 0.0]), regression.variance(&[1.0, 0.0])), (1.5, 0.5));
        // What was not observed stays as it was.
        assert_eq!((regression.mean(&[0.0, 1.0]), regression.variance(&[0.0, 1.0])), (0.0, 1.0));
    }
}
