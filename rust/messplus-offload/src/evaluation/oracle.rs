//! The best mean reward any policy can reach within the budgets on synthetic dialogues, exactly.
//!
//! The true mean of the score depends on the location and on the number of uploads so far; among
//! the subsets of one size the one with the largest associations is best, as all have the same
//! price. What a policy has done is therefore summarised by its numbers of cloud turns and of
//! uploads, which also fix what it has spent. Backward induction over those two counts (Bellman,
//! "Dynamic Programming", 1957) gives each dialogue its optimum, associations of later turns known
//! in advance: an upper bound on every policy that sees them one turn at a time.

use super::synthetic::{synthetic_costs, true_mean};
use crate::error::Result;
use crate::problem::{Budget, BudgetTracker, CostTable, Dataset, RewardWeights};

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
    let costs = synthetic_costs(modalities)?;
    let columns = data.max_turns() * modalities + 1;
    let local_reward = weights.reward(&costs, 0, true_mean(false, 0), 0.0);
    let cloud_mean: Vec<f64> = (0..columns).map(|uploads| true_mean(true, uploads)).collect();
    let mut total = 0.0;
    // Values by cloud turns and uploads so far: of this turn, and of the next.
    let mut value = vec![0.0; (data.max_turns() + 1) * columns];
    let mut next = value.clone();
    for d in 0..data.len() {
        let turns = data.turns(d);
        for cloud in 0..=turns {
            for uploads in 0..=cloud * modalities {
                let affordable = affordable(&costs, budget, [turns - cloud, cloud, uploads]);
                next[cloud * columns + uploads] = if affordable { 0.0 } else { f64::NEG_INFINITY };
            }
        }
        for t in (0..turns).rev() {
            let shares = largest_shares(data.turn(d, t).association);
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

/// Whether the budget covers so many local turns, cloud turns and uploads in all of them.
fn affordable(costs: &CostTable, budget: Budget, [local, cloud, uploads]: [usize; 3]) -> bool {
    let spent = |of: &dyn Fn(usize) -> f64| {
        local as f64 * of(0) + cloud as f64 * of(1) + uploads as f64 * (of(2) - of(1))
    };
    let (latency, cost) = (spent(&|level| costs.latency(level)), spent(&|level| costs.cost(level)));
    BudgetTracker::new(budget).fits(latency, cost)
}

/// The largest share of the association mass that n uploads can have, for n = 0, .., M.
fn largest_shares(association: &[f32]) -> Vec<f64> {
    let mut sorted: Vec<f64> = association.iter().map(|&c| f64::from(c)).collect();
    sorted.sort_by(|a, b| b.total_cmp(a));
    let mass: f64 = sorted.iter().sum();
    let mut shares = vec![0.0];
    for c in sorted {
        shares.push(shares[shares.len() - 1] + c / mass);
    }
    shares
}
