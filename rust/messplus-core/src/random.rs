//! Reproducible random numbers.

use rand_core::Rng;
use rand_pcg::Pcg64;

use crate::error::Result;
use crate::wire::{Reader, Writer};

/// A stream of uniform numbers that can be saved and resumed: PCG-64 (XSL-RR 128/64), the generator
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

    /// The next number, uniform in `[0, 1)` on a grid of 2^-53.
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
    use super::Draws;

    #[test]
    fn draws_are_uniform_enough() {
        let mut draws = Draws::new(7);
        let mean = (0..10_000).map(|_| draws.uniform()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
    }
}
