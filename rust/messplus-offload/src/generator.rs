//! Synthetic dialogues with known true means, in seven published configurations.
//!
//! Task uniform. Cloud with probability 0.5; a cloud turn uploads with probability 0.7 a uniformly drawn subset whose
//! size is uniform on `1..=M`. With `cum` the number of uploads so far in the dialogue, the current turn included, the score is
//! `clip(Normal(mu, 0.3), 0, 2)`, `mu = 0.7` for local and `1.0 + 0.1 * cum` for cloud. Associations are iid uniform on `[0.1, 0.5]`.

use messplus_base::Random;

use crate::action::{ActionSpace, LOCAL};
use crate::cost::CostTable;
use crate::dataset::{Dataset, Turn};
use crate::error::{Error, Result};

const LOCAL_MEAN: f64 = 0.7;
const SCORE_SD: f64 = 0.3;
const SCORE_CAP: f64 = 2.0;

/// Shape of a generated data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Number of modalities `M`.
    pub modalities: usize,
    /// Number of task categories `K`.
    pub tasks: usize,
    /// Turns of every dialogue `T`.
    pub turns: usize,
}

/// Mean of the unclipped score for a local call, or a cloud call with `uploads` uploads so far.
fn location_mean(cloud: bool, uploads: usize) -> f64 {
    if cloud { 1.0 + 0.1 * uploads as f64 } else { LOCAL_MEAN }
}

/// Draws `dialogues` dialogues.
///
/// # Errors
/// The shape is out of range or `dialogues` is zero.
pub fn generate(shape: Shape, dialogues: usize, rng: &mut Random) -> Result<Dataset> {
    for (field, count) in [("dialogues", dialogues), ("turns", shape.turns)] {
        if count == 0 {
            return Err(Error::input(field, "must be positive", count));
        }
    }
    let space = ActionSpace::new(shape.modalities)?;
    let mut data = Dataset::new(space.clone(), shape.tasks)?;
    let mut members: Vec<u32> = (0..shape.modalities as u32).collect();
    for _ in 0..dialogues {
        let mut uploads = 0;
        let mut turns = Vec::with_capacity(shape.turns);
        for _ in 0..shape.turns {
            let task = rng.below(shape.tasks);
            let mask = (rng.uniform() < 0.5).then(|| {
                let size = if rng.uniform() < 0.7 { 1 + rng.below(shape.modalities) } else { 0 };
                rng.shuffle(&mut members);
                members[..size].iter().fold(0_u32, |mask, m| mask | 1 << m)
            });
            uploads += mask.map_or(0, |m| m.count_ones() as usize);
            let mean = location_mean(mask.is_some(), uploads);
            let score = (mean + SCORE_SD * rng.normal()).clamp(0.0, SCORE_CAP);
            let association: Vec<f32> =
                (0..shape.modalities).map(|_| 0.1 + 0.4 * rng.uniform() as f32).collect();
            turns.push((task, space.encode(mask), score, association));
        }
        data.push(turns.iter().map(|(task, action, score, association)| Turn {
            task: *task,
            action: *action,
            score: *score,
            association,
        }))?;
    }
    debug_assert!(space.decode(LOCAL).is_none());
    Ok(data)
}

/// The published cost table of the generator: local `F / peak` of a Jetson TX2, cloud `0.5 + 1.5 n` s and `0.0005 + 0.004 n` USD.
///
/// # Errors
/// `modalities` is zero.
pub fn costs(modalities: usize) -> Result<CostTable> {
    let cloud = |base: f64, slope: f64| (0..=modalities).map(move |n| base + slope * n as f64);
    let latency = core::iter::once(0.011_428_571_428_571_429).chain(cloud(0.5, 1.5)).collect();
    let cost = core::iter::once(7.942_857_142_857_143e-9).chain(cloud(0.0005, 0.004)).collect();
    CostTable::new(latency, cost)
}

/// True mean of the clipped score, in closed form: `E[clip(X, 0, c)]` for `X ~ Normal(mu, 0.3)`.
#[must_use]
pub fn true_mean(cloud: bool, uploads: usize) -> f64 {
    let mu = location_mean(cloud, uploads);
    // E[max(X, a)] - a is the mean excess over a; clipping at 0 and c is the difference of two excesses.
    mean_excess(mu) - mean_excess(mu - SCORE_CAP)
}

/// `E[max(X, 0)]` for `X ~ Normal(mu, SCORE_SD)`.
fn mean_excess(mu: f64) -> f64 {
    let z = mu / SCORE_SD;
    let density = libm::exp(-0.5 * z * z) / core::f64::consts::TAU.sqrt();
    mu * normal_cdf(z) + SCORE_SD * density
}

/// Standard normal distribution function.
fn normal_cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z * core::f64::consts::FRAC_1_SQRT_2)
}
