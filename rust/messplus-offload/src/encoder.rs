//! The observation as a network sees it: one-hot tasks, flags, and remaining budgets as a share of the most a window can spend.

use crate::budget::BudgetTracker;
use crate::cost::CostTable;
use crate::window::Window;

/// Layout of a network's input.
#[derive(Debug, Clone, PartialEq)]
pub struct Encoder {
    modalities: usize,
    tasks: usize,
    span: usize,
    /// Seconds and USD of a window of the most expensive calls; `None` leaves budgets out.
    scale: Option<(f64, f64)>,
}

impl Encoder {
    /// The layout for windows of `span` frames; with `budgets`, what is left of them is included.
    #[must_use]
    pub fn new(
        modalities: usize,
        tasks: usize,
        span: usize,
        costs: &CostTable,
        budgets: bool,
    ) -> Self {
        let largest = |unit: &dyn Fn(usize) -> f64| {
            (0..costs.levels()).map(unit).fold(f64::MIN_POSITIVE, f64::max) * span as f64
        };
        let scale = budgets.then(|| (largest(&|n| costs.latency(n)), largest(&|n| costs.cost(n))));
        Self { modalities, tasks, span, scale }
    }

    pub(crate) fn from_parts(
        modalities: usize,
        tasks: usize,
        span: usize,
        scale: Option<(f64, f64)>,
    ) -> Self {
        Self { modalities, tasks, span, scale }
    }

    pub(crate) fn parts(&self) -> (usize, usize, usize, Option<(f64, f64)>) {
        (self.modalities, self.tasks, self.span, self.scale)
    }

    /// Number of inputs.
    #[must_use]
    pub fn inputs(&self) -> usize {
        self.span * (2 + self.modalities + self.tasks) + if self.scale.is_some() { 2 } else { 0 }
    }

    /// Appends the input for one conversation to `out`.
    pub fn write(&self, window: &Window, tracker: &BudgetTracker, out: &mut Vec<f32>) {
        let start = out.len();
        out.resize(start + self.inputs(), 0.0);
        let x = &mut out[start..];
        let width = 2 + self.modalities + self.tasks;
        for (slot, frame) in x.chunks_exact_mut(width).zip(&window.frames()[..self.span]) {
            if frame.is_padding() {
                continue;
            }
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
            let at = self.span * width;
            // An unlimited budget is the most a window can spend.
            x[at] = (seconds / latency).clamp(-1.0, 1.0) as f32;
            x[at + 1] = (money / cost).clamp(-1.0, 1.0) as f32;
        }
    }
}
