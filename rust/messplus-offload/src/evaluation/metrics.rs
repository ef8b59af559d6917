//! What an evaluation counts: complete totals, and TMO's published metrics beside them.

use crate::problem::BudgetTracker;

/// Means over dialogues.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics {
    /// Estimated response score per turn.
    pub response: f64,
    /// Association mass uploaded per turn.
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
    /// Published violation of the latency budget: mean excess of the dialogues over it, by the
    /// published totals, with one further zero where the first dialogue is within it.
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
    /// Reward per turn of each dialogue: for confidence intervals.
    pub dialogue_reward: Vec<f64>,
}

/// One turn that was played.
pub(super) struct Played {
    pub task: usize,
    pub level: usize,
    pub response: f64,
    pub association: f64,
    pub reward: f64,
    pub true_reward: f64,
}

/// Metrics in the making.
pub(super) struct Tally {
    metrics: Metrics,
    /// Per task: sum of rewards, and number of turns.
    tasks: Vec<(f64, f64)>,
    latency_violations: Violations,
    cost_violations: Violations,
}

/// TMO's violation: a mean over those who exceed the budget, and over the first dialogue in any
/// case.
#[derive(Default)]
struct Violations {
    total: f64,
    count: f64,
}

impl Tally {
    pub fn new(levels: usize, tasks: usize) -> Self {
        Self {
            metrics: Metrics { levels: vec![0; levels], ..Metrics::default() },
            tasks: vec![(0.0, 0.0); tasks],
            latency_violations: Violations::default(),
            cost_violations: Violations::default(),
        }
    }

    /// Counts one turn of a dialogue in which it has the weight `per_turn`.
    pub fn turn(&mut self, played: &Played, per_turn: f64) {
        let metrics = &mut self.metrics;
        metrics.response += played.response * per_turn;
        metrics.association += played.association * per_turn;
        metrics.true_reward += played.true_reward * per_turn;
        metrics.levels[played.level] += 1;
        let (sum, count) = &mut self.tasks[played.task];
        *sum += played.reward;
        *count += 1.0;
    }

    /// Counts one dialogue by its mean reward, its spending and its published spending.
    pub fn dialogue(&mut self, reward: f64, spent: &BudgetTracker, published: &BudgetTracker) {
        let metrics = &mut self.metrics;
        let first = metrics.dialogue_reward.is_empty();
        metrics.reward += reward;
        metrics.dialogue_reward.push(reward);
        metrics.latency += spent.latency;
        metrics.cost += spent.cost;
        metrics.window_latency += published.latency;
        metrics.window_cost += published.cost;
        let (latency, cost) = spent.excess();
        metrics.latency_excess += latency;
        metrics.cost_excess += cost;
        metrics.violation_rate += f64::from(u8::from(latency > 0.0 || cost > 0.0));
        let (latency, cost) = published.excess();
        self.latency_violations.add(latency, first);
        self.cost_violations.add(cost, first);
    }

    /// The means.
    pub fn finish(self) -> Metrics {
        let Self { mut metrics, tasks, latency_violations, cost_violations } = self;
        let dialogues = metrics.dialogue_reward.len().max(1) as f64;
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
        metrics.latency_violation = latency_violations.mean();
        metrics.cost_violation = cost_violations.mean();
        let mean = |&(sum, count): &(f64, f64)| if count > 0.0 { sum / count } else { 0.0 };
        metrics.task_reward = tasks.iter().map(mean).collect();
        metrics
    }
}

impl Violations {
    fn add(&mut self, excess: f64, first: bool) {
        if excess > 0.0 || first {
            self.total += excess;
            self.count += 1.0;
        }
    }

    fn mean(&self) -> f64 {
        if self.count > 0.0 { self.total / self.count } else { 0.0 }
    }
}
