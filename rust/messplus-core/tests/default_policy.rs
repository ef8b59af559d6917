//! Laws of the default policy.

mod common;
mod sessions;

use common::{config, controller};
use messplus_core::{Decision, DefaultConfig, Example, Outcome, PolicyConfig, Request};
use proptest::prelude::*;
use sessions::{Session, Step, sessions};

fn default_policy() -> PolicyConfig {
    PolicyConfig::Default(DefaultConfig::default())
}

/// Any finite features, from subnormal to the largest.
fn features() -> impl Strategy<Value = [f32; 3]> {
    let any_finite = any::<f32>().prop_filter("finite", |x| x.is_finite());
    prop::array::uniform3(prop_oneof![any_finite, -1.0_f32..1.0, Just(f32::MAX), Just(0.0)])
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
    // In units of the geometric mean: at (10 - 1) per (0.9 - 0.5), both models cost the same. Without a
    // log the average starts at 0.7 (10 / unit)^0.7, of which it remembers nine tenths.
    let slope = 9.0 / 10_f64.sqrt() / 0.4;
    assert!((first_price(0) - 1.28).abs() < 0.1, "{}", first_price(0));
    assert!((0.6 * slope..1.6 * slope).contains(&first_price(2000)), "{}", first_price(2000));
}
