//! Second-order online logistic regression: how likely each model is to satisfy, and how sure that is.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::learn::diagonal::Diagonal;
use crate::learn::drift::{self, Drift};
use crate::learn::gaussian::{FULL, Gaussian};
use crate::learn::logistic::sigmoid;
use crate::learn::sources::Link;

/// Prior variance of a weight of the head all models share, and of a model's own head, for features
/// of about unit length.
const SHARED_VARIANCE: f32 = 0.5;
const OWN_VARIANCE: f32 = 0.1;
/// Prior variance of the shared intercept: how good the zoo is as a whole.
const SHARED_INTERCEPT_VARIANCE: f32 = 1.0;
/// Log odds per factor of e in price: their prior mean and variance.
const SLOPE: f64 = 0.08;
const SLOPE_VARIANCE: f32 = 0.02;
/// Variance of a 0/1 label is not taken below this.
const MIN_LABEL_VARIANCE: f64 = 1e-3;
/// Precision that a rating adds to log odds: p (1 - p) near p = 0.72.
const RATING_PRECISION: f64 = 0.2;
/// A source whose ratings hardly follow the truth teaches nothing.
const MIN_SLOPE: f64 = 1e-4;
/// The dispersion starts at one with the weight of this many labels, and halves its weight here.
const DISPERSION_WEIGHT: f64 = 20.0;
const DISPERSION_WINDOW: f64 = 1000.0;

/// Predicts, per model, the probability that it would satisfy a request.
///
/// ```text
/// z_m = w_0 . x + b_0 + g l_m + w_m . x + b_m        p_m = sigmoid(z_m)
/// ```
///
/// `w_0` and `b_0` are shared by the zoo (how hard is this prompt, how good are the models as a whole), g
/// is what a factor of e in price `l_m` brings, and `w_m` and `b_m` are the model's own; each has a
/// Gaussian belief. So models not tried yet are judged by those tried, the more of them the better: the
/// hierarchical prior of Gelman et al., *Bayesian Data Analysis*, 2013, ch. 5. A rating s of model m
/// moves every part by one step of Laplace's approximation,
/// which is the extended Kalman filter (Spiegelhalter and Lauritzen, *Sequential updating of
/// conditional probabilities on directed graphical structures*, 1990): with h = p (1 - p) / phi and v
/// the variance of z,
///
/// ```text
/// w += P x (s - p) / phi / (1 + h v)        P -= P x (P x)' h / (1 + h v)
/// ```
///
/// The dispersion phi is the observed variance of ratings over that of 0/1 labels: graded ratings
/// scatter less and teach more (Wedderburn, *Quasi-likelihood functions, generalized
/// linear models, and the Gauss-Newton method*, 1974).
#[derive(Clone, Debug)]
pub struct BayesianHeads {
    shared: Gaussian,
    /// g, a belief of an intercept alone.
    slope: Diagonal,
    /// `l_m`.
    log_prices: Vec<f64>,
    own: Vec<Gaussian>,
    dispersion: Vec<Dispersion>,
    drift: Vec<Drift>,
    labels: Vec<u64>,
    forgetting: f32,
    scratch: Vec<f32>,
}

/// What is believed of a model before its first rating.
#[derive(Clone, Copy, Debug)]
pub struct Prior {
    /// Mean and standard deviation of its own intercept `b_m`.
    pub intercept: LogOdds,
    /// Logarithm of its price in some unit of the zoo, as far as it tells of the quality; else zero.
    pub log_price: f64,
}

/// Log odds of satisfaction: the mean, and the standard deviation due to the model's own head.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogOdds {
    /// Mean of z.
    pub mean: f64,
    /// Standard deviation of the model's own part of z.
    pub sd: f64,
}

impl LogOdds {
    /// `sigmoid(mean + optimism sd)`, in (0, 1): the probability, seen with optimism.
    pub fn optimistic(self, optimism: f64) -> f64 {
        sigmoid(self.mean + optimism * self.sd)
    }

    /// As certain as once this many more ratings have come, each of this very request: precisions add
    /// up.
    #[must_use]
    pub fn after(self, ratings: f64) -> Self {
        let variance = self.sd * self.sd;
        let sd = (variance / (1.0 + RATING_PRECISION * ratings * variance)).sqrt();
        Self { sd, ..self }
    }
}

#[derive(Clone, Copy, Debug)]
struct Dispersion {
    sum: f64,
    weight: f64,
}

impl Dispersion {
    fn value(self) -> f64 {
        (self.sum / self.weight).clamp(0.05, 1.5)
    }

    fn learn_one(&mut self, ratio: f64) {
        self.sum += ratio.min(10.0);
        self.weight += 1.0;
        if self.weight > DISPERSION_WINDOW {
            self.sum *= 0.5;
            self.weight *= 0.5;
        }
    }
}

impl BayesianHeads {
    /// Heads that know of each model only what is believed beforehand.
    pub fn new(
        priors: impl IntoIterator<Item = Prior>,
        n_features: usize,
        forgetting: f64,
    ) -> Self {
        let mut heads = Self {
            shared: Gaussian::new(n_features, SHARED_VARIANCE, 0.0, SHARED_INTERCEPT_VARIANCE),
            slope: Diagonal::new(0, 0.0, SLOPE, SLOPE_VARIANCE),
            log_prices: Vec::new(),
            own: Vec::new(),
            dispersion: Vec::new(),
            drift: Vec::new(),
            labels: Vec::new(),
            forgetting: forgetting as f32,
            scratch: vec![0.0; FULL],
        };
        priors.into_iter().for_each(|prior| heads.add(prior, n_features));
        heads
    }

    /// One more head, which knows only what is believed beforehand.
    pub fn add(&mut self, Prior { intercept, log_price }: Prior, n_features: usize) {
        let LogOdds { mean, sd } = intercept;
        self.log_prices.push(log_price);
        self.own.push(Gaussian::new(n_features, OWN_VARIANCE, mean, (sd * sd) as f32));
        self.dispersion.push(Dispersion { sum: DISPERSION_WEIGHT, weight: DISPERSION_WEIGHT });
        self.drift.push(Drift::default());
        self.labels.push(0);
    }

    /// The part of the log odds that all models share; compute it once per request for
    /// [`log_odds`](Self::log_odds).
    pub fn difficulty(&self, x: &[f32]) -> f64 {
        self.shared.mean(x)
    }

    /// Log odds that `model` satisfies the request with features `x` of this difficulty.
    pub fn log_odds(&self, model: usize, x: &[f32], difficulty: f64) -> LogOdds {
        let own = &self.own[model];
        let priced = self.log_prices[model] * self.slope.mean(&[]);
        LogOdds { mean: difficulty + priced + own.mean(x), sd: own.variance(x).sqrt() }
    }

    /// Mean and variance of z, all parts together.
    fn belief(&self, model: usize, x: &[f32]) -> (f64, f64) {
        let (own, log_price) = (&self.own[model], self.log_prices[model]);
        let mean = self.shared.mean(x) + log_price * self.slope.mean(&[]) + own.mean(x);
        let priced = log_price * log_price * self.slope.variance(&[]);
        (mean, self.shared.variance(x) + priced + own.variance(x))
    }

    /// Condition every part on an observation of z that came out `residual` too low, where it was expected
    /// with this variance, noise included.
    fn condition(&mut self, model: usize, x: &[f32], residual: f64, innovation_variance: f64) {
        self.shared.learn_one(x, residual, innovation_variance, &mut self.scratch);
        self.own[model].learn_one(x, residual, innovation_variance, &mut self.scratch);
        let log_price = self.log_prices[model];
        if log_price != 0.0 {
            // In units of g, which z sees times the log price.
            let total = innovation_variance / (log_price * log_price);
            self.slope.learn_one(&[], residual / log_price, total);
        }
    }

    /// Learn from one rating in `[0, 1]` of `model` on features `x`.
    pub fn learn_one(&mut self, model: usize, x: &[f32], satisfaction: f64) {
        if self.forgetting < 1.0 {
            self.shared.forget(self.forgetting);
            self.slope.forget(self.forgetting);
            self.own[model].forget(self.forgetting);
        }
        let (mean, variance) = self.belief(model, x);
        let p = sigmoid(mean);
        let label_variance = (p * (1.0 - p)).max(MIN_LABEL_VARIANCE);
        let phi = self.dispersion[model].value();
        let error = satisfaction - p;
        // In units of z: the label says z is off by error / (p (1 - p)), with noise phi / (p (1 - p)).
        let noise = phi / label_variance;
        let residual = error / label_variance;
        self.condition(model, x, residual, noise + variance);
        let expected = label_variance * (1.0 + label_variance * variance / phi);
        self.dispersion[model].learn_one(error * error / expected);
        if self.drift[model].observe(error / (phi * expected).sqrt()) {
            self.own[model].forget(drift::FORGETTING);
        }
        self.labels[model] += 1;
    }

    /// Learn from a rating in `[0, 1]` that is linked to the truth as `link` says. By how much it came out
    /// too high, in log odds, and how much information it holds on them.
    ///
    /// The same step of the filter with the source's own mean and noise: the rating expects
    /// `e = a + (b - a) q` with the slope `d = (b - a) q (1 - q)`, so it tells that z is off by
    /// `(rating - e) / d` with the noise `e (1 - e) / d^2`.
    pub fn learn_linked(&mut self, model: usize, x: &[f32], rating: f64, link: Link) -> (f64, f64) {
        let (mean, variance) = self.belief(model, x);
        let q = sigmoid(mean + link.lean);
        let gain = link.true_positive - link.false_positive;
        let expected = link.false_positive + gain * q;
        let slope = gain * (q * (1.0 - q)).max(MIN_LABEL_VARIANCE);
        if slope.abs() < MIN_SLOPE {
            return (0.0, 0.0);
        }
        let noise = (expected * (1.0 - expected)).max(MIN_LABEL_VARIANCE) / (slope * slope);
        let residual = (rating - expected) / slope;
        let total = noise + variance;
        if link.teaches_mean {
            self.condition(model, x, residual, total);
        } else {
            self.shared.learn_weights(x, residual, total, &mut self.scratch);
            self.own[model].learn_weights(x, residual, total, &mut self.scratch);
        }
        (residual, 1.0 / noise)
    }

    /// A rating that was learned is revised: the means move by what the difference would have moved them,
    /// as certain as they are.
    pub fn revise(&mut self, model: usize, x: &[f32], before: f64, after: f64) {
        let (mean, variance) = self.belief(model, x);
        let p = sigmoid(mean);
        let label_variance = (p * (1.0 - p)).max(MIN_LABEL_VARIANCE);
        let total = self.dispersion[model].value() / label_variance + variance;
        let residual = (after - before) / label_variance;
        self.shared.shift(x, residual, total);
        self.own[model].shift(x, residual, total);
        let log_price = self.log_prices[model];
        self.slope.shift(&[], log_price * residual, total);
    }

    /// Models of the zoo.
    pub fn n_models(&self) -> usize {
        self.own.len()
    }

    /// Times that ratings of `model` were found to have drifted.
    pub fn drifts(&self, model: usize) -> u64 {
        self.drift[model].alarms()
    }

    /// Ratings learned from for `model`.
    pub fn labels(&self, model: usize) -> u64 {
        self.labels[model]
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&self.labels);
        self.slope.encode(out);
        out.f64s(&self.log_prices);
        self.shared.encode(out);
        self.drift.iter().for_each(|drift| drift.encode(out));
        for (own, dispersion) in self.own.iter().zip(&self.dispersion) {
            own.encode(out);
            out.f64s(&[dispersion.sum, dispersion.weight]);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        input.u64s(&mut self.labels)?;
        if input.found_format() >= 7 {
            self.slope.decode(input)?;
            input.f64s(&mut self.log_prices)?;
        } else {
            // All that was learned of the mean is in each model's own head: nothing shared moves it.
            self.log_prices.fill(0.0);
        }
        self.shared.decode(input)?;
        for drift in &mut self.drift {
            *drift = Drift::decode(input)?;
        }
        for (own, dispersion) in self.own.iter_mut().zip(&mut self.dispersion) {
            own.decode(input)?;
            *dispersion = Dispersion { sum: input.f64()?, weight: input.f64()? };
            if dispersion.weight <= 0.0 {
                return Err(Error::state("weights must be > 0", dispersion.weight));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{BayesianHeads, LogOdds, Prior};

    fn heads() -> BayesianHeads {
        let intercepts = [1.0, 9.0_f64.ln()].map(|mean| LogOdds { mean, sd: 1.4 });
        BayesianHeads::new(intercepts.map(|intercept| Prior { intercept, log_price: 0.0 }), 2, 1.0)
    }

    #[test]
    fn starts_at_the_listed_quality() {
        let p = heads().log_odds(1, &[0.0, 0.0], 0.0).optimistic(0.0);
        assert!((p - 0.9).abs() < 1e-12);
    }

    #[test]
    fn one_model_teaches_another_how_hard_a_prompt_is() {
        let mut heads = heads();
        let x = [1.0, 0.0];
        let before = heads.difficulty(&x);
        let sd = heads.log_odds(1, &x, 0.0).sd;
        (0..20).for_each(|_| heads.learn_one(0, &x, 0.0));
        assert!(heads.difficulty(&x) < before);
        assert_eq!(heads.log_odds(1, &x, 0.0).sd, sd);
        assert!(heads.log_odds(0, &x, 0.0).sd < sd);
    }

    #[test]
    fn graded_ratings_teach_more_than_coin_tosses() {
        let (mut graded, mut tossed) = (heads(), heads());
        let x = [1.0, 0.0];
        for t in 0..400 {
            graded.learn_one(0, &x, 0.8);
            tossed.learn_one(0, &x, if t % 5 == 0 { 0.0 } else { 1.0 });
        }
        let sd = |heads: &BayesianHeads| heads.log_odds(0, &x, 0.0).sd;
        assert!(sd(&graded) < 0.5 * sd(&tossed), "{} {}", sd(&graded), sd(&tossed));
    }
}
