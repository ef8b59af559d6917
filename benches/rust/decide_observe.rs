//! Decision latency: one `decide` and one `observe` against the number of models and features.

use std::hint::black_box;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use messplus_benches::{CHUNK, Stream};
use messplus_core::{DefaultConfig, PaperConfig, PolicyConfig};

const SIZES: [(usize, usize); 7] =
    [(2, 64), (4, 64), (8, 64), (64, 64), (4, 16), (4, 1024), (8, 384)];

/// Presets by name. The paper's learns only from exploring requests; `paper-learning` explores on
/// every request, so that each observation updates a head.
fn policies() -> [(&'static str, PolicyConfig); 3] {
    let learning = PaperConfig { exploration: 1e12, ..PaperConfig::default() };
    [
        ("default", PolicyConfig::Default(DefaultConfig::default())),
        ("paper", PolicyConfig::Paper(PaperConfig::default())),
        ("paper-learning", PolicyConfig::Paper(learning)),
    ]
}

fn decide(criterion: &mut Criterion) {
    for (name, policy) in policies() {
        let mut group = criterion.benchmark_group(format!("decide/{name}"));
        for (n_models, n_features) in SIZES {
            let mut stream = Stream::new(policy.clone(), n_models, n_features);
            let id = BenchmarkId::from_parameter(format!("M={n_models},k={n_features}"));
            group.bench_function(id, |bencher| bencher.iter(|| stream.decide()));
        }
    }
}

fn observe(criterion: &mut Criterion) {
    for (name, policy) in policies() {
        let mut group = criterion.benchmark_group(format!("observe/{name}"));
        for (n_models, n_features) in SIZES {
            let mut stream = Stream::new(policy.clone(), n_models, n_features);
            let id = BenchmarkId::from_parameter(format!("M={n_models},k={n_features}"));
            group.bench_function(id, |bencher| {
                bencher.iter_custom(|rounds| time_observe(&mut stream, rounds));
            });
        }
    }
}

/// Time `rounds` observations; the decisions they need are made off the clock.
fn time_observe(stream: &mut Stream, rounds: u64) -> Duration {
    let mut elapsed = Duration::ZERO;
    let mut left = rounds;
    while left > 0 {
        let chunk = left.min(CHUNK as u64);
        let first = stream.decided();
        (0..chunk).for_each(|_| stream.decide());
        let start = Instant::now();
        (0..u128::from(chunk)).for_each(|request| stream.observe(black_box(first + request)));
        elapsed += start.elapsed();
        left -= chunk;
    }
    elapsed
}

/// A million rounds, in ten parts: the times must not grow.
fn stays_flat(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("million-rounds");
    group.sample_size(10);
    let mut stream = Stream::new(PolicyConfig::Default(DefaultConfig::default()), 4, 64);
    for part in 1..=10 {
        let id = BenchmarkId::from_parameter(format!("{part}00k"));
        group.bench_function(id, |bencher| {
            bencher.iter_custom(|rounds| {
                let start = Instant::now();
                for _ in 0..rounds * 1000 {
                    stream.decide();
                    stream.observe(stream.decided() - 1);
                }
                start.elapsed() / 1000
            });
        });
        let passed = stream.decided();
        (passed..100_000 * part).for_each(|_| {
            stream.decide();
            stream.observe(stream.decided() - 1);
        });
    }
}

criterion_group!(benches, decide, observe, stays_flat);
criterion_main!(benches);
