//! What the listed costs and qualities of a zoo say before the first rating.

use crate::learn::bayesian_heads::{LogOdds, Prior};
use crate::learn::unit::unit;
use crate::types::zoo::ModelSpec;

/// Variance of a model's own part of the log odds of satisfaction without a listed quality, and with it: a
/// benchmark score counts as much as 50 ratings.
const VARIANCE: f64 = 0.8;
const LISTED_VARIANCE: f64 = 0.1;
/// Log odds where no quality is listed: satisfied three times in four.
const LOG_ODDS: f64 = 1.1;
/// Prices further from the unit than this factor tell no more of a quality than one at it.
const MAX_LOG_PRICE: f64 = 7.0;
/// Dual of satisfaction where qualities are not listed, in units of money, and the power of the most
/// expensive model's listed cost it grows with: one cautious enough to begin with, which useless expensive
/// models drive up less than in proportion.
const INITIAL_DUAL: f64 = 0.7;
const INITIAL_DUAL_POWER: f64 = 0.7;

/// What is believed of a model beforehand, in a zoo whose unit of money is `unit`.
pub fn belief(model: &ModelSpec, unit: f64) -> Prior {
    let cost = model.cost.usual();
    let (mean, variance) = match model.quality {
        Some(quality) => (libm::log(quality / (1.0 - quality)), LISTED_VARIANCE),
        None => (LOG_ODDS, VARIANCE),
    };
    let tells = model.quality.is_none() && cost > 0.0 && unit > 0.0;
    let log_price = if tells { libm::log(cost / unit) } else { 0.0 };
    Prior {
        intercept: LogOdds { mean, sd: variance.sqrt() },
        log_price: log_price.clamp(-MAX_LOG_PRICE, MAX_LOG_PRICE),
    }
}

/// Dual of satisfaction a level starts with, in units of money.
pub fn initial_dual(models: &[ModelSpec], alpha: f64) -> f64 {
    let costs = || models.iter().map(|model| model.cost.usual());
    let most_expensive = costs().fold(0.0, f64::max) / unit(costs()).max(f64::MIN_POSITIVE);
    dual(models, alpha)
        .unwrap_or(INITIAL_DUAL * libm::pow(most_expensive.max(1.0), INITIAL_DUAL_POWER))
}

/// Dual of satisfaction, in units of money, at which the cheapest blind mixture of the models, as they
/// are listed, meets the target `alpha`; beyond the best quality, the dual of that.
///
/// The multiplier of the constraint in `min w . cost` subject to `w . quality >= alpha`: the slope of
/// the lower convex hull of the points (quality, cost) at alpha (Boyd and Vandenberghe, *Convex
/// Optimization*, 2004, ch. 5). `None` unless every model lists its quality and one its cost.
fn dual(models: &[ModelSpec], alpha: f64) -> Option<f64> {
    let unit = unit(models.iter().map(|model| model.cost.usual()));
    let serving = || models.iter().filter(|model| !model.retired);
    if unit <= 0.0 || serving().any(|model| model.quality.is_none()) {
        return None;
    }
    let points = || serving().filter_map(|m| m.quality.map(|q| (q, m.cost.usual() / unit)));
    // Cheapest first; among equals the best.
    let by_cost = |a: &(f64, f64), b: &(f64, f64)| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0));
    let (mut quality, mut cost) = points().min_by(by_cost)?;
    let mut slope = 0.0;
    while quality < alpha {
        let rise = |&(q, c): &(f64, f64)| (c - cost) / (q - quality);
        let better = points().filter(|&(q, _)| q > quality);
        let Some(next) = better.min_by(|a, b| rise(a).total_cmp(&rise(b))) else {
            break;
        };
        slope = rise(&next);
        (quality, cost) = next;
    }
    Some(slope)
}

#[cfg(test)]
mod tests {
    use super::{belief, dual};
    use crate::types::zoo::ModelSpec;

    fn zoo(listed: &[(f64, Option<f64>)]) -> Vec<ModelSpec> {
        let model = |&(cost, quality)| ModelSpec { quality, ..ModelSpec::new("", cost) };
        listed.iter().map(model).collect()
    }

    #[test]
    fn a_listed_quality_counts_as_fifty_ratings() {
        let zoo = zoo(&[(1.0, Some(0.6)), (10.0, None)]);
        let variance = |ratings| belief(&zoo[0], 10.0).intercept.after(ratings).sd.powi(2);
        assert!((variance(50.0) / variance(0.0) - 0.5).abs() < 1e-12);
        // Of the other only the cost is listed: six ratings and a quarter.
        let variance = |ratings| belief(&zoo[1], 10.0).intercept.after(ratings).sd.powi(2);
        assert!((variance(6.25) / variance(0.0) - 0.5).abs() < 1e-12);
        // A quality says it all, a price only where there is no quality.
        assert_eq!(belief(&zoo[0], 100.0).log_price, 0.0);
        assert!((belief(&zoo[1], 100.0).log_price - 0.1_f64.ln()).abs() < 1e-12);
    }

    #[test]
    fn the_dual_is_the_slope_of_the_hull_at_the_target() {
        // The points (.6, 1), (.8, 3), (.9, 10); the model at (.65, 9) is on no mixture.
        let zoo = zoo(&[(1.0, Some(0.6)), (3.0, Some(0.8)), (9.0, Some(0.65)), (10.0, Some(0.9))]);
        let unit = (1.0_f64 * 3.0 * 9.0 * 10.0).powf(0.25);
        let at = |alpha| dual(&zoo, alpha).unwrap() * unit;
        assert_eq!(at(0.5), 0.0);
        assert!((at(0.7) - 10.0).abs() < 1e-9);
        assert!((at(0.85) - 70.0).abs() < 1e-9);
        assert_eq!(at(0.99), at(0.85));
    }

    #[test]
    fn nothing_is_known_unless_every_model_is_listed() {
        assert_eq!(dual(&zoo(&[(1.0, Some(0.6)), (2.0, None)]), 0.7), None);
        assert_eq!(dual(&zoo(&[(0.0, Some(0.6)), (0.0, Some(0.8))]), 0.7), None);
    }

    #[test]
    fn a_model_that_left_does_not_count() {
        let mut zoo = zoo(&[(1.0, Some(0.6)), (2.0, None), (10.0, Some(0.8))]);
        zoo[1].retired = true;
        let unit = 20_f64.cbrt();
        assert!((dual(&zoo, 0.7).unwrap() * unit - 45.0).abs() < 1e-9);
    }
}
