//! Gradient descent.

use super::linear::dot;

/// Gradient descent with a scale per parameter.
#[derive(Clone, Debug)]
pub enum Optimizer {
    /// `RMSprop`: a running mean of squared gradients, decay 0.99 (Hinton, "Neural Networks for
    /// Machine Learning", lecture 6e, 2012).
    RmsProp {
        /// Mean squares.
        squares: Vec<f32>,
    },
    /// Adam: bias-corrected first and second moments, decays 0.9 and 0.999 (Kingma and Ba, "Adam",
    /// 2015, algorithm 1 in the order of its section 2).
    Adam {
        /// First moments.
        means: Vec<f32>,
        /// Second moments.
        squares: Vec<f32>,
        /// Steps taken.
        steps: i32,
    },
}

const EPS: f32 = 1e-5;

impl Optimizer {
    /// `RMSprop` over `count` parameters.
    #[must_use]
    pub fn rms_prop(count: usize) -> Self {
        Self::RmsProp { squares: vec![0.0; count] }
    }

    /// Adam over `count` parameters.
    #[must_use]
    pub fn adam(count: usize) -> Self {
        Self::Adam { means: vec![0.0; count], squares: vec![0.0; count], steps: 0 }
    }

    /// One step down `grads`, which is clipped to the Euclidean norm `max_norm` first (Pascanu et
    /// al., "On the Difficulty of Training Recurrent Neural Networks", 2013, algorithm 1) and
    /// zeroed afterwards.
    pub fn step(&mut self, params: &mut [f32], grads: &mut [f32], rate: f32, max_norm: f32) {
        let norm = dot(grads, grads).sqrt();
        if norm > max_norm {
            let scale = max_norm / norm;
            grads.iter_mut().for_each(|g| *g *= scale);
        }
        match self {
            Self::RmsProp { squares } => {
                for ((p, g), s) in params.iter_mut().zip(grads.iter()).zip(squares) {
                    *s += 0.01 * (g * g - *s);
                    *p -= rate * g / (s.sqrt() + EPS);
                }
            }
            Self::Adam { means, squares, steps } => {
                *steps += 1;
                let rate =
                    rate * (1.0 - 0.999_f32.powi(*steps)).sqrt() / (1.0 - 0.9_f32.powi(*steps));
                for (((p, g), m), s) in params.iter_mut().zip(grads.iter()).zip(means).zip(squares)
                {
                    *m += 0.1 * (g - *m);
                    *s += 0.001 * (g * g - *s);
                    *p -= rate * *m / (s.sqrt() + EPS);
                }
            }
        }
        grads.fill(0.0);
    }
}

#[cfg(test)]
mod tests {
    use super::Optimizer;

    #[test]
    fn both_optimisers_find_the_minimum_of_a_parabola() {
        for mut optimizer in [Optimizer::rms_prop(1), Optimizer::adam(1)] {
            let mut params = [4.0_f32];
            for _ in 0..4000 {
                let mut grads = [2.0 * (params[0] - 1.0)];
                optimizer.step(&mut params, &mut grads, 0.005, 10.0);
            }
            assert!((params[0] - 1.0).abs() < 0.05, "{}", params[0]);
        }
    }
}
