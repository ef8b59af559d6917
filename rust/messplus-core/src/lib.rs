//! Cost-optimal request routing under a long-run satisfaction target: the mathematics of messplus.
//!
//! Requests t = 1, 2, ... arrive one at a time and each is served by one of M models. Model m costs
//! `E_m` and satisfies the user with `s_m` in `[0, 1]`, known only afterwards and only if somebody
//! says so. The [`Controller`] chooses models so that the mean cost is small while the mean
//! satisfaction stays at least the target alpha (MESS+, arXiv 2505.19947).
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | V | `v` | penalty weight of the cost |
//! | alpha | `alpha` | target long-run satisfaction rate |
//! | Q | [`VirtualQueue::backlog`] | satisfaction owed, in rated requests |
//! | s, s-hat | `satisfaction`, `p_satisfied` | rating in `[0, 1]`, and its predicted probability |
//! | E | `expected_cost` | expected cost of one request |
//! | c, t | `exploration`, `step` | exploration strength, request counter |
//!
//! Reading order: `control/queue.rs` and `policy/paper.rs` are the published method;
//! `policy/default.rs` is what the router uses by default. `controller/` makes
//! [`decide`](Controller::decide) and [`observe`](Controller::observe) of either:
//!
//! ```text
//! types/       what callers hand in and get back: the zoo, the agreement, requests and decisions
//! policy/      which model serves: one file per policy
//! learn/       what a call will bring: satisfaction, cost and latency, learned online
//! control/     what is owed: virtual queues, dual variables, delays, circuit breakers
//! memory/      what outlives a request: pending decisions, conversations, counters
//! controller/  the state machine over all of these, and its bytes
//! ```
//!
//! [`Replay`] runs a controller over a table of recorded outcomes.
//!
//! No I/O, no clock, no ambient randomness: everything uncertain is an argument.

mod check;
mod config;
mod control;
mod controller;
mod error;
mod learn;
mod memory;
mod policy;
mod random;
mod replay;
mod types;

pub use config::{Config, Missing, Operation, Unrated, ValidConfig};
pub use control::breaker::Failure;
pub use control::queue::VirtualQueue;
pub use controller::Controller;
pub use error::{Error, Result};
pub use learn::logistic_heads::SgdConfig;
pub use memory::audits::AuditStats;
pub use memory::calendar::{Calendar, LevelSums, ModelSums, Slot};
pub use memory::cap_stats::CapStats;
pub use memory::history::{History, Point};
pub use memory::pending::PendingDecisions;
pub use memory::pending_decision::PendingDecision;
pub use memory::periods::{ClosedPeriods, Period};
pub use memory::randomisation_stats::RandomisationStats;
pub use memory::shadow_stats::{Estimate, ShadowStats};
pub use memory::stats::{LevelStats, ModelStats, Stats, Used};
pub use policy::default::DefaultConfig;
pub use policy::epsilon_greedy::EpsilonGreedyConfig;
pub use policy::paper::PaperConfig;
pub use policy::presets::PolicyConfig;
pub use replay::{OutcomeTable, Replay, Trace};
pub use types::agreement::{Agreement, Limit, Objective, Resource, ServiceLevel};
pub use types::amendment::Amendment;
pub use types::feedback::{Feedback, USER};
pub use types::model_set::ModelSet;
pub use types::price::{ListedCost, TokenPrice};
pub use types::ranking::Ranking;
pub use types::request::{Decision, Example, Outcome, Reason, Request, Weights};
pub use types::served::Served;
pub use types::shadow::{Shadow, ShadowChoice};
pub use types::zoo::{ModelSpec, ZooChange};
