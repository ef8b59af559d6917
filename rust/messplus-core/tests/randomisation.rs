//! A minimum of randomisation: what it serves, what it tells, and what it leaves alone.

mod common;

use common::{N_FEATURES, config, controller};
use messplus_core::{
    Config, Controller, Decision, DefaultConfig, ModelSet, Operation, Outcome, PolicyConfig,
    Reason, Request, Shadow,
};

fn settings(epsilon: f64) -> Config {
    let policy = PolicyConfig::Default(DefaultConfig { exploration: 0.0, ..Default::default() });
    let operation = Operation { epsilon, ..Operation::default() };
    Config { operation, ..config(&[1.0, 2.0, 8.0], policy, 5) }
}

fn decide(controller: &mut Controller, t: u128, request: Request<'_>) -> Decision {
    let mut decision = Decision::with_capacity(3);
    let features = [0.5; N_FEATURES];
    let request = Request { id: t, features: Some(&features), ..request };
    controller.decide(&request, &mut decision).expect("a valid request");
    decision
}

fn rate(controller: &mut Controller, decision: &Decision) {
    let outcome = Outcome {
        model: decision.model,
        satisfaction: Some(f64::from(u8::from(decision.model > 0))),
        cost: Some([1.0, 2.0, 8.0][decision.model]),
        latency: None,
    };
    controller.observe(decision.id, &[outcome]).expect("valid feedback");
}

#[test]
fn weights_by_the_propensities_it_tells_count_every_model_alike() {
    let mut controller = controller(settings(0.3));
    let n = 6000;
    let mut weights = [0.0; 3];
    for t in 0..n {
        let decision = decide(&mut controller, t, Request::default());
        weights[decision.model] += 1.0 / decision.propensity / n as f64;
        rate(&mut controller, &decision);
    }
    // Their standard error is at most sqrt(1 / (0.1 n)), or 0.04.
    assert!(weights.iter().all(|weight| (weight - 1.0).abs() < 0.13), "{weights:?}");
    let stats = controller.stats().randomisation;
    assert!((1000..1400).contains(&stats.requests), "{}", stats.requests);
    assert!(stats.cost > 0.0, "{}", stats.cost);
}

#[test]
fn without_it_every_propensity_is_one_and_nothing_else_changes() {
    let (mut with, mut without) = (controller(settings(1e-9)), controller(settings(0.0)));
    for t in 0..50 {
        let decisions = [&mut with, &mut without].map(|controller| {
            let decision = decide(controller, t, Request::default());
            rate(controller, &decision);
            decision
        });
        assert_eq!(decisions[1].propensity, 1.0);
        assert!((decisions[0].propensity - 1.0).abs() < 1e-8);
        assert_eq!(decisions[0].model, decisions[1].model);
    }
}

#[test]
fn one_allowed_model_is_certain_and_shadow_mode_has_its_own() {
    let mut controller = controller(settings(0.5));
    let only = Request { allowed: Some(ModelSet::from_bits(0b10)), ..Request::default() };
    let decision = decide(&mut controller, 0, only);
    assert_eq!((decision.model, decision.propensity, decision.reason), (1, 1.0, Reason::Forced));
    let shadow = Some(Shadow { model: 2, explore: 0.0 });
    let decision = decide(&mut controller, 1, Request { shadow, ..Request::default() });
    assert_eq!((decision.model, decision.propensity), (2, 1.0));
}

#[test]
fn a_saved_controller_goes_on_as_it_would_have() {
    let mut controller = controller(settings(0.4));
    for t in 0..40 {
        let decision = decide(&mut controller, t, Request::default());
        rate(&mut controller, &decision);
    }
    let mut found = Controller::from_bytes(&controller.to_bytes()).expect("its own bytes");
    assert_eq!(found.stats().randomisation, controller.stats().randomisation);
    for t in 40..80 {
        let decision = decide(&mut controller, t, Request::default());
        assert_eq!(decide(&mut found, t, Request::default()), decision);
    }
}
