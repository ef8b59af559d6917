//! Training of the agents. Algorithms follow the usual references; what differs is said where it differs.

mod actor_critic;
mod dqn;

use messplus_base::Random;

use crate::action::Action;
use crate::agent::{Agent, Algorithm};
use crate::encoder::Encoder;
use crate::env::{ConstraintMode, VecEnv};
use crate::error::{Error, Result};

/// Hidden units per layer; there are two layers.
const HIDDEN: usize = 64;

/// Discount of future rewards.
const GAMMA: f32 = 0.99;

/// Called with the number of steps done; training stops early when it returns false.
pub type Progress<'a> = dyn FnMut(usize) -> bool + 'a;

/// Trains `algorithm` for about `steps` turns of `env` and returns the greedy agent.
///
/// # Errors
/// `steps` is zero.
pub fn train(
    algorithm: Algorithm,
    env: &mut VecEnv,
    steps: usize,
    seed: u64,
    progress: &mut Progress<'_>,
) -> Result<Agent> {
    if steps == 0 {
        return Err(Error::input("steps", "must be positive", steps));
    }
    let budgets = env.config().constraint != ConstraintMode::None;
    let data = env.data();
    let encoder = Encoder::new(
        data.space().modalities(),
        data.tasks(),
        env.span(),
        &env.config().costs,
        budgets,
    );
    let mut rng = Random::new(seed);
    let net = match algorithm {
        Algorithm::A2c => {
            actor_critic::train(&actor_critic::A2C, env, &encoder, steps, &mut rng, progress)?
        }
        Algorithm::Ppo => {
            actor_critic::train(&actor_critic::PPO, env, &encoder, steps, &mut rng, progress)?
        }
        Algorithm::Dqn => dqn::train(env, &encoder, steps, &mut rng, progress)?,
    };
    Ok(Agent::new(algorithm, encoder, net))
}

/// Writes which actions of conversation `i` are allowed; false if all are.
fn write_allowed(env: &VecEnv, i: usize, out: &mut [bool]) {
    let space = env.space();
    let mut levels = [true; crate::action::MAX_MODALITIES + 2];
    (0..space.levels()).for_each(|level| levels[level] = env.allowed(i, level));
    for (action, slot) in out.iter_mut().enumerate() {
        *slot = levels[space.level(action as Action)];
    }
}
