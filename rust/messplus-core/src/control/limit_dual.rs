//! The dual variable of a limited resource, and whether the limit can be met at all.

use messplus_base::wire::{Reader, Writer};

use super::WINDOW;
use super::delay_compensator::Expectation;
use super::multiplier::Multiplier;
use crate::error::{Error, Result};
use crate::types::agreement::{Limit, Resource};

/// Scatter of a rating against its target, to which the multiplier's constants are fitted.
const RATING_SCATTER: f64 = 0.45;

/// The dual variable mu of a limit: what a unit of its resource costs on top of its own cost.
///
/// Usage is counted in units of the limit's mean. A model may use many of them where ratings stay
/// within one, so debts are divided by their scatter before the multiplier sees them.
#[derive(Clone, Debug)]
pub(crate) struct LimitDual {
    pub resource: Resource,
    mean: f64,
    pub multiplier: Multiplier,
    /// Running mean of the least expected usage per request, in units of the mean.
    floor: f64,
    decided: f64,
    /// Running mean of the squared excess of usage over the limit.
    scatter: f64,
    observed: f64,
}

impl LimitDual {
    pub fn new(limit: &Limit) -> Self {
        Self {
            resource: limit.resource,
            mean: limit.mean,
            multiplier: Multiplier::of_limit(),
            floor: 0.0,
            decided: 0.0,
            scatter: RATING_SCATTER * RATING_SCATTER,
            observed: 0.0,
        }
    }

    /// Another bound. What is open was expected against the old one, and fades.
    pub fn set_mean(&mut self, mean: f64) {
        self.floor *= self.mean / mean;
        self.mean = mean;
    }

    /// The dual per unit of the resource for the next request, `>= 0`.
    pub fn advance(&mut self, backlog: f64) -> f64 {
        self.multiplier.advance(backlog / self.scale(), false) / self.mean
    }

    /// Take note of a decision for a call expected to use `used`, where `least` would do.
    pub fn expect(&mut self, used: f64, least: f64) -> Expectation {
        self.decided += 1.0;
        self.floor += (least / self.mean - self.floor) / self.decided.min(WINDOW);
        self.multiplier.compensator.expect(self.excess(used))
    }

    /// Expect the decision just made to use `used`.
    pub fn expect_instead(&mut self, expectation: &mut Expectation, used: f64) {
        let excess = self.excess(used);
        self.multiplier.compensator.expect_instead(expectation, excess);
    }

    /// A call used `used`; the queue has accounted for it.
    pub fn observe(&mut self, used: f64) {
        self.observed += 1.0;
        let excess = used / self.mean - 1.0;
        // Weighs the start as ten calls; the square stays finite for any usage.
        let rate = 1.0 / (self.observed + 10.0).min(WINDOW);
        self.scatter += rate * ((excess * excess).min(1e12) - self.scatter);
    }

    /// The first call of a decision made `age` decisions ago is known to have used `used`.
    pub fn settle(&mut self, expectation: Expectation, used: f64, age: u64) {
        let excess = self.excess(used);
        self.multiplier.compensator.settle(expectation, excess, Some(age));
    }

    /// Whether the thriftiest models are expected to stay above the limit.
    pub fn is_beyond(&self) -> bool {
        self.floor > 1.0
    }

    /// Usage beyond the limit on the scale of the multiplier; its square stays finite for any usage.
    fn excess(&self, used: f64) -> f64 {
        (used / self.mean - 1.0).min(1e6) / self.scale()
    }

    fn scale(&self) -> f64 {
        (self.scatter.sqrt() / RATING_SCATTER).max(1.0)
    }

    pub fn encode(&self, out: &mut Writer) {
        self.multiplier.encode(out);
        out.f64s(&[self.floor, self.decided, self.scatter, self.observed]);
    }

    pub fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.multiplier.decode(input)?;
        let mut fields = [0.0; 4];
        input.f64s(&mut fields)?;
        [self.floor, self.decided, self.scatter, self.observed] = fields;
        match fields.iter().find(|&&field| field < 0.0) {
            Some(field) => Err(Error::state("means and counts must be >= 0", field)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::LimitDual;
    use crate::types::agreement::{Limit, Resource};

    fn limit(mean: f64) -> LimitDual {
        LimitDual::new(&Limit { resource: Resource::Cost, mean })
    }

    #[test]
    fn usage_beyond_the_limit_has_a_dual_per_unit() {
        let mut tight = limit(2.0);
        assert_eq!(tight.advance(0.0), 0.0);
        let unit = tight.advance(20.0);
        assert!(unit > 0.0 && (limit(4.0).advance(20.0) * 2.0 - unit).abs() < 1e-9);
    }

    #[test]
    fn the_wider_usage_scatters_the_less_a_debt_weighs() {
        let (mut even, mut rough) = (limit(2.0), limit(2.0));
        for t in 0..100 {
            even.observe(2.0);
            rough.observe(if t % 20 == 0 { 40.0 } else { 0.0 });
        }
        assert!(rough.advance(20.0) < even.advance(20.0));
    }

    #[test]
    fn sees_when_no_model_is_thrifty_enough() {
        let mut dual = limit(2.0);
        (0..100).for_each(|_| _ = dual.expect(9.0, 3.0));
        assert!(dual.is_beyond() && !dual.multiplier.is_saturated());
    }
}
