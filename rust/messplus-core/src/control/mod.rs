//! Keeping long-run promises: queues of what is owed, and the dual variables that pay it back.

pub(crate) mod breaker;
pub(crate) mod delay_compensator;
pub(crate) mod duals;
pub(crate) mod in_flight;
pub(crate) mod level_dual;
pub(crate) mod limit_dual;
pub(crate) mod multiplier;
pub(crate) mod price_cap;
pub(crate) mod queue;

/// Means over requests are over about this many.
const WINDOW: f64 = 500.0;
