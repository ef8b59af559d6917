//! The dual variable of a long-run constraint: it follows what is owed, on any scale of costs.

use messplus_base::wire::{Reader, Writer};

use crate::control::delay_compensator::DelayCompensator;
use crate::error::{Error, Result};

/// What counts as a large debt: `SLACK sqrt(n + EARLY)` after n rated requests, and
/// `SLACK_PER_DELAY` more per rating that the mean delay of feedback holds back.
const SLACK: f64 = 0.45;
const EARLY: f64 = 25.0;
const SLACK_PER_DELAY: f64 = 0.02;
/// By how much more of itself it grows where next to no request is rated, but a random sample.
const SLACK_PER_UNRATED: f64 = 0.5;
/// Weight of the averaged log dual, and how fast it is averaged: `GAIN / (n + SLOW)`, where each
/// rating held back slows it like one more of n.
const MEMORY: f64 = 0.9;
const GAIN: f64 = 2.0;
const SLOW: f64 = 60.0;
/// Debts of a level beyond so many slacks count less and less: nothing is bought in haste that the
/// average would buy in time. The width grows by one per `PATIENCE` ratings, and two more per rating
/// held back: a debt that is large long after the first ratings tells of a change.
const MAX_SLACKS: f64 = 2.0;
const PATIENCE: f64 = 1000.0;
/// From so many slacks on, what is believed of the models is in doubt: by a standard deviation per
/// slack, up to the second number.
const DOUBT: (f64, f64) = (3.0, 2.0);
/// The dual per unit of its logarithm near zero, in units of money, and the largest log dual.
const SCALE: f64 = 0.4;
const MAX_LOG_DUAL: f64 = 12.0;
/// A little less than the dual of that.
const HIGHEST: f64 = 65_101.0;
/// Shares of that: from the first on a constraint may be out of reach, from the second on, at duals of
/// hundreds, it may be what keeps another one out of reach.
const SATURATED: f64 = 0.6;
const PULLS: f64 = 0.5;
/// The dual, at least, while decisions go out before the first rating has come, in steady ones.
const BLIND_DUALS: f64 = 2.0;
/// How far a line of logged data moves the average: `WARM_START_STEP shortfall / sqrt(lines + 16)`.
const WARM_START_STEP: f64 = 2.0;
const FIRST_LINES: f64 = 16.0;

/// Turns the backlog Q into the multiplier lambda of `cost - lambda satisfaction`.
///
/// With n rated requests, d ratings held back by delay and slack q = 0.45 sqrt(n + 25) + 0.02 d, the
/// log dual r and its average give
///
/// ```text
/// r = clip(c tanh(Q~ / c q) + 0.9 mean r, 0, 12)        lambda = 0.4 (exp(r) - 1)
/// ```
///
/// in [units of money](crate::learn::unit::unit), with c = 2 + n / (1000 + 2 d) for a debt of a service
/// level; credit, and debts of limits, count in full. MESS+ weighs satisfaction by Q / V, which fits one
/// scale of costs; the exponential, the slope of an exponential Lyapunov function instead of a quadratic
/// one, reaches every dual from thousandths to thousands with one setting. The average carries the level
/// once it is found, so that the backlog itself returns to zero: proportional and integral control of
/// the dual variable (Stooke, Achiam and Abbeel, *Responsive safety in reinforcement learning by PID
/// Lagrangian methods*, 2020). Its clock is ratings: it moves by 2 / (n + 60 + d) per rating, however
/// many requests go unrated.
///
/// Q~ is Q plus what ratings in flight are expected to owe and a margin for unrated requests
/// ([`DelayCompensator`]); without delay, and with every request rated, Q~ is Q.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiplier {
    mean_log_dual: f64,
    /// Whether large debts are paid without haste.
    patient: bool,
    /// What was owed at the last decision, in slacks. It is not saved: every decision says it anew.
    slacks: f64,
    /// What is known of ratings to come.
    pub compensator: DelayCompensator,
}

impl Multiplier {
    /// The multiplier of a service level that owes nothing, which takes `dual` for the steady one.
    pub fn new(dual: f64) -> Self {
        let mean_log_dual = libm::log1p(dual / SCALE).min(MAX_LOG_DUAL);
        let compensator = DelayCompensator::default();
        Self { mean_log_dual, patient: true, slacks: 0.0, compensator }
    }

    /// The multiplier of a limit of which nothing has been used: debts count in full.
    pub fn of_limit() -> Self {
        Self { patient: false, ..Self::new(0.0) }
    }

    /// The dual at which the queue neither grows nor shrinks, as far as is known.
    pub fn steady_dual(&self) -> f64 {
        SCALE * libm::expm1(self.mean_log_dual)
    }

    /// A request of logged data, served at the steady dual, should fall short by this; it is the
    /// `lines`-th.
    ///
    /// A step of stochastic approximation (Robbins and Monro, *A stochastic approximation method*,
    /// 1951) towards the dual that meets the target in the mean.
    pub fn warm_start_dual(&mut self, shortfall: f64, lines: f64) {
        let rate = WARM_START_STEP / (lines + FIRST_LINES).sqrt();
        self.mean_log_dual = (self.mean_log_dual + rate * shortfall).clamp(0.0, MAX_LOG_DUAL);
    }

    /// Rated requests so far, plus one.
    pub fn n(&self) -> f64 {
        self.compensator.rated() + 1.0
    }

    /// Whether hardly any dual is left to try: the constraint may be out of reach.
    pub fn is_saturated(&self) -> bool {
        self.mean_log_dual / MAX_LOG_DUAL >= SATURATED
    }

    /// Whether this dual is as high as they get.
    pub fn is_highest(dual: f64) -> bool {
        dual >= HIGHEST
    }

    /// Whether the constraint pulls so hard that it may keep another one out of reach.
    pub fn pulls(&self) -> bool {
        self.mean_log_dual / MAX_LOG_DUAL >= PULLS
    }

    /// The unit of money becomes smaller by this factor, `> 0`.
    pub fn rescale(&mut self, factor: f64) {
        let steady = libm::expm1(self.mean_log_dual) * factor;
        self.mean_log_dual = libm::log1p(steady).min(MAX_LOG_DUAL);
    }

    /// The dual for the next request: what a unit of satisfaction is worth, `>= 0`, in units of money.
    ///
    /// Where ratings are of a random sample, they need no margin. Each then speaks for many requests, on
    /// all of which a debt would be paid back at once: it is paid over up to half as many ratings more,
    /// as what is paid beyond the target costs the more per unit the more it is.
    pub fn advance(&mut self, backlog: f64, sampled: bool) -> f64 {
        let share = self.compensator.rated_share();
        let held_back = share * self.compensator.delay();
        let mut slack = SLACK * (self.n() + EARLY).sqrt() + SLACK_PER_DELAY * held_back;
        let mut owed = backlog + self.compensator.owed();
        if sampled {
            slack *= 1.0 + SLACK_PER_UNRATED * (1.0 - share);
        } else {
            owed += self.compensator.margin();
        }
        self.slacks = owed / slack;
        let mut slacks = self.slacks;
        if self.patient && slacks > 0.0 {
            let width = MAX_SLACKS + self.n() / (PATIENCE + 2.0 * held_back);
            slacks = width * libm::tanh(slacks / width);
        }
        let log_dual = (slacks + MEMORY * self.mean_log_dual).clamp(0.0, MAX_LOG_DUAL);
        if self.compensator.is_blind() {
            return (SCALE * libm::expm1(log_dual)).max(BLIND_DUALS * self.steady_dual());
        }
        let rate = share * GAIN / (self.n() + SLOW + held_back);
        self.mean_log_dual += rate * (log_dual - self.mean_log_dual);
        SCALE * libm::expm1(log_dual)
    }

    /// By how many standard deviations more than usual to be optimistic about the models: where so much is
    /// owed, one that could pay it may have looked worse than it is.
    pub fn doubt(&self) -> f64 {
        let (from, most) = DOUBT;
        (self.slacks - from).clamp(0.0, most)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64(self.mean_log_dual);
        self.compensator.encode(out);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.mean_log_dual = input.f64()?;
        if self.mean_log_dual < 0.0 {
            return Err(Error::state("the mean log dual must be >= 0", self.mean_log_dual));
        }
        self.compensator = DelayCompensator::decode(input)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{EARLY, MAX_LOG_DUAL, MEMORY, Multiplier, SCALE, SLACK};
    use crate::control::delay_compensator::Expectation;

    /// Decide and rate at once, `n` times, at a constant backlog; the last dual.
    fn run(multiplier: &mut Multiplier, backlog: f64, n: u64) -> f64 {
        let mut dual = 0.0;
        for _ in 0..n {
            dual = multiplier.advance(backlog, false);
            let expectation = multiplier.compensator.expect(0.1);
            multiplier.compensator.settle(expectation, 0.1, Some(0));
        }
        dual
    }

    #[test]
    fn nothing_owed_needs_no_dual() {
        assert_eq!(run(&mut Multiplier::new(0.0), 0.0, 100), 0.0);
        assert_eq!(run(&mut Multiplier::new(0.0), -5.0, 100), 0.0);
    }

    #[test]
    fn a_dual_known_beforehand_holds_at_once_and_is_forgotten_with_credit() {
        let mut multiplier = Multiplier::new(5.0);
        let first = run(&mut multiplier, 0.0, 1);
        assert!((3.0..5.0).contains(&first), "{first}");
        assert!(run(&mut multiplier, -5.0, 2000) < 0.1);
    }

    #[test]
    fn lasting_debt_raises_the_dual_to_the_cap() {
        let mut multiplier = Multiplier::new(0.0);
        let soon = run(&mut multiplier, 10.0, 20);
        let later = run(&mut multiplier, 10.0, 200);
        assert!(0.0 < soon && soon < later);
        run(&mut multiplier, 1e4, 20_000);
        assert!(multiplier.mean_log_dual > 0.99 * MAX_LOG_DUAL && multiplier.is_saturated());
    }

    #[test]
    fn a_large_debt_counts_in_full_once_many_ratings_have_come() {
        let dual = |ratings: u64| {
            let mut multiplier = Multiplier::new(1.0);
            run(&mut multiplier, 0.0, ratings);
            let slack = SLACK * (multiplier.n() + EARLY).sqrt();
            let dual = multiplier.advance(4.0 * slack, false);
            assert!((multiplier.doubt() - 1.0).abs() < 1e-9);
            (dual / SCALE).ln_1p() - MEMORY * multiplier.mean_log_dual
        };
        let (soon, late) = (dual(10), dual(8000));
        assert!(soon < 2.1 && (3.5..4.0).contains(&late), "{soon} {late}");
    }

    #[test]
    fn debts_of_limits_count_in_full_at_once() {
        let (mut level, mut limit) = (Multiplier::new(0.0), Multiplier::of_limit());
        assert!(limit.advance(20.0, false) > 10.0 * level.advance(20.0, false));
    }

    #[test]
    fn the_highest_dual_is_known_by_itself() {
        let highest = run(&mut Multiplier::of_limit(), 1e6, 1);
        assert!(Multiplier::is_highest(highest) && !Multiplier::is_highest(0.99 * highest));
    }

    #[test]
    fn the_level_outlives_the_debt() {
        let mut multiplier = Multiplier::new(0.0);
        run(&mut multiplier, 5.0, 100);
        assert!(multiplier.advance(0.0, false) > 0.0);
    }

    #[test]
    fn ratings_in_flight_count_with_what_they_should_bring() {
        let mut relieved = Multiplier::new(0.0);
        let expectations: Vec<_> = (0..50).map(|_| relieved.compensator.expect(-0.2)).collect();
        relieved.compensator.settle(expectations[0], -0.2, Some(50));
        let mut burdened = relieved.clone();
        (0..50).for_each(|_| _ = burdened.compensator.expect(0.2));
        assert!(relieved.advance(15.0, false) < burdened.advance(15.0, false));
    }

    #[test]
    fn unrated_requests_do_not_speed_up_the_average() {
        let levels = [1, 5].map(|decisions| {
            let mut multiplier = Multiplier::new(0.0);
            for _ in 0..400 {
                for _ in 0..decisions {
                    multiplier.advance(8.0, false);
                    multiplier.compensator.expect(0.0);
                }
                multiplier.compensator.settle(Expectation::default(), 0.0, Some(0));
            }
            multiplier.mean_log_dual
        });
        assert!((levels[0] / levels[1] - 1.0).abs() < 0.1, "{levels:?}");
    }

    #[test]
    fn blind_decisions_pay_twice_the_steady_dual() {
        let mut multiplier = Multiplier::new(0.7);
        let duals = [0; 4].map(|_| {
            let dual = multiplier.advance(0.0, false);
            multiplier.compensator.expect(-0.1);
            dual
        });
        assert!(duals[0] < 0.7);
        assert_eq!(duals[3], 2.0 * multiplier.steady_dual());
    }
}
