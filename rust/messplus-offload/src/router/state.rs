//! The router as bytes.

use super::config::MAX_TASKS;
use super::planner::MAX_TURNS;
use super::scenarios::{read_scenarios, write_scenarios};
use super::snapshot::{read_costs, write_costs};
use super::{OffloadRouter, RouterConfig};
use crate::error::Result;
use crate::problem::{MAX_MODALITIES, RewardWeights};
use crate::state::{self, Kind};

impl OffloadRouter {
    /// The whole state; plans are rebuilt from it.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = state::begin(Kind::Router);
        let config = &self.config;
        let shape = [config.modalities, config.tasks, config.max_turns];
        out.u64s(&shape.map(|size| size as u64));
        write_costs(&config.costs, &mut out);
        let w = config.weights;
        out.f64s(&[w.response, w.association, w.latency, w.cost]);
        out.f64s(&[config.optimism, config.cost_rate]);
        out.u64s(&[self.seen, self.scenarios.remembered]);
        self.lengths.write(&mut out);
        write_scenarios(&self.scenarios.kept, &mut out);
        self.model.write(&mut out);
        self.snapshot.write(&mut out);
        out.seal()
    }

    /// Restores a router from [`to_bytes`](Self::to_bytes); it decides as the saved one would, bit
    /// for bit.
    ///
    /// # Errors
    /// The bytes are damaged, of another kind or of another format.
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
        router.scenarios.remembered = input.u64()?;
        router.lengths.read(&mut input)?;
        router.scenarios.kept = read_scenarios(modalities, tasks, &mut input)?;
        router.model.read(&mut input)?;
        router.snapshot.read(modalities, tasks, &mut input)?;
        input.finish()?;
        Ok(router)
    }
}
