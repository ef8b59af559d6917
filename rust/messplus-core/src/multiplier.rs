//! The price of satisfaction: a multiplier that follows what is owed, on any scale of costs.

use crate::error::{Error, Result};
use crate::state::{Reader, Writer};

/// What counts as a large debt: `SLACK sqrt(n + EARLY)` after n rated requests, and
/// `SLACK_PER_DELAY` more per request of mean feedback delay.
const SLACK: f64 = 0.35;
const EARLY: f64 = 25.0;
const SLACK_PER_DELAY: f64 = 0.05;
/// Weight of the averaged pressure, and how fast it is averaged: `GAIN / (n + SLOW)`.
const MEMORY: f64 = 0.9;
const GAIN: f64 = 2.0;
const SLOW: f64 = 60.0;
/// Price per unit of pressure near zero, in costs of the dearest model, and the largest pressure.
const PRICE: f64 = 0.4;
const MAX_PRESSURE: f64 = 12.0;
/// Rate of the average of feedback delays.
const DELAY_RATE: f64 = 0.02;

/// Turns the backlog Q into the multiplier lambda of `cost - lambda satisfaction`.
///
/// With n rated requests and slack q = 0.35 sqrt(n + 25) + 0.05 delay, the pressure r and its average
/// give
///
/// ```text
/// r = clip(Q~ / q + 0.9 mean r, 0, 12)        lambda = 0.4 (exp(r) - 1)
/// ```
///
/// in costs of the dearest model: an exponential Lyapunov drift reaches every price from thousandths
/// to thousands without a scale, and the average carries the level once it is found, so that the
/// backlog itself returns to zero (proportional and integral control of the dual variable).
///
/// Q~ foresees what ratings under way will bring (Smith's predictor): each unrated decision counts
/// with its expected shortfall alpha - p, fading over twice the mean delay of feedback and
/// weighted by the share of requests that get rated. Without delay Q~ is Q.
#[derive(Clone, Debug, PartialEq)]
pub struct Multiplier {
    mean_pressure: f64,
    decided: f64,
    rated: f64,
    /// Mean age of feedback, in decisions; none before the first.
    delay: Option<f64>,
    /// Faded sum of expected shortfalls of unrated decisions.
    foreseen: f64,
    /// Logarithm of all fading so far.
    fading: f64,
}

/// What the multiplier remembers of one decision until it is rated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expectation {
    /// Expected alpha - s.
    pub shortfall: f64,
    /// The fading at the decision.
    pub fading: f64,
}

impl Default for Multiplier {
    fn default() -> Self {
        Self {
            mean_pressure: 0.0,
            decided: 0.0,
            rated: 0.0,
            delay: None,
            foreseen: 0.0,
            fading: 0.0,
        }
    }
}

impl Multiplier {
    /// Rated requests so far, plus one.
    pub fn n(&self) -> f64 {
        self.rated + 1.0
    }

    /// The mean of the pressure over its range, in [0, 1]: near one, no price is high enough.
    pub fn saturation(&self) -> f64 {
        self.mean_pressure / MAX_PRESSURE
    }

    /// Price of one unit of satisfaction for the next request, `>= 0`, in costs of the dearest model.
    pub fn advance(&mut self, backlog: f64) -> f64 {
        let delay = self.delay.unwrap_or(0.0);
        let rated_share = match self.delay {
            Some(delay) => (self.rated / (self.decided - 2.0 * delay).max(1.0)).min(1.0),
            None => 1.0,
        };
        let slack = SLACK * (self.n() + EARLY).sqrt() + SLACK_PER_DELAY * delay;
        let owed = backlog + rated_share * self.foreseen;
        let pressure = (owed / slack + MEMORY * self.mean_pressure).clamp(0.0, MAX_PRESSURE);
        self.mean_pressure += GAIN / (self.n() + SLOW) * (pressure - self.mean_pressure);
        PRICE * libm::expm1(pressure)
    }

    /// Take note of a decision whose expected shortfall is alpha - p.
    pub fn expect(&mut self, shortfall: f64) -> Expectation {
        self.decided += 1.0;
        if let Some(delay) = self.delay {
            let keep = 2.0 * delay / (2.0 * delay + 1.0);
            self.foreseen *= keep;
            // A sum that fades at once is gone: its logarithm stays finite.
            self.fading += libm::log(keep.max(1e-9));
        }
        self.foreseen += shortfall;
        Expectation { shortfall, fading: self.fading }
    }

    /// The decision was rated `age` decisions later: facts replace the expectation.
    pub fn settle(&mut self, expectation: Expectation, age: u64) {
        self.rated += 1.0;
        let age = age as f64;
        self.delay = Some(self.delay.map_or(age, |delay| delay + DELAY_RATE * (age - delay)));
        let faded = libm::exp((self.fading - expectation.fading).min(0.0));
        self.foreseen -= expectation.shortfall * faded;
        if self.delay.is_some_and(|delay| delay < 0.25) {
            self.foreseen = 0.0;
        }
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(u64::from(self.delay.is_some()));
        let delay = self.delay.unwrap_or(0.0);
        out.f64s(&[
            self.mean_pressure,
            self.decided,
            self.rated,
            delay,
            self.foreseen,
            self.fading,
        ]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let known = input.u64()?;
        let mut fields = [0.0; 6];
        input.f64s(&mut fields)?;
        let [mean_pressure, decided, rated, delay, foreseen, fading] = fields;
        if known > 1 || mean_pressure < 0.0 || decided < 0.0 || rated < 0.0 || delay < 0.0 {
            return Err(Error::state("the multiplier must be >= 0", mean_pressure));
        }
        let delay = (known == 1).then_some(delay);
        Ok(Self { mean_pressure, decided, rated, delay, foreseen, fading })
    }
}

#[cfg(test)]
mod tests {
    use super::Multiplier;

    /// Decide and rate at once, `n` times, at a constant backlog; the last price.
    fn run(multiplier: &mut Multiplier, backlog: f64, n: u64) -> f64 {
        let mut price = 0.0;
        for _ in 0..n {
            price = multiplier.advance(backlog);
            let expectation = multiplier.expect(0.1);
            multiplier.settle(expectation, 0);
        }
        price
    }

    #[test]
    fn nothing_owed_costs_nothing() {
        assert_eq!(run(&mut Multiplier::default(), 0.0, 100), 0.0);
        assert_eq!(run(&mut Multiplier::default(), -5.0, 100), 0.0);
    }

    #[test]
    fn lasting_debt_raises_the_price_to_the_cap() {
        let mut multiplier = Multiplier::default();
        let soon = run(&mut multiplier, 10.0, 20);
        let later = run(&mut multiplier, 10.0, 200);
        assert!(0.0 < soon && soon < later);
        run(&mut multiplier, 1e4, 20_000);
        assert!(multiplier.saturation() > 0.99);
    }

    #[test]
    fn the_level_outlives_the_debt() {
        let mut multiplier = Multiplier::default();
        run(&mut multiplier, 5.0, 100);
        assert!(multiplier.advance(0.0) > 0.0);
    }

    #[test]
    fn ratings_under_way_count_with_what_they_should_bring() {
        let mut multiplier = Multiplier::default();
        let expectations: Vec<_> = (0..50).map(|_| multiplier.expect(-0.2)).collect();
        multiplier.settle(expectations[0], 50);
        let relieved = multiplier.clone().advance(5.0);
        let mut blind = multiplier.clone();
        blind.foreseen = 0.0;
        assert!(relieved < blind.advance(5.0));
    }
}
