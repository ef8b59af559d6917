//! The response score, predicted by online Bayesian linear models.
//!
//! One regression for local and one for cloud calls. With v uploads and c cloud turns before turn
//! t, task k, upload flags x of the turn and `u = (v + sum x) / M` their inputs are
//!
//! ```text
//! local  1, [k = 0], .., [k = K-1], v / M, c, t
//! cloud  1, [k = 0], .., [k = K-1], u,     c, t, u^2, [k = 0] x, .., [k = K-1] x
//! ```
//!
//! What a regression misses in one situation (task, progress, subset) is added as the mean residual
//! seen there, shrunk towards zero while there are few.
//!
//! Upload flags enter one by one and linearly, per task: the best subset of a size consists of the
//! modalities with the largest single gains, effects aside, and the planner sorts M numbers instead
//! of trying `2^M` subsets.

mod effects;
mod mean_model;
mod regression;

pub use mean_model::MeanModel;

use effects::Effects;
use mean_model::gains;
use messplus_base::wire::{Reader, Result, Writer};
use regression::Regression;

use super::progress::Progress;

/// Response model over M modalities and K tasks.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponseModel {
    modalities: usize,
    tasks: usize,
    /// Of local calls, and of cloud calls.
    regressions: [Regression; 2],
    effects: Effects,
    x: Vec<f64>,
    scratch: Vec<f64>,
}

impl ResponseModel {
    /// A model that has seen nothing and predicts 0.
    #[must_use]
    pub fn new(modalities: usize, tasks: usize) -> Self {
        let (local, cloud) = (tasks + 4, tasks + 5 + tasks * modalities);
        Self {
            modalities,
            tasks,
            regressions: [Regression::new(local), Regression::new(cloud)],
            effects: Effects::default(),
            x: vec![],
            scratch: vec![],
        }
    }

    /// Writes the inputs of a call to `x` and returns which regression they are for.
    fn prepare(&mut self, task: usize, at: Progress, mask: Option<u32>) -> usize {
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
            let flags = x.len() + task * self.modalities;
            x.resize(x.len() + self.tasks * self.modalities, 0.0);
            for (m, flag) in x[flags..].iter_mut().take(self.modalities).enumerate() {
                *flag = f64::from(mask >> m & 1);
            }
        }
        usize::from(mask.is_some())
    }

    /// Predicted response of a call that uploads `mask`; local for `None`.
    pub fn predict(&mut self, task: usize, at: Progress, mask: Option<u32>) -> f64 {
        let which = self.prepare(task, at, mask);
        self.regressions[which].mean(&self.x) + self.effects.mean(task, at, mask)
    }

    /// Posterior standard deviation of that prediction, effects aside.
    pub fn deviation(&mut self, task: usize, at: Progress, mask: Option<u32>) -> f64 {
        let which = self.prepare(task, at, mask);
        self.regressions[which].variance(&self.x).max(0.0).sqrt()
    }

    /// The regressions as they stand.
    #[must_use]
    pub fn mean(&self) -> MeanModel {
        let weights = [0, 1].map(|which| self.regressions[which].weights.clone());
        MeanModel { modalities: self.modalities, tasks: self.tasks, weights }
    }

    /// Gain of uploading each modality on its own, for `task`.
    #[must_use]
    pub fn gains(&self, task: usize) -> &[f64] {
        gains(&self.regressions[1].weights, self.modalities, self.tasks, task)
    }

    /// Learns one scored turn.
    pub fn learn_one(&mut self, task: usize, at: Progress, mask: Option<u32>, score: f64) {
        let which = self.prepare(task, at, mask);
        let regression = &mut self.regressions[which];
        let residual = score - regression.mean(&self.x);
        regression.learn_one(&self.x, score, &mut self.scratch);
        self.effects.learn_one(task, at, mask, residual);
    }

    pub(super) fn write(&self, out: &mut Writer) {
        self.regressions.iter().for_each(|regression| regression.write(out));
        self.effects.write(out);
    }

    pub(super) fn read(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.regressions.iter_mut().try_for_each(|regression| regression.read(input))?;
        self.effects.read(input)
    }
}
