//! Laws of the learners, over any input.

use std::num::NonZeroU32;

use proptest::prelude::*;

use super::bayesian_heads::{BayesianHeads, LogOdds, Prior};
use super::gaussian::{FULL, Gaussian};
use super::log_costs::LogCosts;
use crate::types::price::{ListedCost, TokenPrice};

/// Any finite features, from subnormal to the largest.
fn features() -> impl Strategy<Value = [f32; 3]> {
    let any_finite = any::<f32>().prop_filter("finite", |x| x.is_finite());
    prop::array::uniform3(prop_oneof![any_finite, -1.0_f32..1.0, Just(f32::MAX), Just(0.0)])
}

/// Directions that make a covariance ill-conditioned: nearly parallel, huge next to tiny, one at a
/// time, and pseudo-random.
fn adversarial(t: u64, x: &mut [f32]) {
    let k = x.len() as u64;
    for (i, x) in (0..k).zip(x.iter_mut()) {
        let noise = ((t * 7919 + i * 104_729) as f32 * 0.618_034).fract() - 0.5;
        *x = match t / 1000 % 4 {
            0 => 1.0 + 1e-4 * noise,
            1 if i % 2 == 0 => 4.0 * noise,
            1 => 1e-6 * noise,
            2 => f32::from(u8::from(i == t % k)),
            _ => noise,
        };
    }
}

#[test]
fn covariance_stays_positive_definite_over_a_million_updates() {
    for forgetting in [1.0, 0.99] {
        let mut head = Gaussian::new(12, 1.0, 0.0, 1.0);
        let (mut x, mut probe, mut scratch) = ([0.0; 12], [0.0; 12], [0.0; FULL]);
        for t in 0..500_000_u64 {
            adversarial(t, &mut x);
            head.forget(forgetting);
            let noise = if t % 2 == 0 { 1e-3 } else { 10.0 };
            let residual = f64::from(x[0]) - head.mean(&x);
            head.learn_one(&x, residual, noise + head.variance(&x), &mut scratch);
            if t % 1000 == 0 {
                for direction in 0..20 {
                    adversarial(direction * 333, &mut probe);
                    let variance = head.variance(&probe);
                    assert!(variance > 0.0 && variance < 1e4, "step {t}: {variance}");
                    assert!(head.mean(&probe).is_finite());
                }
            }
        }
    }
}

/// Every price accepted, those that vanish in a sum and those that vanish altogether among them.
fn prices() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(f64::from_bits(1)), 0.0..1e-300_f64, 0.0..100.0_f64, Just(1e12)]
}

proptest! {
    #[test]
    fn learning_moves_towards_the_rating(x in features(), satisfaction in 0.0..=1.0) {
        let x = x.map(|x| x.clamp(-1.0, 1.0));
        let prior = Prior { intercept: LogOdds { mean: 1.0, sd: 1.4 }, log_price: 0.0 };
        let mut heads = BayesianHeads::new([prior], 3, 1.0);
        let p = |heads: &BayesianHeads| heads.log_odds(0, &x, heads.difficulty(&x)).optimistic(0.0);
        let before = p(&heads);
        heads.learn_one(0, &x, satisfaction);
        let moved = p(&heads) - before;
        prop_assert!(moved * (satisfaction - before) >= 0.0);
    }

    #[test]
    fn one_cost_learned_many_times_is_expected(cost in 1e-9..1e9_f64, x in features()) {
        let x = x.map(|x| x.clamp(-1.0, 1.0));
        let mut costs = LogCosts::new([0.0.into()], 3);
        (0..200).for_each(|_| costs.learn_one(0, &x, None, 0, cost));
        let expected = costs.expected(0, &x, costs.length(&x), None, 0);
        prop_assert!((expected / cost - 1.0).abs() < 0.05, "{expected} for {cost}");
    }

    #[test]
    fn prices_per_token_give_finite_costs(
        input in prices(), output in prices(), output_tokens in 1.0..1e9_f64, x in features(),
        costs_seen in prop::collection::vec((any::<u32>(), prop_oneof![Just(0.0), 0.0..1e18_f64]), 0..20),
    ) {
        let x = x.map(|x| x.clamp(-1.0, 1.0));
        let price = TokenPrice { input, output, output_tokens, input_tokens: 500.0, cached_input: None };
        let listed = ListedCost::PerToken(price);
        let mut costs = LogCosts::new([listed.clone(), 1.0.into()], 3);
        for tokens in [1, 812, u32::MAX].map(NonZeroU32::new) {
            let (expected, listed) = (costs.expected(0, &x, 0.0, tokens, 0), listed.of(tokens, 0));
            prop_assert!((expected - listed).abs() <= 1e-9 * listed + 2.0 * f64::MIN_POSITIVE);
        }
        for (tokens, cost) in costs_seen {
            costs.learn_one(0, &x, NonZeroU32::new(tokens), 0, cost);
            for model in 0..2 {
                let expected = costs.expected(model, &x, costs.length(&x), NonZeroU32::new(tokens), 0);
                prop_assert!(expected.is_finite() && expected >= 0.0, "{expected}");
            }
        }
    }
}
