//! How good a policy is: whole dialogues played, and the best any policy could do.

mod metrics;
mod oracle;
mod policy;
mod routed;
mod synthetic;

pub use metrics::Metrics;
pub use oracle::best_reachable_reward;
pub use policy::{Baseline, Fixed, Policy, Situation};
pub use routed::Routed;
pub use synthetic::{Shape, generate, synthetic_costs, true_mean};

use messplus_base::Random;
use metrics::{Played, Tally};

use crate::error::{Error, Result};
use crate::estimator::Scorer;
use crate::problem::{
    Budget, BudgetTracker, CostTable, Dataset, Frame, RewardWeights, Window, association_mass,
    association_share,
};

/// The problem a policy is evaluated on.
#[derive(Clone, Copy, Debug)]
pub struct Problem<'a> {
    /// Dialogues, each played once in order.
    pub data: &'a Dataset,
    /// Costs by level.
    pub costs: &'a CostTable,
    /// Reward weights.
    pub weights: &'a RewardWeights,
    /// Budgets of every conversation.
    pub budget: Budget,
    /// Score responses by the generator's true means as well.
    pub true_means: bool,
}

/// Plays every dialogue of `problem` once; the history shown is the policy's own.
///
/// # Errors
/// Costs, estimator and data are not for the same modalities, or the policy is for another problem.
pub fn evaluate(
    policy: &mut dyn Policy,
    problem: &Problem<'_>,
    scorer: &mut Scorer,
    random: &mut Random,
) -> Result<Metrics> {
    let Problem { data, costs, weights, budget, true_means } = *problem;
    let (space, span) = (data.space(), scorer.estimator().span());
    if costs.levels() != space.levels() || scorer.estimator().space() != space {
        let (rule, levels) = ("must have the modalities of the data", costs.levels());
        return Err(Error::input("costs, estimator", rule, format!("{levels} levels")));
    }
    policy.check(data, span)?;
    let mut tally = Tally::new(space.levels(), data.tasks());
    for d in 0..data.len() {
        let turns = data.turns(d);
        let per_turn = 1.0 / turns as f64;
        let (mut window, mut previous) = (Window::default(), None);
        let (mut tracker, mut published) = (BudgetTracker::new(budget), BudgetTracker::new(budget));
        let (mut uploads, mut dialogue_reward) = (0, 0.0);
        policy.begin(budget)?;
        for (t, turn) in data.dialogue(d).enumerate() {
            window.push(Frame::new(space, previous, turn.task), span);
            let action = policy.act(&mut Situation {
                space,
                task: turn.task,
                association: turn.association,
                window: &window,
                tracker: &tracker,
                later: turns - t - 1,
                costs,
                weights,
                scorer,
                random,
            })?;
            let level = space.level(action);
            uploads += level.saturating_sub(1);
            let share = association_share(space, action, turn.association);
            let response = scorer.score(&window, action);
            let reward = |response| weights.reward(costs, level, response, share);
            let played = Played {
                task: turn.task,
                level,
                response,
                association: association_mass(space, action, turn.association),
                reward: reward(response),
                true_reward: if true_means { reward(true_mean(level > 0, uploads)) } else { 0.0 },
            };
            tally.turn(&played, per_turn);
            dialogue_reward += played.reward * per_turn;
            tracker.spend(costs.latency(level), costs.cost(level));
            if t + span + 1 >= turns {
                published.spend(costs.latency(level), costs.cost(level));
            }
            previous = Some(action);
        }
        tally.dialogue(dialogue_reward, &tracker, &published);
    }
    Ok(tally.finish())
}
