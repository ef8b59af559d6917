//! What ratings of another source than the truth are worth: how often it agrees, and what it leans to.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Most sources of ratings a router tells apart.
pub const MAX_SOURCES: usize = 16;

/// Before any rating was compared with the truth a source is taken to be right four times out of five,
/// with the weight of this many comparisons of each kind; what it did for all models weighs as
/// `POOLED_WEIGHT` comparisons for each.
const PRIOR_WEIGHT: f64 = 5.0;
const PRIOR_RATE: f64 = 0.8;
const POOLED_WEIGHT: f64 = 20.0;
/// Ratings that may tell of a model's mean satisfaction, per comparison with the truth.
const RATINGS_PER_COMPARISON: f64 = 10.0;
/// Information about a lean at first (its prior variance is one), and at most.
const LEAN_INFORMATION: f64 = 1.0;
const LEAN_WINDOW: f64 = 100.0;

/// How a rating of one source on one model depends on the truth.
///
/// ```text
/// P(rating = 1) = a + (b - a) q        q = sigmoid(z + lean)
/// ```
///
/// a and b are the rates of false and true positives (Dawid and Skene, 1979), z the log odds of
/// satisfaction. The lean is that of the requests the source rates at all: where satisfied users
/// rate more often than others, ratings follow a logistic model of the same weights and another intercept
/// (Prentice and Pyke, *Logistic disease incidence models and case-control studies*, 1979).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Link {
    /// Rate of false positives, a.
    pub false_positive: f64,
    /// Rate of true positives, b.
    pub true_positive: f64,
    /// Lean towards satisfaction, in log odds.
    pub lean: f64,
    /// Whether it tells of the model's mean satisfaction, or of differences between prompts only.
    pub teaches_mean: bool,
}

/// Links per source and model, learned where both the source and the truth are known.
#[derive(Clone, Debug)]
pub struct Sources {
    sources: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    pooled: Agreement,
    models: Vec<ModelLink>,
}

/// Satisfaction known to be high, and low, and the part of each that the source rated high.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Agreement {
    satisfied: f64,
    rated_satisfied: f64,
    unsatisfied: f64,
    rated_unsatisfied: f64,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct ModelLink {
    agreement: Agreement,
    ratings: f64,
    lean: f64,
    information: f64,
}

impl Default for ModelLink {
    fn default() -> Self {
        let agreement = Agreement::default();
        Self { agreement, ratings: 0.0, lean: 0.0, information: LEAN_INFORMATION }
    }
}

impl Agreement {
    fn learn(&mut self, rating: f64, truth: f64, times: f64) {
        // Taking back what was added may leave a rounding error below zero.
        let add = |sum: &mut f64, part: f64| *sum = (*sum + times * part).max(0.0);
        add(&mut self.satisfied, truth);
        add(&mut self.rated_satisfied, truth * rating);
        add(&mut self.unsatisfied, 1.0 - truth);
        add(&mut self.rated_unsatisfied, (1.0 - truth) * rating);
        self.rated_satisfied = self.rated_satisfied.min(self.satisfied);
        self.rated_unsatisfied = self.rated_unsatisfied.min(self.unsatisfied);
    }

    fn comparisons(&self) -> f64 {
        self.satisfied + self.unsatisfied
    }

    /// Rates of true and false positives, where those before any comparison weigh `weight`.
    fn rates(&self, (true_positive, false_positive): (f64, f64), weight: f64) -> (f64, f64) {
        let mean = |part: f64, whole: f64, prior: f64| (part + weight * prior) / (whole + weight);
        (
            mean(self.rated_satisfied, self.satisfied, true_positive),
            mean(self.rated_unsatisfied, self.unsatisfied, false_positive),
        )
    }

    /// Variance of the difference of two such rates.
    fn squared_error(&self, true_positive: f64, false_positive: f64, weight: f64) -> f64 {
        true_positive * (1.0 - true_positive) / (self.satisfied + weight)
            + false_positive * (1.0 - false_positive) / (self.unsatisfied + weight)
    }
}

/// A difference of rates as far as it is more than chance: twice its squared error is taken off its
/// square. A source that may be a coin teaches nothing.
fn shrunk(difference: f64, squared_error: f64) -> f64 {
    let square = difference * difference;
    if square > 0.0 { difference * (1.0 - 2.0 * squared_error / square).max(0.0) } else { 0.0 }
}

impl Sources {
    /// No source yet.
    pub fn new() -> Self {
        Self { sources: Vec::new() }
    }

    /// One source more, for a zoo of `n_models`.
    pub fn add_source(&mut self, n_models: usize) {
        let models = vec![ModelLink::default(); n_models];
        self.sources.push(Source { pooled: Agreement::default(), models });
    }

    /// One model more.
    pub fn add_model(&mut self) {
        self.sources.iter_mut().for_each(|source| source.models.push(ModelLink::default()));
    }

    /// The link of ratings that are the truth where they are given, but not given at random.
    pub fn volunteered(&self, source: usize, model: usize) -> Link {
        let lean = self.sources[source].models[model].lean;
        Link { false_positive: 0.0, true_positive: 1.0, lean, teaches_mean: false }
    }

    /// The link of a source that may err.
    pub fn judged(&self, source: usize, model: usize) -> Link {
        let Source { pooled, models } = &self.sources[source];
        let link = &models[model];
        let rates = pooled.rates((PRIOR_RATE, 1.0 - PRIOR_RATE), PRIOR_WEIGHT);
        let (true_positive, false_positive) = link.agreement.rates(rates, POOLED_WEIGHT);
        let error = link.agreement.squared_error(true_positive, false_positive, POOLED_WEIGHT);
        let true_positive = false_positive + shrunk(true_positive - false_positive, error);
        let allowance = RATINGS_PER_COMPARISON * link.agreement.comparisons();
        let teaches_mean = link.ratings < allowance;
        let lean = if teaches_mean { 0.0 } else { link.lean };
        Link { false_positive, true_positive, lean, teaches_mean }
    }

    /// Both the source's rating and the truth of one answer are known; `times` is -1 where an earlier
    /// comparison is taken back.
    pub fn compare(&mut self, source: usize, model: usize, rating: f64, truth: f64, times: f64) {
        let Source { pooled, models } = &mut self.sources[source];
        pooled.learn(rating, truth, times);
        models[model].agreement.learn(rating, truth, times);
    }

    /// A rating came `residual` above what was expected of it, in log odds, with this much information on
    /// them: one step of Newton's method for the lean.
    pub fn learn_lean(&mut self, source: usize, model: usize, residual: f64, information: f64) {
        let link = &mut self.sources[source].models[model];
        link.ratings += 1.0;
        link.information = (link.information + information).min(LEAN_WINDOW);
        link.lean = (link.lean + residual * information / link.information).clamp(-8.0, 8.0);
    }

    /// Ratings of a source that were compared with the truth, and its rates of true and false positives.
    pub fn agreement(&self, source: usize) -> (f64, f64, f64) {
        let pooled = &self.sources[source].pooled;
        let rates = pooled.rates((PRIOR_RATE, 1.0 - PRIOR_RATE), PRIOR_WEIGHT);
        (pooled.comparisons(), rates.0, rates.1)
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.sources.len() as u64);
        for source in &self.sources {
            source.pooled.encode(out);
            for link in &source.models {
                link.agreement.encode(out);
                out.f64s(&[link.ratings, link.lean, link.information]);
            }
        }
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>, n_models: usize) -> Result<()> {
        let n = input.u64()?;
        if n > MAX_SOURCES as u64 {
            return Err(Error::state("must hold at most 16 sources of ratings", n));
        }
        self.sources.clear();
        for _ in 0..n {
            let pooled = Agreement::decode(input)?;
            let mut models = vec![ModelLink::default(); n_models];
            for link in &mut models {
                link.agreement = Agreement::decode(input)?;
                [link.ratings, link.lean, link.information] =
                    [input.f64()?, input.f64()?, input.f64()?];
                if link.ratings < 0.0 || link.information < LEAN_INFORMATION {
                    return Err(Error::state("counts of ratings must be >= 0", link.ratings));
                }
            }
            self.sources.push(Source { pooled, models });
        }
        Ok(())
    }
}

impl Agreement {
    fn encode(&self, out: &mut Writer) {
        out.f64s(&[self.satisfied, self.rated_satisfied, self.unsatisfied, self.rated_unsatisfied]);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let mut fields = [0.0; 4];
        input.f64s(&mut fields)?;
        let [satisfied, rated_satisfied, unsatisfied, rated_unsatisfied] = fields;
        let least = fields.into_iter().fold(0.0, f64::min);
        if least < 0.0 || rated_satisfied > satisfied || rated_unsatisfied > unsatisfied {
            return Err(Error::state("parts of comparisons must not exceed them", least));
        }
        Ok(Self { satisfied, rated_satisfied, unsatisfied, rated_unsatisfied })
    }
}

#[cfg(test)]
mod tests {
    use super::Sources;
    use crate::learn::bayesian_heads::{BayesianHeads, LogOdds, Prior};
    use crate::learn::logistic::sigmoid;
    use crate::random::Uniforms;

    fn draw(draws: &mut Uniforms, p: f64) -> f64 {
        f64::from(u8::from(draws.uniform() < p))
    }

    fn heads() -> BayesianHeads {
        BayesianHeads::new(
            [Prior { intercept: LogOdds { mean: 1.0, sd: 1.4 }, log_price: 0.0 }],
            1,
            1.0,
        )
    }

    fn sources() -> Sources {
        let mut sources = Sources::new();
        sources.add_source(1);
        sources
    }

    #[test]
    fn a_judge_is_known_by_what_it_says_of_known_answers() {
        let (mut sources, mut draws) = (sources(), Uniforms::new(1));
        for _ in 0..4000 {
            let truth = draw(&mut draws, 0.6);
            let rating = draw(&mut draws, if truth == 1.0 { 0.95 } else { 0.4 });
            sources.compare(0, 0, rating, truth, 1.0);
        }
        let link = sources.judged(0, 0);
        assert!((link.true_positive - 0.95).abs() < 0.02, "{link:?}");
        assert!((link.false_positive - 0.4).abs() < 0.03, "{link:?}");
        assert!(link.teaches_mean);
    }

    /// Thumbs from a tenth of the satisfied and a fiftieth of the others say 96 % where the truth is 83 %.
    #[test]
    fn volunteers_teach_differences_between_prompts_and_not_the_mean() {
        let (mut sources, mut heads, mut draws) = (sources(), heads(), Uniforms::new(2));
        let z = |x: f32| 1.6 + 1.2 * f64::from(x);
        for t in 0..60_000 {
            let x = if draws.uniform() < 0.5 { 1.0_f32 } else { -1.0 };
            let truth = draw(&mut draws, sigmoid(z(x)));
            if t % 100 == 0 {
                heads.learn_one(0, &[x], truth);
            } else if draws.uniform() < if truth == 1.0 { 0.10 } else { 0.02 } {
                let link = sources.volunteered(0, 0);
                let (residual, information) = heads.learn_linked(0, &[x], truth, link);
                sources.learn_lean(0, 0, residual, information);
            }
        }
        let lean = sources.volunteered(0, 0).lean;
        assert!((lean - 5.0_f64.ln()).abs() < 0.4, "{lean}");
        for x in [1.0, -1.0] {
            let learned = heads.log_odds(0, &[x], heads.difficulty(&[x])).mean;
            assert!((learned - z(x)).abs() < 0.5, "{learned} at {x}");
        }
    }

    #[test]
    fn a_coin_teaches_nothing() {
        let (mut sources, mut heads, mut draws) = (sources(), heads(), Uniforms::new(3));
        for _ in 0..2000 {
            let truth = draw(&mut draws, 0.5);
            sources.compare(0, 0, draw(&mut draws, 0.7), truth, 1.0);
        }
        let before = heads.log_odds(0, &[1.0], heads.difficulty(&[1.0]));
        for _ in 0..200 {
            heads.learn_linked(0, &[1.0], 0.0, sources.judged(0, 0));
        }
        let after = heads.log_odds(0, &[1.0], heads.difficulty(&[1.0]));
        assert!((after.mean - before.mean).abs() < 0.3, "{before:?} {after:?}");
    }
}
