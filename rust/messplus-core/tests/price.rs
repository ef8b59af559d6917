//! The price of satisfaction: no higher than agreed, and counted where it would be.

mod common;
mod sessions;

use common::{N_FEATURES, config, controller};
use messplus_core::{
    Amendment, Config, Controller, Decision, DefaultConfig, EpsilonGreedyConfig, Objective,
    Operation, Outcome, PaperConfig, PolicyConfig, Request,
};
use proptest::prelude::*;
use sessions::{Session, sessions};

fn policies() -> impl Strategy<Value = PolicyConfig> {
    prop_oneof![
        Just(PolicyConfig::Default(DefaultConfig::default())),
        Just(PolicyConfig::Paper(PaperConfig { v: 0.5, ..PaperConfig::default() })),
        Just(PolicyConfig::EpsilonGreedy(EpsilonGreedyConfig::default())),
    ]
}

fn capped(max_price: f64, policy: PolicyConfig) -> Config {
    let operation = Operation { max_price, ..Operation::default() };
    Config { operation, ..config(&[0.5, 1.0, 8.0], policy, 7) }
}

fn default_policy() -> PolicyConfig {
    PolicyConfig::Default(DefaultConfig { exploration: 0.0, ..DefaultConfig::default() })
}

/// Route and rate so many requests, on which only the most expensive model satisfies, or none does: the
/// share that it served.
fn route(controller: &mut Controller, n: u128, any: bool) -> f64 {
    let mut decision = Decision::with_capacity(3);
    let mut dear = 0;
    for _ in 0..n {
        let id = u128::from(controller.step());
        let request = Request { id, features: Some(&[0.5; N_FEATURES]), ..Request::default() };
        controller.decide(&request, &mut decision).expect("a valid request");
        let model = decision.model;
        dear += u32::from(model == 2);
        let satisfaction = Some(f64::from(u8::from(any && model == 2)));
        let cost = Some([0.5, 1.0, 8.0][model]);
        let outcome = Outcome { model, satisfaction, cost, latency: None };
        controller.observe(id, &[outcome]).expect("valid feedback");
    }
    f64::from(dear) / n as f64
}

proptest! {
    #[test]
    fn no_more_is_paid_for_satisfaction(
        policy in policies(), max_price in 0.0..20.0, steps in sessions(),
    ) {
        let session = Session::new(controller(capped(max_price, policy))).run(&steps);
        for decision in &session.decisions {
            let weights = decision.weights;
            prop_assert!(weights.satisfaction <= max_price * weights.cost * (1.0 + 1e-12));
        }
        let stats = &session.controller.stats().levels[0];
        prop_assert!(stats.price_capped <= stats.decided);
        let found = Controller::from_bytes(&session.controller.to_bytes()).expect("its own bytes");
        prop_assert_eq!(found.stats(), session.controller.stats());
    }

    #[test]
    fn a_price_beyond_all_changes_no_decision(policy in policies(), steps in sessions()) {
        let [with, without] = [1e17, 1e18]
            .map(|most| Session::new(controller(capped(most, policy.clone()))).run(&steps));
        prop_assert_eq!(with.decisions, without.decisions);
        prop_assert_eq!(with.controller.stats().levels[0].price_capped, 0);
    }
}

#[test]
fn a_capped_price_leaves_a_target_unreached_until_it_is_lifted() {
    let mut low = controller(capped(2.0, default_policy()));
    route(&mut low, 400, true);
    assert!(route(&mut low, 200, true) < 0.1);
    let counted = low.stats().levels[0].price_capped;
    assert!((300..=600).contains(&counted), "{counted}");
    low.amend(&Amendment { max_price: Some(1e18), ..Amendment::default() }).expect("valid");
    assert!(route(&mut low, 400, true) > 0.9);
}

#[test]
fn the_price_of_the_policy_itself_has_an_end_that_is_told() {
    let mut controller = controller(capped(1e18, default_policy()));
    route(&mut controller, 3000, false);
    let stats = &controller.stats().levels[0];
    assert!(stats.price_capped > 100, "{}", stats.price_capped);
}

#[test]
fn where_satisfaction_is_the_objective_it_has_no_price() {
    let mut config = capped(2.0, default_policy());
    config.agreement.objective = Objective::Satisfaction;
    config.agreement.limits =
        vec![messplus_core::Limit { resource: messplus_core::Resource::Cost, mean: 1.0 }];
    let error = messplus_core::ValidConfig::try_from(config).expect_err("no price");
    assert!(error.to_string().starts_with("max_price: must be left out"), "{error}");
}
