//! DQN with double estimates: replayed one-step targets, their actions chosen by the network and
//! valued by a lagged copy of it.
//!
//! ```text
//! huber(Q(x, a) - [r + gamma (1 - done) Q_target(x', argmax_a' Q(x', a'))]), a' allowed
//! ```
//!
//! Mnih et al., "Human-level Control through Deep Reinforcement Learning", 2015; the double
//! estimate is van Hasselt et al., "Deep Reinforcement Learning with Double Q-learning", 2016. It
//! avoids the upward bias of a plain maximum, which matters with hundreds of actions.

use messplus_base::Random;

use super::network::{Mlp, Optimizer, Pass};
use super::{GAMMA, HIDDEN, Training, best_allowed, write_allowed};
use crate::error::Result;

const BATCH: usize = 32;
/// Turns before the first update.
const START: usize = 500;
const TRAIN_EVERY: usize = 8;
const COPY_EVERY: usize = 500;
const PROGRESS_EVERY: usize = 256;
/// Learning rate at the beginning; it falls linearly to zero.
const RATE: f32 = 1e-3;
const MAX_NORM: f32 = 10.0;
/// Exploration falls from 1 to this over the first `EXPLORE_SHARE` of the steps.
const EXPLORE_END: f32 = 0.05;
const EXPLORE_SHARE: f32 = 0.3;

/// Turns to learn from, in the order they were played.
#[derive(Default)]
struct Replay {
    x: Vec<f32>,
    next: Vec<f32>,
    next_allowed: Vec<bool>,
    action: Vec<usize>,
    reward: Vec<f32>,
    done: Vec<bool>,
}

struct Learner {
    net: Mlp,
    /// The lagged copy.
    target: Mlp,
    optimizer: Optimizer,
    grads: Vec<f32>,
    pass: Pass,
    target_pass: Pass,
}

pub(super) fn train(training: Training<'_, '_>) -> Result<Mlp> {
    let Training { env, encoder, steps, random, progress } = training;
    let (inputs, actions) = (encoder.inputs(), env.space().len());
    let mut learner = Learner::new(&[inputs, HIDDEN, HIDDEN, actions], random);
    let mut replay = Replay::default();
    let mut allowed = vec![true; actions];
    for step in 0..steps {
        if step % PROGRESS_EVERY == 0 && !progress(step) {
            break;
        }
        let i = step % env.len();
        let first = replay.x.len();
        encoder.write(env.window(i), env.tracker(i), &mut replay.x);
        write_allowed(env, i, &mut allowed);
        let explore =
            1.0 - (1.0 - EXPLORE_END) * (step as f32 / (EXPLORE_SHARE * steps as f32)).min(1.0);
        let action = if (random.uniform() as f32) < explore {
            let open: Vec<usize> = (0..actions).filter(|&a| allowed[a]).collect();
            open[random.below(open.len())]
        } else {
            learner.best(&replay.x[first..], &allowed)
        };
        let outcome = env.step(i, action)?;
        // After the end of a conversation the next state is another one's; its value is not used.
        encoder.write(env.window(i), env.tracker(i), &mut replay.next);
        write_allowed(env, i, &mut allowed);
        replay.next_allowed.extend_from_slice(&allowed);
        replay.action.push(action);
        replay.reward.push(outcome.reward as f32);
        replay.done.push(outcome.done);
        if step >= START && step % TRAIN_EVERY == 0 {
            let rows: Vec<usize> = (0..BATCH).map(|_| random.below(replay.action.len())).collect();
            learner.update(&replay, &rows, RATE * (1.0 - step as f32 / steps as f32));
        }
        if step % COPY_EVERY == 0 {
            learner.target.params.copy_from_slice(&learner.net.params);
        }
    }
    Ok(learner.net)
}

impl Replay {
    fn allowed_next(&self, row: usize, actions: usize) -> &[bool] {
        &self.next_allowed[row * actions..(row + 1) * actions]
    }
}

impl Learner {
    fn new(sizes: &[usize], random: &mut Random) -> Self {
        let net = Mlp::new(sizes, 0.1, random);
        Self {
            target: net.clone(),
            optimizer: Optimizer::adam(net.params.len()),
            grads: vec![0.0; net.params.len()],
            net,
            pass: Pass::default(),
            target_pass: Pass::default(),
        }
    }

    fn best(&mut self, x: &[f32], allowed: &[bool]) -> usize {
        self.net.forward(x, &mut self.pass);
        best_allowed(self.pass.output(), |a| allowed[a])
    }

    /// One step on a batch of replayed rows.
    fn update(&mut self, replay: &Replay, rows: &[usize], rate: f32) {
        let (inputs, actions) = (self.net.sizes()[0], self.net.outputs());
        let gather = |from: &[f32]| -> Vec<f32> {
            rows.iter().flat_map(|&r| &from[r * inputs..(r + 1) * inputs]).copied().collect()
        };
        let (x, next) = (gather(&replay.x), gather(&replay.next));
        self.target.forward(&next, &mut self.target_pass);
        self.net.forward(&next, &mut self.pass);
        let bootstrap = rows.iter().enumerate().map(|(b, &row)| {
            let range = b * actions..(b + 1) * actions;
            let allowed = replay.allowed_next(row, actions);
            let choice = best_allowed(&self.pass.output()[range.clone()], |a| allowed[a]);
            self.target_pass.output()[range][choice]
        });
        let bootstrap: Vec<f32> = bootstrap.collect();
        self.net.forward(&x, &mut self.pass);
        let mut d_out = vec![0.0; rows.len() * actions];
        for (b, &row) in rows.iter().enumerate() {
            let future = if replay.done[row] { 0.0 } else { GAMMA * bootstrap[b] };
            let goal = replay.reward[row] + future;
            let at = b * actions + replay.action[row];
            d_out[at] = (self.pass.output()[at] - goal).clamp(-1.0, 1.0) / rows.len() as f32;
        }
        self.net.backward(&x, &mut self.pass, &d_out, &mut self.grads);
        self.optimizer.step(&mut self.net.params, &mut self.grads, rate, MAX_NORM);
    }
}
