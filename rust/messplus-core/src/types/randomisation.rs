//! Choices that are left to chance for a share of the requests, with probabilities that are known.

use crate::types::model_set::ModelSet;

/// The model that serves: for a `share` of the requests one drawn uniformly from `among`, else `usual`.
/// `uniform` is a uniform number in `[0, 1)`.
pub(crate) fn serve(among: ModelSet, usual: usize, share: f64, uniform: f64) -> usize {
    #[expect(clippy::cast_sign_loss, reason = "uniform numbers are not negative")]
    let place = (uniform / share * among.len() as f64) as usize;
    let drawn = if uniform < share { among.iter().nth(place) } else { None };
    drawn.unwrap_or(usual)
}

/// The probability with which [`serve`] names `model` of `among`: `(1 - share) [model = usual] + share / K`.
pub(crate) fn propensity(among: ModelSet, usual: usize, share: f64, model: usize) -> f64 {
    let certain = if model == usual { 1.0 - share } else { 0.0 };
    certain + share / among.len() as f64
}

#[cfg(test)]
mod tests {
    use super::{propensity, serve};
    use crate::types::model_set::ModelSet;

    #[test]
    fn serves_with_the_propensity_it_tells() {
        let among = ModelSet::all(4);
        let uniforms = (0..1000).map(|n| (f64::from(n) + 0.5) / 1000.0);
        let served: Vec<usize> = uniforms.map(|uniform| serve(among, 1, 0.4, uniform)).collect();
        let share = |model| served.iter().filter(|&&m| m == model).count();
        assert_eq!([share(0), share(1), share(2), share(3)], [100, 700, 100, 100]);
        assert!((propensity(among, 1, 0.4, 2) - 0.1).abs() < 1e-12);
        assert!((propensity(among, 1, 0.4, 1) - 0.7).abs() < 1e-12);
        assert_eq!((serve(among, 1, 0.0, 0.0), propensity(among, 1, 0.0, 1)), (1, 1.0));
    }
}
