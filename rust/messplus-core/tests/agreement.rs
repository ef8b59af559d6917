//! Several service levels, limits, conversations and a zoo that changes.

mod common;

use common::{N_FEATURES, config, controller};
use messplus_core::{
    Agreement, Config, Controller, Decision, DefaultConfig, Limit, ModelSet, ModelSpec, Objective,
    Outcome, PolicyConfig, Request, Resource, ServiceLevel, ZooChange,
};
use proptest::prelude::*;

const ALPHAS: [f64; 2] = [0.9, 0.5];
const MEANS: [f64; 2] = [2.0, 0.5];

fn agreed(costs: &[f64], objective: Objective) -> Config {
    let level = |name: &str, alpha| ServiceLevel::new(name, alpha);
    let limit = |resource, mean| Limit { resource, mean };
    Config {
        agreement: Agreement {
            levels: vec![level("gold", ALPHAS[0]), level("free", ALPHAS[1])],
            limits: vec![limit(Resource::Cost, MEANS[0]), limit(Resource::Latency, MEANS[1])],
            objective,
        },
        switching_cost: 0.5,
        ..config(costs, PolicyConfig::Default(DefaultConfig::default()), 3)
    }
}

/// Decide, then say what became of it.
fn serve(
    controller: &mut Controller,
    request: &Request<'_>,
    outcome: impl FnOnce(usize) -> Outcome,
) -> Decision {
    let mut decision = Decision::with_capacity(controller.config().models.len());
    controller.decide(request, &mut decision).expect("a valid request");
    controller.observe(request.id, &[outcome(decision.model)]).expect("valid feedback");
    decision
}

fn request(id: u128) -> Request<'static> {
    Request { id, features: Some(&[0.5; N_FEATURES]), ..Request::default() }
}

#[derive(Clone, Debug)]
enum Step {
    Serve { level: usize, session: u64, satisfaction: f64, cost: f64, latency: f64 },
    Change(ZooChange),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let serve = (0..2_usize, 0..9_u64, 0.0..=1.0, 0.0..9.0, 0.0..2.0).prop_map(
        |(level, session, satisfaction, cost, latency)| Step::Serve {
            level,
            session,
            satisfaction,
            cost,
            latency,
        },
    );
    let change = prop_oneof![
        ("[a-c]", 0.0..9.0)
            .prop_map(|(name, cost)| ZooChange::Add { model: ModelSpec::new(name, cost) }),
        (0..5_usize).prop_map(|index| ZooChange::Remove { index }),
        (0..5_usize, 0.0..9.0_f64)
            .prop_map(|(index, cost)| ZooChange::Reprice { index, cost: cost.into() }),
    ];
    prop::collection::vec(prop_oneof![9 => serve, 1 => change.prop_map(Step::Change)], 1..150)
}

fn take(controller: &mut Controller, t: usize, step: &Step) {
    match step {
        &Step::Serve { level, session, satisfaction, cost, latency } => {
            let request = Request { level, session: Some(session), ..request(t as u128) };
            serve(controller, &request, |model| Outcome {
                model,
                satisfaction: Some(satisfaction),
                cost: Some(cost),
                latency: Some(latency),
            });
        }
        Step::Change(change) => {
            let before = controller.to_bytes();
            if controller.change_zoo(change).is_err() {
                assert_eq!(before, controller.to_bytes(), "refused, yet it changed");
            }
        }
    }
}

proptest! {
    #[test]
    fn every_queue_bounds_its_own_shortfall(steps in steps(), dual: bool) {
        let objective = if dual { Objective::Satisfaction } else { Objective::Cost };
        let mut controller = controller(agreed(&[1.0, 4.0], objective));
        let mut owed = [0.0; 2];
        let mut excess = [0.0; 2];
        for (t, step) in steps.iter().enumerate() {
            take(&mut controller, t, step);
            if let &Step::Serve { level, satisfaction, cost, latency, .. } = step {
                owed[level] += ALPHAS[level] - satisfaction;
                excess[0] += cost / MEANS[0] - 1.0;
                excess[1] += latency / MEANS[1] - 1.0;
            }
            for (queue, owed) in controller.levels().iter().zip(owed) {
                prop_assert!(queue.backlog() >= (-50.0_f64).max(owed - 1e-9));
            }
            for (queue, excess) in controller.limits().iter().zip(excess) {
                prop_assert!(queue.backlog() >= (-50.0_f64).max(excess - 1e-9));
            }
        }
    }

    #[test]
    fn saving_between_any_steps_changes_nothing(steps in steps(), cut: prop::sample::Index) {
        let cut = cut.index(steps.len());
        let mut straight = controller(agreed(&[1.0, 4.0], Objective::Cost));
        let mut resumed = straight.clone();
        for (t, step) in steps.iter().enumerate() {
            if t == cut {
                resumed = Controller::from_bytes(&resumed.to_bytes()).expect("its own bytes");
            }
            take(&mut straight, t, step);
            take(&mut resumed, t, step);
        }
        prop_assert_eq!(straight.to_bytes(), resumed.to_bytes());
    }
}

/// A zoo where the dear model satisfies always, the cheap one half of the time, in no rhythm that a
/// queue could fall in with.
fn outcome_of(t: usize, model: usize, costs: [f64; 2]) -> Outcome {
    let mixed = (t as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let coin = (mixed ^ (mixed >> 31)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 63;
    let satisfied = model == 1 || coin == 1;
    Outcome {
        model,
        satisfaction: Some(f64::from(u8::from(satisfied))),
        cost: Some(costs[model]),
        latency: Some(0.1),
    }
}

fn run(config: Config, n: usize) -> (Controller, Vec<usize>) {
    let mut controller = controller(config);
    let served = (0..n).map(|t| {
        let request = Request { level: t % 2, ..request(t as u128) };
        serve(&mut controller, &request, |model| outcome_of(t / 2, model, [1.0, 4.0])).model
    });
    let served = served.collect();
    (controller, served)
}

#[test]
fn a_higher_level_gets_the_better_model_more_often() {
    let agreement = Agreement { limits: vec![], ..agreed(&[1.0, 4.0], Objective::Cost).agreement };
    let (controller, served) =
        run(Config { agreement, ..agreed(&[1.0, 4.0], Objective::Cost) }, 6000);
    let dear = |level: usize| served.iter().skip(level).step_by(2).sum::<usize>() as f64 / 3000.0;
    assert!((0.72..0.88).contains(&dear(0)), "gold needs 0.8 of the dear model, got {}", dear(0));
    assert!(dear(1) < 0.1, "free needs none, got {}", dear(1));
    assert!((0..2).all(|level| controller.level_feasible(level)));
    let levels = &controller.stats().levels;
    assert!((levels[0].satisfaction / levels[0].rated as f64 - 0.9).abs() < 0.02);
}

#[test]
fn the_dual_spends_its_limit_on_satisfaction() {
    let config = agreed(&[1.0, 4.0], Objective::Satisfaction);
    let level = ServiceLevel::new("a", 0.0);
    let agreement = Agreement {
        levels: vec![level.clone(), ServiceLevel { name: "b".into(), ..level }],
        ..config.agreement.clone()
    };
    let (controller, _) = run(Config { agreement, ..config }, 6000);
    let models = &controller.stats().models;
    let mean = (models[0].cost + models[1].cost) / 6000.0;
    assert!((1.9..2.02).contains(&mean), "the limit is 2, spent {mean}");
}

#[test]
fn a_pair_that_cannot_both_hold_is_named() {
    let mut config = agreed(&[1.0, 4.0], Objective::Cost);
    config.agreement.limits[0].mean = 1.1;
    let (controller, _) = run(config, 20_000);
    assert!(!controller.level_feasible(0) && !controller.limit_feasible(0));
    assert!(controller.level_feasible(1) && controller.limit_feasible(1));
}

#[test]
fn a_conversation_stays_with_its_model_while_that_pays() {
    // The cheap model has become a little dearer for this request: not by half.
    let mut controller = controller(agreed(&[1.0, 4.0], Objective::Cost));
    let at = |id, session, costs| Request { session, costs: Some(costs), ..request(id) };
    let outcome = |model| Outcome { model, satisfaction: None, cost: None, latency: None };
    let mut decide = |request: &Request<'_>| serve(&mut controller, request, outcome).model;
    let (first, tie, dear) =
        ([Some(1.0), Some(4.0)], [Some(4.4), Some(4.0)], [Some(9.0), Some(4.0)]);
    assert_eq!(decide(&at(0, Some(7), &first)), 0);
    assert_eq!(decide(&at(1, Some(7), &tie)), 0);
    assert_eq!(decide(&at(2, Some(8), &tie)), 1);
    assert_eq!(decide(&at(3, None, &tie)), 1);
    assert_eq!(decide(&at(4, Some(7), &dear)), 1);
    assert_eq!(decide(&at(5, Some(7), &tie)), 1);
}

#[test]
fn a_new_model_is_tried_and_a_removed_one_is_not() {
    let (mut controller, _) = run(agreed(&[1.0, 4.0], Objective::Cost), 2000);
    let labels = |c: &Controller, model: usize| c.stats().models[model].rated;
    let before = (labels(&controller, 0), labels(&controller, 1));
    // As good as the dear one, at the price of the cheap one.
    let model = ModelSpec { quality: Some(0.9), ..ModelSpec::new("new", 1.0) };
    controller.change_zoo(&ZooChange::Add { model }).expect("a new name");
    let mut served = [0; 3];
    for t in 2000..3000 {
        let decision = serve(&mut controller, &request(t as u128), |model| Outcome {
            model,
            cost: Some([1.0, 4.0, 1.0][model]),
            ..outcome_of(t, model.min(1), [1.0, 4.0])
        });
        served[decision.model] += 1;
    }
    assert!(served[2] > 600, "{served:?}");
    assert!(labels(&controller, 0) >= before.0 && labels(&controller, 1) >= before.1);
    controller.change_zoo(&ZooChange::Remove { index: 2 }).expect("in the zoo");
    let decision = serve(&mut controller, &request(3000), |model| outcome_of(0, model, [1.0, 4.0]));
    assert!(decision.model < 2 && !decision.ranking.contains(&2));
    let only_removed = Request { allowed: Some(ModelSet::EMPTY.with(2)), ..request(3001) };
    let mut decision = Decision::with_capacity(3);
    assert!(controller.decide(&only_removed, &mut decision).is_err());
    let ratings = labels(&controller, 2);
    let late = Outcome { model: 2, satisfaction: Some(1.0), cost: None, latency: None };
    controller.observe(3000, &[late]).expect("feedback on a removed model is harmless");
    assert_eq!(labels(&controller, 2), ratings + 1);
    controller.change_zoo(&ZooChange::Add { model: ModelSpec::new("new", 1.0) }).expect("back");
    assert_eq!(controller.config().models.len(), 3);
}

#[test]
fn a_new_price_counts_at_once() {
    let (mut controller, _) = run(agreed(&[1.0, 4.0], Objective::Cost), 500);
    let mut decision = Decision::with_capacity(2);
    controller.decide(&request(500), &mut decision).expect("a valid request");
    let before = decision.expected_cost.clone();
    controller.change_zoo(&ZooChange::Reprice { index: 1, cost: 1.0.into() }).expect("in the zoo");
    controller.decide(&request(501), &mut decision).expect("a valid request");
    assert!((decision.expected_cost[1] / before[1] - 0.25).abs() < 1e-9);
    assert_eq!(decision.expected_cost[0], before[0]);
}

#[test]
fn the_last_model_cannot_leave() {
    let mut controller = controller(agreed(&[1.0, 4.0], Objective::Cost));
    controller.change_zoo(&ZooChange::Remove { index: 0 }).expect("another one is left");
    let error = controller.change_zoo(&ZooChange::Remove { index: 1 }).expect_err("the last");
    assert!(error.to_string().starts_with("model: must not be the last"), "{error}");
    let error = controller.change_zoo(&ZooChange::Remove { index: 0 }).expect_err("gone already");
    assert!(error.to_string().starts_with("model: must be in the zoo"), "{error}");
}
