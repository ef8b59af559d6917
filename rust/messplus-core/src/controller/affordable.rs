//! What a request may be expected to cost: models beyond it are left out before the policy decides.

use super::Controller;
use crate::config::NO_CAP;
use crate::control::breaker::CircuitBreaker;
use crate::policy::{Context, Policy};
use crate::types::model_set::ModelSet;
use crate::types::request::{Decision, Request};

/// What a cap leaves of the models asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Affordable {
    /// Those expected to cost no more than the cap; where none is, the cheapest that is not resting.
    pub models: ModelSet,
    /// Whether any is within the cap.
    pub fits: bool,
    cap: Option<f64>,
}

impl Affordable {
    /// Narrow what the context allows, by the costs that the policy will decide with. They are written
    /// to `costs`, which is empty.
    pub(super) fn of(
        cap: Option<f64>,
        context: &Context<'_>,
        breaker: &CircuitBreaker,
        now: u64,
        policy: &mut dyn Policy,
        costs: &mut Vec<f64>,
    ) -> Self {
        let asked = context.allowed;
        let Some(most) = cap else { return Self { models: asked, fits: true, cap } };
        policy.expect_costs(context, costs);
        let models: ModelSet = asked.iter().filter(|&model| costs[model] <= most).collect();
        if !models.is_empty() {
            return Self { models, fits: true, cap };
        }
        let ready = breaker.available(asked, now).iter();
        let cheapest = ready.min_by(|&a, &b| costs[a].total_cmp(&costs[b]));
        Self { models: cheapest.into_iter().collect(), fits: false, cap }
    }

    /// Keep of the models to query as well, in the order of the zoo, those that the request can bear
    /// beside the model that serves.
    pub(super) fn spare(&self, decision: &mut Decision) {
        let Some(cap) = self.cap else { return };
        let mut left = cap - decision.expected_cost[decision.model];
        let bearable = decision.also_query.iter().filter(|&model| {
            let cost = decision.expected_cost[model];
            let bears = cost <= left;
            left -= if bears { cost } else { 0.0 };
            bears
        });
        decision.also_query = bearable.collect();
    }
}

impl Controller {
    /// Narrow what the context allows to what the request may cost, and count that.
    pub(super) fn afford(
        &mut self,
        request: &Request<'_>,
        context: &Context<'_>,
        decision: &mut Decision,
    ) -> Affordable {
        let cap = self.max_cost(request);
        let costs = &mut decision.expected_cost;
        costs.clear();
        let policy = self.policy.as_mut();
        let affordable = Affordable::of(cap, context, &self.breaker, self.now, policy, costs);
        let (asked, left) = (context.allowed.len(), affordable.models.len());
        self.stats.cap.add(asked, left, affordable.fits);
        affordable
    }

    /// The most that a request may be expected to cost: what it says or what all may, the lower.
    pub(super) fn max_cost(&self, request: &Request<'_>) -> Option<f64> {
        let all = self.config.operation.max_cost;
        let most = request.max_cost.map_or(all, |cost| cost.min(all));
        (most < NO_CAP).then_some(most)
    }
}
