//! Probabilities of actions.

/// Log-probabilities of a softmax over the allowed actions; minus infinity for the others (invalid
/// action masking: Huang and Ontanon, 2022).
pub fn log_softmax(logits: &[f32], allowed: impl Fn(usize) -> bool, out: &mut Vec<f32>) {
    out.clear();
    out.extend(
        logits.iter().enumerate().map(|(a, &v)| if allowed(a) { v } else { f32::NEG_INFINITY }),
    );
    let top = out.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let log_sum = libm::logf(out.iter().map(|v| libm::expf(v - top)).sum::<f32>()) + top;
    out.iter_mut().for_each(|v| *v -= log_sum);
}

#[cfg(test)]
mod tests {
    use super::log_softmax;

    #[test]
    fn masked_probabilities_sum_to_one() {
        let mut out = vec![];
        log_softmax(&[1.0, 50.0, -2.0], |a| a != 1, &mut out);
        assert_eq!(out[1], f32::NEG_INFINITY);
        assert!((out.iter().map(|v| v.exp()).sum::<f32>() - 1.0).abs() < 1e-6);
    }
}
