//! The regressions at one moment, without effects and uncertainty: what plans are made with.

use messplus_base::wire::{Reader, Result, Writer};

use crate::router::progress::Progress;
use crate::state::{read_array, write_array};

/// Weights of the two regressions.
#[derive(Clone, Debug, PartialEq)]
pub struct MeanModel {
    pub(super) modalities: usize,
    pub(super) tasks: usize,
    /// Of local calls, and of cloud calls.
    pub(super) weights: [Vec<f64>; 2],
}

impl MeanModel {
    /// Predicted response of a cloud call with `n` uploads, without the gains of the single
    /// modalities.
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
        let (total, rest) = (f64::from(at.uploads) / self.modalities as f64, &w[1 + self.tasks..]);
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
        self.weights.iter_mut().try_for_each(|weights| read_array(input, weights))
    }
}

/// The weights of a task's upload flags among those of cloud calls.
pub(super) fn gains(cloud: &[f64], modalities: usize, tasks: usize, task: usize) -> &[f64] {
    let first = tasks + 5 + task * modalities;
    &cloud[first..first + modalities]
}
