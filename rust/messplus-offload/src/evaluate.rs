//! Evaluation of a policy over whole dialogues, with the published metrics and complete totals side by side.

use messplus_base::Random;

use crate::action::{Action, LOCAL};
use crate::agent::Agent;
use crate::budget::{Budget, BudgetTracker};
use crate::cost::CostTable;
use crate::dataset::Dataset;
use crate::env::fits;
use crate::error::Result;
use crate::generator::true_mean;
use crate::reward::{RewardWeights, association_mass, association_share};
use crate::router::{Conversation, OffloadRouter};
use crate::scorer::Scorer;
use crate::window::{Frame, Window};

/// What decides.
#[derive(Debug)]
pub enum Policy<'a> {
    /// The same action every turn.
    Fixed(Action),
    /// A uniformly drawn cloud action.
    UniformCloud,
    /// Local with probability 0.5, else a uniformly drawn cloud action.
    Random,
    /// The action with the best estimated reward of the turn, within the budgets.
    MyopicGreedy,
    /// A trained agent; `masked` keeps it within the budgets.
    Agent {
        /// The agent.
        agent: &'a mut Agent,
        /// Forbid what does not fit.
        masked: bool,
    },
    /// The planning router.
    Router(&'a mut OffloadRouter),
}

/// The problem a policy is evaluated on.
#[derive(Debug, Clone, Copy)]
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

/// Means over dialogues.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Metrics {
    /// Estimated response score per turn.
    pub response: f64,
    /// Raw association mass uploaded per turn.
    pub association: f64,
    /// Reward per turn.
    pub reward: f64,
    /// Reward per turn with the generator's true mean responses; zero if not asked for.
    pub true_reward: f64,
    /// Seconds per dialogue, all turns.
    pub latency: f64,
    /// USD per dialogue, all turns.
    pub cost: f64,
    /// Seconds per dialogue over its last `span + 1` turns: the published total.
    pub window_latency: f64,
    /// USD per dialogue over its last `span + 1` turns: the published total.
    pub window_cost: f64,
    /// Published violation of the latency budget: mean excess of the dialogues over it, by the published totals, counting one
    /// further zero if the first dialogue is within it.
    pub latency_violation: f64,
    /// Published violation of the cost budget, likewise.
    pub cost_violation: f64,
    /// Share of dialogues over either budget, all turns.
    pub violation_rate: f64,
    /// Mean seconds over budget over all dialogues, all turns.
    pub latency_excess: f64,
    /// Mean USD over budget over all dialogues, all turns.
    pub cost_excess: f64,
    /// Turns at each cost level.
    pub levels: Vec<u64>,
    /// Reward per turn of each task.
    pub task_reward: Vec<f64>,
    /// Reward of each dialogue, per turn: for confidence intervals.
    pub dialogue_reward: Vec<f64>,
}

/// Plays every dialogue of `problem` once with `policy`; the history shown is the policy's own.
///
/// # Errors
/// A router was made for another problem.
pub fn evaluate(
    policy: &mut Policy<'_>,
    problem: &Problem<'_>,
    scorer: &mut Scorer,
    rng: &mut Random,
) -> Result<Metrics> {
    let Problem { data, costs, weights, budget, true_means } = *problem;
    let space = data.space();
    let span = scorer.estimator().span();
    let mut metrics = Metrics { levels: vec![0; space.levels()], ..Metrics::default() };
    let mut tasks = vec![(0.0, 0.0); data.tasks()];
    let (mut over_latency, mut over_cost) = (Violations::default(), Violations::default());
    for d in 0..data.len() {
        let turns = data.turns(d);
        let per_turn = 1.0 / turns as f64;
        let (mut window, mut previous) = (Window::default(), None);
        let (mut tracker, mut published) = (BudgetTracker::new(budget), BudgetTracker::new(budget));
        let mut conversation = match policy {
            Policy::Router(router) => Some(router.start(budget, None)?),
            _ => None,
        };
        let (mut uploads, mut dialogue_reward) = (0, 0.0);
        for (t, turn) in data.dialogue(d).enumerate() {
            window.push(Frame::new(space, previous, turn.task), span);
            let allowed = |level| fits(&tracker, costs, level, (turns - t - 1) as f64);
            let action = match policy {
                Policy::Fixed(action) => *action,
                Policy::Random if rng.uniform() < 0.5 => LOCAL,
                Policy::UniformCloud | Policy::Random => 1 + rng.below(space.len() - 1),
                Policy::MyopicGreedy => greedy(&window, turn.association, problem, scorer, allowed),
                Policy::Agent { agent, masked } => {
                    agent.act(space, &window, &tracker, |level| !*masked || allowed(level))
                }
                Policy::Router(router) => {
                    routed(router, conversation.as_mut(), turn.task, turn.association, costs)?
                }
            };
            let level = space.level(action);
            uploads += level.saturating_sub(1);
            let share = association_share(space, action, turn.association);
            let response = scorer.score(&window, action);
            let reward = weights.reward(costs, level, response, share);
            metrics.response += response * per_turn;
            metrics.association += association_mass(space, action, turn.association) * per_turn;
            dialogue_reward += reward * per_turn;
            if true_means {
                metrics.true_reward +=
                    weights.reward(costs, level, true_mean(level > 0, uploads), share) * per_turn;
            }
            metrics.levels[level] += 1;
            tasks[turn.task].0 += reward;
            tasks[turn.task].1 += 1.0;
            tracker.spend(costs.latency(level), costs.cost(level));
            if t + span + 1 >= turns {
                published.spend(costs.latency(level), costs.cost(level));
            }
            previous = Some(action);
        }
        metrics.reward += dialogue_reward;
        metrics.dialogue_reward.push(dialogue_reward);
        metrics.latency += tracker.latency;
        metrics.cost += tracker.cost;
        metrics.window_latency += published.latency;
        metrics.window_cost += published.cost;
        let (latency, cost) = tracker.excess();
        metrics.latency_excess += latency;
        metrics.cost_excess += cost;
        metrics.violation_rate += f64::from(u8::from(latency > 0.0 || cost > 0.0));
        over_latency.add(d, published.excess().0);
        over_cost.add(d, published.excess().1);
    }
    let dialogues = data.len().max(1) as f64;
    for total in [
        &mut metrics.response,
        &mut metrics.association,
        &mut metrics.reward,
        &mut metrics.true_reward,
        &mut metrics.latency,
        &mut metrics.cost,
        &mut metrics.window_latency,
        &mut metrics.window_cost,
        &mut metrics.violation_rate,
        &mut metrics.latency_excess,
        &mut metrics.cost_excess,
    ] {
        *total /= dialogues;
    }
    metrics.latency_violation = over_latency.mean();
    metrics.cost_violation = over_cost.mean();
    metrics.task_reward =
        tasks.iter().map(|(sum, count)| if *count > 0.0 { sum / count } else { 0.0 }).collect();
    Ok(metrics)
}

/// The published violation: a mean over those who exceed the budget, and over the first dialogue in any case.
#[derive(Default)]
struct Violations {
    total: f64,
    count: f64,
}

impl Violations {
    fn add(&mut self, dialogue: usize, excess: f64) {
        if excess > 0.0 || dialogue == 0 {
            self.total += excess;
            self.count += 1.0;
        }
    }

    fn mean(&self) -> f64 {
        if self.count > 0.0 { self.total / self.count } else { 0.0 }
    }
}

fn greedy(
    window: &Window,
    association: &[f32],
    problem: &Problem<'_>,
    scorer: &mut Scorer,
    allowed: impl Fn(usize) -> bool,
) -> Action {
    let space = problem.data.space();
    let mut best = (LOCAL, f64::NEG_INFINITY);
    for action in (0..space.len()).filter(|&a| allowed(space.level(a))) {
        let share = association_share(space, action, association);
        let response = scorer.score(window, action);
        let reward = problem.weights.reward(problem.costs, space.level(action), response, share);
        if reward > best.1 {
            best = (action, reward);
        }
    }
    best.0
}

fn routed(
    router: &mut OffloadRouter,
    conversation: Option<&mut Conversation>,
    task: usize,
    association: &[f32],
    costs: &CostTable,
) -> Result<Action> {
    let Some(conversation) = conversation else { return Ok(LOCAL) };
    let decision = router.decide(conversation, task, Some(association))?;
    let level = router.space().level(decision.action);
    router.record(conversation, costs.latency(level), costs.cost(level), None)?;
    Ok(decision.action)
}
