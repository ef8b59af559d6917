//! Models whose calls fail: left alone for a while, then tried again.

use crate::error::Result;
use crate::model_set::ModelSet;
use crate::state::{Reader, Writer};

/// The longest cool-down, as a multiple of the first.
const LONGEST: u64 = 64;

/// Which models are cooling down.
///
/// A failure sends a model into a cool-down of `cooldown` seconds, twice as long with every further
/// failure in a row. When it is over the model may be chosen again: once, as a probe, and then not for
/// another cool-down, unless an outcome shows that it answers. Any outcome ends it all.
#[derive(Clone, Debug, PartialEq)]
pub struct Health {
    cooldown: u64,
    models: Vec<Spell>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Spell {
    /// Failures in a row.
    failures: u64,
    /// The time from which the model may be chosen.
    until: u64,
}

impl Health {
    /// Every model well; `cooldown` in seconds.
    pub fn new(n_models: usize, cooldown: u64) -> Self {
        Self { cooldown, models: vec![Spell::default(); n_models] }
    }

    /// A model joins, well.
    pub fn add(&mut self) {
        self.models.push(Spell::default());
    }

    /// Whether time matters: some model has failed and not answered since.
    pub fn is_waiting(&self) -> bool {
        self.models.iter().any(|spell| spell.failures > 0)
    }

    /// The models of `allowed` that may be chosen now, or all of them where none may: a request must be
    /// sent somewhere.
    pub fn available(&self, allowed: ModelSet, now: u64) -> ModelSet {
        let well = allowed.iter().filter(|&model| self.models[model].until <= now).collect();
        if ModelSet::is_empty(well) { allowed } else { well }
    }

    /// A model was chosen: where it had failed, this is its probe.
    pub fn chosen(&mut self, model: usize, now: u64) {
        let wait = self.wait(model);
        let spell = &mut self.models[model];
        if spell.failures > 0 {
            spell.until = now.saturating_add(wait);
        }
    }

    /// A model did not answer.
    pub fn failed(&mut self, model: usize, now: u64) {
        self.models[model].failures = self.models[model].failures.saturating_add(1);
        self.models[model].until = now.saturating_add(self.wait(model));
    }

    /// A model answered.
    pub fn answered(&mut self, model: usize) {
        self.models[model] = Spell::default();
    }

    fn wait(&self, model: usize) -> u64 {
        let doublings = self.models[model].failures.saturating_sub(1).min(LONGEST.ilog2().into());
        self.cooldown.saturating_mul(1 << doublings)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.models.iter().for_each(|spell| out.u64s(&[spell.failures, spell.until]));
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for spell in &mut self.models {
            *spell = Spell { failures: input.u64()?, until: input.u64()? };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Health;
    use crate::model_set::ModelSet;

    #[test]
    fn cools_down_longer_and_longer_and_probes_once() {
        let (all, first) = (ModelSet::all(2), ModelSet::from_bits(0b01));
        let mut health = Health::new(2, 10);
        health.failed(1, 100);
        assert_eq!((health.available(all, 109), health.available(all, 110)), (first, all));
        health.chosen(1, 110);
        assert_eq!((health.available(all, 119), health.available(all, 120)), (first, all));
        health.failed(1, 120);
        assert_eq!((health.available(all, 139), health.available(all, 140)), (first, all));
        health.answered(1);
        assert_eq!(health.available(all, 121), all);
        assert!(!health.is_waiting());
    }

    #[test]
    fn a_request_is_sent_somewhere_in_any_case() {
        let mut health = Health::new(1, 10);
        (0..200).for_each(|_| health.failed(0, 5));
        assert_eq!(health.available(ModelSet::all(1), 6), ModelSet::all(1));
        assert_eq!(health.available(ModelSet::EMPTY, 6), ModelSet::EMPTY);
        assert_eq!(health.models[0].until, 5 + 640);
    }
}
