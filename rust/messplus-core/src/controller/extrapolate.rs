//! A replica between two looks at the shared log: what it does stands for what all replicas do.

use super::{AUDIT_STREAM, Controller};
use crate::control::queue::VirtualQueue;
use crate::random::Uniforms;

/// How many decisions and ratings each one stands for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Weight {
    weight: f64,
    /// Part of a step that is still to be counted.
    carried: f64,
}

impl Default for Weight {
    fn default() -> Self {
        Self { weight: 1.0, carried: 0.0 }
    }
}

impl Weight {
    /// Whole steps that one decision stands for, on average as many as the weight.
    pub fn steps(&mut self) -> u64 {
        self.carried += self.weight;
        let whole = self.carried.floor();
        self.carried -= whole;
        #[expect(clippy::cast_sign_loss, reason = "weights are at least one")]
        let steps = whole as u64;
        steps
    }

    pub fn update(self, queue: &mut VirtualQueue, due: f64, paid: f64) {
        queue.update(self.weight * due, self.weight * paid);
    }
}

impl Controller {
    /// Let every decision and every rating from now on stand for `weight >= 1` of them in the queues, in
    /// the dual variables and in what is expected of ratings still to come; one by default.
    ///
    /// A replica that serves one in R requests and sees the others' outcomes late would work off a debt
    /// that all of them work off: together they would do so R times. With weight R it takes the others to
    /// do as it does, so that its queue is `max(0, G + R S)`, G the shared queue when it was last seen
    /// and S what the replica has added since. Counters and predictors count one as one. The weight is no
    /// part of the [saved](Self::to_bytes) state.
    pub fn extrapolate(&mut self, weight: f64) {
        self.weight = Weight { weight: weight.max(1.0), carried: 0.0 };
        self.policy.extrapolate(self.weight.weight);
    }

    /// Draw random numbers as `other` would go on to: a replica's draws are its own.
    pub fn draw_as(&mut self, other: &Self) {
        self.uniforms = other.uniforms.clone();
        self.audit_uniforms = other.audit_uniforms.clone();
    }

    /// Draw other random numbers than replicas of other seeds.
    pub fn draw_apart(&mut self, seed: u64) {
        self.uniforms = Uniforms::new(self.config.seed ^ seed);
        self.audit_uniforms = Uniforms::new(self.config.seed ^ AUDIT_STREAM ^ seed);
    }
}
