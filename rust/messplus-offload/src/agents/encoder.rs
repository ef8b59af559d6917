//! The observation as a network sees it.

use crate::problem::{BudgetTracker, CostTable, Window};

/// Layout of a network's input: flags, one-hot tasks, and remaining budgets as a share of the most
/// a window can spend.
///
/// TMO's own networks see the task as one ordinal number and budgets in their units.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Encoder {
    pub modalities: usize,
    pub tasks: usize,
    pub span: usize,
    /// Seconds and USD of a window of the most expensive calls; `None` leaves budgets out.
    pub scale: Option<(f64, f64)>,
}

impl Encoder {
    /// The layout for windows of `span` frames; with `budgets`, what is left of them is included.
    pub fn new(
        modalities: usize,
        tasks: usize,
        span: usize,
        costs: &CostTable,
        budgets: bool,
    ) -> Self {
        let most = |unit: &dyn Fn(usize) -> f64| {
            (0..costs.levels()).map(unit).fold(f64::MIN_POSITIVE, f64::max) * span as f64
        };
        let scale = budgets.then(|| (most(&|n| costs.latency(n)), most(&|n| costs.cost(n))));
        Self { modalities, tasks, span, scale }
    }

    /// Number of inputs.
    pub fn inputs(&self) -> usize {
        self.span * self.width() + if self.scale.is_some() { 2 } else { 0 }
    }

    /// Inputs of one frame.
    fn width(&self) -> usize {
        2 + self.modalities + self.tasks
    }

    /// Appends the input for one conversation to `out`.
    pub fn write(&self, window: &Window, tracker: &BudgetTracker, out: &mut Vec<f32>) {
        let start = out.len();
        out.resize(start + self.inputs(), 0.0);
        let (frames, budgets) = out[start..].split_at_mut(self.span * self.width());
        let slots = frames.chunks_exact_mut(self.width()).zip(window.frames());
        for (slot, frame) in slots.filter(|(_, frame)| !frame.is_padding()) {
            slot[0] = 1.0;
            if let Some(mask) = frame.uploaded() {
                slot[1] = 1.0;
                for m in 0..self.modalities {
                    slot[2 + m] = (mask >> m & 1) as f32;
                }
            }
            slot[2 + self.modalities + frame.task() as usize] = 1.0;
        }
        if let Some((latency, cost)) = self.scale {
            let (seconds, money) = tracker.remaining();
            // An unlimited budget is the most a window can spend.
            budgets[0] = (seconds / latency).clamp(-1.0, 1.0) as f32;
            budgets[1] = (money / cost).clamp(-1.0, 1.0) as f32;
        }
    }
}
