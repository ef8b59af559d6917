//! Seeded random numbers.

use rand_core::{Rng as _, SeedableRng as _};
use rand_pcg::Pcg64;

/// PCG-64, variant XSL-RR 128/64 (O'Neill, "PCG: A Family of Simple Fast Space-Efficient
/// Statistically Good Algorithms for Random Number Generation", 2014): the same stream on every
/// platform. Everything drawn takes one as an argument.
#[derive(Clone, Debug)]
pub struct Random(Pcg64);

impl Random {
    /// The stream of a seed, whose bits are spread over the whole state first.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Pcg64::seed_from_u64(seed))
    }

    /// A stream that is resumed by its position: state `seed`, stream 0, after `position` numbers.
    #[must_use]
    pub fn at(seed: u64, position: u64) -> Self {
        let mut generator = Pcg64::new(u128::from(seed), 0);
        generator.advance(u128::from(position));
        Self(generator)
    }

    /// Uniform in `[0, 1)`, on a grid of 2^-53; one number of the stream.
    #[inline]
    pub fn uniform(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
    }

    /// Uniform on `0..n`; `n` must be positive.
    #[inline]
    pub fn below(&mut self, n: usize) -> usize {
        // Multiply-shift: the bias is below n / 2^64.
        ((u128::from(self.0.next_u64()) * n as u128) >> 64) as usize
    }

    /// Standard normal (Box and Muller, "A Note on the Generation of Random Normal Deviates",
    /// 1958).
    pub fn normal(&mut self) -> f64 {
        let radius = (-2.0 * libm::log(1.0 - self.uniform())).sqrt();
        radius * libm::cos(std::f64::consts::TAU * self.uniform())
    }

    /// A uniformly random order (Fisher and Yates; Knuth, TAOCP 2, algorithm 3.4.2P).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }

    /// An index with probability proportional to `weights`; where rounding runs past the end, the
    /// last index of positive weight.
    pub fn categorical(&mut self, weights: &[f32]) -> usize {
        let total: f32 = weights.iter().sum();
        let mut left = self.uniform() as f32 * total;
        for (i, &weight) in weights.iter().enumerate() {
            left -= weight;
            if left < 0.0 {
                return i;
            }
        }
        weights.iter().rposition(|&weight| weight > 0.0).unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    // States and figures that are already out there rest on these streams.
    #[test]
    fn streams_are_what_they_have_always_been() {
        let mut random = Random::new(7);
        let uniforms = [random.uniform(), random.uniform()];
        assert_eq!(uniforms, [0.000_506_960_977_034_176_5, 0.231_329_646_970_238_4]);
        assert_eq!((random.below(1000), random.normal()), (901, -1.895_777_199_644_319_8));
        assert_eq!(random.categorical(&[0.5, 0.25, 0.25]), 1);
        let mut order = [0, 1, 2, 3, 4];
        random.shuffle(&mut order);
        assert_eq!((order, random.uniform()), ([4, 2, 3, 1, 0], 0.176_268_119_164_768_37));
        let mut random = Random::at(7, 0);
        let uniforms = [random.uniform(), random.uniform()];
        assert_eq!(uniforms, [0.205_709_084_347_818_32, 0.826_214_560_912_406]);
    }

    #[test]
    fn a_position_resumes_the_stream() {
        let mut random = Random::at(3, 0);
        let uniforms: Vec<_> = (0..1000).map(|_| random.uniform()).collect();
        assert_eq!(Random::at(3, 999).uniform(), uniforms[999]);
    }

    #[test]
    fn uniforms_are_uniform_enough() {
        let mut random = Random::at(7, 0);
        let mean = (0..10_000).map(|_| random.uniform()).sum::<f64>() / 1e4;
        assert!((mean - 0.5).abs() < 0.01, "mean {mean}");
    }

    #[test]
    fn categories_without_weight_are_never_drawn() {
        let mut random = Random::new(1);
        assert!((0..1000).all(|_| random.categorical(&[0.0, 1.0, 0.0]) == 1));
    }
}
