//! A reproducible stream of transitions, valid and invalid alike.

use std::num::{NonZeroU32, NonZeroU64};

use messplus_core::{
    Agreement, Amendment, Config, Controller, Decision, DefaultConfig, Example, Failure, Feedback,
    Limit, ListedCost, Missing, ModelSet, ModelSpec, Objective, Operation, Outcome, PolicyConfig,
    Request, Resource, ServiceLevel, TokenPrice, Unrated, ZooChange,
};
use messplus_journal::{JournaledController, Result};

pub const N_FEATURES: usize = 3;

pub fn controller() -> Result<Controller> {
    let level = |name: &str, alpha| ServiceLevel::new(name, alpha);
    let limit = |resource, mean| Limit { resource, mean };
    let price = TokenPrice {
        input: 1e5,
        output: 3e5,
        output_tokens: 10.0,
        input_tokens: 20.0,
        cached_input: Some(2e4),
    };
    let config = Config {
        models: vec![
            ModelSpec::new("small", 0.2),
            ModelSpec::new("medium", 1.0),
            ModelSpec::new("large", ListedCost::PerToken(price)),
        ],
        agreement: Agreement {
            levels: vec![level("gold", 0.8), level("free", 0.6)],
            limits: vec![limit(Resource::Cost, 1.5), limit(Resource::Latency, 0.5)],
            objective: Objective::Cost,
        },
        switching_cost: 0.2,
        n_features: N_FEATURES,
        policy: PolicyConfig::Default(DefaultConfig::default()),
        seed: 5,
        pending_capacity: 32,
        operation: Operation {
            pending_age: Some(30),
            missing: Missing::Predicted,
            cooldown: 2,
            audit: 0.3,
            ..Operation::default()
        },
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
    pub fn step(&mut self, controller: &mut JournaledController, decision: &mut Decision) -> bool {
        let steps = controller.step();
        match self.below(64) {
            0..32 => self.decide(controller, decision),
            _ if steps == 0 => self.decide(controller, decision),
            32..36 => {
                controller.advance(controller.now() + 1 + self.below(3));
                true
            }
            36..40 => {
                let (model, kind) = (self.below(3) as usize, self.below(4) as usize);
                let retry_after = (self.below(2) == 0).then(|| self.below(9));
                let kind = Failure::ALL[kind];
                controller.fail(u128::from(steps), model, kind, retry_after).is_ok()
            }
            40..43 => self.warm_start(controller),
            43 => {
                let day = 86_400 * self.below(3);
                controller.date(1_800_000_000 + 60 * steps + day);
                true
            }
            44 => self.change_zoo(controller),
            45..48 => self.count_elsewhere(controller),
            48 => self.amend(controller),
            49..51 => controller.cancel(u128::from(steps - self.below(3).min(steps))).is_ok(),
            _ => self.observe(controller),
        }
    }

    fn decide(&mut self, controller: &mut JournaledController, decision: &mut Decision) -> bool {
        let features: [f32; N_FEATURES] = std::array::from_fn(|_| self.unit() as f32);
        let mut costs = vec![None; controller.config().models.len()];
        costs[0] = Some(self.unit());
        let cached = [self.below(200) as u32];
        let allowed = ModelSet::from_bits(1 + self.below(7));
        let requires = [["tools", "vision"][self.below(2) as usize].to_owned()];
        let request = Request {
            id: u128::from(controller.step() + 1),
            features: (self.below(8) > 0).then_some(&features),
            input_tokens: NonZeroU32::new(self.below(100) as u32),
            costs: (self.below(3) == 0).then_some(&costs),
            allowed: (self.below(4) == 0).then_some(allowed),
            requires: [&[], requires.as_slice()][usize::from(self.below(4) == 0)],
            level: self.below(2) as usize,
            session: (self.below(3) == 0).then_some(self.below(20)),
            shadow: None,
            cached_tokens: (self.below(3) == 0).then_some(&cached),
            max_cost: (self.below(4) == 0).then(|| self.unit()),
        };
        controller.decide(&request, decision).is_ok()
    }

    fn change_zoo(&mut self, controller: &mut JournaledController) -> bool {
        let index = self.below(4) as usize;
        let change = match self.below(4) {
            0 => ZooChange::Add { model: ModelSpec::new(["extra", "small"][index % 2], 2.0) },
            1 => ZooChange::Remove { index },
            2 => ZooChange::Equip {
                index,
                max_input_tokens: Some(self.below(150).cast_signed()),
                supports: (self.below(2) == 0).then(|| ["vision".to_owned()].into()),
            },
            _ => ZooChange::Reprice { index, cost: self.unit().into() },
        };
        controller.change_zoo(&change).is_ok()
    }

    fn amend(&mut self, controller: &mut JournaledController) -> bool {
        let mut amendment = Amendment::default();
        match self.below(6) {
            0 => {
                let [gold, free] = [0.9, 0.5].map(|alpha| alpha + self.unit() / 10.0);
                let source = (self.below(2) == 0).then(|| "judge".to_owned());
                let gold = ServiceLevel { source, ..ServiceLevel::new("gold", gold) };
                // Others than there are, now and then.
                let other = ["free", "free", "none"][self.below(3) as usize];
                amendment.levels = Some(vec![gold, ServiceLevel::new(other, free)]);
            }
            1 => {
                let mut limits = controller.config().agreement.limits.clone();
                limits[0].mean = self.unit();
                amendment.limits = Some(limits);
            }
            2 | 3 => {
                // Requests from elsewhere count where none is audited.
                amendment.audit = Some([0.0, 0.3, 1.5][self.below(3) as usize]);
                amendment.audit_first = Some(self.below(9) as f64);
            }
            4 => {
                let missing = [Missing::Ignore, Missing::Predicted, Missing::Unsatisfied];
                amendment.missing = Some(missing[self.below(3) as usize]);
            }
            _ => {
                amendment.cooldown = Some(self.below(9));
                let name = ["small", "none"][self.below(2) as usize].to_owned();
                amendment.unrated = Some(Unrated::Model(name));
            }
        }
        controller.amend(&amendment).is_ok()
    }

    fn count_elsewhere(&mut self, controller: &mut JournaledController) -> bool {
        let features: [f32; N_FEATURES] = std::array::from_fn(|_| self.unit() as f32);
        let example =
            Example { features: Some(&features), input_tokens: None, outcome: self.outcome(4) };
        let level = self.below(3) as usize;
        controller.count_elsewhere(level, &example).is_ok()
    }

    fn warm_start(&mut self, controller: &mut JournaledController) -> bool {
        let features: [f32; N_FEATURES] = std::array::from_fn(|_| self.unit() as f32);
        let example = Example {
            features: (self.below(4) > 0).then_some(&features),
            input_tokens: NonZeroU32::new(self.below(100) as u32),
            outcome: self.outcome(4),
        };
        controller.warm_start(&example).is_ok()
    }

    fn outcome(&mut self, n_models: u64) -> Outcome {
        Outcome {
            model: self.below(n_models) as usize,
            satisfaction: (self.below(4) > 0).then(|| self.unit().round()),
            cost: (self.below(2) == 0).then(|| self.unit()),
            latency: (self.below(3) == 0).then(|| self.unit()),
        }
    }

    fn observe(&mut self, controller: &mut JournaledController) -> bool {
        let id = u128::from(controller.step().saturating_sub(self.below(40)));
        let outcome = self.outcome(3);
        let outcomes = [outcome, Outcome { model: (outcome.model + 1) % 3, ..outcome }];
        let many = 1 + self.below(2) as usize;
        // Unknown and repeated ones are refused, as they would be in life.
        let feedback = Feedback {
            outcomes: &outcomes[..many],
            source: ["user", "judge"][usize::from(self.below(4) == 0)],
            key: NonZeroU64::new(self.below(9)),
            rater: NonZeroU64::new(self.below(3)),
            replace: self.below(3) == 0,
            cached_tokens: (self.below(3) == 0).then_some(self.below(100) as u32),
        };
        controller.observe(id, feedback).is_ok()
    }
}
