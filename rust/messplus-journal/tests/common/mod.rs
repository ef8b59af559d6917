//! A reproducible stream of transitions, valid and invalid alike.

use std::num::NonZeroU32;

use messplus_core::{
    Config, Controller, Decision, DefaultPolicy, Example, ListedCost, Missing, ModelSet, ModelSpec,
    Operation, Outcome, Policy, Request, TokenPrice,
};
use messplus_journal::{Recorded, Result};

pub const N_FEATURES: usize = 3;

pub fn controller() -> Result<Controller> {
    let model = |name: &str, cost| ModelSpec { name: name.into(), cost, quality: None };
    let price = TokenPrice { input: 1e5, output: 3e5, output_tokens: 10.0, input_tokens: 20.0 };
    let config = Config {
        models: vec![
            model("small", 0.2.into()),
            model("medium", 1.0.into()),
            model("large", ListedCost::PerToken(price)),
        ],
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
        match self.below(16) {
            0..8 => self.decide(recorded, decision),
            _ if steps == 0 => self.decide(recorded, decision),
            8 => {
                recorded.advance(recorded.now() + 1 + self.below(3));
                true
            }
            9 => recorded.fail(u128::from(steps), self.below(3) as usize).is_ok(),
            10 => self.warm_start(recorded),
            _ => self.observe(recorded),
        }
    }

    fn decide(&mut self, recorded: &mut Recorded, decision: &mut Decision) -> bool {
        let features: [f32; N_FEATURES] = std::array::from_fn(|_| self.unit() as f32);
        let costs = [Some(self.unit()), None, Some(4.0)];
        let allowed = ModelSet::from_bits(1 + self.below(7));
        let request = Request {
            id: u128::from(recorded.step() + 1),
            features: (self.below(8) > 0).then_some(&features),
            input_tokens: NonZeroU32::new(self.below(100) as u32),
            costs: (self.below(3) == 0).then_some(&costs),
            allowed: (self.below(4) == 0).then_some(allowed),
        };
        recorded.decide(&request, decision).is_ok()
    }

    fn warm_start(&mut self, recorded: &mut Recorded) -> bool {
        let features: [f32; N_FEATURES] = std::array::from_fn(|_| self.unit() as f32);
        let example = Example {
            features: (self.below(4) > 0).then_some(&features),
            input_tokens: NonZeroU32::new(self.below(100) as u32),
            model: self.below(4) as usize,
            satisfaction: (self.below(4) > 0).then(|| self.unit().round()),
            cost: (self.below(2) == 0).then(|| self.unit()),
        };
        recorded.warm_start(&example).is_ok()
    }

    fn observe(&mut self, recorded: &mut Recorded) -> bool {
        let id = u128::from(recorded.step().saturating_sub(self.below(40)));
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
