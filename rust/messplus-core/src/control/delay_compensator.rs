//! What ratings still to come should bring, and what unrated requests may hide.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::types::agreement::MAX_LIMITS;

/// Rate of the average of feedback delays; a mean below the smallest delay counts as none.
const DELAY_RATE: f64 = 0.02;
const SMALLEST_DELAY: f64 = 0.25;
/// The bias of expectations averages over 5 ratings more than there are, and 100 at most.
const BIAS_WEIGHT: f64 = 5.0;
const BIAS_WINDOW: f64 = 100.0;
/// Squared error of expectations before any rating, and how many ratings that is worth.
const SQUARED_ERROR: f64 = 0.2;
const SQUARED_ERROR_WEIGHT: f64 = 5.0;
/// Standard errors of the mean of all requests by which the mean of rated ones is kept above the
/// target.
const STANDARD_ERRORS: f64 = 0.5;

/// Compensates for ratings that have not come yet.
///
/// Each decision expects a shortfall alpha - p. Until its rating comes, it counts towards what is
/// owed, fading over twice the mean delay of feedback: a rating much later than that will never come
/// (Smith, *Closer control of loops with dead time*, 1957). What ratings brought beyond their
/// expectation, on average, is added to every expectation that is open: decisions made before the
/// first rating are judged by the first ratings (internal model control; Garcia and Morari, 1982).
///
/// ```text
/// owed = f sum_open keep^age (alpha - p + bias)        keep = 2 d / (2 d + 1), d the mean delay
/// ```
///
/// Where a share 1 - f of the requests is never rated, the mean of the rated ones differs from that of
/// all n requests with a variance of (1 - f) s2 / (f n), s2 the mean squared error of the expectations
/// (sampling without replacement; Cochran, *Sampling Techniques*, 1977, theorem 2.2).
#[derive(Clone, Debug, PartialEq)]
pub struct DelayCompensator {
    decided: f64,
    rated: f64,
    /// Mean age of feedback, in decisions; none before the first.
    delay: Option<f64>,
    /// Faded sum of the expected shortfalls of open decisions, and faded number of them.
    expected: f64,
    open: f64,
    /// Mean of shortfall minus expected shortfall, and sum of its squares.
    bias: f64,
    squared_errors: f64,
    /// Logarithm of all fading so far.
    fading: f64,
    /// Decisions of the whole fleet per decision made here: one, but in a replica ahead of its log.
    weight: f64,
}

impl Default for DelayCompensator {
    fn default() -> Self {
        Self {
            decided: 0.0,
            rated: 0.0,
            delay: None,
            expected: 0.0,
            open: 0.0,
            bias: 0.0,
            squared_errors: 0.0,
            fading: 0.0,
            weight: 1.0,
        }
    }
}

/// What is remembered of one decision until it is rated.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expectation {
    /// Expected alpha - s.
    pub shortfall: f64,
    /// The fading at the decision.
    pub fading: f64,
}

/// What is expected of a decision, per constraint.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Expectations {
    /// For its service level.
    pub level: Expectation,
    /// For the limits, in the order of the agreement.
    pub limits: [Expectation; MAX_LIMITS],
}

impl DelayCompensator {
    /// Ratings so far.
    pub fn rated(&self) -> f64 {
        self.rated
    }

    /// Mean delay of feedback in decisions; zero before the first.
    pub fn delay(&self) -> f64 {
        self.delay.unwrap_or(0.0)
    }

    /// Whether several requests have been decided and none has been rated.
    pub fn is_blind(&self) -> bool {
        self.delay.is_none() && self.decided > 2.0
    }

    /// Share of requests that get rated, in [0, 1]; one before the first.
    pub fn rated_share(&self) -> f64 {
        match self.delay {
            Some(delay) => (self.rated / (self.decided - 2.0 * delay).max(1.0)).min(1.0),
            None => 1.0,
        }
    }

    /// By how much one decision fades what is open.
    pub fn keep(&self) -> f64 {
        match self.delay {
            Some(delay) if delay < SMALLEST_DELAY => 0.0,
            Some(delay) => 2.0 * delay / (2.0 * delay + 1.0),
            None => 1.0,
        }
    }

    /// Count from now on with what the other replicas of a fleet do: this one makes one in `weight >= 1`
    /// decisions.
    pub fn extrapolate(&mut self, weight: f64) {
        self.weight = weight;
    }

    /// Decisions of the whole fleet per decision made here.
    pub fn weight(&self) -> f64 {
        self.weight
    }

    /// By how much one decision fades what is open. Where others decide as well, what they are rated is
    /// not seen, however long it takes: nothing fades.
    pub fn fade(&self) -> f64 {
        if self.weight == 1.0 { self.keep() } else { 1.0 }
    }

    /// How many decisions are open after one that was made here.
    pub fn mass(&self) -> f64 {
        self.weight
    }

    /// Expected shortfall of the ratings still to come, in rated requests.
    pub fn owed(&self) -> f64 {
        self.rated_share() * (self.expected + self.bias * self.open)
    }

    /// What to deliver beyond the target for the sake of unrated requests, in rated requests.
    pub fn margin(&self) -> f64 {
        let squared_errors = self.squared_errors + SQUARED_ERROR * SQUARED_ERROR_WEIGHT;
        let squared_error = squared_errors / (self.rated + SQUARED_ERROR_WEIGHT);
        let unrated_share = 1.0 - self.rated_share();
        STANDARD_ERRORS * (unrated_share * squared_error * self.rated).sqrt()
    }

    /// The other replicas have decided meanwhile, and get ratings as before; that of what is expected of
    /// them is in their queue already.
    fn count_others(&mut self) {
        let others = self.weight - 1.0;
        let rated = others * self.rated_share();
        let weight = self.rated + SQUARED_ERROR_WEIGHT;
        self.squared_errors *= 1.0 + rated / weight;
        self.squared_errors += rated * SQUARED_ERROR * SQUARED_ERROR_WEIGHT / weight;
        self.rated += rated;
        self.decided += others;
    }

    /// Take note of a decision whose expected shortfall is alpha - p.
    pub fn expect(&mut self, shortfall: f64) -> Expectation {
        if self.weight > 1.0 {
            self.count_others();
        }
        self.decided += 1.0;
        let keep = self.fade();
        self.expected = self.expected * keep + shortfall;
        self.open = self.open * keep + 1.0;
        // A sum that fades at once is gone: its logarithm stays finite.
        self.fading += libm::log(keep.max(1e-9));
        Expectation { shortfall, fading: self.fading }
    }

    /// The decision just made should fall short by this instead.
    pub fn expect_instead(&mut self, expectation: &mut Expectation, shortfall: f64) {
        self.expected += shortfall - expectation.shortfall;
        expectation.shortfall = shortfall;
    }

    /// A decision fell short by `shortfall`, as its rating said `age` decisions later, or as was
    /// imputed without one. What it still counted is returned; infinity where nothing is open any
    /// more.
    pub fn settle(&mut self, expectation: Expectation, shortfall: f64, age: Option<u64>) -> f64 {
        self.rated += 1.0;
        if let Some(age) = age.map(|age| age as f64) {
            self.delay = Some(self.delay.map_or(age, |delay| delay + DELAY_RATE * (age - delay)));
        }
        let error = shortfall - expectation.shortfall;
        let weight = (self.rated + BIAS_WEIGHT).min(BIAS_WINDOW);
        self.bias += (error - self.bias) / weight;
        self.squared_errors += error * error;
        let faded = libm::exp((self.fading - expectation.fading).min(0.0));
        self.expected -= expectation.shortfall * faded;
        self.open -= faded;
        if self.fade() == 0.0 {
            (self.expected, self.open) = (0.0, 0.0);
            return f64::INFINITY;
        }
        faded
    }

    /// A decision was never acted on; what it still counted is returned.
    pub fn cancel(&mut self, expectation: Expectation) -> f64 {
        self.decided = (self.decided - 1.0).max(self.rated);
        if self.fade() == 0.0 {
            (self.expected, self.open) = (0.0, 0.0);
            return f64::INFINITY;
        }
        let faded = libm::exp((self.fading - expectation.fading).min(0.0));
        self.expected -= expectation.shortfall * faded;
        self.open -= faded;
        faded
    }

    /// The target rises by so much: every decision that is open should fall short by as much more.
    pub fn shift(&mut self, rise: f64) {
        self.expected += rise * self.open;
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(u64::from(self.delay.is_some()));
        out.f64s(&[self.delay(), self.decided, self.rated, self.expected, self.open]);
        out.f64s(&[self.bias, self.squared_errors, self.fading]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let known = input.u64()?;
        let mut fields = [0.0; 8];
        input.f64s(&mut fields)?;
        let [delay, decided, rated, expected, open, bias, squared_errors, fading] = fields;
        let least = [delay, decided, rated, squared_errors].into_iter().fold(0.0, f64::min);
        if known > 1 || least < 0.0 {
            return Err(Error::state("delays and counts must be >= 0", least));
        }
        let delay = (known == 1).then_some(delay);
        let sums = Self { decided, rated, delay, expected, open, ..Self::default() };
        Ok(Self { bias, squared_errors, fading, ..sums })
    }
}

#[cfg(test)]
mod tests {
    use super::DelayCompensator;

    #[test]
    fn what_is_expected_instead_leaves_nothing_of_what_was_expected_first() {
        let [mut changed, mut direct] = [(); 2].map(|()| DelayCompensator::default());
        let mut expectation = changed.expect(0.5);
        changed.expect_instead(&mut expectation, -0.25);
        assert_eq!(expectation, direct.expect(-0.25));
        assert_eq!(changed, direct);
    }

    #[test]
    fn ratings_at_once_leave_nothing_open() {
        let mut compensator = DelayCompensator::default();
        for _ in 0..50 {
            let expectation = compensator.expect(0.3);
            compensator.settle(expectation, 0.1, Some(0));
        }
        assert_eq!(
            (compensator.owed(), compensator.margin(), compensator.delay()),
            (0.0, 0.0, 0.0)
        );
    }

    #[test]
    fn first_ratings_correct_what_all_decisions_before_them_expect() {
        let mut compensator = DelayCompensator::default();
        let expectations: Vec<_> = (0..400).map(|_| compensator.expect(-0.1)).collect();
        assert!(compensator.is_blind());
        assert!((compensator.owed() + 40.0).abs() < 1e-9);
        for expectation in &expectations[..40] {
            compensator.settle(*expectation, 0.2, Some(400));
        }
        // 360 are open and fall short by 0.2 each; the bias is known to 5 in 45.
        assert!((55.0..65.0).contains(&compensator.owed()), "{}", compensator.owed());
    }

    #[test]
    fn what_is_never_rated_calls_for_a_margin_that_grows_with_the_root() {
        let mut compensator = DelayCompensator::default();
        let mut margins = [0.0; 2];
        for t in 0..20_000 {
            let expectation = compensator.expect(0.0);
            if t % 5 == 0 {
                compensator.settle(expectation, if t % 2 == 0 { 0.5 } else { -0.5 }, Some(0));
            }
            margins[usize::from(t >= 5_000)] = compensator.margin();
        }
        assert!((compensator.rated_share() - 0.2).abs() < 1e-3);
        // Half of sqrt(0.8 * 0.25 * 4000), and twice what it was at a quarter of the way.
        assert!((margins[1] - 14.1).abs() < 0.1, "{margins:?}");
        assert!((margins[1] / margins[0] - 2.0).abs() < 0.01, "{margins:?}");
    }
}
