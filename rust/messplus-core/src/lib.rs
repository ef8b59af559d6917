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
//! Reading order: [`queue`] and [`objective`] are the published method, [`predictor`] and [`cost`] feed
//! it, [`paper`] joins them. The default method, [`adaptive`], has a [`multiplier`] in place of V and
//! learns with [`bayes`] and [`log_cost`]. [`controller`] makes `decide` and `observe` of either;
//! [`ledger`] and [`state`] keep what must outlive a request or a process. [`replay`] runs a controller over recorded outcomes.
//!
//! No I/O, no clock, no ambient randomness: everything uncertain is an argument.

pub mod adaptive;
pub mod agreement;
pub mod bayes;
pub mod config;
mod constraint;
pub mod controller;
pub mod cost;
pub mod diagonal;
pub mod drift;
pub mod error;
pub mod exploration;
pub mod foresight;
pub mod gaussian;
pub mod health;
pub mod history;
pub mod in_flight;
pub mod ledger;
pub mod log_cost;
pub mod logistic;
mod method;
pub mod model_set;
pub mod multiplier;
pub mod objective;
pub mod paper;
pub mod predictor;
pub mod price;
pub mod prior;
pub mod queue;
pub mod replay;
pub mod request;
pub mod session;
pub mod shadow;
pub mod state;
pub mod stats;
pub mod zoo;

pub use agreement::{Agreement, Limit, Objective, Resource, ServiceLevel};
pub use config::{
    Config, DefaultPolicy, Missing, Operation, PaperPolicy, Policy, SgdConfig, ValidConfig,
};
pub use controller::Controller;
pub use error::{Error, Result};
pub use model_set::ModelSet;
pub use price::{ListedCost, TokenPrice};
pub use queue::VirtualQueue;
pub use replay::{Recording, Replay, Trace};
pub use request::{Decision, Example, Outcome, Reason, Request, Weights};
pub use shadow::{Estimate, Shadow, ShadowStats, Would};
pub use stats::{LevelStats, ModelStats, Stats};
pub use zoo::{ModelSpec, ZooChange};
