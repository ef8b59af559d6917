//! One online logistic head per model, trained by stochastic gradient descent.

use messplus_base::wire::{Reader, Writer};
use serde::{Deserialize, Serialize};

use crate::check;
use crate::error::Result;
use crate::learn::logistic::{dot, sigmoid};

/// Settings of stochastic gradient descent.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SgdConfig {
    /// Learning rate, in `(0, 100]`.
    pub lr: f64,
    /// Momentum, in `[0, 1)`.
    pub momentum: f64,
    /// Strength of the L2 penalty, in `[0, 1]`.
    pub l2: f64,
    /// Largest Euclidean norm of one gradient, in `(0, 1e6]`.
    pub clip: f64,
}

impl Default for SgdConfig {
    fn default() -> Self {
        Self { lr: 0.003, momentum: 0.9, l2: 1e-4, clip: 1.0 }
    }
}

impl SgdConfig {
    pub(crate) fn check(&self) -> Result<()> {
        let &Self { lr, momentum, l2, clip } = self;
        let rule = "must be in (0, 100]";
        check::number("policy.sgd.lr", lr, rule, |r| r > 0.0 && r <= 100.0)?;
        let rule = "must be in [0, 1)";
        check::number("policy.sgd.momentum", momentum, rule, |m| (0.0..1.0).contains(&m))?;
        let rule = "must be in [0, 1]";
        check::number("policy.sgd.l2", l2, rule, |l| (0.0..=1.0).contains(&l))?;
        let rule = "must be in (0, 1e6]";
        check::number("policy.sgd.clip", clip, rule, |c| c > 0.0 && c <= 1e6)
    }
}

/// Predicts, per model, the probability that it would satisfy a request.
///
/// Head m is `sigmoid(w_m . x + b_m)`. One labelled request lowers the regularised cross-entropy
/// `-y ln p - (1 - y) ln(1 - p) + l2/2 (|w|^2 + b^2)` by a gradient step with momentum, the
/// gradient clipped to a largest norm: the satisfaction predictor of MESS+ (arXiv 2505.19947,
/// algorithm 1) over frozen features. The penalty makes the loss strongly convex, as the paper's
/// analysis asks.
#[derive(Clone, Debug)]
pub struct LogisticHeads {
    config: SgdConfig,
    heads: Vec<Head>,
}

#[derive(Clone, Debug)]
struct Head {
    weights: Vec<f64>,
    velocity: Vec<f64>,
    bias: f64,
    bias_velocity: f64,
    labels: u64,
}

impl Head {
    fn new(n_features: usize) -> Self {
        Self {
            weights: vec![0.0; n_features],
            velocity: vec![0.0; n_features],
            bias: 0.0,
            bias_velocity: 0.0,
            labels: 0,
        }
    }
}

impl LogisticHeads {
    /// Heads that predict one half for every request.
    pub fn new(config: SgdConfig, n_models: usize, n_features: usize) -> Self {
        Self { config, heads: vec![Head::new(n_features); n_models] }
    }

    /// One more head.
    pub(crate) fn add(&mut self, n_features: usize) {
        self.heads.push(Head::new(n_features));
    }

    /// Probability in (0, 1) that `model` satisfies the request with features `x`.
    pub fn predict_proba_one(&self, model: usize, x: &[f32]) -> f64 {
        let head = &self.heads[model];
        sigmoid(dot(&head.weights, x) + head.bias)
    }

    /// Learn from one label `y` in `[0, 1]` of `model` on features `x`.
    pub fn learn_one(&mut self, model: usize, x: &[f32], y: f64) {
        let SgdConfig { lr, momentum, l2, clip } = self.config;
        let head = &mut self.heads[model];
        let z = dot(&head.weights, x) + head.bias;
        let error = sigmoid(z) - y;
        // |error (x, 1) + l2 (w, b)|^2, expanded.
        let squared_norm = error * error * (dot(x, x) + 1.0)
            + 2.0 * error * l2 * z
            + l2 * l2 * (dot(&head.weights, &head.weights) + head.bias * head.bias);
        let rate = lr * (clip / squared_norm.max(0.0).sqrt()).min(1.0);
        for ((w, v), &x) in head.weights.iter_mut().zip(&mut head.velocity).zip(x) {
            *v = momentum * *v - rate * (error * f64::from(x) + l2 * *w);
            *w += *v;
        }
        head.bias_velocity = momentum * head.bias_velocity - rate * (error + l2 * head.bias);
        head.bias += head.bias_velocity;
        head.labels += 1;
    }

    /// Labels learned from for `model`.
    pub fn labels(&self, model: usize) -> u64 {
        self.heads[model].labels
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        for head in &self.heads {
            out.f64s(&head.weights);
            out.f64s(&head.velocity);
            out.f64s(&[head.bias, head.bias_velocity]);
            out.u64(head.labels);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for head in &mut self.heads {
            input.f64s(&mut head.weights)?;
            input.f64s(&mut head.velocity)?;
            head.bias = input.f64()?;
            head.bias_velocity = input.f64()?;
            head.labels = input.u64()?;
        }
        Ok(())
    }
}
