//! Random sessions for the laws.

use std::num::NonZeroU32;

use messplus_core::{Controller, Decision, Outcome, Request};
use proptest::prelude::*;

use crate::common::N_FEATURES;

/// One step of a session. Ages and models are reduced modulo what exists.
#[derive(Clone, Debug)]
pub enum Step {
    /// A request with these features.
    Decide([f32; N_FEATURES]),
    /// Feedback on the decision made this many decisions ago.
    Observe { age: usize, model: usize, satisfaction: Option<f64>, cost: Option<f64> },
}

/// Sessions with sparse, late, duplicated and out-of-order feedback.
pub fn sessions() -> impl Strategy<Value = Vec<Step>> {
    let decide = prop::array::uniform3(-2.0_f32..2.0).prop_map(Step::Decide);
    let satisfaction = prop_oneof![Just(0.0), Just(1.0), 0.0..=1.0];
    let observe =
        (0..6_usize, 0..4_usize, prop::option::of(satisfaction), prop::option::of(0.0..9.0))
            .prop_map(|(age, model, satisfaction, cost)| Step::Observe {
                age,
                model,
                satisfaction,
                cost,
            });
    prop::collection::vec(prop_oneof![decide, observe], 1..120)
}

/// A controller driven through a session, and what the world saw of it.
pub struct Session {
    pub controller: Controller,
    pub decisions: Vec<Decision>,
    n_models: usize,
}

impl Session {
    pub fn new(controller: Controller) -> Self {
        let n_models = controller.config().models.len();
        Self { controller, decisions: Vec::new(), n_models }
    }

    /// Take one step; feedback that is refused must change nothing.
    pub fn take(&mut self, step: &Step) {
        match step {
            Step::Decide(features) => {
                let mut decision = Decision::with_capacity(self.n_models);
                let id = self.decisions.len() as u128;
                let request = Request {
                    id,
                    features: Some(features),
                    input_tokens: NonZeroU32::new(id as u32),
                    ..Request::default()
                };
                self.controller.decide(&request, &mut decision).expect("a valid request");
                self.decisions.push(decision);
            }
            &Step::Observe { age, model, satisfaction, cost } => {
                let Some(index) = self.decisions.len().checked_sub(age + 1) else { return };
                let outcome =
                    Outcome { model: model % self.n_models, satisfaction, cost, latency: None };
                let before = self.controller.to_bytes();
                if self.controller.observe(index as u128, &[outcome]).is_err() {
                    assert_eq!(before, self.controller.to_bytes(), "refused, yet it changed");
                }
            }
        }
    }

    pub fn run(mut self, steps: &[Step]) -> Self {
        steps.iter().for_each(|step| self.take(step));
        self
    }
}
