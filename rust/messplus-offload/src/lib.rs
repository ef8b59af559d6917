//! Local/cloud offloading of multi-modal, multi-task, multi-turn conversations under budgets.
//!
//! At every turn of a conversation a device decides where to run the prompt, on a small local model
//! or on a large one in the cloud, and which modalities to upload. Each conversation has a budget
//! of latency and one of money:
//!
//! ```text
//! maximise    E[ sum_t alpha q_t + b_a C~_t - b_l L~_t - b_u U~_t ]
//! subject to  sum_t l_t <= L_max  and  sum_t u_t <= U_max   in every conversation
//! ```
//!
//! The problem is TMO's: Yuan, Han, Wang and Brinton, "Local-Cloud Inference Offloading for LLMs in
//! Multi-Modal, Multi-Task, Multi-Dialogue Settings", `MobiHoc` 2025, arXiv 2502.11007. What is
//! marked TMO below is that paper's, in the form of its authors' code, on which its tables rest.
//!
//! | symbol | here | meaning |
//! |---|---|---|
//! | M, K, T | `modalities`, `tasks`, `turns` | sizes of a problem |
//! | Z | `span` | turns in the history window |
//! | a | [`Action`] | 0 local, `1 + i` cloud with the i-th subset |
//! | q | `response` | response score |
//! | C~ | `share` | uploaded share of the association mass |
//! | l, u | `latency`, `cost` | seconds and USD of a call, by cost level |
//!
//! Reading order:
//!
//! ```text
//! problem/     actions, costs, rewards, budgets, logged dialogues
//! router/      the default policy: predicted responses, and a plan of the remaining budget
//! estimator/   response scores of actions the log does not show
//! agents/      the learned policies: an environment, networks, A2C, PPO, DQN
//! evaluation/  any policy on whole dialogues, beside the best that can be reached
//! ```
//!
//! No I/O, no clock, no ambient randomness: everything uncertain is an argument.

#![warn(clippy::must_use_candidate, clippy::missing_errors_doc)]
#![allow(clippy::inline_always, reason = "code below a `pulp` dispatch must be inlined into it")]
#![allow(
    clippy::cast_sign_loss,
    clippy::cast_possible_wrap,
    reason = "frames, ticks and squared distances are small and non-negative"
)]

mod agents;
mod error;
mod estimator;
mod evaluation;
mod problem;
mod router;
mod state;

pub use agents::{
    Agent, Algorithm, ConstraintMode, EnvConfig, History, Masked, Step, TrainingProgress, VecEnv,
    train,
};
pub use error::{Error, Result};
pub use estimator::{KnnEstimator, Scorer};
pub use evaluation::{
    Baseline, Fixed, Metrics, Policy, Problem, Routed, Shape, Situation, best_reachable_reward,
    evaluate, generate, synthetic_costs, true_mean,
};
pub use messplus_base::Random;
pub use problem::{
    Action, ActionSpace, Budget, BudgetTracker, CostTable, Dataset, Frame, LOCAL, MAX_MODALITIES,
    MAX_SPAN, RewardWeights, Turn, Window, association_mass, association_share, association_shares,
};
pub use router::{
    Conversation, Decision, MeanModel, OffloadRouter, Planner, Progress, Reason, ResponseModel,
    RouterConfig, Scenario, Ticks,
};
