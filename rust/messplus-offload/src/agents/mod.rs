//! Learned policies: A2C, PPO and DQN over an environment. Each follows the paper it cites; where
//! one differs, it says so.

mod actor_critic;
mod agent;
mod dqn;
mod encoder;
mod environment;
mod network;

pub use agent::{Agent, Algorithm, Masked};
pub use environment::{ConstraintMode, EnvConfig, History, Step, VecEnv};

use encoder::Encoder;
use messplus_base::Random;

use crate::error::{Error, Result};
use crate::problem::MAX_MODALITIES;

/// Hidden units per layer; there are two layers.
const HIDDEN: usize = 64;

/// Discount of future rewards.
const GAMMA: f32 = 0.99;

/// Called with the number of turns played; training stops early when it returns false.
pub type TrainingProgress<'a> = dyn FnMut(usize) -> bool + 'a;

/// What a training works with.
struct Training<'a, 'b> {
    env: &'a mut VecEnv,
    encoder: &'a Encoder,
    /// Turns to be played.
    steps: usize,
    random: &'a mut Random,
    progress: &'a mut TrainingProgress<'b>,
}

/// Trains `algorithm` for about `steps` turns of `env` and returns the greedy agent.
///
/// Everything drawn comes from `seed`: the same arguments give the same agent, bit for bit.
///
/// # Errors
/// `steps` is zero.
pub fn train(
    algorithm: Algorithm,
    env: &mut VecEnv,
    steps: usize,
    seed: u64,
    progress: &mut TrainingProgress<'_>,
) -> Result<Agent> {
    if steps == 0 {
        return Err(Error::input("steps", "must be positive", steps));
    }
    let budgets = env.config().constraint != ConstraintMode::None;
    let (modalities, tasks) = (env.space().modalities(), env.data().tasks());
    let encoder = Encoder::new(modalities, tasks, env.span(), &env.config().costs, budgets);
    let random = &mut Random::new(seed);
    let training = Training { env, encoder: &encoder, steps, random, progress };
    let net = match algorithm {
        Algorithm::A2c => actor_critic::train(&actor_critic::A2C, training)?,
        Algorithm::Ppo => actor_critic::train(&actor_critic::PPO, training)?,
        Algorithm::Dqn => dqn::train(training)?,
    };
    Ok(Agent::new(algorithm, encoder, net))
}

/// Writes which actions conversation `i` may take.
fn write_allowed(env: &VecEnv, i: usize, out: &mut [bool]) {
    let space = env.space();
    let mut levels = [true; MAX_MODALITIES + 2];
    (0..space.levels()).for_each(|level| levels[level] = env.allowed(i, level));
    for (action, slot) in out.iter_mut().enumerate() {
        *slot = levels[space.level(action)];
    }
}

/// The best allowed score: the lowest index on ties, local where nothing is allowed.
fn best_allowed(scores: &[f32], allowed: impl Fn(usize) -> bool) -> usize {
    let allowed = scores.iter().enumerate().filter(|(action, _)| allowed(*action));
    let better = |best: (usize, f32), (action, &score): (usize, &f32)| {
        if score > best.1 { (action, score) } else { best }
    };
    allowed.fold((0, f32::NEG_INFINITY), better).0
}
