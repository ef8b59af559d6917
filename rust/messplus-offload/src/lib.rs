//! Local/cloud offloading of multi-modal, multi-task, multi-turn conversations under budgets.
//!
//! At every turn of a conversation a device decides where to run the prompt, on a small local model
//! or on a large one in the cloud, and which modalities to upload. Each conversation has a budget of
//! latency and one of money (TMO, arXiv 2502.11007):
//!
//! ```text
//! maximise  E[ sum_t alpha q_t + b_a C~_t - b_l L~_t - b_u U~_t ]
//! subject to  sum_t l_t <= L_max  and  sum_t u_t <= U_max   in every conversation
//! ```
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | M, K, T | `modalities`, `tasks`, `turns` | sizes of a problem |
//! | Z | `span` | turns in the history window |
//! | a | [`action::Action`] | 0 local, `1 + i` cloud with the i-th subset |
//! | q | `response` | response score |
//! | C~ | `share` | uploaded share of the association mass |
//! | l, u | `latency`, `cost` | seconds and USD of a call, by cost level |
//!
//! Reading order: [`action`], [`window`], [`dataset`], [`cost`], [`reward`] and [`budget`] are the
//! problem; [`knn`] estimates what the log does not show; [`env`] and [`train`] are the learned
//! agents; [`response`], [`planner`] and [`router`] the default policy; [`generator`], [`oracle`] and
//! [`evaluate`] the measurements.
//!
//! No I/O, no clock, no ambient randomness: everything uncertain is an argument.

#![allow(clippy::inline_always, reason = "code below a `pulp` dispatch must be inlined into it")]
#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "frames, ticks and squared distances are small and non-negative"
)]

pub mod action;
pub mod agent;
pub mod budget;
pub mod cost;
pub mod dataset;
pub mod encoder;
pub mod env;
pub mod error;
pub mod evaluate;
pub mod generator;
pub mod knn;
pub mod nn;
pub mod oracle;
pub mod planner;
pub mod response;
pub mod reward;
pub mod router;
pub mod scorer;
mod state;
pub mod train;
pub mod window;

pub use error::{Error, Result};
pub use messplus_base::Random;
