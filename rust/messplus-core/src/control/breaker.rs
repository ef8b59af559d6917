//! Models whose calls fail: left alone for a while, then tried again.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;
use crate::types::model_set::ModelSet;

/// The longest cool-down, as a multiple of the first.
const LONGEST: u64 = 64;

/// One circuit breaker per model (Nygard, *Release It!*, 2007).
///
/// A failure opens a model's circuit for `cooldown` seconds, twice as long with every further failure in
/// a row. Then it is half open: the model may be chosen once, as a probe, and not again for another
/// cool-down, unless an outcome shows that it answers. Any outcome closes the circuit.
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitBreaker {
    cooldown: u64,
    circuits: Vec<Circuit>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Circuit {
    /// Failures in a row.
    failures: u64,
    /// The time from which the model may be chosen.
    open_until: u64,
}

impl CircuitBreaker {
    /// Every circuit closed; `cooldown` in seconds.
    pub fn new(n_models: usize, cooldown: u64) -> Self {
        Self { cooldown, circuits: vec![Circuit::default(); n_models] }
    }

    /// A model joins, its circuit closed.
    pub fn add(&mut self) {
        self.circuits.push(Circuit::default());
    }

    /// Whether time matters: some model has failed and not answered since.
    pub fn has_failures(&self) -> bool {
        self.circuits.iter().any(|circuit| circuit.failures > 0)
    }

    /// The models of `allowed` that may be chosen now, or all of them where none may: a request must be
    /// sent somewhere.
    pub fn available(&self, allowed: ModelSet, now: u64) -> ModelSet {
        let ready =
            allowed.iter().filter(|&model| self.circuits[model].open_until <= now).collect();
        if ModelSet::is_empty(ready) { allowed } else { ready }
    }

    /// A model was chosen: where it had failed, this is its probe.
    pub fn record_call(&mut self, model: usize, now: u64) {
        let wait = self.wait(model);
        let circuit = &mut self.circuits[model];
        if circuit.failures > 0 {
            circuit.open_until = now.saturating_add(wait);
        }
    }

    /// A model did not answer.
    pub fn record_failure(&mut self, model: usize, now: u64) {
        self.circuits[model].failures = self.circuits[model].failures.saturating_add(1);
        self.circuits[model].open_until = now.saturating_add(self.wait(model));
    }

    /// A model answered.
    pub fn record_answer(&mut self, model: usize) {
        self.circuits[model] = Circuit::default();
    }

    fn wait(&self, model: usize) -> u64 {
        let doublings = self.circuits[model].failures.saturating_sub(1).min(LONGEST.ilog2().into());
        self.cooldown.saturating_mul(1 << doublings)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.circuits.iter().for_each(|circuit| out.u64s(&[circuit.failures, circuit.open_until]));
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        for circuit in &mut self.circuits {
            *circuit = Circuit { failures: input.u64()?, open_until: input.u64()? };
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::CircuitBreaker;
    use crate::types::model_set::ModelSet;

    #[test]
    fn cools_down_longer_and_longer_and_probes_once() {
        let (all, first) = (ModelSet::all(2), ModelSet::from_bits(0b01));
        let mut breaker = CircuitBreaker::new(2, 10);
        breaker.record_failure(1, 100);
        assert_eq!((breaker.available(all, 109), breaker.available(all, 110)), (first, all));
        breaker.record_call(1, 110);
        assert_eq!((breaker.available(all, 119), breaker.available(all, 120)), (first, all));
        breaker.record_failure(1, 120);
        assert_eq!((breaker.available(all, 139), breaker.available(all, 140)), (first, all));
        breaker.record_answer(1);
        assert_eq!(breaker.available(all, 121), all);
        assert!(!breaker.has_failures());
    }

    #[test]
    fn a_request_is_sent_somewhere_in_any_case() {
        let mut breaker = CircuitBreaker::new(1, 10);
        (0..200).for_each(|_| breaker.record_failure(0, 5));
        assert_eq!(breaker.available(ModelSet::all(1), 6), ModelSet::all(1));
        assert_eq!(breaker.available(ModelSet::EMPTY, 6), ModelSet::EMPTY);
        assert_eq!(breaker.circuits[0].open_until, 5 + 640);
    }
}
