//! Reproducible random numbers.

use messplus_base::Random;
use messplus_base::wire::{Reader, Result, Writer};

/// A stream of uniform numbers that is saved as its seed and its position.
#[derive(Clone, Debug)]
pub struct Uniforms {
    seed: u64,
    count: u64,
    random: Random,
}

impl Uniforms {
    /// The stream of this seed, from its beginning.
    pub fn new(seed: u64) -> Self {
        Self { seed, count: 0, random: Random::at(seed, 0) }
    }

    /// The next number, uniform in `[0, 1)` on a grid of 2^-53.
    pub fn uniform(&mut self) -> f64 {
        self.count += 1;
        self.random.uniform()
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.seed, self.count]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let (seed, count) = (input.u64()?, input.u64()?);
        Ok(Self { seed, count, random: Random::at(seed, count) })
    }
}

#[cfg(test)]
mod tests {
    use messplus_base::wire::{Reader, Writer};

    use super::Uniforms;

    #[test]
    fn a_saved_stream_goes_on() {
        let mut uniforms = Uniforms::new(7);
        (0..100).for_each(|_| assert!(uniforms.uniform() < 1.0));
        let mut out = Writer::default();
        uniforms.encode(&mut out);
        let mut resumed = Uniforms::decode(&mut Reader::new(out.as_bytes())).unwrap();
        assert_eq!(resumed.uniform(), uniforms.uniform());
    }
}
