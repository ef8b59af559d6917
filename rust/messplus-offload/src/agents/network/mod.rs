//! A small multi-layer perceptron with gradients by hand, and what trains it.

mod linear;
mod optimizer;
mod softmax;

pub use optimizer::Optimizer;
pub use softmax::log_softmax;

use linear::{axpy, dot};
use messplus_base::Random;

/// Fully connected network with rectified hidden units and a linear output.
///
/// Parameters of a layer are its weights, `inputs x outputs` row-major, then its biases; layers
/// follow one another.
#[derive(Clone, Debug, PartialEq)]
pub struct Mlp {
    sizes: Vec<usize>,
    /// All parameters.
    pub params: Vec<f32>,
}

/// Activations of one forward pass over a batch, layer by layer; kept for the backward pass.
#[derive(Clone, Debug, Default)]
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
    /// A network with the given layer sizes and biases of 0.
    ///
    /// Weights are `Normal(0, 2 / inputs)` (He et al., "Delving Deep into Rectifiers", 2015, eq.
    /// 10); those of the last layer `Normal(0, last_gain^2 / inputs)`.
    #[must_use]
    pub fn new(sizes: &[usize], last_gain: f32, random: &mut Random) -> Self {
        let mut params = Vec::with_capacity(parameters(sizes));
        for (i, pair) in sizes.windows(2).enumerate() {
            let gain = if i + 2 == sizes.len() { last_gain } else { core::f32::consts::SQRT_2 };
            let scale = gain / (pair[0] as f32).sqrt();
            params.extend((0..pair[0] * pair[1]).map(|_| scale * random.normal() as f32));
            params.extend(core::iter::repeat_n(0.0, pair[1]));
        }
        Self { sizes: sizes.to_vec(), params }
    }

    /// The network of these parameters; `None` if they are not as many as the sizes ask for.
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

    /// Adds to `grads` the gradient of a loss whose gradient by the output is `d_out`, for the rows
    /// of the last forward pass (Rumelhart, Hinton and Williams, "Learning Representations by
    /// Back-propagating Errors", 1986).
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

#[cfg(test)]
mod tests {
    use super::{Mlp, Pass};
    use messplus_base::Random;

    #[test]
    fn gradients_agree_with_finite_differences() {
        let mut random = Random::new(3);
        let mut net = Mlp::new(&[5, 7, 6, 3], 1.0, &mut random);
        let x: Vec<f32> = (0..10).map(|_| random.normal() as f32).collect();
        let target: Vec<f32> = (0..6).map(|_| random.normal() as f32).collect();
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
}
