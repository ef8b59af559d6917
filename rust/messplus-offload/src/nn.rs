//! A small multi-layer perceptron with manual gradients, and its two optimisers.

use messplus_base::Random;

/// Fully connected network with rectified hidden units and a linear output.
///
/// Parameters of a layer are its weights, `inputs x outputs` row-major, then its biases; layers follow one another.
#[derive(Debug, Clone, PartialEq)]
pub struct Mlp {
    sizes: Vec<usize>,
    /// All parameters.
    pub params: Vec<f32>,
}

/// Activations of one forward pass over a batch, layer by layer; kept for the backward pass.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    layers: Vec<Vec<f32>>,
    delta: Vec<f32>,
    delta_below: Vec<f32>,
}

impl Pass {
    /// Output of the last layer, `batch x outputs`.
    #[must_use]
    pub fn output(&self) -> &[f32] {
        self.layers.last().map_or(&[], Vec::as_slice)
    }
}

impl Mlp {
    /// A network with the given layer sizes; weights `Normal(0, 2 / inputs)`, the last layer scaled by `last_gain`, biases 0.
    #[must_use]
    pub fn new(sizes: &[usize], last_gain: f32, rng: &mut Random) -> Self {
        let mut params = Vec::with_capacity(parameters(sizes));
        for (i, pair) in sizes.windows(2).enumerate() {
            let gain = if i + 2 == sizes.len() { last_gain } else { core::f32::consts::SQRT_2 };
            let scale = gain / (pair[0] as f32).sqrt();
            params.extend((0..pair[0] * pair[1]).map(|_| scale * rng.normal() as f32));
            params.extend(core::iter::repeat_n(0.0, pair[1]));
        }
        Self { sizes: sizes.to_vec(), params }
    }

    /// Rebuilds a network; `None` if the number of parameters does not fit the sizes.
    #[must_use]
    pub fn from_params(sizes: &[usize], params: Vec<f32>) -> Option<Self> {
        (params.len() == parameters(sizes)).then(|| Self { sizes: sizes.to_vec(), params })
    }

    /// Layer sizes, input first.
    #[must_use]
    pub fn sizes(&self) -> &[usize] {
        &self.sizes
    }

    /// Number of outputs.
    #[must_use]
    pub fn outputs(&self) -> usize {
        self.sizes[self.sizes.len() - 1]
    }

    /// Forward pass over rows of `x`.
    pub fn forward(&self, x: &[f32], pass: &mut Pass) {
        pulp::Arch::new().dispatch(|| self.forward_rows(x, pass));
    }

    #[inline(always)]
    fn forward_rows(&self, x: &[f32], pass: &mut Pass) {
        let count = self.sizes.len() - 1;
        pass.layers.resize_with(count, Vec::new);
        let batch = x.len() / self.sizes[0];
        let mut at = 0;
        for layer in 0..count {
            let (inputs, outputs) = (self.sizes[layer], self.sizes[layer + 1]);
            let (weights, bias) =
                self.params[at..at + (inputs + 1) * outputs].split_at(inputs * outputs);
            at += (inputs + 1) * outputs;
            let (below, above) = pass.layers.split_at_mut(layer);
            let input = if layer == 0 { x } else { &below[layer - 1] };
            let out = &mut above[0];
            out.resize(batch * outputs, 0.0);
            for (row, y) in input.chunks_exact(inputs).zip(out.chunks_exact_mut(outputs)) {
                y.copy_from_slice(bias);
                for (&v, w) in row.iter().zip(weights.chunks_exact(outputs)) {
                    // Inputs are mostly zero: one-hot codes and rectified units.
                    if v != 0.0 {
                        axpy(v, w, y);
                    }
                }
                if layer + 1 < count {
                    y.iter_mut().for_each(|v| *v = v.max(0.0));
                }
            }
        }
    }

    /// Adds to `grads` the gradient of a loss whose gradient by the output is `d_out`, for the rows of the last forward pass.
    pub fn backward(&self, x: &[f32], pass: &mut Pass, d_out: &[f32], grads: &mut [f32]) {
        pulp::Arch::new().dispatch(|| self.backward_rows(x, pass, d_out, grads));
    }

    #[inline(always)]
    fn backward_rows(&self, x: &[f32], pass: &mut Pass, d_out: &[f32], grads: &mut [f32]) {
        let Pass { layers, delta, delta_below } = pass;
        delta.clear();
        delta.extend_from_slice(d_out);
        let mut end = self.params.len();
        for layer in (0..self.sizes.len() - 1).rev() {
            let (inputs, outputs) = (self.sizes[layer], self.sizes[layer + 1]);
            let at = end - (inputs + 1) * outputs;
            let weights = &self.params[at..at + inputs * outputs];
            let (d_weights, d_bias) = grads[at..end].split_at_mut(inputs * outputs);
            end = at;
            let input = if layer == 0 { x } else { &layers[layer - 1] };
            delta_below.clear();
            delta_below.resize(if layer == 0 { 0 } else { input.len() }, 0.0);
            for (b, (row, dy)) in
                input.chunks_exact(inputs).zip(delta.chunks_exact(outputs)).enumerate()
            {
                axpy(1.0, dy, d_bias);
                for (i, &v) in row.iter().enumerate() {
                    if v != 0.0 {
                        axpy(v, dy, &mut d_weights[i * outputs..(i + 1) * outputs]);
                        // A rectified unit at zero passes no gradient, so its entry stays 0.
                        if layer > 0 {
                            delta_below[b * inputs + i] =
                                dot(&weights[i * outputs..(i + 1) * outputs], dy);
                        }
                    }
                }
            }
            core::mem::swap(delta, delta_below);
        }
    }
}

fn parameters(sizes: &[usize]) -> usize {
    sizes.windows(2).map(|pair| (pair[0] + 1) * pair[1]).sum()
}

#[inline(always)]
fn axpy(a: f32, x: &[f32], y: &mut [f32]) {
    for (y, &x) in y.iter_mut().zip(x) {
        *y += a * x;
    }
}

/// Dot product in eight interleaved sums, a fixed order that vectors can follow.
#[inline(always)]
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let (mut sums, (a8, a_rest), (b8, b_rest)) =
        ([0.0_f32; 8], a.as_chunks::<8>(), b.as_chunks::<8>());
    for (a, b) in a8.iter().zip(b8) {
        for lane in 0..8 {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum::<f32>()
}

/// Gradient descent with per-parameter scaling.
#[derive(Debug, Clone)]
pub enum Optimizer {
    /// Running mean of squared gradients, decay 0.99.
    RmsProp {
        /// Mean squares.
        squares: Vec<f32>,
    },
    /// Bias-corrected first and second moments, decays 0.9 and 0.999.
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

    /// One descent step; `grads` is clipped to Euclidean norm `max_norm` first and zeroed afterwards.
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

/// Log-probabilities of a masked softmax; minus infinity where `allowed` is false.
pub fn log_softmax(logits: &[f32], allowed: impl Fn(usize) -> bool, out: &mut Vec<f32>) {
    out.clear();
    out.extend(
        logits.iter().enumerate().map(|(a, &v)| if allowed(a) { v } else { f32::NEG_INFINITY }),
    );
    let top = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let log_sum = libm::logf(out.iter().map(|v| libm::expf(v - top)).sum::<f32>()) + top;
    out.iter_mut().for_each(|v| *v -= log_sum);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_agree_with_finite_differences() {
        let mut rng = Random::new(3);
        let mut net = Mlp::new(&[5, 7, 6, 3], 1.0, &mut rng);
        let x: Vec<f32> = (0..10).map(|_| rng.normal() as f32).collect();
        let target: Vec<f32> = (0..6).map(|_| rng.normal() as f32).collect();
        let loss = |net: &Mlp| {
            let mut pass = Pass::default();
            net.forward(&x, &mut pass);
            pass.output()
                .iter()
                .zip(&target)
                .map(|(y, t)| f64::from(y - t).powi(2) / 2.0)
                .sum::<f64>()
        };
        let mut pass = Pass::default();
        net.forward(&x, &mut pass);
        let d_out: Vec<f32> = pass.output().iter().zip(&target).map(|(y, t)| y - t).collect();
        let mut grads = vec![0.0; net.params.len()];
        net.backward(&x, &mut pass, &d_out, &mut grads);
        for (i, &grad) in grads.iter().enumerate() {
            let kept = net.params[i];
            let mut at = |value: f32| {
                net.params[i] = value;
                loss(&net)
            };
            let slope = (at(kept + 1e-3) - at(kept - 1e-3)) / 2e-3;
            net.params[i] = kept;
            assert!(
                (slope - f64::from(grad)).abs() < 2e-3,
                "parameter {i}: {slope} against {grad}"
            );
        }
    }

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

    #[test]
    fn masked_probabilities_sum_to_one() {
        let mut out = vec![];
        log_softmax(&[1.0, 50.0, -2.0], |a| a != 1, &mut out);
        assert_eq!(out[1], f32::NEG_INFINITY);
        assert!((out.iter().map(|v| v.exp()).sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
