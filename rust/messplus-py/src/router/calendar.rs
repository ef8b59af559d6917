//! What happened in each minute, hour and day, taken under the lock and turned into Python after it.

use messplus_core::{Controller, LevelSums, ModelSums, Slot};
use pyo3::prelude::*;

use super::report::Named;

const LENGTHS: [&str; 3] = ["minute", "hour", "day"];

/// Decided, cancelled, rated and costed; satisfaction, target and cost.
type LevelRow = (u64, u64, u64, u64, f64, f64, f64);
/// Selected, cancelled, failed, rated and costed; satisfaction and cost.
type ModelRow = (u64, u64, u64, u64, u64, f64, f64);

/// Service levels and models in the order of their names; per length, from the oldest to the current one.
#[derive(IntoPyObject)]
pub struct CoreCalendar {
    slas: Vec<String>,
    models: Vec<String>,
    slots: Named<Vec<SlotCounters>>,
}

#[derive(IntoPyObject)]
struct SlotCounters {
    start: u64,
    explored: u64,
    predicted: f64,
    backlog: f64,
    most_expensive: f64,
    slas: Vec<LevelRow>,
    models: Vec<ModelRow>,
}

impl CoreCalendar {
    pub fn of(controller: &Controller) -> Self {
        let config = controller.config();
        let rings = LENGTHS.into_iter().zip(controller.stats().calendar.rings());
        Self {
            slas: config.agreement.levels.iter().map(|level| level.name.clone()).collect(),
            models: config.models.iter().map(|model| model.name.clone()).collect(),
            slots: rings
                .map(|(name, ring)| (name, ring.iter().map(SlotCounters::of).collect()))
                .collect(),
        }
    }
}

impl SlotCounters {
    fn of(slot: &Slot) -> Self {
        let &Slot { start, explored, predicted, backlog, most_expensive, .. } = slot;
        let slas = slot.levels.iter().map(level_row).collect();
        let models = slot.models.iter().map(model_row).collect();
        Self { start, explored, predicted, backlog, most_expensive, slas, models }
    }
}

fn level_row(s: &LevelSums) -> LevelRow {
    (s.decided, s.cancelled, s.rated, s.costed, s.satisfaction, s.target, s.cost)
}

fn model_row(s: &ModelSums) -> ModelRow {
    (s.selected, s.cancelled, s.failed, s.rated, s.costed, s.satisfaction, s.cost)
}
