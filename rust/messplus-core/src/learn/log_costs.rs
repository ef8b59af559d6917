//! What a request will cost: linear regression of the logarithm of the costs.

use std::num::NonZeroU32;

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::learn::diagonal::Diagonal;
use crate::learn::drift::{self, Drift};
use crate::learn::unit::unit;
use crate::types::price::ListedCost;

/// Prior variances of a weight of the shared head and of a model's own, and of a listed log cost.
const SHARED_VARIANCE: f32 = 10.0;
const OWN_VARIANCE: f32 = 1.0;
const LISTED_VARIANCE: f32 = 1.0;
/// Variance of log costs around their prediction: at first, and its bounds.
const NOISE: f64 = 0.3;
const NOISE_RANGE: (f64, f64) = (1e-4, 4.0);
/// The noise averages over about this many costs, the mean over ten times as many.
const NOISE_WINDOW: f64 = 50.0;
const MEAN_WINDOW: f64 = 500.0;
/// A listed cost weighs as much as this many costs.
const LISTED_WEIGHT: f64 = 10.0;
/// The largest cost there is.
const MAX_COST: f64 = 1e18;
/// Costs below this share of the most expensive mean are raised to it: their logarithm must exist.
const SMALLEST_SHARE: f64 = 1e-9;
/// A cost is an anomaly where its logarithm is off by more than both: a factor of twenty, and as many
/// standard deviations of what was seen.
const FAR: f64 = 3.0;
const FAR_DEVIATIONS: f64 = 4.0;

/// Expected cost per model and request.
///
/// ```text
/// ln E_m = ln L_m + c_0 . x + c_m . x + a_m + noise      expected E_m = exp(mean + noise variance / 2)
/// ```
///
/// `L_m` is the listed cost, of the tokens of this very prompt where it is a price per token, and one
/// where none is listed: what is learned is how costs differ from the list.
///
/// The costs of one zoo differ by orders of magnitude and by factors from prompt to prompt, so their
/// logarithm is what is linear, and their expectation the mean of a log-normal variable (Aitchison
/// and Brown, *The Lognormal Distribution*, 1957). Beliefs are updated as by [`Diagonal::learn_one`]
/// and keep variances only: correlations gained nothing here.
///
/// An anomaly, far from all that was seen of a model, is learned with care: clipped (Huber, *Robust
/// estimation of a location parameter*, 1964), and by the model's own head alone, so that one model's
/// broken bills move no other's costs. A cost of zero, of a model that is listed or has cost something,
/// tells of a name without a price or of an answer kept elsewhere, not of what calls cost: it is counted.
#[derive(Clone, Debug)]
pub struct LogCosts {
    shared: Diagonal,
    models: Vec<ModelCost>,
}

#[derive(Clone, Debug)]
struct ModelCost {
    /// None where nothing is listed.
    listed: Option<ListedCost>,
    own: Diagonal,
    noise: f64,
    mean: f64,
    n_costs: f64,
    anomalies: u64,
    drift: Drift,
}

impl ModelCost {
    fn new(listed: ListedCost, n_features: usize) -> Self {
        let mean = listed.usual();
        Self {
            listed: (mean > 0.0).then_some(listed),
            // The listed cost is a mean, half the noise above the mean logarithm.
            own: Diagonal::new(n_features, OWN_VARIANCE, -NOISE / 2.0, LISTED_VARIANCE),
            noise: NOISE,
            mean,
            n_costs: 0.0,
            anomalies: 0,
            drift: Drift::default(),
        }
    }

    /// Logarithm of the listed cost.
    fn offset(&self, input_tokens: Option<NonZeroU32>, cached_tokens: u32) -> f64 {
        // A tiny price of a short prompt may round to zero.
        let listed =
            |listed: &ListedCost| listed.of(input_tokens, cached_tokens).max(f64::MIN_POSITIVE);
        self.listed.as_ref().map_or(0.0, |cost| libm::log(listed(cost)))
    }
}

impl LogCosts {
    /// Expectations that start at the listed costs; zero stands for unknown.
    pub fn new(listed: impl IntoIterator<Item = ListedCost>, n_features: usize) -> Self {
        Self {
            shared: Diagonal::new(n_features, SHARED_VARIANCE, 0.0, 0.0),
            models: listed.into_iter().map(|listed| ModelCost::new(listed, n_features)).collect(),
        }
    }

    /// One more model, listed at this cost; zero stands for unknown.
    pub fn add(&mut self, listed: ListedCost, n_features: usize) {
        self.models.push(ModelCost::new(listed, n_features));
    }

    /// The listed cost of a model changes: what was learned is how costs differ from the list, and
    /// stays. Where nothing was listed they are taken to differ in the mean by what they are.
    pub fn reprice(&mut self, model: usize, listed: ListedCost) {
        let model = &mut self.models[model];
        let (old, new) = (model.listed.as_ref().map_or(0.0, ListedCost::usual), listed.usual());
        let reference = if old > 0.0 { old } else { model.mean };
        if new == 0.0 {
            // Unlisted from now on: the costs learned alone tell.
            model.own.shift_intercept(model.offset(None, 0));
            model.listed = None;
            return;
        }
        if model.listed.is_none() && model.n_costs > 0.0 && reference > 0.0 {
            model.own.shift_intercept(-libm::log(reference));
        }
        let rise = if reference > 0.0 { new / reference } else { 1.0 };
        model.mean = if reference > 0.0 { (model.mean * rise).min(1e18) } else { new };
        model.listed = Some(listed);
    }

    /// The part of the log cost all models share; compute it once per request.
    pub fn length(&self, x: &[f32]) -> f64 {
        self.shared.mean(x)
    }

    /// Expected cost of the request with features `x` and this `length`, `>= 0`; zero while unknown.
    pub fn expected(
        &self,
        model: usize,
        x: &[f32],
        length: f64,
        input_tokens: Option<NonZeroU32>,
        cached_tokens: u32,
    ) -> f64 {
        let model = &self.models[model];
        if model.n_costs == 0.0 && model.listed.is_none() {
            return 0.0;
        }
        let log_cost = model.offset(input_tokens, cached_tokens) + length + model.own.mean(x);
        // exp(100) is far beyond any cost accepted.
        libm::exp((log_cost + model.noise / 2.0).min(100.0))
    }

    /// Mean cost of the most expensive model, `>= 0`.
    pub fn most_expensive(&self) -> f64 {
        self.models.iter().map(|model| model.mean).fold(0.0, f64::max)
    }

    /// The [`unit`] of money, from costs seen and listed, `>= 0`.
    pub fn unit(&self) -> f64 {
        unit(self.models.iter().map(|model| model.mean))
    }

    /// Learn from the cost of one call of `model` on features `x` and a prompt of this many tokens, so many
    /// of them cached.
    pub fn learn_one(
        &mut self,
        model: usize,
        x: &[f32],
        input_tokens: Option<NonZeroU32>,
        cached_tokens: u32,
        cost: f64,
    ) {
        let most_expensive = self.most_expensive();
        let model = &mut self.models[model];
        let first = model.n_costs == 0.0 && model.listed.is_none();
        if cost == 0.0 {
            model.anomalies += u64::from(!first);
            return;
        }
        model.n_costs += 1.0;
        let weight = model.n_costs + if model.listed.is_some() { LISTED_WEIGHT } else { 0.0 };
        let floor = SMALLEST_SHARE * most_expensive.max(cost);
        let offset = model.offset(input_tokens, cached_tokens);
        let log_cost = libm::log(cost.max(floor)) - offset;
        if first {
            model.own.set_intercept(log_cost - self.shared.mean(x));
        }
        let variance = self.shared.variance(x) + model.own.variance(x);
        let (shared, own) = (self.shared.mean(x), model.own.mean(x));
        let innovation_variance = model.noise + variance;
        let far = FAR.max(FAR_DEVIATIONS * innovation_variance.sqrt());
        let mut residual = log_cost - shared - own;
        let mut typical = cost;
        if residual.abs() > far {
            model.anomalies += 1;
            residual = residual.clamp(-far, far);
            typical = libm::exp((offset + shared + own + residual).min(100.0)).min(MAX_COST);
        } else {
            self.shared.learn_one(x, residual, innovation_variance);
        }
        model.mean += (typical - model.mean) / weight.min(MEAN_WINDOW);
        model.own.learn_one(x, residual, innovation_variance);
        if model.drift.observe(residual / innovation_variance.sqrt()) {
            model.own.forget(drift::FORGETTING);
        }
        let surprise = (residual * residual * model.noise / innovation_variance).min(25.0);
        let rate = (1.0 / (model.n_costs + 3.0)).max(1.0 / NOISE_WINDOW);
        let (low, high) = NOISE_RANGE;
        model.noise = (model.noise + rate * (surprise - model.noise)).clamp(low, high);
    }

    /// Whether nothing has been learned.
    pub fn is_untrained(&self) -> bool {
        self.models.iter().all(|model| model.n_costs == 0.0)
    }

    /// Times that costs of `model` were found to have drifted.
    pub fn drifts(&self, model: usize) -> u64 {
        self.models[model].drift.alarms()
    }

    /// Costs of `model` far from all that was seen, or zero.
    pub fn anomalies(&self, model: usize) -> u64 {
        self.models[model].anomalies
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        self.shared.encode(out);
        for model in &self.models {
            model.own.encode(out);
            out.f64s(&[model.noise, model.mean, model.n_costs]);
            out.u64(model.anomalies);
            model.drift.encode(out);
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.shared.decode(input)?;
        for model in &mut self.models {
            model.own.decode(input)?;
            let [noise, mean, n_costs] = [input.f64()?, input.f64()?, input.f64()?];
            if noise <= 0.0 || mean < 0.0 || n_costs < 0.0 {
                return Err(Error::state("noise must be > 0, means and counts >= 0", noise));
            }
            (model.noise, model.mean, model.n_costs) = (noise, mean, n_costs);
            model.anomalies = if input.found_format() >= 6 { input.u64()? } else { 0 };
            model.drift = Drift::decode(input)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use super::LogCosts;
    use crate::types::price::{ListedCost, TokenPrice};

    fn fixed<const M: usize>(costs: [f64; M]) -> LogCosts {
        LogCosts::new(costs.map(ListedCost::from), 1)
    }

    #[test]
    fn listed_costs_are_what_is_expected_first() {
        let costs = fixed([2.0, 0.0]);
        assert!((costs.expected(0, &[0.0], 0.0, None, 0) - 2.0).abs() < 1e-12);
        assert_eq!(costs.expected(1, &[0.0], 0.0, None, 0), 0.0);
        assert!((costs.unit() - 2.0).abs() < 1e-12);
    }

    #[test]
    fn unlisted_costs_come_from_the_first_call() {
        let mut costs = fixed([0.0]);
        costs.learn_one(0, &[0.0], None, 0, 3.0);
        let expected = costs.expected(0, &[0.0], 0.0, None, 0);
        assert!((2.5..4.0).contains(&expected), "{expected}");
    }

    #[test]
    fn bills_of_zero_tell_of_no_cost_and_move_no_other_model() {
        let mut costs = fixed([9.0, 9.0, 0.0]);
        let at =
            |costs: &LogCosts, model, x: &[f32]| costs.expected(model, x, costs.length(x), None, 0);
        for t in 0..60 {
            costs.learn_one(t % 2, &[0.7], None, 0, 9.0);
        }
        let before = [0, 1].map(|model| at(&costs, model, &[0.7]));
        for _ in 0..30 {
            costs.learn_one(0, &[0.7], None, 0, 0.0);
            costs.learn_one(2, &[0.7], None, 0, 0.0);
        }
        assert_eq!([0, 1].map(|model| at(&costs, model, &[0.7])), before);
        assert_eq!([0, 1, 2].map(|model| costs.anomalies(model)), [30, 0, 0]);
        // A model that is free until its first bill.
        assert_eq!(at(&costs, 2, &[0.7]), 0.0);
        costs.learn_one(2, &[0.7], None, 0, 4.0);
        assert!((2.0..6.0).contains(&at(&costs, 2, &[0.7])), "{}", at(&costs, 2, &[0.7]));
    }

    #[test]
    fn a_bill_far_off_is_learned_with_care_and_a_new_price_all_the_same() {
        let mut costs = fixed([1.0, 9.0]);
        let at =
            |costs: &LogCosts, model| costs.expected(model, &[0.7], costs.length(&[0.7]), None, 0);
        for t in 0..200 {
            costs.learn_one(t % 2, &[0.7], None, 0, [1.0, 9.0][t % 2]);
        }
        let (before, unit) = ([at(&costs, 0), at(&costs, 1)], costs.most_expensive());
        costs.learn_one(0, &[0.7], None, 0, 1e9);
        assert_eq!(costs.anomalies(0), 1);
        assert_eq!(at(&costs, 1), before[1]);
        assert!(at(&costs, 0) < 1.6 * before[0], "{}", at(&costs, 0));
        assert!(costs.most_expensive() < 1.1 * unit, "{}", costs.most_expensive());
        for _ in 0..150 {
            costs.learn_one(0, &[0.7], None, 0, 1000.0);
        }
        assert!((700.0..1500.0).contains(&at(&costs, 0)), "{}", at(&costs, 0));
        assert!((at(&costs, 1) / before[1] - 1.0).abs() < 0.05, "{}", at(&costs, 1));
        assert!(costs.anomalies(0) < 100, "{}", costs.anomalies(0));
    }

    #[test]
    fn costs_that_grow_with_a_feature_are_predicted_for_every_model() {
        let mut costs = fixed([1.0, 10.0]);
        for t in 0..300 {
            let x = f32::from(u8::from(t % 2 == 0));
            costs.learn_one(0, &[x], None, 0, if t % 2 == 0 { 8.0 } else { 1.0 });
        }
        let ratio = |model| {
            let at = |x: [f32; 1]| costs.expected(model, &x, costs.length(&x), None, 0);
            at([1.0]) / at([0.0])
        };
        assert!((7.5..8.5).contains(&ratio(0)), "{}", ratio(0));
        assert!(ratio(1) > 4.0, "{}", ratio(1));
    }

    #[test]
    fn prices_per_token_hold_for_every_prompt_and_corrections_carry_over() {
        let price = TokenPrice {
            input: 1e6,
            output: 2e6,
            output_tokens: 10.0,
            input_tokens: 100.0,
            cached_input: None,
        };
        let mut costs = LogCosts::new([ListedCost::PerToken(price)], 1);
        let expected =
            |costs: &LogCosts, tokens| costs.expected(0, &[0.0], 0.0, NonZeroU32::new(tokens), 0);
        for (tokens, cost) in [(5, 25.0), (1000, 1020.0), (0, 120.0)] {
            assert!((expected(&costs, tokens) / cost - 1.0).abs() < 1e-12);
        }
        // Answers twice as long as listed: short prompts cost 1.6 times what is listed.
        for _ in 0..300 {
            costs.learn_one(0, &[0.0], NonZeroU32::new(5), 0, 40.0);
        }
        assert!((expected(&costs, 5) / 40.0 - 1.0).abs() < 0.01);
        assert!((expected(&costs, 1000) / (1.6 * 1020.0) - 1.0).abs() < 0.01);
    }
}
