//! What the epsilon-greedy baseline does.

mod common;

use common::{N_FEATURES, config, controller};
use messplus_core::{
    Config, Decision, EpsilonGreedyConfig, Limit, Outcome, PolicyConfig, Reason, Request, Resource,
    ValidConfig,
};

fn settings(epsilon: f64) -> Config {
    let policy = EpsilonGreedyConfig { epsilon, ..EpsilonGreedyConfig::default() };
    config(&[1.0, 4.0], PolicyConfig::EpsilonGreedy(policy), 3)
}

/// Decide on 6000 requests of two kinds: the cheap model satisfies on one kind only, the expensive one
/// always. How often each model served each kind, and how often a request explored.
fn run(epsilon: f64) -> ([[u32; 2]; 2], u32) {
    let mut controller = controller(settings(epsilon));
    let mut decision = Decision::with_capacity(2);
    let (mut served, mut explored) = ([[0; 2]; 2], 0);
    for t in 0..6000_usize {
        let kind = t % 2;
        let mut features = [0.0; N_FEATURES];
        features[kind] = 1.0;
        let request = Request { id: t as u128, features: Some(&features), ..Request::default() };
        controller.decide(&request, &mut decision).expect("a valid request");
        let model = decision.model;
        served[kind][model] += 1;
        explored += u32::from(decision.reason == Reason::Explore);
        let satisfied = f64::from(u8::from(model == 1 || kind == 0));
        let cost = Some([1.0, 4.0][model]);
        let outcome = Outcome { model, satisfaction: Some(satisfied), cost, latency: None };
        controller.observe(request.id, &[outcome]).expect("valid feedback");
    }
    let stats = &controller.stats().levels[0];
    let satisfaction = stats.satisfaction / stats.rated as f64;
    assert!((0.69..0.75).contains(&satisfaction), "the target is 0.7, got {satisfaction}");
    (served, explored)
}

#[test]
fn serves_the_expensive_model_where_the_cheap_one_fails() {
    let ([easy, hard], _) = run(0.05);
    assert!(easy[1] < 400 && (1000..1700).contains(&hard[1]), "{easy:?} {hard:?}");
}

#[test]
fn explores_the_share_it_is_told() {
    // Half of the models drawn are those that would have served anyway.
    let (_, explored) = run(0.2);
    assert!((520..680).contains(&explored), "{explored}");
}

#[test]
fn refuses_settings_out_of_range_and_limits() {
    let refused = |config: Config| ValidConfig::try_from(config).expect_err("refused").to_string();
    assert_eq!(refused(settings(1.5)), "policy.epsilon: must be in [0, 1], got 1.5");
    let mut limited = settings(0.1);
    limited.agreement.limits.push(Limit { resource: Resource::Cost, mean: 1.0 });
    assert_eq!(refused(limited), "limits: need the default policy, got 1");
}

#[test]
fn is_named_in_json() {
    let json = settings(0.1).to_json();
    assert!(json.contains(r#""preset":"epsilon-greedy""#), "{json}");
    assert_eq!(*Config::from_json(&json).expect("its own JSON"), settings(0.1));
}
