//! A2C and PPO: one rollout, generalised advantage estimates, then one or several clipped policy-gradient epochs.
//!
//! ```text
//! A_t = sum_l (gamma lambda)^l (r_(t+l) + gamma V_(t+l+1) - V_(t+l))
//! A2C  -mean(A log pi(a)) + 0.5 mean((R - V)^2) - beta H
//! PPO  -mean(min(rho A, clip(rho, 0.8, 1.2) A)) + 0.5 mean((R - V)^2) - beta H
//! ```
//!
//! A2C is the case of one epoch over the whole rollout, where rho = 1. Actor and critic are separate networks.

use messplus_base::Random;

use super::{GAMMA, HIDDEN, Progress, write_allowed};
use crate::encoder::Encoder;
use crate::env::VecEnv;
use crate::error::Result;
use crate::nn::{Mlp, Optimizer, Pass, log_softmax};

/// What distinguishes A2C from PPO.
pub(super) struct Settings {
    rollout: usize,
    epochs: usize,
    minibatch: usize,
    lambda: f32,
    rate: f32,
    adam: bool,
}

pub(super) const A2C: Settings =
    Settings { rollout: 5, epochs: 1, minibatch: usize::MAX, lambda: 1.0, rate: 2e-3, adam: false };
pub(super) const PPO: Settings =
    Settings { rollout: 64, epochs: 4, minibatch: 64, lambda: 0.95, rate: 1e-3, adam: true };

const CLIP: f32 = 0.2;
const ENTROPY: f32 = 0.01;
const MAX_NORM: f32 = 0.5;

/// Turns of all conversations over one rollout, time-major.
#[derive(Default)]
struct Rollout {
    x: Vec<f32>,
    allowed: Vec<bool>,
    action: Vec<usize>,
    log_prob: Vec<f32>,
    reward: Vec<f32>,
    done: Vec<bool>,
    value: Vec<f32>,
    advantage: Vec<f32>,
    target: Vec<f32>,
}

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

pub(super) fn train(
    settings: &Settings,
    env: &mut VecEnv,
    encoder: &Encoder,
    steps: usize,
    rng: &mut Random,
    progress: &mut Progress<'_>,
) -> Result<Mlp> {
    let (n, actions) = (env.len(), env.space().len());
    let mut learner = Learner::new(settings, encoder.inputs(), actions, rng);
    let mut rollout = Rollout::default();
    let mut done = 0;
    while done < steps && progress(done) {
        rollout.collect(&mut learner, env, encoder, rng)?;
        let mut last = Vec::new();
        (0..n).for_each(|i| encoder.write(env.window(i), env.tracker(i), &mut last));
        learner.critic.forward(&last, &mut learner.pass);
        rollout.estimate_advantages(learner.pass.output(), n, settings.lambda);
        // The rate falls linearly to zero: late updates settle the policy.
        learner.update(&rollout, settings.rate * (1.0 - done as f32 / steps as f32), rng);
        done += settings.rollout * n;
    }
    Ok(learner.actor)
}

impl Rollout {
    fn collect(
        &mut self,
        learner: &mut Learner<'_>,
        env: &mut VecEnv,
        encoder: &Encoder,
        rng: &mut Random,
    ) -> Result<()> {
        let (n, actions, length) = (env.len(), env.space().len(), learner.settings.rollout);
        *self = Self { allowed: vec![true; length * n * actions], ..Self::default() };
        for t in 0..length {
            let first = self.x.len();
            (0..n).for_each(|i| encoder.write(env.window(i), env.tracker(i), &mut self.x));
            learner.critic.forward(&self.x[first..], &mut learner.pass);
            self.value.extend_from_slice(learner.pass.output());
            learner.actor.forward(&self.x[first..], &mut learner.pass);
            for i in 0..n {
                let row = t * n + i;
                let allowed = &mut self.allowed[row * actions..(row + 1) * actions];
                write_allowed(env, i, allowed);
                let logits = &learner.pass.output()[i * actions..(i + 1) * actions];
                log_softmax(logits, |a| allowed[a], &mut learner.log_probs);
                learner.d_out.clear();
                learner.d_out.extend(learner.log_probs.iter().map(|&v| libm::expf(v)));
                let action = rng.categorical(&learner.d_out);
                let step = env.step(i, action)?;
                self.action.push(action);
                self.log_prob.push(learner.log_probs[action]);
                self.reward.push(step.reward as f32);
                self.done.push(step.done);
            }
        }
        Ok(())
    }

    /// Generalised advantage estimates and value targets; `last` are the values after the rollout.
    fn estimate_advantages(&mut self, last: &[f32], n: usize, lambda: f32) {
        let rows = self.reward.len();
        self.advantage = vec![0.0; rows];
        for row in (0..rows).rev() {
            let (next_value, next_advantage) = match (self.done[row], row + n < rows) {
                (true, _) => (0.0, 0.0),
                (false, true) => (self.value[row + n], self.advantage[row + n]),
                (false, false) => (last[row + n - rows], 0.0),
            };
            let error = self.reward[row] + GAMMA * next_value - self.value[row];
            self.advantage[row] = error + GAMMA * lambda * next_advantage;
        }
        self.target = self.advantage.iter().zip(&self.value).map(|(a, v)| a + v).collect();
    }
}

impl<'a> Learner<'a> {
    fn new(settings: &'a Settings, inputs: usize, actions: usize, rng: &mut Random) -> Self {
        let actor = Mlp::new(&[inputs, HIDDEN, HIDDEN, actions], 0.01, rng);
        let critic = Mlp::new(&[inputs, HIDDEN, HIDDEN, 1], 1.0, rng);
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

    fn update(&mut self, rollout: &Rollout, rate: f32, rng: &mut Random) {
        let mut order: Vec<usize> = (0..rollout.action.len()).collect();
        for _ in 0..self.settings.epochs {
            if self.settings.epochs > 1 {
                rng.shuffle(&mut order);
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
