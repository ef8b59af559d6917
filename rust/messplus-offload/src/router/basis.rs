//! What plans are made with: a snapshot of everything learned.
//!
//! Plans lag behind the learning, so that their values can be shared between decisions. The snapshot is part of the saved
//! state: a restored router plans with what the saved one planned with.

use messplus_base::wire::{Reader, Writer};

use crate::cost::CostTable;
use crate::error::Result;
use crate::planner::{MAX_TURNS, Planner, SCENARIOS, Scenario};
use crate::response::MeanModel;
use crate::reward::RewardWeights;
use crate::state::{read_array, write_array};

/// The snapshot.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Basis {
    /// Turns decided and scores learned by then.
    pub experience: u64,
    pub model: MeanModel,
    pub scenarios: Vec<Scenario>,
    /// Probability that a turn follows each turn.
    pub continuation: Vec<f64>,
    pub costs: CostTable,
}

impl Basis {
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
        debug_assert!(self.continuation.len() <= MAX_TURNS);
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
    let (mut latency, mut cost) = (vec![0.0; levels], vec![0.0; levels]);
    read_array(input, &mut latency)?;
    read_array(input, &mut cost)?;
    CostTable::new(latency, cost)
}

pub(super) fn write_scenarios(scenarios: &[Scenario], out: &mut Writer) {
    out.u64(scenarios.len() as u64);
    for scenario in scenarios {
        out.u64(scenario.task as u64);
        write_array(out, &scenario.shares);
    }
}

pub(super) fn read_scenarios(
    modalities: usize,
    tasks: usize,
    input: &mut Reader<'_>,
) -> Result<Vec<Scenario>> {
    let count = input.count(SCENARIOS)?;
    let mut scenarios = Vec::with_capacity(count);
    for _ in 0..count {
        let task = input.count(tasks - 1)?;
        let mut shares = vec![0.0; modalities];
        read_array(input, &mut shares)?;
        scenarios.push(Scenario { task, shares });
    }
    Ok(scenarios)
}
