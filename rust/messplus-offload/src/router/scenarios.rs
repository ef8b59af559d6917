//! Turns as they may occur: the latest ones stand for those to come.

use messplus_base::wire::{Reader, Result, Writer};

use crate::problem::association_shares;
use crate::state::{read_array, write_array};

/// Scenarios that are kept.
const CAPACITY: usize = 48;

/// A task and the association shares of a turn.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// Task of the turn.
    pub task: usize,
    /// Association share of each modality, summing to 1.
    pub shares: Vec<f64>,
}

/// The latest turns.
#[derive(Clone, Debug, Default)]
pub(super) struct Scenarios {
    pub kept: Vec<Scenario>,
    /// Turns kept at some time.
    pub remembered: u64,
}

impl Scenarios {
    /// Keeps a turn, in place of the oldest.
    pub fn remember(&mut self, modalities: usize, task: usize, association: &[f32]) {
        let shares = association_shares(modalities, Some(association));
        let scenario = Scenario { task, shares };
        if self.kept.len() < CAPACITY {
            self.kept.push(scenario);
        } else {
            self.kept[(self.remembered % CAPACITY as u64) as usize] = scenario;
        }
        self.remembered += 1;
    }
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
    let count = input.count(CAPACITY)?;
    let mut scenarios = Vec::with_capacity(count);
    for _ in 0..count {
        let task = input.count(tasks - 1)?;
        let mut shares = vec![0.0; modalities];
        read_array(input, &mut shares)?;
        scenarios.push(Scenario { task, shares });
    }
    Ok(scenarios)
}
