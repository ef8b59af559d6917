//! A stretch of turns in all conversations, and what was worth doing in it.

use super::{GAMMA, Learner};
use crate::agents::network::log_softmax;
use crate::agents::{Training, write_allowed};
use crate::error::Result;

/// Turns of all conversations over one rollout, turn after turn.
#[derive(Default)]
pub(super) struct Rollout {
    pub x: Vec<f32>,
    pub allowed: Vec<bool>,
    pub action: Vec<usize>,
    pub log_prob: Vec<f32>,
    reward: Vec<f32>,
    done: Vec<bool>,
    value: Vec<f32>,
    pub advantage: Vec<f32>,
    pub target: Vec<f32>,
}

impl Rollout {
    /// Plays the turns of one rollout, actions drawn from the policy.
    pub fn collect(
        &mut self,
        learner: &mut Learner<'_>,
        training: &mut Training<'_, '_>,
    ) -> Result<()> {
        let Training { env, encoder, random, .. } = training;
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
                let action = random.categorical(&learner.d_out);
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
    ///
    /// ```text
    /// A_t = sum_l (gamma lambda)^l (r_(t+l) + gamma V_(t+l+1) - V_(t+l))
    /// ```
    ///
    /// (Schulman et al., "High-Dimensional Continuous Control Using Generalized Advantage
    /// Estimation", 2016, eq. 16), cut off at the end of a conversation.
    pub fn estimate_advantages(&mut self, last: &[f32], n: usize, lambda: f32) {
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

#[cfg(test)]
mod tests {
    use super::Rollout;

    #[test]
    fn advantages_stop_at_the_end_of_a_conversation() {
        let mut rollout = Rollout {
            reward: vec![1.0, 1.0, 1.0],
            done: vec![false, true, false],
            value: vec![0.5, 0.25, 0.0],
            ..Rollout::default()
        };
        rollout.estimate_advantages(&[2.0], 1, 1.0);
        let expected = [1.0 + 0.99 * 0.25 - 0.5 + 0.99 * 0.75, 0.75, 1.0 + 0.99 * 2.0];
        for (found, expected) in rollout.advantage.iter().zip(expected) {
            assert!((found - expected).abs() < 1e-6, "{found} against {expected}");
        }
    }
}
