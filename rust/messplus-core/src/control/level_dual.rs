//! The dual variable of a service level, and whether the level can be met at all.

use messplus_base::wire::{Reader, Writer};

use super::WINDOW;
use super::multiplier::Multiplier;
use crate::error::{Error, Result};

/// The dual variable lambda of a service level: what a unit of satisfaction is worth to it.
#[derive(Clone, Debug)]
pub(crate) struct LevelDual {
    pub multiplier: Multiplier,
    /// Running mean of the probability of satisfaction of the best model per request.
    ceiling: f64,
    decided: f64,
}

impl LevelDual {
    /// `dual` is its value for the first request, in units of money.
    pub fn new(dual: f64) -> Self {
        Self { multiplier: Multiplier::new(dual), ceiling: 1.0, decided: 0.0 }
    }

    /// Take note of the best model's probability of satisfaction.
    pub fn see(&mut self, best: f64) {
        self.decided += 1.0;
        self.ceiling += (best - self.ceiling) / self.decided.min(WINDOW);
    }

    /// Whether the best models are expected to stay below the target.
    pub fn is_beyond(&self, alpha: f64) -> bool {
        self.ceiling < alpha
    }

    pub fn encode(&self, out: &mut Writer) {
        self.multiplier.encode(out);
        out.f64s(&[self.ceiling, self.decided]);
    }

    pub fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.multiplier.decode(input)?;
        self.ceiling = input.f64()?;
        self.decided = input.f64()?;
        if self.decided < 0.0 {
            return Err(Error::state("counts must be >= 0", self.decided));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::LevelDual;

    #[test]
    fn sees_when_no_model_is_good_enough() {
        let mut level = LevelDual::new(0.0);
        (0..100).for_each(|_| level.see(0.7));
        assert!(level.is_beyond(0.8) && !level.is_beyond(0.6));
        assert!(!level.multiplier.is_saturated());
    }
}
