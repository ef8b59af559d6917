//! When to explore: a probability that fades with time, and the draw.

use rand_core::Rng;
use rand_pcg::Pcg64;

use crate::error::Result;
use crate::state::{Reader, Writer};

/// Probability of exploring at time `t >= 1`: `min(1, c / t^(1/4))` (MESS+, exploration).
///
/// The fourth root is two square roots, which every machine rounds alike.
pub fn probability(c: f64, t: f64) -> f64 {
    (c / t.sqrt().sqrt()).min(1.0)
}

/// A stream of uniform draws that can be saved and resumed: PCG-64 (XSL-RR 128/64), the generator
/// `NumPy` calls `PCG64`, seeded with the state `seed` and the stream 0.
#[derive(Clone, Debug)]
pub struct Draws {
    seed: u64,
    count: u64,
    generator: Pcg64,
}

impl Draws {
    /// The stream of this seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, count: 0, generator: Pcg64::new(u128::from(seed), 0) }
    }

    /// The next draw, uniform in `[0, 1)` on a grid of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        self.count += 1;
        (self.generator.next_u64() >> 11) as f64 * (-53f64).exp2()
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.seed);
        out.u64(self.count);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let mut draws = Self::new(input.u64()?);
        draws.count = input.u64()?;
        draws.generator.advance(u128::from(draws.count));
        Ok(draws)
    }
}

#[cfg(test)]
mod tests {
    use super::{Draws, probability};

    #[test]
    fn probability_fades_with_the_fourth_root() {
        assert_eq!(probability(0.1, 1.0), 0.1);
        assert_eq!(probability(0.5, 16.0), 0.25);
        assert_eq!(probability(3.0, 16.0), 1.0);
        assert_eq!(probability(0.0, 5.0), 0.0);
    }

    #[test]
    fn draws_are_uniform_enough() {
        let mut draws = Draws::new(7);
        let mean = (0..10_000).map(|_| draws.uniform()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
    }
}
