//! The price of satisfaction: a multiplier that follows what is owed, on any scale of costs.

use crate::error::{Error, Result};
use crate::foresight::Foresight;
use crate::state::{Reader, Writer};

/// What counts as a large debt: `SLACK sqrt(n + EARLY)` after n rated requests, and
/// `SLACK_PER_DELAY` more per rating that the mean delay of feedback holds back.
const SLACK: f64 = 0.45;
const EARLY: f64 = 25.0;
const SLACK_PER_DELAY: f64 = 0.05;
/// Weight of the averaged pressure, and how fast it is averaged: `GAIN / (n + SLOW)`, where each
/// rating held back slows it like one more of n.
const MEMORY: f64 = 0.9;
const GAIN: f64 = 2.0;
const SLOW: f64 = 60.0;
/// Price per unit of pressure near zero, in costs of the dearest model, and the largest pressure.
const PRICE: f64 = 0.4;
const MAX_PRESSURE: f64 = 12.0;
/// How far a line of an old log moves the average: `REHEARSAL shortfall / sqrt(lines + 16)`.
const REHEARSAL: f64 = 2.0;
const FIRST_LINES: f64 = 16.0;

/// Turns the backlog Q into the multiplier lambda of `cost - lambda satisfaction`.
///
/// With n rated requests, d ratings held back by delay and slack q = 0.45 sqrt(n + 25) + 0.05 d, the
/// pressure r and its average give
///
/// ```text
/// r = clip(Q~ / q + 0.9 mean r, 0, 12)        lambda = 0.4 (exp(r) - 1)
/// ```
///
/// in costs of the dearest model: an exponential Lyapunov drift reaches every price from thousandths
/// to thousands without a scale, and the average carries the level once it is found, so that the
/// backlog itself returns to zero (proportional and integral control of the dual variable). Its clock is
/// ratings: the average moves by 2 / (n + 60 + d) per rating, however many requests go unrated.
///
/// Q~ is Q plus what ratings under way are expected to owe and a margin for unrated requests
/// ([`Foresight`]); without delay, and with every request rated, Q~ is Q.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiplier {
    mean_pressure: f64,
    /// Pressure, at least, while decisions go out before the first rating has come.
    blind_pressure: f64,
    /// What is known of ratings to come.
    pub foresight: Foresight,
}

impl Multiplier {
    /// A multiplier that owes nothing and takes `price` for the usual one.
    pub fn new(price: f64, blind_pressure: f64) -> Self {
        let mean_pressure = libm::log1p(price / PRICE).min(MAX_PRESSURE);
        Self { mean_pressure, blind_pressure, foresight: Foresight::default() }
    }

    /// The price at which nothing more comes to be owed, as far as is known.
    pub fn usual_price(&self) -> f64 {
        PRICE * libm::expm1(self.mean_pressure)
    }

    /// A request of an old log, served at the usual price, should fall short by this; it is the `lines`-th.
    ///
    /// A step of stochastic approximation towards the price that meets the target in the mean.
    pub fn rehearse(&mut self, shortfall: f64, lines: f64) {
        let rate = REHEARSAL / (lines + FIRST_LINES).sqrt();
        self.mean_pressure = (self.mean_pressure + rate * shortfall).clamp(0.0, MAX_PRESSURE);
    }

    /// Rated requests so far, plus one.
    pub fn n(&self) -> f64 {
        self.foresight.rated() + 1.0
    }

    /// The mean of the pressure over its range, in [0, 1]: near one, no price is high enough.
    pub fn saturation(&self) -> f64 {
        self.mean_pressure / MAX_PRESSURE
    }

    /// Price of one unit of satisfaction for the next request, `>= 0`, in costs of the dearest model.
    pub fn advance(&mut self, backlog: f64) -> f64 {
        let share = self.foresight.rated_share();
        let held_back = share * self.foresight.delay();
        let slack = SLACK * (self.n() + EARLY).sqrt() + SLACK_PER_DELAY * held_back;
        let owed = backlog + self.foresight.owed() + self.foresight.margin();
        let pressure = (owed / slack + MEMORY * self.mean_pressure).clamp(0.0, MAX_PRESSURE);
        if self.foresight.is_blind() {
            return PRICE * libm::expm1(pressure.max(self.blind_pressure));
        }
        let rate = share * GAIN / (self.n() + SLOW + held_back);
        self.mean_pressure += rate * (pressure - self.mean_pressure);
        PRICE * libm::expm1(pressure)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.f64(self.mean_pressure);
        self.foresight.encode(out);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.mean_pressure = input.f64()?;
        if self.mean_pressure < 0.0 {
            return Err(Error::state("the mean pressure must be >= 0", self.mean_pressure));
        }
        self.foresight = Foresight::decode(input)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Multiplier;
    use crate::foresight::Expectation;

    /// Decide and rate at once, `n` times, at a constant backlog; the last price.
    fn run(multiplier: &mut Multiplier, backlog: f64, n: u64) -> f64 {
        let mut price = 0.0;
        for _ in 0..n {
            price = multiplier.advance(backlog);
            let expectation = multiplier.foresight.expect(0.1);
            multiplier.foresight.settle(expectation, 0.1, Some(0));
        }
        price
    }

    #[test]
    fn nothing_owed_costs_nothing() {
        assert_eq!(run(&mut Multiplier::new(0.0, 1.5), 0.0, 100), 0.0);
        assert_eq!(run(&mut Multiplier::new(0.0, 1.5), -5.0, 100), 0.0);
    }

    #[test]
    fn a_price_known_beforehand_is_paid_at_once_and_forgotten_with_credit() {
        let mut multiplier = Multiplier::new(5.0, 1.5);
        let first = run(&mut multiplier, 0.0, 1);
        assert!((3.0..5.0).contains(&first), "{first}");
        assert!(run(&mut multiplier, -5.0, 2000) < 0.1);
    }

    #[test]
    fn lasting_debt_raises_the_price_to_the_cap() {
        let mut multiplier = Multiplier::new(0.0, 1.5);
        let soon = run(&mut multiplier, 10.0, 20);
        let later = run(&mut multiplier, 10.0, 200);
        assert!(0.0 < soon && soon < later);
        run(&mut multiplier, 1e4, 20_000);
        assert!(multiplier.saturation() > 0.99);
    }

    #[test]
    fn the_level_outlives_the_debt() {
        let mut multiplier = Multiplier::new(0.0, 1.5);
        run(&mut multiplier, 5.0, 100);
        assert!(multiplier.advance(0.0) > 0.0);
    }

    #[test]
    fn ratings_under_way_count_with_what_they_should_bring() {
        let mut relieved = Multiplier::new(0.0, 1.5);
        let expectations: Vec<_> = (0..50).map(|_| relieved.foresight.expect(-0.2)).collect();
        relieved.foresight.settle(expectations[0], -0.2, Some(50));
        let mut burdened = relieved.clone();
        (0..50).for_each(|_| _ = burdened.foresight.expect(0.2));
        assert!(relieved.advance(15.0) < burdened.advance(15.0));
    }

    #[test]
    fn unrated_requests_do_not_speed_up_the_average() {
        let levels = [1, 5].map(|decisions| {
            let mut multiplier = Multiplier::new(0.0, 1.5);
            for _ in 0..400 {
                for _ in 0..decisions {
                    multiplier.advance(8.0);
                    multiplier.foresight.expect(0.0);
                }
                multiplier.foresight.settle(Expectation::default(), 0.0, Some(0));
            }
            multiplier.mean_pressure
        });
        assert!((levels[0] / levels[1] - 1.0).abs() < 0.1, "{levels:?}");
    }

    #[test]
    fn blind_decisions_pay_a_mild_price() {
        let mut multiplier = Multiplier::new(0.0, 1.5);
        let prices = [0; 4].map(|_| {
            let price = multiplier.advance(0.0);
            multiplier.foresight.expect(-0.1);
            price
        });
        assert_eq!(prices[0], 0.0);
        assert!((prices[3] - 1.39).abs() < 0.01, "{prices:?}");
    }
}
