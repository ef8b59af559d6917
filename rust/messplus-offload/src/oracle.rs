//! The best mean reward any policy can reach within the budgets on generated dialogues, computed exactly.
//!
//! The true mean of the score depends on the location and on the number of uploads so far; among the subsets of one
//! size the one with the largest associations is best, as all have the same price. A policy's path is therefore summarised by its
//! number of cloud turns and of uploads, which also fix what it has spent. Backward induction over those two counts gives each dialogue
//! its optimum, associations of later turns known in advance: an upper bound on every policy that sees them one turn at a time.

use crate::budget::Budget;
use crate::dataset::Dataset;
use crate::error::Result;
use crate::generator::{costs, true_mean};
use crate::reward::RewardWeights;

/// Mean over dialogues of the best attainable mean reward per turn.
///
/// # Errors
/// Never for a data set of at least one modality.
pub fn best_reachable_reward(
    data: &Dataset,
    weights: &RewardWeights,
    budget: Budget,
) -> Result<f64> {
    let modalities = data.space().modalities();
    let costs = costs(modalities)?;
    let max_turns = data.max_turns();
    let (rows, columns) = (max_turns + 1, max_turns * modalities + 1);
    let affordable = |cloud: usize, uploads: usize, turns: usize| {
        let local = (turns - cloud) as f64;
        let spent = |local_unit: f64, base: f64, slope: f64| {
            local * local_unit + cloud as f64 * base + uploads as f64 * slope
        };
        let latency =
            spent(costs.latency(0), costs.latency(1), costs.latency(2) - costs.latency(1));
        let cost = spent(costs.cost(0), costs.cost(1), costs.cost(2) - costs.cost(1));
        // Sums of decimal fractions: a relative margin of 1e-9 keeps an exactly exhausted budget affordable.
        latency <= budget.latency * (1.0 + 1e-9) && cost <= budget.cost * (1.0 + 1e-9)
    };
    let local_reward = weights.reward(&costs, 0, true_mean(false, 0), 0.0);
    let cloud_mean: Vec<f64> = (0..columns).map(|uploads| true_mean(true, uploads)).collect();
    let mut total = 0.0;
    let mut value = vec![0.0; rows * columns];
    let mut next = value.clone();
    for d in 0..data.len() {
        let turns = data.turns(d);
        for cloud in 0..=turns {
            for uploads in 0..=cloud * modalities {
                next[cloud * columns + uploads] =
                    if affordable(cloud, uploads, turns) { 0.0 } else { f64::NEG_INFINITY };
            }
        }
        for t in (0..turns).rev() {
            let mut sorted: Vec<f64> =
                data.turn(d, t).association.iter().map(|&c| f64::from(c)).collect();
            sorted.sort_by(|a, b| b.total_cmp(a));
            let mass: f64 = sorted.iter().sum();
            let mut shares = vec![0.0];
            shares.extend(sorted.iter().scan(0.0, |top, c| {
                *top += c / mass;
                Some(*top)
            }));
            for cloud in 0..=t {
                for uploads in 0..=cloud * modalities {
                    let mut best = local_reward + next[cloud * columns + uploads];
                    for (n, share) in shares.iter().enumerate() {
                        let after = uploads + n;
                        let reward = weights.reward(&costs, 1 + n, cloud_mean[after], *share);
                        best = best.max(reward + next[(cloud + 1) * columns + after]);
                    }
                    value[cloud * columns + uploads] = best;
                }
            }
            core::mem::swap(&mut value, &mut next);
        }
        total += next[0] / turns as f64;
    }
    Ok(total / data.len() as f64)
}
