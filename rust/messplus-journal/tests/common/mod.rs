//! A reproducible stream of transitions, valid and invalid alike.

use messplus_core::{
    Config, Controller, Decision, DefaultPolicy, Missing, ModelSet, ModelSpec, Operation, Outcome,
    Policy, Request,
};
use messplus_journal::{Recorded, Result};

pub const N_FEATURES: usize = 3;

pub fn controller() -> Result<Controller> {
    let model = |name: &str, cost| ModelSpec { name: name.into(), cost, quality: None };
    let config = Config {
        models: vec![model("small", 0.2), model("medium", 1.0), model("large", 3.0)],
        alpha: 0.8,
        n_features: N_FEATURES,
        policy: Policy::Default(DefaultPolicy::default()),
        seed: 5,
        pending_capacity: 32,
        operation: Operation { pending_age: Some(30), missing: Missing::Predicted, cooldown: 2 },
        metadata: String::new(),
    };
    Ok(Controller::new(config.try_into()?))
}

/// A small permuted congruential stream: the same numbers for the same seed.
pub struct Stream(pub u64);

impl Stream {
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn unit(&mut self) -> f64 {
        self.below(1 << 20) as f64 / f64::from(1 << 20)
    }

    /// One transition; whether it was accepted. A refused one changes nothing.
    pub fn step(&mut self, recorded: &mut Recorded, decision: &mut Decision) -> bool {
        let steps = recorded.step();
        if self.below(2) == 0 || steps == 0 {
            let features: [f32; N_FEATURES] = std::array::from_fn(|_| self.unit() as f32);
            let costs = [Some(self.unit()), None, Some(4.0)];
            let allowed = ModelSet::from_bits(1 + self.below(7));
            let request = Request {
                id: u128::from(steps + 1),
                features: (self.below(8) > 0).then_some(&features),
                costs: (self.below(3) == 0).then_some(&costs),
                allowed: (self.below(4) == 0).then_some(allowed),
            };
            recorded.decide(&request, decision).is_ok()
        } else if self.below(8) == 0 {
            recorded.advance(recorded.now() + 1 + self.below(3));
            true
        } else if self.below(8) == 0 {
            recorded.fail(u128::from(steps), self.below(3) as usize).is_ok()
        } else {
            let id = u128::from(steps.saturating_sub(self.below(40)));
            let outcome = Outcome {
                model: self.below(3) as usize,
                satisfaction: (self.below(4) > 0).then(|| self.unit().round()),
                cost: (self.below(2) == 0).then(|| self.unit()),
                latency: (self.below(3) == 0).then(|| self.unit()),
            };
            let outcomes = [outcome, Outcome { model: (outcome.model + 1) % 3, ..outcome }];
            let many = 1 + self.below(2) as usize;
            // Unknown and repeated ones are refused, as they would be in life.
            recorded.observe(id, &outcomes[..many]).is_ok()
        }
    }
}
