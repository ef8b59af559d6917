//! The router as bytes.

use super::basis::{read_costs, read_scenarios, write_costs, write_scenarios};
use super::{MAX_TASKS, OffloadRouter, RouterConfig};
use crate::action::MAX_MODALITIES;
use crate::error::Result;
use crate::planner::MAX_TURNS;
use crate::reward::RewardWeights;
use crate::state::{self, Kind};

impl OffloadRouter {
    /// The whole state; plans are rebuilt from it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = state::begin(Kind::Router);
        let config = &self.config;
        out.u64(config.modalities as u64);
        out.u64(config.tasks as u64);
        out.u64(config.max_turns as u64);
        write_costs(&config.costs, &mut out);
        let w = config.weights;
        for value in
            [w.response, w.association, w.latency, w.cost, config.optimism, config.cost_rate]
        {
            out.f64(value);
        }
        out.u64(self.seen);
        out.u64(self.remembered);
        for (reached, on) in &self.lengths {
            out.f64(*reached);
            out.f64(*on);
        }
        write_scenarios(&self.scenarios, &mut out);
        self.model.write(&mut out);
        self.basis.write(&mut out);
        out.seal()
    }

    /// Restores a router from [`to_bytes`](Self::to_bytes); it decides as the saved one would, bit for bit.
    ///
    /// # Errors
    /// The bytes are damaged, of another kind or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = state::open(bytes, Kind::Router)?;
        let (modalities, tasks) = (input.count(MAX_MODALITIES)?, input.count(MAX_TASKS)?);
        let max_turns = input.count(MAX_TURNS)?;
        let costs = read_costs(modalities + 2, &mut input)?;
        let mut next = || input.f64();
        let weights = RewardWeights {
            response: next()?,
            association: next()?,
            latency: next()?,
            cost: next()?,
        };
        let (optimism, cost_rate) = (next()?, next()?);
        let config =
            RouterConfig { modalities, tasks, costs, weights, max_turns, optimism, cost_rate };
        let mut router = Self::new(config)?;
        router.seen = input.u64()?;
        router.remembered = input.u64()?;
        for (reached, on) in &mut router.lengths {
            (*reached, *on) = (input.f64()?, input.f64()?);
        }
        router.scenarios = read_scenarios(modalities, tasks, &mut input)?;
        router.model.read(&mut input)?;
        router.basis.read(modalities, tasks, &mut input)?;
        input.finish()?;
        Ok(router)
    }
}
