//! What must outlive a request: pending decisions, conversations, counters.

pub(crate) mod audits;
pub(crate) mod calendar;
pub(crate) mod cap_stats;
pub(crate) mod evidence;
pub(crate) mod history;
mod pages;
pub(crate) mod pending;
pub(crate) mod pending_decision;
pub(crate) mod periods;
pub(crate) mod randomisation_stats;
pub(crate) mod raters;
pub(crate) mod sessions;
pub(crate) mod shadow_stats;
pub(crate) mod stats;
