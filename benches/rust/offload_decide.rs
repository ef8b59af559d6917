//! Decision latency of the offloading router: shared plans, measured latencies, larger problems.

use std::hint::black_box;

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use messplus_offload::{
    Budget, KnnEstimator, OffloadRouter, Random, RewardWeights, RouterConfig, Shape, generate,
    synthetic_costs,
};

const BUDGET: Budget = Budget { latency: 30.0, cost: 0.05 };

fn fitted(shape: Shape) -> OffloadRouter {
    let data = generate(shape, 2000, &mut Random::new(0)).expect("the shape is valid");
    let config = RouterConfig {
        modalities: shape.modalities,
        tasks: shape.tasks,
        costs: synthetic_costs(shape.modalities).expect("the shape is valid"),
        weights: RewardWeights::default(),
        max_turns: shape.turns,
        optimism: 0.5,
        cost_rate: 0.0,
    };
    let mut router = OffloadRouter::new(config).expect("the settings are valid");
    router.fit(&data).expect("the data is of the same shape");
    router
}

/// Plays five turns; measured latencies stay below declared ones by up to the share `jitter`.
fn conversation(router: &mut OffloadRouter, jitter: f64, rng: &mut Random) {
    let modalities = router.config().modalities;
    let mut association = [0.0_f32; 12];
    let mut conversation = router.start(BUDGET, None).expect("the budget is valid");
    for _ in 0..5 {
        association.iter_mut().for_each(|c| *c = 0.1 + 0.4 * rng.uniform() as f32);
        let decision = router
            .decide(&mut conversation, 0, Some(&association[..modalities]))
            .expect("the arguments are valid");
        let latency = decision.latency * (1.0 - jitter * rng.uniform());
        router
            .record(&mut conversation, latency, decision.cost, None)
            .expect("there is a decision");
        black_box(decision.action);
    }
}

fn decide(c: &mut Criterion) {
    let mut group = c.benchmark_group("offload_five_turns");
    for (modalities, jitter) in [(3, 0.0), (3, 0.3), (6, 0.0), (6, 0.3), (10, 0.0)] {
        let mut router = fitted(Shape { modalities, tasks: 4, turns: 5 });
        let mut rng = Random::new(1);
        let kind = if jitter > 0.0 { "measured" } else { "declared" };
        group.bench_function(BenchmarkId::new(kind, modalities), |b| {
            b.iter(|| conversation(&mut router, jitter, &mut rng));
        });
    }
    group.finish();
}

fn first_plan(c: &mut Criterion) {
    let mut group = c.benchmark_group("offload_first_five_turns");
    for modalities in [3, 6] {
        let router = fitted(Shape { modalities, tasks: 4, turns: 5 });
        let mut rng = Random::new(1);
        group.bench_function(BenchmarkId::from_parameter(modalities), |b| {
            b.iter_batched(
                || router.clone(),
                |mut router| conversation(&mut router, 0.0, &mut rng),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

fn estimate(c: &mut Criterion) {
    let shape = Shape { modalities: 3, tasks: 4, turns: 5 };
    let data = generate(shape, 10_000, &mut Random::new(0)).expect("the shape is valid");
    let estimator = KnnEstimator::fit(&data, 5, 5).expect("there are enough turns");
    let windows = data.logged_windows(5).expect("the span is valid");
    let mut rng = Random::new(1);
    c.bench_function("offload_estimate_50000_rows", |b| {
        b.iter(|| estimator.predict(&windows[rng.below(windows.len())].0, rng.below(9)));
    });
}

criterion_group!(benches, decide, first_plan, estimate);
criterion_main!(benches);
