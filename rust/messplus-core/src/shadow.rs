//! Shadow mode: a fixed model serves, and what the router would have done is estimated.
//!
//! With probability `explore` the request goes to a model drawn uniformly from the K allowed ones, so
//! that the router's choice w serves with the known propensity
//! `pi = (1 - explore) [w = fixed] + explore / K`. The value of its choice is estimated by
//!
//! ```text
//! V = q + [served = w] / pi (y - q)
//! ```
//!
//! (doubly robust: Dudik, Langford and Li, ICML 2011), y the rating or bill of the model that served, q
//! what was predicted for w before. Given everything before, V has the mean of w's true value whatever
//! q is, wherever pi > 0; where pi = 0, V = q rests on the prediction alone.

use crate::error::{Error, Result};
use crate::model_set::ModelSet;
use crate::state::{Reader, Writer};

/// Who serves instead of the router's choice.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shadow {
    /// The model that serves.
    pub model: usize,
    /// Share of requests that go to a model drawn uniformly, in `[0, 1]`.
    pub explore: f64,
}

impl Shadow {
    /// The model that serves and the propensity of the router's choice: `draw` is uniform in `[0, 1)`,
    /// `allowed` are the models that may serve, `choice` among them.
    pub(crate) fn serve(&self, allowed: ModelSet, choice: usize, draw: f64) -> (usize, f64) {
        let n = allowed.len();
        // For a fixed model that may not serve, the router's choice stands in.
        let fixed = if allowed.contains(self.model) { self.model } else { choice };
        #[expect(clippy::cast_sign_loss, reason = "draws are not negative")]
        let place = (draw / self.explore * n as f64) as usize;
        let drawn = if draw < self.explore { allowed.iter().nth(place) } else { None };
        let certain = if fixed == choice { 1.0 - self.explore } else { 0.0 };
        (drawn.unwrap_or(fixed), certain + self.explore / n as f64)
    }
}

/// What is remembered of the router's choice until outcomes of the model that served come.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Would {
    /// The router's choice.
    pub model: usize,
    /// Probability with which it was to serve.
    pub propensity: f64,
    /// Its predicted probability of satisfaction.
    pub p_satisfied: f64,
    /// Its expected cost.
    pub cost: f64,
}

impl Would {
    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.model as u64);
        out.f64s(&[self.propensity, self.p_satisfied, self.cost]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>, n_models: usize) -> Result<Self> {
        let model = input.u64()?;
        let (propensity, p_satisfied, cost) = (input.f64()?, input.f64()?, input.f64()?);
        let shares = [propensity, p_satisfied];
        if model >= n_models as u64 || !shares.iter().all(|share| (0.0..=1.0).contains(share)) {
            return Err(Error::state("choices in shadow must be of the zoo and probable", model));
        }
        Ok(Self { model: model as usize, propensity, p_satisfied, cost })
    }
}

/// Sums over the requests whose outcome is known.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    /// Requests.
    pub n: u64,
    /// Those of them on which the router's choice might have served.
    pub identified: u64,
    /// Sum of the estimates V.
    pub value: f64,
    /// Sum of their squares.
    pub square: f64,
    /// Sum of what was predicted for the router's choice.
    pub predicted: f64,
    /// Sum of what came of the model that served.
    pub served: f64,
}

impl Estimate {
    fn add(&mut self, predicted: f64, correction: f64, served: f64, identified: bool) {
        let value = predicted + correction;
        self.n += 1;
        self.identified += u64::from(identified);
        self.value += value;
        self.square += value * value;
        self.predicted += predicted;
        self.served += served;
    }

    fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.n, self.identified]);
        out.f64s(&[self.value, self.square, self.predicted, self.served]);
    }

    fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let (n, identified) = (input.u64()?, input.u64()?);
        let (value, square) = (input.f64()?, input.f64()?);
        let (predicted, served) = (input.f64()?, input.f64()?);
        Ok(Self { n, identified, value, square, predicted, served })
    }
}

/// What the router would have brought about so far.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ShadowStats {
    /// Requests decided in shadow mode.
    pub decided: u64,
    /// Those on which the router would have chosen the model that served.
    pub agreed: u64,
    /// Satisfaction.
    pub satisfaction: Estimate,
    /// Cost.
    pub cost: Estimate,
}

impl ShadowStats {
    pub(crate) fn decide(&mut self, would: &Would, served: usize) {
        self.decided += 1;
        self.agreed += u64::from(would.model == served);
    }

    /// The model that served was rated.
    pub(crate) fn rate(&mut self, would: &Would, served: usize, satisfaction: f64) {
        add(&mut self.satisfaction, would, would.p_satisfied, served, satisfaction);
    }

    /// The call of the model that served was billed.
    pub(crate) fn bill(&mut self, would: &Would, served: usize, cost: f64) {
        add(&mut self.cost, would, would.cost, served, cost);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.decided, self.agreed]);
        self.satisfaction.encode(out);
        self.cost.encode(out);
    }

    pub(crate) fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        [self.decided, self.agreed] = [input.u64()?, input.u64()?];
        self.satisfaction = Estimate::decode(input)?;
        self.cost = Estimate::decode(input)?;
        Ok(())
    }
}

fn add(estimate: &mut Estimate, would: &Would, predicted: f64, served: usize, outcome: f64) {
    let weight = if served == would.model { would.propensity.recip() } else { 0.0 };
    let identified = would.propensity > 0.0;
    estimate.add(predicted, weight * (outcome - predicted), outcome, identified);
}

#[cfg(test)]
mod tests {
    use super::{Shadow, ShadowStats, Would};
    use crate::model_set::ModelSet;

    #[test]
    fn serves_with_the_propensity_it_tells() {
        let shadow = Shadow { model: 1, explore: 0.4 };
        let draws = (0..1000).map(|n| (f64::from(n) + 0.5) / 1000.0);
        let served: Vec<usize> =
            draws.map(|draw| shadow.serve(ModelSet::all(4), 2, draw).0).collect();
        let share = |model| served.iter().filter(|&&m| m == model).count();
        assert_eq!([share(0), share(1), share(2), share(3)], [100, 700, 100, 100]);
        assert!((shadow.serve(ModelSet::all(4), 2, 0.9).1 - 0.1).abs() < 1e-12);
        assert!((shadow.serve(ModelSet::all(4), 1, 0.9).1 - 0.7).abs() < 1e-12);
        assert_eq!(Shadow { model: 1, explore: 0.0 }.serve(ModelSet::all(4), 2, 0.0), (1, 0.0));
        assert_eq!(shadow.serve(ModelSet::from_bits(0b101), 2, 0.9).0, 2);
    }

    #[test]
    fn weighs_what_served_by_its_propensity() {
        let mut stats = ShadowStats::default();
        let would = Would { model: 0, propensity: 0.25, p_satisfied: 0.5, cost: 2.0 };
        stats.rate(&would, 0, 1.0);
        stats.rate(&would, 1, 1.0);
        // 0.5 + 4 (1 - 0.5) = 2.5, and 0.5 where another model served.
        assert_eq!((stats.satisfaction.value, stats.satisfaction.square), (3.0, 6.5));
        assert_eq!((stats.satisfaction.predicted, stats.satisfaction.served), (1.0, 2.0));
    }
}
