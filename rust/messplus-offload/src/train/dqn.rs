//! DQN: replayed one-step targets with a lagged copy of the network, chosen by the network and valued by the copy.
//!
//! ```text
//! huber(Q(x, a) - [r + gamma (1 - done) Q_target(x', argmax_a' Q(x', a'))])      a' among the allowed actions
//! ```
//!
//! The double estimate avoids the upward bias of a plain maximum, which matters with hundreds of actions.

use messplus_base::Random;

use super::{GAMMA, HIDDEN, Progress, write_allowed};
use crate::encoder::Encoder;
use crate::env::VecEnv;
use crate::error::Result;
use crate::nn::{Mlp, Optimizer, Pass};

const BATCH: usize = 32;
const START: usize = 500;
const TRAIN_EVERY: usize = 8;
const COPY_EVERY: usize = 500;
const RATE: f32 = 1e-3;
const MAX_NORM: f32 = 10.0;
/// Exploration falls from 1 to this over the first `EXPLORE_SHARE` of the steps.
const EXPLORE_END: f32 = 0.05;
const EXPLORE_SHARE: f32 = 0.3;

/// Replayed turns, in the order they were played.
#[derive(Default)]
struct Replay {
    x: Vec<f32>,
    next: Vec<f32>,
    next_allowed: Vec<bool>,
    action: Vec<usize>,
    reward: Vec<f32>,
    done: Vec<bool>,
}

pub(super) fn train(
    env: &mut VecEnv,
    encoder: &Encoder,
    steps: usize,
    rng: &mut Random,
    progress: &mut Progress<'_>,
) -> Result<Mlp> {
    let (inputs, actions) = (encoder.inputs(), env.space().len());
    let mut net = Mlp::new(&[inputs, HIDDEN, HIDDEN, actions], 0.1, rng);
    let mut target = net.clone();
    let mut optimizer = Optimizer::adam(net.params.len());
    let mut grads = vec![0.0; net.params.len()];
    let (mut pass, mut target_pass) = (Pass::default(), Pass::default());
    let mut replay = Replay::default();
    let mut allowed = vec![true; actions];
    for step in 0..steps {
        if step % 256 == 0 && !progress(step) {
            break;
        }
        let i = step % env.len();
        let first = replay.x.len();
        encoder.write(env.window(i), env.tracker(i), &mut replay.x);
        write_allowed(env, i, &mut allowed);
        let explore =
            1.0 - (1.0 - EXPLORE_END) * (step as f32 / (EXPLORE_SHARE * steps as f32)).min(1.0);
        let action = if (rng.uniform() as f32) < explore {
            let open: Vec<usize> = (0..actions).filter(|&a| allowed[a]).collect();
            open[rng.below(open.len())]
        } else {
            net.forward(&replay.x[first..], &mut pass);
            best(pass.output(), &allowed)
        };
        let outcome = env.step(i, action)?;
        // After the end of a conversation the next state is another one; its value is not used.
        encoder.write(env.window(i), env.tracker(i), &mut replay.next);
        write_allowed(env, i, &mut allowed);
        replay.next_allowed.extend_from_slice(&allowed);
        replay.action.push(action);
        replay.reward.push(outcome.reward as f32);
        replay.done.push(outcome.done);
        if step >= START && step % TRAIN_EVERY == 0 {
            let rows: Vec<usize> = (0..BATCH).map(|_| rng.below(replay.action.len())).collect();
            let gather = |from: &[f32]| -> Vec<f32> {
                rows.iter().flat_map(|&r| &from[r * inputs..(r + 1) * inputs]).copied().collect()
            };
            let (x, next) = (gather(&replay.x), gather(&replay.next));
            target.forward(&next, &mut target_pass);
            net.forward(&next, &mut pass);
            let bootstrap: Vec<f32> = rows
                .iter()
                .enumerate()
                .map(|(b, &r)| {
                    let range = b * actions..(b + 1) * actions;
                    let choice = best(
                        &pass.output()[range.clone()],
                        &replay.next_allowed[r * actions..(r + 1) * actions],
                    );
                    target_pass.output()[range][choice]
                })
                .collect();
            net.forward(&x, &mut pass);
            let mut d_out = vec![0.0; BATCH * actions];
            for (b, &r) in rows.iter().enumerate() {
                let goal =
                    replay.reward[r] + if replay.done[r] { 0.0 } else { GAMMA * bootstrap[b] };
                let at = b * actions + replay.action[r];
                d_out[at] = (pass.output()[at] - goal).clamp(-1.0, 1.0) / BATCH as f32;
            }
            net.backward(&x, &mut pass, &d_out, &mut grads);
            let rate = RATE * (1.0 - step as f32 / steps as f32);
            optimizer.step(&mut net.params, &mut grads, rate, MAX_NORM);
        }
        if step % COPY_EVERY == 0 {
            target.params.copy_from_slice(&net.params);
        }
    }
    Ok(net)
}

/// Index of the largest allowed score; local is always allowed.
fn best(scores: &[f32], allowed: &[bool]) -> usize {
    let open = scores.iter().enumerate().filter(|(a, _)| allowed[*a]);
    open.fold((0, f32::NEG_INFINITY), |best, (a, &v)| if v > best.1 { (a, v) } else { best }).0
}
