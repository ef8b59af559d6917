//! What the regression misses in situations that occur again and again.

use messplus_base::wire::{Reader, Result, Writer};
use rustc_hash::FxHashMap;

use crate::router::progress::Progress;

/// Ratio of the noise variance to the variance of the effects: observations the prior is worth.
const PRIOR: f64 = 20.0;

/// Situations remembered; further ones rely on the regression alone.
const CAPACITY: usize = 1 << 16;

/// Mean residuals by situation: task, progress and subset.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Effects(FxHashMap<u128, Effect>);

/// Residuals seen in one situation.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Effect {
    sum: f64,
    count: f64,
}

impl Effects {
    /// Posterior mean of the effect under a prior of mean zero: `sum / (count + prior)` (Gelman et
    /// al., "Bayesian Data Analysis", 3rd ed., 2013, section 2.5).
    pub fn mean(&self, task: usize, at: Progress, mask: Option<u32>) -> f64 {
        let effect = self.0.get(&situation(task, at, mask));
        effect.map_or(0.0, |effect| effect.sum / (effect.count + PRIOR))
    }

    /// Takes in one residual of the regression.
    pub fn learn_one(&mut self, task: usize, at: Progress, mask: Option<u32>, residual: f64) {
        let (key, known) = (situation(task, at, mask), self.0.len());
        if known < CAPACITY || self.0.contains_key(&key) {
            let effect = self.0.entry(key).or_default();
            effect.sum += residual;
            effect.count += 1.0;
        }
    }

    pub fn write(&self, out: &mut Writer) {
        let mut effects: Vec<_> = self.0.iter().collect();
        effects.sort_unstable_by_key(|(situation, _)| **situation);
        out.u64(effects.len() as u64);
        for (&situation, effect) in effects {
            out.u128(situation);
            out.f64s(&[effect.sum, effect.count]);
        }
    }

    pub fn read(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for _ in 0..input.count(CAPACITY)? {
            let situation = input.u128()?;
            self.0.insert(situation, Effect { sum: input.f64()?, count: input.f64()? });
        }
        Ok(())
    }
}

fn situation(task: usize, at: Progress, mask: Option<u32>) -> u128 {
    let subset = mask.map_or(0, |m| u128::from(m) + 1);
    task as u128
        | u128::from(at.turn) << 16
        | u128::from(at.clouds) << 32
        | u128::from(at.uploads) << 48
        | subset << 64
}

#[cfg(test)]
mod tests {
    use super::{Effects, Progress};

    #[test]
    fn few_residuals_count_little() {
        let (mut effects, at) = (Effects::default(), Progress::default());
        (0..20).for_each(|_| effects.learn_one(1, at, Some(2), 0.5));
        assert_eq!(effects.mean(1, at, Some(2)), 0.25);
        assert_eq!(effects.mean(1, at, None), 0.0);
    }
}
