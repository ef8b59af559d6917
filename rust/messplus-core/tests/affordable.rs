//! A cap on what a request may be expected to cost: kept on every path, and told where it cannot be.

mod common;
mod sessions;

use common::{N_FEATURES, config, controller};
use messplus_core::{
    Amendment, Config, Controller, Decision, DefaultConfig, EpsilonGreedyConfig, ModelSet,
    Operation, PaperConfig, PolicyConfig, Reason, Request,
};
use proptest::prelude::*;
use sessions::{Session, sessions};

fn policies() -> impl Strategy<Value = PolicyConfig> {
    let paper = PaperConfig { exploration: 2.0, ..PaperConfig::default() };
    prop_oneof![
        Just(PolicyConfig::Default(DefaultConfig { exploration: 1.0, ..Default::default() })),
        Just(PolicyConfig::Paper(paper)),
        Just(PolicyConfig::EpsilonGreedy(EpsilonGreedyConfig::default())),
    ]
}

fn capped(max_cost: f64, policy: PolicyConfig) -> Config {
    let operation = Operation { max_cost, epsilon: 0.2, ..Operation::default() };
    Config { operation, ..config(&[0.5, 1.0, 3.0, 8.0], policy, 7) }
}

fn ask(controller: &mut Controller, id: u128, request: Request<'_>) -> Decision {
    let mut decision = Decision::with_capacity(4);
    let request = Request { id, features: Some(&[0.5; N_FEATURES]), ..request };
    controller.decide(&request, &mut decision).expect("a valid request");
    decision
}

proptest! {
    #[test]
    fn no_request_is_expected_to_cost_more(
        policy in policies(), max_cost in 0.0..9.0, steps in sessions(),
    ) {
        let session = Session::new(controller(capped(max_cost, policy))).run(&steps);
        let mut unaffordable = 0;
        for decision in &session.decisions {
            let costs = &decision.expected_cost;
            let cheapest = costs.iter().copied().fold(f64::INFINITY, f64::min);
            if decision.reason == Reason::Unaffordable {
                unaffordable += 1;
                prop_assert!(cheapest > max_cost && costs[decision.model] == cheapest);
                prop_assert_eq!(&decision.ranking, &[decision.model]);
            } else {
                let called = decision.also_query.with(decision.model);
                let all: f64 = called.iter().map(|model| costs[model]).sum();
                prop_assert!(all <= max_cost * (1.0 + 1e-12), "{all} > {max_cost}");
                prop_assert!(decision.ranking.iter().all(|&model| costs[model] <= max_cost));
            }
        }
        prop_assert_eq!(session.controller.stats().cap.unaffordable, unaffordable);
    }

    #[test]
    fn a_saved_controller_goes_on_within_the_cap(
        policy in policies(), max_cost in 0.0..9.0, before in sessions(), after in sessions(),
    ) {
        let mut session = Session::new(controller(capped(max_cost, policy))).run(&before);
        let known = session.decisions.len();
        let found = Controller::from_bytes(&session.controller.to_bytes()).expect("its own bytes");
        prop_assert_eq!(found.stats().cap, session.controller.stats().cap);
        let mut again = Session::new(found);
        again.decisions.clone_from(&session.decisions);
        after.iter().for_each(|step| { session.take(step); again.take(step); });
        prop_assert_eq!(&session.decisions[known..], &again.decisions[known..]);
        prop_assert!(session.controller.to_bytes() == again.controller.to_bytes());
    }

    #[test]
    fn a_cap_beyond_all_costs_changes_no_decision(policy in policies(), steps in sessions()) {
        let [with, without] = [1e17, 1e18]
            .map(|most| Session::new(controller(capped(most, policy.clone()))).run(&steps));
        prop_assert_eq!(with.decisions, without.decisions);
        prop_assert_eq!(with.controller.stats().cap.narrowed, 0);
    }
}

#[test]
fn the_lower_cap_holds_and_an_amended_one_from_then_on() {
    let policy = PolicyConfig::Default(DefaultConfig::default());
    let mut controller = controller(capped(2.0, policy));
    let mut models = |id, max_cost| {
        let decision = ask(&mut controller, id, Request { max_cost, ..Request::default() });
        decision.ranking.into_iter().collect::<ModelSet>()
    };
    assert_eq!(models(1, None), ModelSet::from_bits(0b0011));
    assert_eq!(models(2, Some(5.0)), ModelSet::from_bits(0b0011));
    assert_eq!(models(3, Some(0.7)), ModelSet::from_bits(0b0001));
    assert_eq!(controller.stats().cap.narrowed, 3);
    controller.amend(&Amendment { max_cost: Some(1e18), ..Amendment::default() }).expect("valid");
    assert_eq!(ask(&mut controller, 4, Request::default()).ranking.len(), 4);
    assert_eq!(controller.stats().cap.narrowed, 3);
    for wrong in [f64::NAN, -1.0, f64::INFINITY] {
        let amendment = Amendment { max_cost: Some(wrong), ..Amendment::default() };
        assert!(controller.amend(&amendment).is_err(), "{wrong}");
        let request = Request { id: 9, max_cost: Some(wrong), ..Request::default() };
        assert!(controller.check_request(&request).is_err(), "{wrong}");
    }
}

#[test]
fn where_nothing_fits_the_cheapest_that_is_allowed_and_not_resting_serves() {
    let policy = PolicyConfig::Default(DefaultConfig::default());
    let mut controller = controller(capped(0.1, policy));
    let decision = ask(&mut controller, 1, Request::default());
    assert_eq!((decision.model, decision.reason), (0, Reason::Unaffordable));
    let allowed = Some(ModelSet::from_bits(0b1100));
    let decision = ask(&mut controller, 2, Request { allowed, ..Request::default() });
    assert_eq!((decision.model, decision.propensity), (2, 1.0));
    for id in 3..10 {
        ask(&mut controller, id, Request::default());
        let _ = controller.fail(id, 0, messplus_core::Failure::Error, None);
    }
    assert_eq!(ask(&mut controller, 10, Request::default()).model, 1);
}

#[test]
fn a_request_is_predicted_within_its_cap() {
    let policy = PolicyConfig::Default(DefaultConfig::default());
    let controller = controller(capped(2.0, policy));
    let mut decision = Decision::with_capacity(4);
    let request = Request { id: 1, ..Request::default() };
    controller.predict(&request, 0, &mut decision).expect("a valid request");
    assert_eq!(decision.ranking.len(), 2);
}
