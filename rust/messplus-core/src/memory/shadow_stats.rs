//! What the router would have brought about where it runs in shadow mode.
//!
//! The router's choice w would have served with the known propensity pi. Its value is estimated by
//!
//! ```text
//! V = q + [served = w] / pi (y - q)
//! ```
//!
//! (Dudik, Langford and Li, *Doubly robust policy evaluation and learning*, 2011), y the rating or
//! cost of the model that served, q what was predicted for w before. Given everything before, V has
//! the mean of w's true value whatever q is, wherever pi > 0; where pi = 0, V = q rests on the
//! prediction alone.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;
use crate::types::shadow::ShadowChoice;

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
    pub(crate) fn decide(&mut self, choice: &ShadowChoice, served: usize) {
        self.decided += 1;
        self.agreed += u64::from(choice.model == served);
    }

    pub(crate) fn cancel(&mut self, choice: &ShadowChoice, served: usize) {
        self.decided -= 1;
        self.agreed -= u64::from(choice.model == served);
    }

    /// The model that served was rated.
    pub(crate) fn add_rating(&mut self, choice: &ShadowChoice, served: usize, satisfaction: f64) {
        add(&mut self.satisfaction, choice, choice.p_satisfied, served, satisfaction);
    }

    /// The cost of the model that served became known.
    pub(crate) fn add_cost(&mut self, choice: &ShadowChoice, served: usize, cost: f64) {
        add(&mut self.cost, choice, choice.cost, served, cost);
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

fn add(
    estimate: &mut Estimate,
    choice: &ShadowChoice,
    predicted: f64,
    served: usize,
    outcome: f64,
) {
    let weight = if served == choice.model { choice.propensity.recip() } else { 0.0 };
    let identified = choice.propensity > 0.0;
    estimate.add(predicted, weight * (outcome - predicted), outcome, identified);
}

#[cfg(test)]
mod tests {
    use super::ShadowStats;
    use crate::types::shadow::ShadowChoice;

    #[test]
    fn weighs_what_served_by_its_propensity() {
        let mut stats = ShadowStats::default();
        let choice = ShadowChoice { model: 0, propensity: 0.25, p_satisfied: 0.5, cost: 2.0 };
        stats.add_rating(&choice, 0, 1.0);
        stats.add_rating(&choice, 1, 1.0);
        // 0.5 + 4 (1 - 0.5) = 2.5, and 0.5 where another model served.
        assert_eq!((stats.satisfaction.value, stats.satisfaction.square), (3.0, 6.5));
        assert_eq!((stats.satisfaction.predicted, stats.satisfaction.served), (1.0, 2.0));
    }
}
