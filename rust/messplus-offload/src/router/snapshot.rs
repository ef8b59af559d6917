//! What plans are made with: a snapshot of everything learned.
//!
//! Plans lag behind the learning, so that their values can be shared between decisions. The
//! snapshot is part of the saved state: a restored router plans with what the saved one planned
//! with.

use messplus_base::wire::{self, Reader, Writer};

use super::planner::Planner;
use super::response::MeanModel;
use super::scenarios::{Scenario, read_scenarios, write_scenarios};
use crate::error::Result;
use crate::problem::{CostTable, RewardWeights};
use crate::state::{read_array, write_array};

/// The snapshot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Snapshot {
    /// Turns decided and scores learned by then.
    pub experience: u64,
    pub model: MeanModel,
    pub scenarios: Vec<Scenario>,
    /// Probability that a turn follows each turn.
    pub continuation: Vec<f64>,
    pub costs: CostTable,
}

impl Snapshot {
    /// The plan for conversations of `turns` turns, or of the lengths seen.
    pub fn plan(&self, weights: &RewardWeights, turns: Option<u16>) -> Planner {
        let continuation = match turns {
            Some(turns) => (1..=turns).map(|t| f64::from(u8::from(t < turns))).collect(),
            None => self.continuation.clone(),
        };
        Planner::new(&self.costs, weights, self.model.clone(), &self.scenarios, continuation)
    }

    pub fn write(&self, out: &mut Writer) {
        out.u64(self.experience);
        self.model.write(out);
        write_scenarios(&self.scenarios, out);
        write_array(out, &self.continuation);
        write_costs(&self.costs, out);
    }

    /// Overwrites a fresh router's snapshot.
    pub fn read(&mut self, modalities: usize, tasks: usize, input: &mut Reader<'_>) -> Result<()> {
        self.experience = input.u64()?;
        self.model.read(input)?;
        self.scenarios = read_scenarios(modalities, tasks, input)?;
        read_array(input, &mut self.continuation)?;
        self.costs = read_costs(modalities + 2, input)?;
        Ok(())
    }
}

pub(super) fn write_costs(costs: &CostTable, out: &mut Writer) {
    let levels = 0..costs.levels();
    write_array(out, &levels.clone().map(|n| costs.latency(n)).collect::<Vec<_>>());
    write_array(out, &levels.map(|n| costs.cost(n)).collect::<Vec<_>>());
}

pub(super) fn read_costs(levels: usize, input: &mut Reader<'_>) -> Result<CostTable> {
    let mut read = || -> wire::Result<Vec<f64>> {
        let mut values = vec![0.0; levels];
        read_array(input, &mut values)?;
        Ok(values)
    };
    CostTable::new(read()?, read()?)
}
