//! What the listed costs and qualities of a zoo say before the first rating.

use crate::learn::bayesian_heads::LogOdds;
use crate::types::zoo::ModelSpec;

/// Variance of the log odds of satisfaction of a model without a listed quality, and of one with it: a
/// benchmark score counts as much as 50 ratings.
const VARIANCE: f64 = 2.0;
const LISTED_VARIANCE: f64 = 0.1;
/// Log odds of the most expensive model where no quality is listed, and by how much they fall per
/// factor of e in cost: 0.79 for the most expensive, 0.75 for one at a tenth.
const LOG_ODDS: f64 = 1.3;
const LOG_ODDS_PER_LN_COST: f64 = 0.08;
const LOG_ODDS_OF_UNKNOWN_COST: f64 = 1.0;
/// Dual of satisfaction where qualities are not listed, in costs of the most expensive model.
const INITIAL_DUAL: f64 = 0.7;

/// Highest listed cost of a request; zero where none is listed.
pub fn most_expensive(models: &[ModelSpec]) -> f64 {
    models.iter().map(|model| model.cost.usual()).fold(0.0, f64::max)
}

/// Belief about the log odds of a model's mean satisfaction, in a zoo whose most expensive model is
/// listed at this cost.
pub fn log_odds(model: &ModelSpec, most_expensive: f64) -> LogOdds {
    let cost = model.cost.usual();
    let (mean, variance) = match model.quality {
        Some(quality) => (libm::log(quality / (1.0 - quality)), LISTED_VARIANCE),
        None if cost > 0.0 => {
            (LOG_ODDS + LOG_ODDS_PER_LN_COST * libm::log(cost / most_expensive), VARIANCE)
        }
        None => (LOG_ODDS_OF_UNKNOWN_COST, VARIANCE),
    };
    LogOdds { mean, sd: variance.sqrt() }
}

/// Dual of satisfaction a level starts with, in costs of the most expensive model.
pub fn initial_dual(models: &[ModelSpec], alpha: f64) -> f64 {
    dual(models, alpha).unwrap_or(INITIAL_DUAL)
}

/// Dual of satisfaction, in costs of the most expensive model, at which the cheapest blind mixture of
/// the models, as they are listed, meets the target `alpha`; beyond the best quality, the dual of
/// that.
///
/// The multiplier of the constraint in `min w . cost` subject to `w . quality >= alpha`: the slope of
/// the lower convex hull of the points (quality, cost) at alpha (Boyd and Vandenberghe, *Convex
/// Optimization*, 2004, ch. 5). `None` unless every model lists its quality and one its cost.
fn dual(models: &[ModelSpec], alpha: f64) -> Option<f64> {
    let unit = most_expensive(models);
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
    use super::{dual, log_odds};
    use crate::types::zoo::ModelSpec;

    fn zoo(listed: &[(f64, Option<f64>)]) -> Vec<ModelSpec> {
        let model = |&(cost, quality)| ModelSpec { quality, ..ModelSpec::new("", cost) };
        listed.iter().map(model).collect()
    }

    #[test]
    fn a_listed_quality_counts_as_fifty_ratings() {
        let zoo = zoo(&[(1.0, Some(0.6)), (10.0, None)]);
        let variance = |ratings| log_odds(&zoo[0], 10.0).after(ratings).sd.powi(2);
        assert!((variance(50.0) / variance(0.0) - 0.5).abs() < 1e-12);
        // Of the other only the cost is listed: two ratings and a half.
        let variance = |ratings| log_odds(&zoo[1], 10.0).after(ratings).sd.powi(2);
        assert!((variance(2.5) / variance(0.0) - 0.5).abs() < 1e-12);
        assert!(log_odds(&zoo[0], 10.0).mean < log_odds(&zoo[1], 10.0).mean);
    }

    #[test]
    fn the_dual_is_the_slope_of_the_hull_at_the_target() {
        // In costs of the most expensive: (.6, .1), (.8, .3), (.9, 1); the model at (.65, .9) is on
        // no mixture.
        let zoo = zoo(&[(1.0, Some(0.6)), (3.0, Some(0.8)), (9.0, Some(0.65)), (10.0, Some(0.9))]);
        let at = |alpha| dual(&zoo, alpha).unwrap();
        assert_eq!(at(0.5), 0.0);
        assert!((at(0.7) - 1.0).abs() < 1e-12);
        assert!((at(0.85) - 7.0).abs() < 1e-12);
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
        assert!((dual(&zoo, 0.7).unwrap() - 4.5).abs() < 1e-12);
    }
}
