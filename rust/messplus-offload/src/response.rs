//! Online Bayesian linear model of the response score.
//!
//! One head for local and one for cloud calls; each is a linear regression with unit-variance normal prior, updated in closed
//! form one turn at a time. With `v` uploads and `c` cloud turns before turn `t`, task `k` and uploads `x`, `u = (v + sum x) / M`:
//!
//! ```text
//! local  1, [k = 0], .., [k = K-1], v / M, c, t
//! cloud  1, [k = 0], .., [k = K-1], u,     c, t, u^2, [k = 0] x, .., [k = K-1] x
//! ```
//!
//! What the regression misses in one situation (task, progress, subset) is added as the mean residual seen there, shrunk
//! towards zero while there are few.
//!
//! The upload flags enter one by one and linearly, per task: the best subset of a given size consists of the modalities with the
//! largest single gains, effects aside, and the planner sorts `M` numbers instead of trying `2^M` subsets.

use messplus_base::wire::{Reader, Writer};
use rustc_hash::FxHashMap;

use crate::error::Result;
use crate::state::{read_array, write_array};

/// What the response depends on besides the action: where the conversation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Progress {
    /// Index of the current turn, from 0.
    pub turn: u16,
    /// Cloud turns so far.
    pub clouds: u16,
    /// Uploads so far, summed over turns.
    pub uploads: u16,
}

impl Progress {
    /// Progress after a call at `level`.
    #[must_use]
    pub fn after(self, level: usize) -> Self {
        Self {
            turn: self.turn.saturating_add(1),
            clouds: self.clouds.saturating_add(u16::from(level > 0)),
            uploads: self.uploads.saturating_add(level.saturating_sub(1) as u16),
        }
    }
}

/// Bayesian linear regression with prior `w ~ N(0, I)` and unit noise.
#[derive(Debug, Clone, PartialEq)]
struct Regression {
    weights: Vec<f64>,
    /// Posterior covariance, row-major, symmetric.
    covariance: Vec<f64>,
}

impl Regression {
    fn new(dimension: usize) -> Self {
        let mut covariance = vec![0.0; dimension * dimension];
        covariance.iter_mut().step_by(dimension + 1).for_each(|v| *v = 1.0);
        Self { weights: vec![0.0; dimension], covariance }
    }

    fn predict(&self, x: &[f64]) -> f64 {
        dot(&self.weights, x)
    }

    fn variance(&self, x: &[f64]) -> f64 {
        self.covariance
            .chunks_exact(x.len())
            .zip(x)
            .map(|(row, &xi)| if xi == 0.0 { 0.0 } else { xi * dot(row, x) })
            .sum()
    }

    /// Recursive least squares: `g = P x / (1 + x' P x)`, `w += g (y - w' x)`, `P -= g (P x)'`.
    fn learn(&mut self, x: &[f64], y: f64, scratch: &mut Vec<f64>) {
        let n = x.len();
        scratch.clear();
        scratch.extend(self.covariance.chunks_exact(n).map(|row| dot(row, x)));
        let scale = 1.0 / (1.0 + dot(scratch, x));
        let error = (y - self.predict(x)) * scale;
        for (w, p) in self.weights.iter_mut().zip(scratch.iter()) {
            *w += error * p;
        }
        for (row, &pi) in self.covariance.chunks_exact_mut(n).zip(scratch.iter()) {
            for (v, &pj) in row.iter_mut().zip(scratch.iter()) {
                *v -= scale * pi * pj;
            }
        }
    }
}

/// Key of the effect: task, progress and subset.
fn situation(task: usize, at: Progress, mask: Option<u32>) -> u128 {
    let subset = mask.map_or(0, |m| u128::from(m) + 1);
    task as u128
        | u128::from(at.turn) << 16
        | u128::from(at.clouds) << 32
        | u128::from(at.uploads) << 48
        | subset << 64
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// Response model over `M` modalities and `K` tasks.
#[derive(Debug, Clone, PartialEq)]
pub struct ResponseModel {
    modalities: usize,
    tasks: usize,
    heads: [Regression; 2],
    x: Vec<f64>,
    scratch: Vec<f64>,
    effects: FxHashMap<u128, Effect>,
}

/// What the regression misses in one situation: residuals seen there.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
struct Effect {
    residuals: f64,
    count: f64,
}

impl Effect {
    /// Posterior mean under a zero-mean prior worth `EFFECT_PRIOR` observations.
    fn mean(self) -> f64 {
        self.residuals / (self.count + EFFECT_PRIOR)
    }
}

/// Ratio of the noise variance to the variance of the effects.
const EFFECT_PRIOR: f64 = 20.0;

/// Situations remembered; further ones rely on the regression alone.
const EFFECTS: usize = 1 << 16;

impl ResponseModel {
    /// A model that has seen nothing and predicts 0.
    #[must_use]
    pub fn new(modalities: usize, tasks: usize) -> Self {
        let local = tasks + 4;
        let heads = [Regression::new(local), Regression::new(local + 1 + tasks * modalities)];
        Self { modalities, tasks, heads, x: vec![], scratch: vec![], effects: FxHashMap::default() }
    }

    fn features(&mut self, task: usize, at: Progress, mask: Option<u32>) {
        let scale = 1.0 / self.modalities as f64;
        let uploaded = mask.map_or(0, u32::count_ones);
        let total = (f64::from(at.uploads) + f64::from(uploaded)) * scale;
        let x = &mut self.x;
        x.clear();
        x.push(1.0);
        x.extend((0..self.tasks).map(|k| f64::from(u8::from(k == task))));
        x.extend([total, f64::from(at.clouds), f64::from(at.turn)]);
        if let Some(mask) = mask {
            x.push(total * total);
            let flags = x.len();
            x.resize(flags + self.tasks * self.modalities, 0.0);
            for (m, flag) in
                x[flags + task * self.modalities..].iter_mut().take(self.modalities).enumerate()
            {
                *flag = f64::from(mask >> m & 1);
            }
        }
    }

    /// Predicted response of `mask` (`None`: local).
    pub fn predict(&mut self, task: usize, at: Progress, mask: Option<u32>) -> f64 {
        self.features(task, at, mask);
        let effect =
            self.effects.get(&situation(task, at, mask)).map_or(0.0, |effect| effect.mean());
        self.heads[usize::from(mask.is_some())].predict(&self.x) + effect
    }

    /// Posterior standard deviation of that prediction.
    pub fn deviation(&mut self, task: usize, at: Progress, mask: Option<u32>) -> f64 {
        self.features(task, at, mask);
        self.heads[usize::from(mask.is_some())].variance(&self.x).max(0.0).sqrt()
    }

    /// The regressions as they stand, without effects and uncertainty.
    #[must_use]
    pub fn mean(&self) -> MeanModel {
        let weights = [self.heads[0].weights.clone(), self.heads[1].weights.clone()];
        MeanModel { modalities: self.modalities, tasks: self.tasks, weights }
    }

    /// Gain of uploading each modality on its own, for `task`.
    #[must_use]
    pub fn gains(&self, task: usize) -> &[f64] {
        gains(&self.heads[1].weights, self.modalities, self.tasks, task)
    }

    /// Learns one scored turn.
    pub fn learn_one(&mut self, task: usize, at: Progress, mask: Option<u32>, score: f64) {
        self.features(task, at, mask);
        let head = &mut self.heads[usize::from(mask.is_some())];
        let residual = score - head.predict(&self.x);
        head.learn(&self.x, score, &mut self.scratch);
        let (key, known) = (situation(task, at, mask), self.effects.len());
        if known < EFFECTS || self.effects.contains_key(&key) {
            let effect = self.effects.entry(key).or_default();
            effect.residuals += residual;
            effect.count += 1.0;
        }
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        for head in &self.heads {
            write_array(out, &head.weights);
            write_array(out, &head.covariance);
        }
        let mut effects: Vec<_> = self.effects.iter().collect();
        effects.sort_by_key(|(key, _)| **key);
        out.u64(effects.len() as u64);
        for (key, effect) in effects {
            out.u64(*key as u64);
            out.u64((*key >> 64) as u64);
            out.f64(effect.residuals);
            out.f64(effect.count);
        }
    }

    pub(crate) fn read(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for head in &mut self.heads {
            read_array(input, &mut head.weights)?;
            read_array(input, &mut head.covariance)?;
        }
        for _ in 0..input.count(EFFECTS)? {
            let key = u128::from(input.u64()?) | u128::from(input.u64()?) << 64;
            self.effects.insert(key, Effect { residuals: input.f64()?, count: input.f64()? });
        }
        Ok(())
    }
}

/// The regressions at one moment: what plans are made with.
#[derive(Debug, Clone, PartialEq)]
pub struct MeanModel {
    modalities: usize,
    tasks: usize,
    weights: [Vec<f64>; 2],
}

impl MeanModel {
    /// Predicted response of a cloud call with `n` uploads, without the gains of the single modalities.
    #[must_use]
    pub fn cloud_base(&self, task: usize, at: Progress, n: usize) -> f64 {
        let w = &self.weights[1];
        let (total, rest) =
            ((usize::from(at.uploads) + n) as f64 / self.modalities as f64, &w[1 + self.tasks..]);
        w[0] + w[1 + task]
            + rest[0] * total
            + rest[1] * f64::from(at.clouds)
            + rest[2] * f64::from(at.turn)
            + rest[3] * total * total
    }

    /// Predicted response of a local call.
    #[must_use]
    pub fn local(&self, task: usize, at: Progress) -> f64 {
        let w = &self.weights[0];
        let rest = &w[1 + self.tasks..];
        let total = f64::from(at.uploads) / self.modalities as f64;
        w[0] + w[1 + task]
            + rest[0] * total
            + rest[1] * f64::from(at.clouds)
            + rest[2] * f64::from(at.turn)
    }

    /// Gain of uploading each modality on its own, for `task`.
    #[must_use]
    pub fn gains(&self, task: usize) -> &[f64] {
        gains(&self.weights[1], self.modalities, self.tasks, task)
    }

    pub(crate) fn write(&self, out: &mut Writer) {
        self.weights.iter().for_each(|weights| write_array(out, weights));
    }

    pub(crate) fn read(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for weights in &mut self.weights {
            read_array(input, weights)?;
        }
        Ok(())
    }
}

fn gains(cloud: &[f64], modalities: usize, tasks: usize, task: usize) -> &[f64] {
    let first = tasks + 5 + task * modalities;
    &cloud[first..first + modalities]
}
