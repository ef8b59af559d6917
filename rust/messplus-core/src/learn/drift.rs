//! Whether outcomes no longer match what was predicted.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Drift by less than this many standard deviations per outcome is tolerated.
const ALLOWANCE: f64 = 0.25;
/// The sum that raises an alarm. With errors that are standard normal there is one false alarm in
/// about two million outcomes (Siegmund, *Sequential Analysis*, 1985, ch. II), with ratings that are
/// 1 nine times out of ten one in some 200,000; a lasting shift by one deviation is found after about
/// 35.
const THRESHOLD: f64 = 25.0;
/// An outlier counts at most this many deviations.
const MAX_ERROR: f64 = 3.0;
/// What an alarm multiplies the precision of a belief by: what was learned counts like a fiftieth of
/// its outcomes.
pub(crate) const FORGETTING: f32 = 0.02;

/// Cumulative sums of standardised errors, one per direction (Page, *Continuous inspection schemes*,
/// Biometrika 41, 1954):
///
/// ```text
/// S+ = max(0, S+ + e - 0.25)      S- = max(0, S- - e - 0.25)      alarm beyond 25
/// ```
///
/// An alarm empties both.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Drift {
    above: f64,
    below: f64,
    alarms: u64,
}

impl Drift {
    /// Take note of an error in units of its expected standard deviation; whether that is an alarm.
    pub fn observe(&mut self, error: f64) -> bool {
        let error = error.clamp(-MAX_ERROR, MAX_ERROR);
        self.above = (self.above + error - ALLOWANCE).max(0.0);
        self.below = (self.below - error - ALLOWANCE).max(0.0);
        let alarm = self.above.max(self.below) > THRESHOLD;
        if alarm {
            *self = Self { alarms: self.alarms + 1, ..Self::default() };
        }
        alarm
    }

    /// Alarms so far.
    pub fn alarms(&self) -> u64 {
        self.alarms
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64s(&[self.above, self.below]);
        out.u64(self.alarms);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let drift = Self { above: input.f64()?, below: input.f64()?, alarms: input.u64()? };
        let least = drift.above.min(drift.below);
        if least < 0.0 {
            return Err(Error::state("sums of errors must be >= 0", least));
        }
        Ok(drift)
    }
}

#[cfg(test)]
mod tests {
    use messplus_base::Random;

    use super::Drift;

    #[test]
    fn false_alarms_are_as_rare_as_stated() {
        let (mut random, mut drift) = (Random::new(1), Drift::default());
        (0..2_000_000).for_each(|_| _ = drift.observe(random.normal()));
        // One is expected.
        assert!((0..=6).contains(&drift.alarms()), "{}", drift.alarms());
    }

    #[test]
    fn skewed_ratings_raise_more_but_few() {
        let (mut random, mut drift) = (Random::new(2), Drift::default());
        for _ in 0..2_000_000 {
            let error = if random.uniform() < 0.9 { 0.1 } else { -0.9 };
            drift.observe(error / 0.3);
        }
        assert!((1..=40).contains(&drift.alarms()), "{}", drift.alarms());
    }

    #[test]
    fn shifts_either_way_are_found_soon() {
        for direction in [-1.0, 1.0] {
            let mut worst = 0;
            for seed in 0..100 {
                let (mut random, mut drift) = (Random::new(seed), Drift::default());
                let found = (1..=1000).find(|_| drift.observe(random.normal() + direction));
                worst = worst.max(found.expect("found"));
            }
            assert!((25..=80).contains(&worst), "{worst}");
        }
    }
}
