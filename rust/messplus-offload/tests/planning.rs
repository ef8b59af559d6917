//! The planner and the oracle against exhaustive search.

use messplus_offload::{
    ActionSpace, Budget, CostTable, Dataset, MeanModel, Planner, Progress, Random, ResponseModel,
    RewardWeights, Scenario, Shape, Turn, association_share, best_reachable_reward, generate,
    synthetic_costs, true_mean,
};
use proptest::prelude::*;

fn taught(data: &Dataset) -> MeanModel {
    let mut model = ResponseModel::new(data.space().modalities(), data.tasks());
    for d in 0..data.len() {
        let mut at = Progress::default();
        for turn in data.dialogue(d) {
            model.learn_one(turn.task, at, data.space().decode(turn.action), turn.score);
            at = at.after(data.space().level(turn.action));
        }
    }
    model.mean()
}

/// Expectimax over all subsets, without memo, ticks or sorting. The regression alone, as in the
/// planner.
fn exhaustive(
    problem: (&ActionSpace, &CostTable, &RewardWeights, &MeanModel, &[Scenario]),
    at: Progress,
    left: (f64, f64),
    turns: u16,
) -> f64 {
    if at.turn == turns {
        return 0.0;
    }
    let (space, costs, weights, model, scenarios) = problem;
    let later = f64::from(turns - at.turn - 1);
    let mut total = 0.0;
    for scenario in scenarios {
        let mut best = f64::NEG_INFINITY;
        for action in 0..space.len() {
            let level = space.level(action);
            let need = |call: f64, local: f64| call + later * local;
            let (latency, cost) = (costs.latency(level), costs.cost(level));
            let fits = need(latency, costs.latency(0)) <= left.0 + 1e-9
                && need(cost, costs.cost(0)) <= left.1 + 1e-12;
            if level > 0 && !fits {
                continue;
            }
            let mask = space.decode(action);
            let picked = |values: &[f64]| -> f64 {
                (0..values.len())
                    .filter(|m| mask.unwrap_or(0) >> m & 1 == 1)
                    .map(|m| values[m])
                    .sum()
            };
            let response = match mask {
                None => model.local(scenario.task, at),
                Some(mask) => {
                    model.cloud_base(scenario.task, at, mask.count_ones() as usize)
                        + picked(model.gains(scenario.task))
                }
            };
            let reward = weights.reward(costs, level, response, picked(&scenario.shares));
            let rest = (left.0 - latency, left.1 - cost);
            best = best.max(reward + exhaustive(problem, at.after(level), rest, turns));
        }
        total += best;
    }
    total / scenarios.len() as f64
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn plan_values_are_those_of_exhaustive_search(
        seed in 0..1000_u64,
        latency in 0.5..14.0_f64,
        cost in 0.001..0.04_f64,
    ) {
        let shape = Shape { modalities: 2, tasks: 2, turns: 3 };
        let data = generate(shape, 60, &mut Random::new(seed)).unwrap();
        let (model, costs) = (taught(&data), synthetic_costs(2).unwrap());
        let weights = RewardWeights::default();
        let scenarios: Vec<_> = (0..3)
            .map(|d| data.turn(d, 0))
            .map(|turn| {
                let total: f32 = turn.association.iter().sum();
                let shares = turn.association.iter().map(|&c| f64::from(c / total)).collect();
                Scenario { task: turn.task, shares }
            })
            .collect();
        let mut plan = Planner::new(&costs, &weights, model.clone(), &scenarios, vec![1.0, 1.0, 0.0]);
        // Whole ticks, so that rounding down takes nothing away.
        let left = ((latency * 1e6).floor() / 1e6, (cost * 1e9).floor() / 1e9);
        let start = Progress::default();
        let open = plan.open(start, left);
        let problem = (data.space(), &costs, &weights, &model, scenarios.as_slice());
        for level in 0..costs.levels() {
            let rest = (left.0 - costs.latency(level), left.1 - costs.cost(level));
            if rest.0 < 0.1 || rest.1 < 1e-6 {
                continue;
            }
            let planned = plan.value_after(start, level, open);
            let searched = exhaustive(problem, start.after(level), rest, 3);
            prop_assert!((planned - searched).abs() < 1e-9, "{} against {}", planned, searched);
        }
    }

    #[test]
    fn oracle_is_the_best_of_all_plans(
        seed in 0..1000_u64,
        latency in 0.1..14.0_f64,
        cost in 0.001..0.04_f64,
    ) {
        let shape = Shape { modalities: 2, tasks: 1, turns: 3 };
        let data = generate(shape, 3, &mut Random::new(seed)).unwrap();
        let (weights, costs) = (RewardWeights::default(), synthetic_costs(2).unwrap());
        let budget = Budget { latency, cost };
        let best = best_reachable_reward(&data, &weights, budget).unwrap();
        let searched: f64 = (0..3).map(|d| best_path(&data, d, &weights, &costs, budget)).sum();
        prop_assert!((best - searched / 3.0).abs() < 1e-9, "{} against {}", best, searched / 3.0);
    }
}

/// Best mean reward of one dialogue over all sequences of actions.
fn best_path(
    data: &Dataset,
    d: usize,
    weights: &RewardWeights,
    costs: &CostTable,
    budget: Budget,
) -> f64 {
    let (space, turns) = (data.space(), data.turns(d));
    let paths = space.len().pow(turns as u32);
    let mut best = f64::NEG_INFINITY;
    for path in 0..paths {
        let (mut code, mut uploads, mut reward, mut latency, mut cost) = (path, 0, 0.0, 0.0, 0.0);
        for turn in data.dialogue(d) {
            let Turn { association, .. } = turn;
            let action = code % space.len();
            code /= space.len();
            let level = space.level(action);
            uploads += level.saturating_sub(1);
            let share = association_share(space, action, association);
            reward += weights.reward(costs, level, true_mean(level > 0, uploads), share);
            latency += costs.latency(level);
            cost += costs.cost(level);
        }
        if latency <= budget.latency && cost <= budget.cost {
            best = best.max(reward / turns as f64);
        }
    }
    best
}
