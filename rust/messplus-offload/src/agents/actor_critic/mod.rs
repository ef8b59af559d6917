//! A2C and PPO: one rollout, generalised advantages, then one or several policy-gradient epochs.
//!
//! ```text
//! A2C  -mean(A log pi(a)) + 0.5 mean((R - V)^2) - beta H
//! PPO  -mean(min(rho A, clip(rho, 0.8, 1.2) A)) + 0.5 mean((R - V)^2) - beta H
//! ```
//!
//! A2C is Mnih et al., "Asynchronous Methods for Deep Reinforcement Learning", 2016, section 4,
//! with one learner; PPO is Schulman et al., "Proximal Policy Optimization Algorithms", 2017, eqs.
//! 7 and 9. A2C is the case of one epoch over the whole rollout, where the ratio rho is 1. Actor
//! and critic are separate networks. Unlike the papers' A2C, advantages are normalised; rates fall
//! linearly to zero.

mod rollout;

use messplus_base::Random;
use rollout::Rollout;

use super::network::{Mlp, Optimizer, Pass, log_softmax};
use super::{GAMMA, HIDDEN, Training};
use crate::error::Result;

/// What distinguishes A2C from PPO.
pub(super) struct Settings {
    /// Turns per conversation between two updates.
    rollout: usize,
    epochs: usize,
    minibatch: usize,
    /// Discount of later errors in the advantage.
    lambda: f32,
    /// Learning rate at the beginning.
    rate: f32,
    adam: bool,
}

pub(super) const A2C: Settings =
    Settings { rollout: 5, epochs: 1, minibatch: usize::MAX, lambda: 1.0, rate: 2e-3, adam: false };
pub(super) const PPO: Settings =
    Settings { rollout: 64, epochs: 4, minibatch: 64, lambda: 0.95, rate: 1e-3, adam: true };

/// How far the ratio of probabilities may move from 1.
const CLIP: f32 = 0.2;
/// beta, the weight of the entropy H.
const ENTROPY: f32 = 0.01;
const MAX_NORM: f32 = 0.5;

struct Learner<'a> {
    settings: &'a Settings,
    inputs: usize,
    actor: Mlp,
    critic: Mlp,
    actor_optimizer: Optimizer,
    critic_optimizer: Optimizer,
    actor_grads: Vec<f32>,
    critic_grads: Vec<f32>,
    pass: Pass,
    log_probs: Vec<f32>,
    d_out: Vec<f32>,
}

pub(super) fn train(settings: &Settings, mut training: Training<'_, '_>) -> Result<Mlp> {
    let (n, actions) = (training.env.len(), training.env.space().len());
    let (inputs, steps) = (training.encoder.inputs(), training.steps);
    let mut learner = Learner::new(settings, inputs, actions, training.random);
    let mut rollout = Rollout::default();
    let mut done = 0;
    while done < steps && (training.progress)(done) {
        rollout.collect(&mut learner, &mut training)?;
        let Training { env, encoder, random, .. } = &mut training;
        let mut last = Vec::new();
        (0..n).for_each(|i| encoder.write(env.window(i), env.tracker(i), &mut last));
        learner.critic.forward(&last, &mut learner.pass);
        rollout.estimate_advantages(learner.pass.output(), n, settings.lambda);
        let rate = settings.rate * (1.0 - done as f32 / steps as f32);
        learner.update(&rollout, rate, random);
        done += settings.rollout * n;
    }
    Ok(learner.actor)
}

impl<'a> Learner<'a> {
    fn new(settings: &'a Settings, inputs: usize, actions: usize, random: &mut Random) -> Self {
        let actor = Mlp::new(&[inputs, HIDDEN, HIDDEN, actions], 0.01, random);
        let critic = Mlp::new(&[inputs, HIDDEN, HIDDEN, 1], 1.0, random);
        let optimizer = |net: &Mlp| {
            if settings.adam {
                Optimizer::adam(net.params.len())
            } else {
                Optimizer::rms_prop(net.params.len())
            }
        };
        Self {
            settings,
            inputs,
            actor_optimizer: optimizer(&actor),
            critic_optimizer: optimizer(&critic),
            actor_grads: vec![0.0; actor.params.len()],
            critic_grads: vec![0.0; critic.params.len()],
            actor,
            critic,
            pass: Pass::default(),
            log_probs: vec![],
            d_out: vec![],
        }
    }

    fn update(&mut self, rollout: &Rollout, rate: f32, random: &mut Random) {
        let mut order: Vec<usize> = (0..rollout.action.len()).collect();
        for _ in 0..self.settings.epochs {
            if self.settings.epochs > 1 {
                random.shuffle(&mut order);
            }
            for batch in order.chunks(self.settings.minibatch.min(order.len())) {
                let x: Vec<f32> = batch
                    .iter()
                    .flat_map(|&r| &rollout.x[r * self.inputs..(r + 1) * self.inputs])
                    .copied()
                    .collect();
                self.update_actor(rollout, batch, &x, rate);
                self.update_critic(rollout, batch, &x, rate);
            }
        }
    }

    fn update_actor(&mut self, rollout: &Rollout, batch: &[usize], x: &[f32], rate: f32) {
        let actions = self.actor.outputs();
        let count = batch.len() as f32;
        let mean = batch.iter().map(|&r| rollout.advantage[r]).sum::<f32>() / count;
        let variance =
            batch.iter().map(|&r| (rollout.advantage[r] - mean).powi(2)).sum::<f32>() / count;
        let scale = 1.0 / (variance.sqrt() + 1e-6);
        self.actor.forward(x, &mut self.pass);
        self.d_out.clear();
        for (logits, &row) in self.pass.output().chunks_exact(actions).zip(batch) {
            let allowed = &rollout.allowed[row * actions..(row + 1) * actions];
            log_softmax(logits, |a| allowed[a], &mut self.log_probs);
            let (action, advantage) =
                (rollout.action[row], (rollout.advantage[row] - mean) * scale);
            let ratio = libm::expf(self.log_probs[action] - rollout.log_prob[row]);
            let clipped = if advantage > 0.0 { ratio > 1.0 + CLIP } else { ratio < 1.0 - CLIP };
            let push = if clipped { 0.0 } else { -advantage * ratio / count };
            let entropy: f32 = -self
                .log_probs
                .iter()
                .filter(|v| v.is_finite())
                .map(|&v| v * libm::expf(v))
                .sum::<f32>();
            self.d_out.extend(self.log_probs.iter().enumerate().map(|(a, &log_p)| {
                if !log_p.is_finite() {
                    return 0.0;
                }
                let p = libm::expf(log_p);
                let chosen = if a == action { 1.0 } else { 0.0 };
                push * (chosen - p) + ENTROPY / count * p * (log_p + entropy)
            }));
        }
        self.actor.backward(x, &mut self.pass, &self.d_out, &mut self.actor_grads);
        self.actor_optimizer.step(&mut self.actor.params, &mut self.actor_grads, rate, MAX_NORM);
    }

    fn update_critic(&mut self, rollout: &Rollout, batch: &[usize], x: &[f32], rate: f32) {
        self.critic.forward(x, &mut self.pass);
        self.d_out.clear();
        let errors = self
            .pass
            .output()
            .iter()
            .zip(batch)
            .map(|(v, &r)| (v - rollout.target[r]) / batch.len() as f32);
        self.d_out.extend(errors);
        self.critic.backward(x, &mut self.pass, &self.d_out, &mut self.critic_grads);
        self.critic_optimizer.step(&mut self.critic.params, &mut self.critic_grads, rate, MAX_NORM);
    }
}
