//! The unit of money of a zoo.

/// A mean counts as at least this share of the largest: one model whose calls are billed at next to
/// nothing does not shrink the unit without end.
const SMALLEST_SHARE: f64 = 1e-4;
const FIXED: f64 = (1_u64 << 44) as f64;

/// Geometric mean of the mean costs of a zoo's models, those that cost nothing left out; zero if all do.
///
/// What a unit of satisfaction is worth is counted in it. The most expensive mean would scale with one
/// useless expensive model, the arithmetic mean nearly so.
pub fn unit(means: impl Iterator<Item = f64> + Clone) -> f64 {
    let floor = SMALLEST_SHARE * means.clone().fold(0.0, f64::max);
    let (mut sum, mut n) = (0_i64, 0.0);
    for mean in means.filter(|&mean| mean > 0.0) {
        sum += fixed(libm::log(mean.max(floor)));
        n += 1.0;
    }
    if n > 0.0 { libm::exp(sum as f64 / FIXED / n) } else { 0.0 }
}

/// Logarithms are added in fixed point: in whatever order the models are, the sum has the same bits.
#[expect(clippy::cast_possible_truncation, reason = "a logarithm of a cost is below 2^10")]
fn fixed(log: f64) -> i64 {
    (log * FIXED).round() as i64
}

#[cfg(test)]
mod tests {
    use super::unit;

    #[test]
    fn a_model_a_hundred_times_as_expensive_moves_it_by_a_root() {
        let of = |means: &[f64]| unit(means.iter().copied());
        assert!((of(&[1.0, 100.0]) - 10.0).abs() < 1e-12);
        assert!((of(&[2.0, 2.0, 0.0, 200.0]) / of(&[2.0, 2.0, 2.0]) - 100_f64.cbrt()).abs() < 1e-9);
        assert_eq!(of(&[0.0, 0.0]), 0.0);
    }

    #[test]
    fn the_order_of_the_models_changes_no_bit() {
        let mut means: Vec<f64> = (0..40).map(|m| 0.1 + f64::from(m * m % 17)).collect();
        let before = unit(means.iter().copied());
        means.rotate_left(7);
        means.swap(3, 30);
        assert_eq!(unit(means.into_iter()).to_bits(), before.to_bits());
    }

    #[test]
    fn bills_of_next_to_nothing_move_it_so_far_and_no_further() {
        let of = |means: [f64; 2]| unit(means.into_iter());
        assert_eq!(of([1e-9, 1.0]), of([1e-300, 1.0]));
    }
}
