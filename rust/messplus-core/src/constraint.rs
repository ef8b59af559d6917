//! A price per constraint of the default method, and whether the constraint can be met at all.

use crate::agreement::{Limit, Resource};
use crate::error::{Error, Result};
use crate::foresight::Expectation;
use crate::multiplier::Multiplier;
use crate::state::{Reader, Writer};

/// Saturation of a multiplier beyond which its constraint may be out of reach.
const SATURATED: f64 = 0.8;
/// Saturation from which a constraint may be what keeps another one out of reach: prices of hundreds.
const PULLS: f64 = 0.5;
/// Means over requests are over about this many.
const WINDOW: f64 = 500.0;
/// Scatter of a rating against its target, to which the multiplier's constants are fitted.
const RATING_SCATTER: f64 = 0.45;

/// Pressure, at least, while decisions go out before the first rating has come.
const BLIND_PRESSURE: f64 = 1.5;

/// The price of satisfaction for one service level.
#[derive(Clone, Debug)]
pub(crate) struct LevelPrice {
    pub multiplier: Multiplier,
    /// Running mean of the probability of satisfaction of the best model per request.
    ceiling: f64,
    decided: f64,
}

impl LevelPrice {
    /// `price` is that of the first request, in costs of the dearest model.
    pub fn new(price: f64) -> Self {
        Self { multiplier: Multiplier::new(price, BLIND_PRESSURE), ceiling: 1.0, decided: 0.0 }
    }

    /// Take note of the best model's probability of satisfaction.
    pub fn see(&mut self, best: f64) {
        self.decided += 1.0;
        self.ceiling += (best - self.ceiling) / self.decided.min(WINDOW);
    }

    pub fn is_saturated(&self) -> bool {
        self.multiplier.saturation() >= SATURATED
    }

    pub fn pulls(&self) -> bool {
        self.multiplier.saturation() >= PULLS
    }

    /// Whether the best models are expected to stay below the target.
    pub fn is_beyond(&self, alpha: f64) -> bool {
        self.ceiling < alpha
    }

    pub fn encode(&self, out: &mut Writer) {
        self.multiplier.encode(out);
        out.f64s(&[self.ceiling, self.decided]);
    }

    pub fn decode(&mut self, input: &mut Reader<'_>) -> Result<()> {
        self.multiplier.decode(input)?;
        self.ceiling = input.f64()?;
        self.decided = input.f64()?;
        if self.decided < 0.0 {
            return Err(Error::state("counts must be >= 0", self.decided));
        }
        Ok(())
    }
}

/// The price of a resource under a limit.
///
/// Usage is counted in units of the limit's mean. A model may use many of them where ratings stay
/// within one, so debts are divided by their scatter before the multiplier sees them.
#[derive(Clone, Debug)]
pub(crate) struct LimitPrice {
    pub resource: Resource,
    mean: f64,
    multiplier: Multiplier,
    /// Running mean of the least expected usage per request, in units of the mean.
    floor: f64,
    decided: f64,
    /// Running mean of the squared excess of usage over the limit.
    scatter: f64,
    observed: f64,
}

impl LimitPrice {
    pub fn new(limit: &Limit) -> Self {
        Self {
            resource: limit.resource,
            mean: limit.mean,
            multiplier: Multiplier::new(0.0, 0.0),
            floor: 0.0,
            decided: 0.0,
            scatter: RATING_SCATTER * RATING_SCATTER,
            observed: 0.0,
        }
    }

    /// Price of one unit of the resource for the next request, `>= 0`.
    pub fn advance(&mut self, backlog: f64) -> f64 {
        self.multiplier.advance(backlog / self.scale()) / self.mean
    }

    /// Take note of a decision for a call expected to use `used`, where `least` would do.
    pub fn expect(&mut self, used: f64, least: f64) -> Expectation {
        self.decided += 1.0;
        self.floor += (least / self.mean - self.floor) / self.decided.min(WINDOW);
        self.multiplier.foresight.expect(self.excess(used))
    }

    /// A call used `used`; the queue has accounted for it.
    pub fn observe(&mut self, used: f64) {
        self.observed += 1.0;
        let excess = used / self.mean - 1.0;
        // Weighs the start as ten calls; the square stays finite for any bill.
        let rate = 1.0 / (self.observed + 10.0).min(WINDOW);
        self.scatter += rate * ((excess * excess).min(1e12) - self.scatter);
    }

    /// The first call of a decision made `age` decisions ago is known to have used `used`.
    pub fn settle(&mut self, expectation: Expectation, used: f64, age: u64) {
        let excess = self.excess(used);
        self.multiplier.foresight.settle(expectation, excess, Some(age));
    }

    pub fn is_saturated(&self) -> bool {
        self.multiplier.saturation() >= SATURATED
    }

    pub fn pulls(&self) -> bool {
        self.multiplier.saturation() >= PULLS
    }

    /// Whether the thriftiest models are expected to stay above the limit.
    pub fn is_beyond(&self) -> bool {
        self.floor > 1.0
    }

    /// Usage beyond the limit on the scale of the multiplier; its square stays finite for any bill.
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
    use super::{LevelPrice, LimitPrice};
    use crate::agreement::{Limit, Resource};

    fn limit() -> LimitPrice {
        LimitPrice::new(&Limit { resource: Resource::Cost, mean: 2.0 })
    }

    #[test]
    fn usage_beyond_the_limit_gets_a_price_per_unit() {
        let mut price = limit();
        assert_eq!(price.advance(0.0), 0.0);
        let unit = price.advance(20.0);
        let mut dear = LimitPrice::new(&Limit { resource: Resource::Cost, mean: 4.0 });
        assert!(unit > 0.0 && (dear.advance(20.0) * 2.0 - unit).abs() < 1e-9);
    }

    #[test]
    fn the_wider_usage_scatters_the_less_a_debt_weighs() {
        let (mut even, mut rough) = (limit(), limit());
        for t in 0..100 {
            even.observe(2.0);
            rough.observe(if t % 20 == 0 { 40.0 } else { 0.0 });
        }
        assert!(rough.advance(20.0) < even.advance(20.0));
    }

    #[test]
    fn sees_when_no_model_is_good_or_thrifty_enough() {
        let (mut level, mut price) = (LevelPrice::new(0.0), limit());
        for _ in 0..100 {
            level.see(0.7);
            price.expect(9.0, 3.0);
        }
        assert!(level.is_beyond(0.8) && !level.is_beyond(0.6));
        assert!(price.is_beyond());
        assert!(!level.is_saturated() && !price.is_saturated());
    }
}
