//! The dual variables of every constraint of an agreement.

use messplus_base::wire::{Reader, Writer};

use super::delay_compensator::{DelayCompensator, Expectation, Expectations};
use super::level_dual::LevelDual;
use super::limit_dual::LimitDual;
use super::multiplier::Multiplier;
use super::price_cap::cap_price;
use crate::error::Result;
use crate::types::agreement::{Agreement, MAX_LIMITS, Objective, Resource};

/// Weighs what models bring and use up against each other:
///
/// ```text
/// score = E - lambda s + sum_r mu_r u_r      (objective: smallest cost)
/// score = -(1 + lambda) s + sum_r mu_r u_r   (objective: greatest satisfaction)
/// ```
///
/// lambda is the dual variable of the request's service level, `mu_r` that of the limit on resource
/// r, of which `u_r` is used: the Lagrangian of the problem that MESS+ (arXiv 2505.19947) solves,
/// with limits as further constraints (Neely, *Stochastic Network Optimization*, 2010, ch. 4).
#[derive(Clone, Debug)]
pub(crate) struct Duals {
    objective: Objective,
    levels: Vec<LevelDual>,
    limits: Vec<LimitDual>,
}

/// What one unit of each counts in a score.
#[derive(Clone, Copy, Debug)]
pub(crate) struct UnitWeights {
    pub satisfaction: f64,
    pub cost: f64,
    pub latency: f64,
    /// The dual of the level is at its cap.
    pub is_highest: bool,
}

impl UnitWeights {
    /// Let one more satisfied request cost `max_price` at most; whether its price is at this cap, or at
    /// that of all duals.
    pub fn cap_price(&mut self, max_price: f64) -> bool {
        cap_price(&mut self.satisfaction, self.cost, max_price) || self.is_highest
    }
}

/// What a call uses up, or the least that any call would.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub cost: f64,
    pub latency: f64,
}

impl Usage {
    fn of(self, resource: Resource) -> f64 {
        match resource {
            Resource::Cost => self.cost,
            Resource::Latency => self.latency,
        }
    }
}

impl Duals {
    /// One per constraint; `initial` gives that of a level before its first request, by its target.
    pub fn new(agreement: &Agreement, initial: impl Fn(f64) -> f64) -> Self {
        let initial = |alpha| match agreement.objective {
            Objective::Cost => initial(alpha),
            Objective::Satisfaction => 0.0,
        };
        let levels = agreement.levels.iter().map(|level| LevelDual::new(initial(level.alpha)));
        Self {
            objective: agreement.objective,
            levels: levels.collect(),
            limits: agreement.limits.iter().map(LimitDual::new).collect(),
        }
    }

    /// Whether usage of the resource is limited.
    pub fn limits(&self, resource: Resource) -> bool {
        self.limits.iter().any(|limit| limit.resource == resource)
    }

    /// The weights of the next request's scores, cost being counted in this unit; `sampled` where ratings
    /// of the level are of requests picked at random.
    pub fn advance(
        &mut self,
        level: usize,
        backlog: f64,
        sampled: bool,
        limit_backlogs: &[f64; MAX_LIMITS],
        unit: f64,
    ) -> UnitWeights {
        let dual = self.levels[level].multiplier.advance(backlog, sampled);
        let mut weights = match self.objective {
            Objective::Cost => UnitWeights {
                satisfaction: dual,
                cost: 1.0 / unit,
                latency: 0.0,
                is_highest: Multiplier::is_highest(dual),
            },
            Objective::Satisfaction => {
                UnitWeights { satisfaction: 1.0 + dual, cost: 0.0, latency: 0.0, is_highest: false }
            }
        };
        for (limit, &backlog) in self.limits.iter_mut().zip(limit_backlogs) {
            match limit.resource {
                Resource::Cost => weights.cost += limit.advance(backlog),
                Resource::Latency => weights.latency += limit.advance(backlog),
            }
        }
        weights
    }

    /// Take note of a decision that should fall short of its level's target by `shortfall` and use
    /// `used`, where the best model would satisfy with probability `best` and the thriftiest use
    /// `least`.
    pub fn expect(
        &mut self,
        level: usize,
        best: f64,
        shortfall: f64,
        used: Usage,
        least: Usage,
    ) -> Expectations {
        let level = &mut self.levels[level];
        level.see(best);
        let mut expectations = Expectations {
            level: level.multiplier.compensator.expect(shortfall),
            ..Expectations::default()
        };
        for (limit, expectation) in self.limits.iter_mut().zip(&mut expectations.limits) {
            *expectation = limit.expect(used.of(limit.resource), least.of(limit.resource));
        }
        expectations
    }

    /// Another model serves the decision just made: expect what it should bring.
    pub fn expect_instead(
        &mut self,
        level: usize,
        shortfall: f64,
        used: Usage,
        expectations: &mut Expectations,
    ) {
        let compensator = &mut self.levels[level].multiplier.compensator;
        compensator.expect_instead(&mut expectations.level, shortfall);
        for (limit, expectation) in self.limits.iter_mut().zip(&mut expectations.limits) {
            limit.expect_instead(expectation, used.of(limit.resource));
        }
    }

    /// A request of a level fell short by `shortfall`; what it still counted, as
    /// [`DelayCompensator::settle`] tells.
    pub fn settle(
        &mut self,
        level: usize,
        expectation: Expectation,
        shortfall: f64,
        age: Option<u64>,
    ) -> f64 {
        self.levels[level].multiplier.compensator.settle(expectation, shortfall, age)
    }

    /// A decision of a level was never acted on; what it still counted.
    pub fn cancel(&mut self, level: usize, expectations: &Expectations) -> f64 {
        for (limit, expectation) in self.limits.iter_mut().zip(expectations.limits) {
            limit.multiplier.compensator.cancel(expectation);
        }
        self.levels[level].multiplier.compensator.cancel(expectations.level)
    }

    /// Count with what the other replicas of a fleet do, which makes `weight` decisions per one made here.
    pub fn extrapolate(&mut self, weight: f64) {
        let levels = self.levels.iter_mut().map(|level| &mut level.multiplier);
        let limits = self.limits.iter_mut().map(|limit| &mut limit.multiplier);
        levels.chain(limits).for_each(|of| of.compensator.extrapolate(weight));
    }

    /// The target of a level rises by so much.
    pub fn shift(&mut self, level: usize, rise: f64) {
        self.levels[level].multiplier.compensator.shift(rise);
    }

    /// Costs are counted in another unit of money: every dual goes on being worth as much.
    pub fn rescale(&mut self, from: f64, to: f64) {
        if self.objective == Objective::Cost && from > 0.0 && to > 0.0 {
            let levels = self.levels.iter_mut().map(|level| &mut level.multiplier);
            let limits = self.limits.iter_mut().map(|limit| &mut limit.multiplier);
            levels.chain(limits).for_each(|multiplier| multiplier.rescale(from / to));
        }
    }

    /// A limit has another bound.
    pub fn set_limit(&mut self, limit: usize, mean: f64) {
        self.limits[limit].set_mean(mean);
    }

    /// The queue of a limit was debited with a call that used `used`.
    pub fn debit(&mut self, limit: usize, used: f64, first: Option<(Expectation, u64)>) {
        let limit = &mut self.limits[limit];
        limit.observe(used);
        if let Some((expectation, age)) = first {
            limit.settle(expectation, used, age);
        }
    }

    /// A level that knows nothing better starts with the dual at which requests of logged data meet
    /// its target: `shortfall` tells by how much the choice at a dual falls short, on the `lines`-th
    /// of them.
    pub fn warm_start(&mut self, level: usize, lines: u64, shortfall: impl FnOnce(f64) -> f64) {
        if self.objective == Objective::Cost {
            let multiplier = &mut self.levels[level].multiplier;
            multiplier.warm_start_dual(shortfall(multiplier.steady_dual()), lines as f64);
        }
    }

    /// By how many standard deviations more than usual to be optimistic, for the sake of a level.
    pub fn doubt(&self, level: usize) -> f64 {
        self.levels[level].multiplier.doubt()
    }

    /// What is known of the ratings of a level that have not come.
    pub fn compensator(&self, level: usize) -> &DelayCompensator {
        &self.levels[level].multiplier.compensator
    }

    /// False once no dual is high enough: the multiplier has been near its cap for long, and the best
    /// model of each request is expected to stay below the target, or another constraint pulls.
    pub fn level_feasible(&self, level: usize, alpha: f64) -> bool {
        let level = &self.levels[level];
        !level.multiplier.is_saturated() || !(level.is_beyond(alpha) || self.pulling() > 1)
    }

    /// The same for a limit: even the thriftiest models use more, or another constraint pulls.
    pub fn limit_feasible(&self, limit: usize) -> bool {
        let limit = &self.limits[limit];
        !limit.multiplier.is_saturated() || !(limit.is_beyond() || self.pulling() > 1)
    }

    fn pulling(&self) -> usize {
        let levels = self.levels.iter().filter(|level| level.multiplier.pulls());
        levels.count() + self.limits.iter().filter(|limit| limit.multiplier.pulls()).count()
    }

    pub fn encode(&self, out: &mut Writer) {
        self.levels.iter().for_each(|level| level.encode(out));
        self.limits.iter().for_each(|limit| limit.encode(out));
    }

    pub fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.levels.iter_mut().try_for_each(|level| level.decode(input))?;
        self.limits.iter_mut().try_for_each(|limit| limit.decode(input))
    }
}
