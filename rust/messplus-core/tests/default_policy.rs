//! Laws of the default policy's learners.

mod common;
mod sessions;

use std::num::NonZeroU32;

use common::{config, controller};
use messplus_core::bayes::{BayesianHeads, LogOdds};
use messplus_core::gaussian::{FULL, Gaussian};
use messplus_core::log_cost::LogCosts;
use messplus_core::{
    Decision, DefaultPolicy, Example, ListedCost, Outcome, Policy, Request, TokenPrice,
};
use proptest::prelude::*;
use sessions::{Session, Step, sessions};

fn default_policy() -> Policy {
    Policy::Default(DefaultPolicy::default())
}

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

proptest! {
    #[test]
    fn probabilities_and_costs_are_finite_for_any_finite_input(
        steps in prop::collection::vec((features(), 0..3_usize, 0.0..=1.0, 0.0..1e18), 1..200),
    ) {
        let mut controller = controller(config(&[0.0, 1e-9, 1e12], default_policy(), 1));
        let mut decision = Decision::with_capacity(3);
        for (step, (features, model, satisfaction, cost)) in steps.into_iter().enumerate() {
            let id = step as u128;
            let request = Request { id, features: Some(&features), ..Request::default() };
            controller.decide(&request, &mut decision).expect("finite features");
            for (p, score) in decision.p_satisfied.iter().zip(&decision.score) {
                prop_assert!(*p > 0.0 && *p < 1.0 && score.is_finite(), "{decision:?}");
            }
            prop_assert!(decision.expected_cost.iter().all(|cost| cost.is_finite() && *cost >= 0.0));
            let (satisfaction, cost) = (Some(satisfaction), Some(cost));
            let outcome = Outcome { model, satisfaction, cost, latency: None };
            controller.observe(id, &[outcome]).expect("a valid outcome");
        }
        let bytes = controller.to_bytes();
        prop_assert!(messplus_core::Controller::from_bytes(&bytes).is_ok());
    }

    /// What every other model would have scored is not known, so it cannot matter: feedback that the
    /// session refuses or never gives leaves all decisions as they are.
    #[test]
    fn no_decision_depends_on_feedback_to_come(steps in sessions(), cut: prop::sample::Index) {
        let cut = cut.index(steps.len());
        let run = |steps: &[Step]| {
            Session::new(controller(config(&[1.0, 3.0], default_policy(), 5))).run(steps).decisions
        };
        let (part, whole) = (run(&steps[..cut]), run(&steps));
        prop_assert_eq!(&part[..], &whole[..part.len()]);
    }

    #[test]
    fn learning_moves_towards_the_rating(x in features(), satisfaction in 0.0..=1.0) {
        let x = x.map(|x| x.clamp(-1.0, 1.0));
        let mut heads = BayesianHeads::new([LogOdds { mean: 1.0, sd: 1.4 }], 3, 1.0);
        let p = |heads: &BayesianHeads| heads.log_odds(0, &x, heads.difficulty(&x)).optimistic(0.0);
        let before = p(&heads);
        heads.learn_one(0, &x, satisfaction);
        let moved = p(&heads) - before;
        prop_assert!(moved * (satisfaction - before) >= 0.0);
    }

    #[test]
    fn one_price_learned_many_times_is_expected(cost in 1e-9..1e9_f64, x in features()) {
        let x = x.map(|x| x.clamp(-1.0, 1.0));
        let mut costs = LogCosts::new([0.0.into()], 3);
        (0..200).for_each(|_| costs.learn_one(0, &x, None, cost));
        let expected = costs.expected(0, &x, costs.length(&x), None);
        prop_assert!((expected / cost - 1.0).abs() < 0.05, "{expected} for {cost}");
    }

    #[test]
    fn prices_per_token_give_finite_costs(
        input in prices(), output in prices(), output_tokens in 1.0..1e9_f64, x in features(),
        bills in prop::collection::vec((any::<u32>(), prop_oneof![Just(0.0), 0.0..1e18_f64]), 0..20),
    ) {
        let x = x.map(|x| x.clamp(-1.0, 1.0));
        let price = TokenPrice { input, output, output_tokens, input_tokens: 500.0 };
        let listed = ListedCost::PerToken(price);
        let mut costs = LogCosts::new([listed.clone(), 1.0.into()], 3);
        for tokens in [1, 812, u32::MAX].map(NonZeroU32::new) {
            let (expected, listed) = (costs.expected(0, &x, 0.0, tokens), listed.of(tokens));
            prop_assert!((expected - listed).abs() <= 1e-9 * listed + 2.0 * f64::MIN_POSITIVE);
        }
        for (tokens, cost) in bills {
            costs.learn_one(0, &x, NonZeroU32::new(tokens), cost);
            for model in 0..2 {
                let expected = costs.expected(model, &x, costs.length(&x), NonZeroU32::new(tokens));
                prop_assert!(expected.is_finite() && expected >= 0.0, "{expected}");
            }
        }
    }
}

/// Every price accepted, those that vanish in a sum and those that vanish altogether among them.
fn prices() -> impl Strategy<Value = f64> {
    prop_oneof![Just(0.0), Just(f64::from_bits(1)), 0.0..1e-300_f64, 0.0..100.0_f64, Just(1e12)]
}

/// Weight of satisfaction in the first decision after this log of a zoo at costs 1 and 10 whose models
/// satisfy by 0.5 and 0.9.
fn first_price(lines: usize) -> f64 {
    let mut controller = controller(config(&[1.0, 10.0], default_policy(), 0));
    for t in 0..lines {
        let model = t % 2;
        let satisfied = if model == 0 { t % 4 < 2 } else { t % 20 != 1 && t % 20 != 11 };
        let outcome = Outcome {
            model,
            satisfaction: Some(f64::from(u8::from(satisfied))),
            cost: Some([1.0, 10.0][model]),
            latency: None,
        };
        let example = Example { features: None, input_tokens: None, outcome };
        controller.warm_start(&example).expect("a line in range");
        assert_eq!(controller.levels()[0].backlog(), 0.0);
    }
    let mut decision = Decision::with_capacity(2);
    controller.decide(&Request::default(), &mut decision).expect("a first request");
    decision.weights.satisfaction
}

#[test]
fn an_old_log_tells_the_price_of_the_first_request() {
    // At (10 - 1) / 10 per (0.9 - 0.5), both models cost the same; a blind router is near that at 0.7.
    let slope = 0.9 / 0.4;
    assert!((first_price(0) - 0.6).abs() < 0.1, "{}", first_price(0));
    assert!((0.6 * slope..1.6 * slope).contains(&first_price(2000)), "{}", first_price(2000));
}
