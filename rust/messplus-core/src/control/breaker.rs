//! Circuit breakers: a model whose calls keep failing rests, and is then tried with one call at a time.

use messplus_base::names;
use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::types::model_set::ModelSet;

/// A circuit opens once half of the last `WINDOW` calls have failed, or of fewer where there were no more,
/// but at least `TRIP`. Where one call in twenty fails by chance, that happens once in 50 million.
const WINDOW: u64 = 20;
const TRIP: u32 = 5;
/// A rest doubles with every failed probe up to this many times, and lasts an hour at most unless
/// the first one is longer.
const DOUBLINGS: u32 = 6;
const LONGEST_BACKOFF: u64 = 3600;
/// The longest rest that a provider may ask for, in seconds.
const LONGEST_RETRY_AFTER: u64 = 86_400;

/// Why a call brought no answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Failure {
    /// The provider refused for now; with a time to wait, it is left alone for that long.
    RateLimit,
    /// No answer in time.
    Timeout,
    /// Any other error.
    #[default]
    Error,
    /// The prompt is too long for the model: nothing is wrong with the model.
    ContextWindow,
}

names!(Failure: "kind" {
    RateLimit => "rate_limit",
    Timeout => "timeout",
    Error => "error",
    ContextWindow => "context_window",
});

/// One circuit per model (Nygard, *Release It!*, 2007: closed, open, half-open).
///
/// A circuit opens on a failure *rate*: when half of twenty calls in a row, by the order in which they
/// were decided, have failed. Calls nobody reports a failure of have succeeded; so neither unrated
/// calls nor failures that arrive in a burst, long after many later calls went out, open it by
/// themselves. While it is open the model rests for `cooldown` seconds. Then it is half open: one
/// call goes out as a probe and the model rests again. An answer closes the circuit, a failure
/// doubles the rest, up to 64 times or an hour; silence until the next probe halves it again.
#[derive(Clone, Debug, PartialEq)]
pub struct CircuitBreaker {
    cooldown: u64,
    circuits: Vec<Circuit>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Circuit {
    /// Calls decided.
    calls: u64,
    /// Number of the latest call that failed, and which of the 64 calls up to it failed, one bit each.
    last_failed: u64,
    failed: u64,
    /// Failed probes plus one while open or half open; zero while closed.
    level: u32,
    /// Calls decided when it opened or closed last: what becomes of them tells nothing new.
    opened: u64,
    /// The time from which the model may be chosen.
    until: u64,
}

impl Circuit {
    /// Whether half of the calls up to the latest that failed did so.
    fn keeps_failing(&self) -> bool {
        let calls = self.last_failed.saturating_sub(self.opened).min(WINDOW);
        let failures = (self.failed & ((1 << WINDOW) - 1)).count_ones();
        failures >= TRIP && 2 * u64::from(failures) >= calls
    }

    fn mark(&mut self, call: u64) {
        if call > self.last_failed {
            let shift = u32::try_from(call - self.last_failed).unwrap_or(u32::MAX);
            self.failed = self.failed.checked_shl(shift).unwrap_or(0) | 1;
            self.last_failed = call;
        } else {
            let age = u32::try_from(self.last_failed - call).unwrap_or(u32::MAX);
            self.failed |= 1_u64.checked_shl(age).unwrap_or(0);
        }
    }

    fn close(&mut self) {
        *self = Self { calls: self.calls, opened: self.calls, ..Self::default() };
    }
}

impl CircuitBreaker {
    /// All circuits closed; `cooldown` is the first rest in seconds, zero for none at all.
    pub fn new(n_models: usize, cooldown: u64) -> Self {
        Self { cooldown, circuits: vec![Circuit::default(); n_models] }
    }

    /// A model joins, its circuit closed.
    pub fn add(&mut self) {
        self.circuits.push(Circuit::default());
    }

    /// Whether the time matters: some model rests or is probed.
    pub fn is_resting(&self) -> bool {
        self.circuits.iter().any(|circuit| circuit.level > 0 || circuit.until > 0)
    }

    /// The models of `allowed` that may be chosen now, or all of them where none may: a request must be
    /// sent somewhere.
    pub fn available(&self, allowed: ModelSet, now: u64) -> ModelSet {
        let ready = allowed.iter().filter(|&model| self.circuits[model].until <= now).collect();
        if ModelSet::is_empty(ready) { allowed } else { ready }
    }

    /// A call of a model is decided; its number.
    pub fn call(&mut self, model: usize, now: u64) -> u64 {
        let circuit = &mut self.circuits[model];
        circuit.calls += 1;
        if circuit.level == 0 {
            circuit.until = if circuit.until <= now { 0 } else { circuit.until };
        } else if circuit.until <= now {
            let probed = circuit.calls > circuit.opened + 1;
            if probed {
                // The probe before this one has not been heard of: it will have been answered.
                circuit.level -= 1;
            }
            if circuit.level == 0 {
                circuit.close();
            } else {
                circuit.until = now.saturating_add(rest(self.cooldown, circuit.level));
            }
        }
        self.circuits[model].calls
    }

    /// The call with this number, or one that nobody decided, failed.
    pub fn fail(
        &mut self,
        model: usize,
        call: Option<u64>,
        kind: Failure,
        retry_after: Option<u64>,
        now: u64,
    ) {
        if self.cooldown == 0 || kind == Failure::ContextWindow {
            return;
        }
        let circuit = &mut self.circuits[model];
        if let (Failure::RateLimit, Some(seconds)) = (kind, retry_after) {
            let until = now.saturating_add(seconds.min(LONGEST_RETRY_AFTER));
            circuit.until = circuit.until.max(until);
            return;
        }
        let call = call.unwrap_or_else(|| {
            circuit.calls += 1;
            circuit.calls
        });
        circuit.mark(call);
        if call <= circuit.opened {
            return;
        }
        if circuit.level > 0 || circuit.keeps_failing() {
            circuit.level = (circuit.level + 1).min(DOUBLINGS + 1);
            circuit.opened = circuit.calls;
            circuit.until = now.saturating_add(rest(self.cooldown, circuit.level));
        }
    }

    /// The call with this number, or one that nobody decided, was answered.
    pub fn answer(&mut self, model: usize, call: Option<u64>) {
        let circuit = &mut self.circuits[model];
        if call.is_none() {
            circuit.calls += 1;
        }
        if circuit.level > 0 && call.is_none_or(|call| call > circuit.opened) {
            circuit.close();
        }
    }

    /// The call with this number was never made: where it was the latest, the next one takes its number,
    /// and its part as a probe.
    pub fn cancel(&mut self, model: usize, call: u64, now: u64) {
        let circuit = &mut self.circuits[model];
        if call == circuit.calls && call > circuit.opened {
            circuit.calls -= 1;
            if circuit.level > 0 {
                circuit.until = circuit.until.min(now);
            }
        }
    }

    /// Another first rest, from the next time that a circuit opens.
    pub fn set_cooldown(&mut self, cooldown: u64) {
        self.cooldown = cooldown;
        if cooldown == 0 {
            self.circuits.iter_mut().for_each(Circuit::close);
        }
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        for circuit in &self.circuits {
            let Circuit { calls, last_failed, failed, level, opened, until } = *circuit;
            out.u64s(&[calls, last_failed, failed, level.into(), opened, until]);
        }
    }

    /// Read what [`encode`](Self::encode) wrote at the time `now`; no rest outlasts the longest.
    pub(crate) fn decode(&mut self, input: &mut Reader<'_>, now: u64) -> Result<()> {
        if input.found_format() < 3 {
            // What an older format knew of failures is over by now.
            return input.u64s(&mut vec![0; 2 * self.circuits.len()]).map_err(Error::from);
        }
        let longest = now.saturating_add(LONGEST_RETRY_AFTER.max(self.cooldown));
        for circuit in &mut self.circuits {
            let mut fields = [0; 6];
            input.u64s(&mut fields)?;
            let [calls, last_failed, failed, level, opened, until] = fields;
            let level = u32::try_from(level).ok().filter(|&level| level <= DOUBLINGS + 1);
            let level =
                level.ok_or_else(|| Error::state("rests must double at most 6 times", calls))?;
            if last_failed.max(opened) > calls {
                return Err(Error::state("failed calls must have been decided", last_failed));
            }
            let until = until.min(longest);
            *circuit = Circuit { calls, last_failed, failed, level, opened, until };
        }
        Ok(())
    }
}

/// Seconds that a model rests at a level `>= 1`.
fn rest(cooldown: u64, level: u32) -> u64 {
    let longest = LONGEST_BACKOFF.max(cooldown);
    cooldown.saturating_mul(1 << (level - 1).min(DOUBLINGS)).min(longest)
}

#[cfg(test)]
mod tests {
    use super::{CircuitBreaker, Failure, LONGEST_RETRY_AFTER};
    use crate::types::model_set::ModelSet;

    fn first() -> ModelSet {
        ModelSet::from_bits(1)
    }

    fn fail(breaker: &mut CircuitBreaker, call: u64, now: u64) {
        breaker.fail(1, Some(call), Failure::Error, None, now);
    }

    /// Decide calls of model 1 that fail at once until it rests; how many that takes.
    fn failures_until_open(breaker: &mut CircuitBreaker, now: u64) -> usize {
        (1..=20)
            .find(|_| {
                let call = breaker.call(1, now);
                fail(breaker, call, now);
                !breaker.available(ModelSet::all(2), now).contains(1)
            })
            .expect("opens")
    }

    #[test]
    fn five_failures_in_a_row_open_it_and_one_in_three_does_not() {
        let mut breaker = CircuitBreaker::new(2, 10);
        assert_eq!(failures_until_open(&mut breaker.clone(), 0), 5);
        // Every third call fails, for ever.
        for n in 0..3000 {
            let call = breaker.call(1, n);
            if n % 3 == 0 {
                fail(&mut breaker, call, n);
            }
            assert_eq!(breaker.available(ModelSet::all(2), n), ModelSet::all(2));
        }
    }

    #[test]
    fn a_burst_of_late_failures_among_many_calls_does_not_open_it() {
        let mut breaker = CircuitBreaker::new(2, 10);
        let calls: Vec<u64> = (0..1000).map(|_| breaker.call(1, 0)).collect();
        calls.iter().step_by(50).for_each(|&call| fail(&mut breaker, call, 60));
        assert!(!breaker.is_resting());
    }

    #[test]
    fn rests_longer_and_longer_and_probes_once() {
        let (all, first) = (ModelSet::all(2), first());
        let mut breaker = CircuitBreaker::new(2, 10);
        failures_until_open(&mut breaker, 100);
        assert_eq!((breaker.available(all, 109), breaker.available(all, 110)), (first, all));
        let probe = breaker.call(1, 110);
        assert_eq!((breaker.available(all, 119), breaker.available(all, 120)), (first, all));
        fail(&mut breaker, probe, 112);
        assert_eq!((breaker.available(all, 131), breaker.available(all, 132)), (first, all));
        let probe = breaker.call(1, 132);
        breaker.answer(1, Some(probe));
        assert_eq!(breaker.available(all, 132), all);
        assert!(!breaker.is_resting());
    }

    #[test]
    fn calls_decided_before_it_opened_tell_nothing_new() {
        let mut breaker = CircuitBreaker::new(2, 10);
        let calls: Vec<u64> = (0..300).map(|_| breaker.call(1, 0)).collect();
        calls[..200].iter().for_each(|&call| fail(&mut breaker, call, 1));
        calls[200..].iter().for_each(|&call| breaker.answer(1, Some(call)));
        assert_eq!(breaker.available(ModelSet::all(2), 10), first());
        assert_eq!(breaker.available(ModelSet::all(2), 11), ModelSet::all(2));
    }

    #[test]
    fn silence_after_probes_closes_it_step_by_step() {
        let mut breaker = CircuitBreaker::new(2, 10);
        failures_until_open(&mut breaker, 0);
        let mut now = 10;
        for _ in 0..3 {
            let probe = breaker.call(1, now);
            fail(&mut breaker, probe, now);
            now += 1000;
        }
        // Four levels: the first probe, then one level down with each that is not heard of.
        let silent = (0..10).find(|_| {
            breaker.call(1, now);
            now += 1000;
            !breaker.is_resting()
        });
        assert_eq!(silent, Some(4));
    }

    #[test]
    fn a_rate_limit_rests_the_model_for_as_long_as_it_says_but_not_for_ever() {
        let mut breaker = CircuitBreaker::new(2, 10);
        let call = breaker.call(1, 50);
        breaker.fail(1, Some(call), Failure::RateLimit, Some(12), 50);
        assert_eq!(breaker.available(ModelSet::all(2), 61), first());
        assert_eq!(breaker.available(ModelSet::all(2), 62), ModelSet::all(2));
        breaker.call(1, 62);
        assert!(!breaker.is_resting());
        breaker.fail(1, Some(call), Failure::RateLimit, Some(u64::MAX), 100);
        let later = 100 + LONGEST_RETRY_AFTER;
        assert_eq!(breaker.available(ModelSet::all(2), later), ModelSet::all(2));
    }

    #[test]
    fn long_prompts_are_no_fault_of_the_model_and_no_cooldown_means_none() {
        let mut breaker = CircuitBreaker::new(2, 10);
        let mut never = CircuitBreaker::new(2, 0);
        for _ in 0..50 {
            let call = breaker.call(1, 0);
            breaker.fail(1, Some(call), Failure::ContextWindow, None, 0);
            let call = never.call(1, 0);
            fail(&mut never, call, 0);
        }
        assert!(!breaker.is_resting() && !never.is_resting());
    }

    #[test]
    fn a_request_is_sent_somewhere_in_any_case() {
        let mut breaker = CircuitBreaker::new(1, 10);
        (0..200).for_each(|_| breaker.fail(0, None, Failure::Timeout, None, 5));
        assert_eq!(breaker.available(ModelSet::all(1), 6), ModelSet::all(1));
        assert_eq!(breaker.available(ModelSet::EMPTY, 6), ModelSet::EMPTY);
    }
}
