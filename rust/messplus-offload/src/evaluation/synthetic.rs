//! TMO's synthetic dialogues, whose true means are known.
//!
//! Tasks are uniform. A turn runs in the cloud with probability 0.5 and then uploads, with
//! probability 0.7, a uniformly drawn subset of uniform size `1..=M`. With `cum` uploads so far in
//! the dialogue, the current turn included, the score is `clip(Normal(mu, 0.3), 0, 2)`, mu = 0.7
//! locally and `1 + 0.1 cum` in the cloud. Associations are independent and uniform on `[0.1,
//! 0.5]`.

use messplus_base::Random;

use crate::error::{Error, Result};
use crate::problem::{ActionSpace, CostTable, Dataset, Turn};

const LOCAL_MEAN: f64 = 0.7;
const SCORE_SD: f64 = 0.3;
const SCORE_CAP: f64 = 2.0;

/// Shape of a generated data set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// Number of modalities M.
    pub modalities: usize,
    /// Number of task categories K.
    pub tasks: usize,
    /// Turns of every dialogue T.
    pub turns: usize,
}

/// Draws `dialogues` dialogues.
///
/// # Errors
/// The shape is out of range or `dialogues` is zero.
pub fn generate(shape: Shape, dialogues: usize, random: &mut Random) -> Result<Dataset> {
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
            let task = random.below(shape.tasks);
            let mask = (random.uniform() < 0.5).then(|| draw_subset(&mut members, random));
            uploads += mask.map_or(0, |m| m.count_ones() as usize);
            let mean = mean(mask.is_some(), uploads);
            let score = (mean + SCORE_SD * random.normal()).clamp(0.0, SCORE_CAP);
            let association: Vec<f32> =
                (0..shape.modalities).map(|_| 0.1 + 0.4 * random.uniform() as f32).collect();
            turns.push((task, space.encode(mask), score, association));
        }
        data.push(turns.iter().map(|&(task, action, score, ref association)| Turn {
            task,
            action,
            score,
            association,
        }))?;
    }
    Ok(data)
}

fn draw_subset(members: &mut [u32], random: &mut Random) -> u32 {
    let size = if random.uniform() < 0.7 { 1 + random.below(members.len()) } else { 0 };
    random.shuffle(members);
    members[..size].iter().fold(0, |mask, m| mask | 1 << m)
}

/// TMO's cost table for these dialogues: local `F / peak` of a Jetson TX2, cloud `0.5 + 1.5 n` s
/// and `0.0005 + 0.004 n` USD.
///
/// # Errors
/// `modalities` is zero.
pub fn synthetic_costs(modalities: usize) -> Result<CostTable> {
    let cloud = |base: f64, slope: f64| (0..=modalities).map(move |n| base + slope * n as f64);
    let latency = core::iter::once(0.011_428_571_428_571_429).chain(cloud(0.5, 1.5)).collect();
    let cost = core::iter::once(7.942_857_142_857_143e-9).chain(cloud(0.0005, 0.004)).collect();
    CostTable::new(latency, cost)
}

/// Mean of the score before it is clipped.
fn mean(cloud: bool, uploads: usize) -> f64 {
    if cloud { 1.0 + 0.1 * uploads as f64 } else { LOCAL_MEAN }
}

/// True mean score of a local call, or of a cloud call with `uploads` uploads so far in the
/// dialogue: `E[clip(X, 0, 2)]` for `X ~ Normal(mu, 0.3)`.
#[must_use]
pub fn true_mean(cloud: bool, uploads: usize) -> f64 {
    let mu = mean(cloud, uploads);
    // clip(x, 0, c) = max(x, 0) - max(x - c, 0).
    mean_excess(mu) - mean_excess(mu - SCORE_CAP)
}

/// `E[max(X, 0)] = mu Phi(mu / sd) + sd phi(mu / sd)` for `X ~ Normal(mu, sd)`, sd the score's.
fn mean_excess(mu: f64) -> f64 {
    let z = mu / SCORE_SD;
    let density = libm::exp(-0.5 * z * z) / core::f64::consts::TAU.sqrt();
    let distribution = 0.5 * libm::erfc(-z * core::f64::consts::FRAC_1_SQRT_2);
    mu * distribution + SCORE_SD * density
}

#[cfg(test)]
mod tests {
    use messplus_base::Random;

    use super::true_mean;

    #[test]
    fn closed_form_means_agree_with_samples() {
        let mut random = Random::new(5);
        for (cloud, uploads, mu) in
            [(false, 0, 0.7), (true, 0, 1.0), (true, 6, 1.6), (true, 10, 2.0), (true, 25, 3.5)]
        {
            let samples = 200_000;
            let score = |_| (mu + 0.3 * random.normal()).clamp(0.0, 2.0);
            let mean = (0..samples).map(score).sum::<f64>() / f64::from(samples);
            assert!((mean - true_mean(cloud, uploads)).abs() < 3e-3, "{mu}: {mean}");
        }
    }
}
