//! Laws of the router: budgets hold, state survives, bad bytes are refused, learning helps.

use messplus_base::wire::WireError;
use messplus_offload::{
    Budget, Conversation, CostTable, Error, OffloadRouter, Random, RewardWeights, RouterConfig,
    Shape, association_share, best_reachable_reward, generate, synthetic_costs, true_mean,
};
use proptest::prelude::*;

fn config(modalities: usize, tasks: usize, costs: CostTable, max_turns: usize) -> RouterConfig {
    let weights = RewardWeights::default();
    RouterConfig { modalities, tasks, costs, weights, max_turns, optimism: 0.5, cost_rate: 0.0 }
}

fn drawn(rng: &mut Random, modalities: usize) -> Vec<f32> {
    (0..modalities).map(|_| rng.uniform() as f32).collect()
}

proptest! {
    #[test]
    fn budgets_hold_whenever_all_turns_fit_locally(
        seed in any::<u64>(),
        modalities in 1..4_usize,
        turns in 1..7_usize,
        known in any::<bool>(),
        scarcity in 0.0..1.0_f64,
    ) {
        let mut rng = Random::new(seed);
        let mut table = || -> Vec<f64> { (0..modalities + 2).map(|_| rng.uniform()).collect() };
        let costs = CostTable::new(table(), table()).unwrap();
        let most = |unit: &dyn Fn(usize) -> f64| (0..modalities + 2).map(unit).fold(0.0, f64::max);
        let between = |low: f64, high: f64| turns as f64 * (low + (high.max(low) - low) * scarcity);
        let budget = Budget {
            latency: between(costs.latency(0), most(&|n| costs.latency(n))),
            cost: between(costs.cost(0), most(&|n| costs.cost(n))),
        };
        let mut router = OffloadRouter::new(config(modalities, 2, costs.clone(), turns)).unwrap();
        for _ in 0..4 {
            let mut conversation = router.start(budget, known.then_some(turns)).unwrap();
            for _ in 0..turns {
                let association = drawn(&mut rng, modalities);
                let task = rng.below(2);
                let decision = router.decide(&mut conversation, task, Some(&association)).unwrap();
                // Calls need at most what is declared.
                let (latency, cost) = (decision.latency * rng.uniform(), decision.cost * rng.uniform());
                router.record(&mut conversation, latency, cost, Some(rng.uniform())).unwrap();
            }
            prop_assert_eq!(conversation.tracker().excess(), (0.0, 0.0));
            router.finish(&mut conversation).unwrap();
        }
    }

    #[test]
    fn a_restored_router_decides_alike(seed in any::<u64>(), cut in 1..40_usize) {
        let costs = synthetic_costs(3).unwrap();
        let mut router = OffloadRouter::new(config(3, 2, costs, 4)).unwrap();
        let budget = Budget { latency: 9.0, cost: 0.02 };
        let play = |router: &mut OffloadRouter, rng: &mut Random, dialogues: usize| -> Vec<usize> {
            let mut actions = vec![];
            for _ in 0..dialogues {
                let mut conversation = router.start(budget, None).unwrap();
                for _ in 0..4 {
                    let association = drawn(rng, 3);
                    let decision = router.decide(&mut conversation, rng.below(2), Some(&association)).unwrap();
                    actions.push(decision.action);
                    let latency = decision.latency * (0.9 + 0.1 * rng.uniform());
                    router.record(&mut conversation, latency, decision.cost, Some(rng.uniform())).unwrap();
                    // The conversation itself survives as well.
                    conversation = Conversation::from_bytes(&conversation.to_bytes()).unwrap();
                }
                router.finish(&mut conversation).unwrap();
            }
            actions
        };
        let mut rng = Random::new(seed);
        play(&mut router, &mut rng, cut);
        let mut restored = OffloadRouter::from_bytes(&router.to_bytes()).unwrap();
        prop_assert_eq!(restored.to_bytes(), router.to_bytes());
        let mut again = rng.clone();
        prop_assert_eq!(play(&mut restored, &mut again, 12), play(&mut router, &mut rng, 12));
        prop_assert_eq!(restored.to_bytes(), router.to_bytes());
    }

    #[test]
    fn damaged_bytes_are_refused(at in any::<prop::sample::Index>(), flip in 1..=255_u8, cut in any::<prop::sample::Index>()) {
        let router = OffloadRouter::new(config(2, 2, synthetic_costs(2).unwrap(), 3)).unwrap();
        let bytes = router.to_bytes();
        let mut damaged = bytes.clone();
        damaged[at.index(bytes.len())] ^= flip;
        prop_assert!(OffloadRouter::from_bytes(&damaged).is_err());
        prop_assert!(OffloadRouter::from_bytes(&bytes[..cut.index(bytes.len())]).is_err());
    }
}

#[test]
fn kinds_and_versions_are_told_apart() {
    let router = OffloadRouter::new(config(2, 2, synthetic_costs(2).unwrap(), 3)).unwrap();
    let conversation = router.start(Budget::UNLIMITED, None).unwrap();
    assert!(matches!(
        OffloadRouter::from_bytes(&conversation.to_bytes()),
        Err(Error::State(WireError::Malformed { .. }))
    ));
    let mut newer = router.to_bytes();
    newer[5] = 9;
    let error = OffloadRouter::from_bytes(&newer).unwrap_err();
    assert_eq!(error, Error::State(WireError::Format { supported: 1, found: 9 }));
}

#[test]
fn refused_calls_change_nothing() {
    let mut router = OffloadRouter::new(config(2, 2, synthetic_costs(2).unwrap(), 3)).unwrap();
    let mut conversation = router.start(Budget { latency: 3.0, cost: 0.01 }, None).unwrap();
    let before = (router.to_bytes(), conversation.to_bytes());
    assert!(router.decide(&mut conversation, 2, None).is_err());
    assert!(router.decide(&mut conversation, 0, Some(&[0.1])).is_err());
    assert!(router.decide(&mut conversation, 0, Some(&[0.1, f32::NAN])).is_err());
    assert!(router.record(&mut conversation, 1.0, 0.0, None).is_err());
    assert_eq!((router.to_bytes(), conversation.to_bytes()), before);
    router.decide(&mut conversation, 0, None).unwrap();
    let decided = (router.to_bytes(), conversation.to_bytes());
    assert!(router.decide(&mut conversation, 0, None).is_err());
    assert!(router.finish(&mut conversation).is_err());
    assert!(router.record(&mut conversation, -1.0, 0.0, None).is_err());
    assert!(router.record(&mut conversation, 1.0, 0.0, Some(f64::NAN)).is_err());
    assert_eq!((router.to_bytes(), conversation.to_bytes()), decided);
}

#[test]
fn learns_from_nothing_while_it_serves() {
    let shape = Shape { modalities: 3, tasks: 4, turns: 5 };
    let data = generate(shape, 1000, &mut Random::new(1)).unwrap();
    let (costs, weights) = (synthetic_costs(3).unwrap(), RewardWeights::default());
    let budget = Budget { latency: 30.0, cost: 0.05 };
    let best = best_reachable_reward(&data, &weights, budget).unwrap();
    let mut router = OffloadRouter::new(config(3, 4, costs.clone(), 5)).unwrap();
    let mut rng = Random::new(2);
    let mut late = 0.0;
    for d in 0..data.len() {
        let mut conversation = router.start(budget, None).unwrap();
        let mut uploads = 0;
        for turn in data.dialogue(d) {
            let decision =
                router.decide(&mut conversation, turn.task, Some(turn.association)).unwrap();
            let level = router.space().level(decision.action);
            uploads += level.saturating_sub(1);
            let mean = true_mean(level > 0, uploads);
            let score = (mean + 0.3 * rng.normal()).max(0.0);
            router
                .record(&mut conversation, costs.latency(level), costs.cost(level), Some(score))
                .unwrap();
            if d >= 500 {
                let share = association_share(router.space(), decision.action, turn.association);
                late += weights.reward(&costs, level, mean, share) / (500.0 * 5.0);
            }
        }
        assert_eq!(conversation.tracker().excess(), (0.0, 0.0));
        router.finish(&mut conversation).unwrap();
    }
    assert!(late > 0.95 * best, "{late} of {best}");
}
