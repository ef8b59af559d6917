//! The logistic function, and the inner product behind it.

/// Number of partial sums in [`dot`].
const LANES: usize = 8;

/// `1 / (1 + exp(-z))`, without overflow, for any finite z inside the open interval (0, 1).
pub fn sigmoid(z: f64) -> f64 {
    // Beyond 36 the result would round to 0 or 1, and a log loss to infinity.
    let z = z.clamp(-36.0, 36.0);
    1.0 / (1.0 + libm::exp(-z))
}

/// `sum a_i b_i` over the shorter of both, added in a fixed order of eight partial sums: wide
/// vectors can be used, and every machine gets the same bits.
pub fn dot<A: Copy + Into<f64>, B: Copy + Into<f64>>(a: &[A], b: &[B]) -> f64 {
    let (a_body, a_tail) = a.as_chunks::<LANES>();
    let (b_body, b_tail) = b.as_chunks::<LANES>();
    let mut sums = [0.0; LANES];
    for (a8, b8) in a_body.iter().zip(b_body) {
        for lane in 0..LANES {
            sums[lane] += a8[lane].into() * b8[lane].into();
        }
    }
    let tail: f64 = a_tail.iter().zip(b_tail).map(|(&a, &b)| a.into() * b.into()).sum();
    for half in [4, 2, 1] {
        for lane in 0..half {
            sums[lane] += sums[lane + half];
        }
    }
    sums[0] + tail
}

#[cfg(test)]
mod tests {
    use super::{dot, sigmoid};

    #[test]
    fn sigmoid_stays_inside_the_open_interval() {
        assert_eq!(sigmoid(0.0), 0.5);
        for z in [-1e300, -800.0, -36.0, 36.0, 800.0, 1e300] {
            let p = sigmoid(z);
            assert!(p > 0.0 && p < 1.0, "sigmoid({z}) = {p}");
        }
        assert!((sigmoid(2.0) + sigmoid(-2.0) - 1.0).abs() < 1e-15);
    }

    #[test]
    fn dot_counts_every_element_once() {
        for n in 0..40_u16 {
            let w: Vec<f64> = (0..n).map(|i| f64::from(i) + 1.0).collect();
            let x = vec![2.0_f32; usize::from(n)];
            assert_eq!(dot(&w, &x), f64::from(n) * (f64::from(n) + 1.0));
        }
    }
}
