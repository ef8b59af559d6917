//! Laws that hold on every path, for every policy; the same laws are tested from Python.

mod common;
mod sessions;

use common::{N_FEATURES, config, controller};
use messplus_core::{
    Controller, Decision, DefaultConfig, EpsilonGreedyConfig, Example, ModelSet, Outcome,
    PaperConfig, PolicyConfig, Request,
};
use proptest::prelude::*;
use sessions::{Session, Step, sessions};

fn paper(v: f64, exploration: f64) -> PolicyConfig {
    PolicyConfig::Paper(PaperConfig { v, exploration, ..PaperConfig::default() })
}

fn policies() -> impl Strategy<Value = PolicyConfig> {
    let paper = (0.0..2.0, 0.0..2.0).prop_map(|(v, exploration)| paper(v, exploration));
    let default = (0.0..2.0, 0.0..5.0, 0.95..=1.0).prop_map(|(exploration, credit, forgetting)| {
        PolicyConfig::Default(DefaultConfig { exploration, credit, forgetting })
    });
    let epsilon_greedy = (0.0..=1.0, 0.0..5.0).prop_map(|(epsilon, credit)| {
        PolicyConfig::EpsilonGreedy(EpsilonGreedyConfig { epsilon, credit })
    });
    prop_oneof![paper, default, epsilon_greedy]
}

fn credit(policy: &PolicyConfig) -> f64 {
    match policy {
        PolicyConfig::Paper(_) => 0.0,
        PolicyConfig::Default(policy) => policy.credit,
        PolicyConfig::EpsilonGreedy(policy) => policy.credit,
    }
}

fn zoos() -> impl Strategy<Value = Vec<f64>> {
    prop::collection::vec(0.1..10.0, 1..5)
}

proptest! {
    #[test]
    fn backlog_bounds_the_shortfall(
        costs in zoos(), policy in policies(), seed: u64, steps in sessions(),
    ) {
        let credit = credit(&policy);
        let mut session = Session::new(controller(config(&costs, policy, seed)));
        for step in &steps {
            session.take(step);
            let backlog = session.controller.levels()[0].backlog();
            let stats = &session.controller.stats().levels[0];
            let accounted = (stats.rated + stats.imputed) as f64;
            let owed = 0.7 * accounted - stats.satisfaction - stats.imputed_satisfaction;
            prop_assert!(backlog >= -credit);
            prop_assert!(backlog >= owed - 1e-9, "backlog {backlog} < shortfall {owed}");
        }
    }

    #[test]
    fn same_seed_same_trace(costs in zoos(), policy in policies(), seed: u64, steps in sessions()) {
        let run = || Session::new(controller(config(&costs, policy.clone(), seed))).run(&steps);
        let (once, again) = (run(), run());
        prop_assert_eq!(once.decisions, again.decisions);
        prop_assert_eq!(once.controller.to_bytes(), again.controller.to_bytes());
    }

    #[test]
    fn saving_at_any_step_changes_nothing(
        costs in zoos(), policy in policies(), seed: u64, steps in sessions(), cut: prop::sample::Index,
    ) {
        let cut = cut.index(steps.len());
        let straight = Session::new(controller(config(&costs, policy.clone(), seed))).run(&steps);
        let mut resumed = Session::new(controller(config(&costs, policy, seed))).run(&steps[..cut]);
        let saved = resumed.controller.to_bytes();
        resumed.controller = Controller::from_bytes(&saved).expect("our own bytes");
        prop_assert_eq!(&saved, &resumed.controller.to_bytes());
        let resumed = resumed.run(&steps[cut..]);
        prop_assert_eq!(straight.decisions, resumed.decisions);
        prop_assert_eq!(straight.controller.to_bytes(), resumed.controller.to_bytes());
    }

    #[test]
    fn an_old_log_changes_what_is_predicted_and_nothing_else(
        costs in zoos(), policy in policies(), seed: u64, steps in sessions(),
        x in prop::array::uniform3(-2.0_f32..2.0), satisfaction in 0.0..=1.0_f64, cost in 0.0..9.0_f64,
    ) {
        let mut session = Session::new(controller(config(&costs, policy, seed))).run(&steps);
        let controller = &mut session.controller;
        let before = controller.clone();
        let example = Example {
            features: Some(&x),
            input_tokens: None,
            outcome: Outcome { model: 0, satisfaction: Some(satisfaction), cost: Some(cost), latency: None },
        };
        let outcome = example.outcome;
        controller.warm_start(&example).expect("valid");
        prop_assert_eq!(controller.stats(), before.stats());
        prop_assert_eq!(controller.levels(), before.levels());
        prop_assert_eq!(controller.step(), before.step());
        prop_assert_eq!(controller.pending().len(), before.pending().len());
        let learned = controller.to_bytes();
        prop_assert_ne!(&learned, &before.to_bytes());
        for bad in [
            Example { outcome: Outcome { model: costs.len(), ..outcome }, ..example },
            Example { features: Some(&x[..2]), ..example },
            Example { features: Some(&[f32::NAN; 3]), ..example },
            Example { outcome: Outcome { satisfaction: Some(1.1), ..outcome }, ..example },
            Example { outcome: Outcome { cost: Some(-1.0), ..outcome }, ..example },
            Example { outcome: Outcome { latency: Some(f64::NAN), ..outcome }, ..example },
        ] {
            prop_assert!(controller.warm_start(&bad).is_err());
            prop_assert_eq!(&learned, &controller.to_bytes());
        }
    }

    #[test]
    fn no_penalty_weight_ignores_cost(
        costs in zoos(), other in zoos(), seed: u64, steps in sessions(),
    ) {
        let n_models = costs.len().min(other.len());
        let policy = paper(0.0, 0.0);
        let choices = |costs: &[f64]| -> Vec<usize> {
            let session = Session::new(controller(config(costs, policy.clone(), seed))).run(&steps);
            session.decisions.iter().map(|decision| decision.model).collect()
        };
        prop_assert_eq!(choices(&costs[..n_models]), choices(&other[..n_models]));
    }

    #[test]
    fn nothing_owed_picks_the_cheapest(costs in zoos(), x in prop::array::uniform3(-2.0_f32..2.0)) {
        let policy = paper(1.0, 0.0);
        let session =
            Session::new(controller(config(&costs, policy, 0))).run(&[Step::Decide(x)]);
        let cheapest = costs.iter().copied().fold(f64::INFINITY, f64::min);
        prop_assert_eq!(costs[session.decisions[0].model], cheapest);
    }

    #[test]
    fn permuting_models_permutes_decisions(
        policy in policies(), seed: u64, steps in sessions(),
        order in Just(vec![0_usize, 1, 2, 3]).prop_shuffle(),
    ) {
        // Distinct costs: ties aside, as the law says.
        let costs = [1.0, 2.5, 4.0, 8.0];
        let permuted: Vec<f64> = order.iter().map(|&model| costs[model]).collect();
        let renamed: Vec<Step> = steps
            .iter()
            .map(|step| match *step {
                Step::Observe { age, model, satisfaction, cost } => {
                    let model = order.iter().position(|&m| m == model % 4).unwrap_or(0);
                    Step::Observe { age, model, satisfaction, cost }
                }
                ref decide @ Step::Decide(_) => decide.clone(),
            })
            .collect();
        let straight = Session::new(controller(config(&costs, policy.clone(), seed))).run(&steps);
        let shuffled = Session::new(controller(config(&permuted, policy, seed))).run(&renamed);
        for (a, b) in straight.decisions.iter().zip(&shuffled.decisions) {
            let tied = (0..4).any(|m| m != a.model && a.score[m] == a.score[a.model]);
            if tied && a.also_query.is_empty() {
                break;
            }
            prop_assert_eq!(a.model, order[b.model]);
        }
    }

    #[test]
    fn arbitrary_bytes_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(Controller::from_bytes(&bytes).is_err());
    }

    #[test]
    fn damaged_state_is_refused(steps in sessions(), at: prop::sample::Index, flip in 1_u8..) {
        let session = Session::new(controller(config(&[1.0, 2.0], PolicyConfig::Paper(PaperConfig::default()), 1))).run(&steps);
        let mut bytes = session.controller.to_bytes();
        let at = at.index(bytes.len());
        prop_assert!(Controller::from_bytes(&bytes[..at]).is_err());
        bytes[at] ^= flip;
        prop_assert!(Controller::from_bytes(&bytes).is_err());
    }
}

#[test]
fn a_prediction_is_the_decision_without_its_draws() {
    for policy in [
        PolicyConfig::Default(DefaultConfig { exploration: 0.0, ..DefaultConfig::default() }),
        paper(0.5, 0.0),
    ] {
        let mut controller = controller(config(&[1.0, 2.0, 8.0], policy, 3));
        let (mut decision, mut predicted) =
            (Decision::with_capacity(3), Decision::with_capacity(3));
        for id in 0..50 {
            let features = [0.1 * id as f32, -0.5, 0.25];
            let request =
                Request { id, features: Some(&features), session: Some(7), ..Request::default() };
            let before = controller.to_bytes();
            controller.predict(&request, 0, &mut predicted).expect("a valid request");
            assert_eq!(before, controller.to_bytes());
            controller.decide(&request, &mut decision).expect("a valid request");
            assert_eq!(predicted, decision);
            let satisfaction = Some(f64::from(u8::from(id % 3 > 0)));
            let outcome =
                Outcome { model: decision.model, satisfaction, cost: Some(2.0), latency: None };
            controller.observe(id, &[outcome]).expect("a valid outcome");
        }
    }
}

#[test]
fn refused_requests_change_nothing() {
    let mut controller =
        controller(config(&[1.0, 2.0], PolicyConfig::Paper(PaperConfig::default()), 3));
    let mut decision = Decision::with_capacity(2);
    let good = Request { id: 7, features: Some(&[0.5; N_FEATURES]), ..Request::default() };
    controller.decide(&good, &mut decision).expect("a valid request");
    let before = (controller.to_bytes(), decision.clone());
    let nan = [f32::NAN, 0.0, 0.0];
    let bad = [
        good,
        Request { id: 8, features: Some(&[0.5; 2]), ..good },
        Request { id: 8, features: Some(&nan), ..good },
        Request { id: 8, costs: Some(&[Some(1.0); 3]), ..good },
        Request { id: 8, costs: Some(&[Some(-1.0), None]), ..good },
        Request { id: 8, costs: Some(&[Some(f64::NAN), None]), ..good },
        Request { id: 8, allowed: Some(ModelSet::EMPTY), ..good },
        Request { id: 8, allowed: Some(ModelSet::EMPTY.with(2)), ..good },
        Request { id: 8, level: 1, ..good },
    ];
    for request in bad {
        assert!(controller.decide(&request, &mut decision).is_err(), "{request:?}");
        assert_eq!(before, (controller.to_bytes(), decision.clone()));
    }
    let rated = Outcome { model: 0, satisfaction: Some(0.5), cost: None, latency: None };
    let bad = [
        Outcome { model: 2, ..rated },
        Outcome { satisfaction: Some(1.5), ..rated },
        Outcome { satisfaction: Some(f64::NAN), ..rated },
        Outcome { cost: Some(-0.1), ..rated },
        Outcome { latency: Some(f64::INFINITY), ..rated },
    ];
    for outcome in bad {
        assert!(controller.observe(7, &[rated, outcome]).is_err(), "{outcome:?}");
        assert_eq!(before.0, controller.to_bytes());
    }
}
