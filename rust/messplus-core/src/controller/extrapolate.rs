//! A replica between two looks at the shared log: what the other replicas do meanwhile.

use super::{AUDIT_STREAM, Controller};
use crate::random::Uniforms;
use crate::types::agreement::Resource;
use crate::types::request::{Decision, Outcome};

/// Ratings after which predictions are trusted half.
const HALF_TRUST: f64 = 300.0;

/// What the other replicas are taken to do meanwhile.
#[derive(Clone, Debug)]
pub(super) struct Others {
    /// Decisions of the whole fleet per decision made here.
    weight: f64,
    /// Part of a step that is still to be counted.
    carried: f64,
    /// By level, the share of requests that get rated, and how far predictions of ratings are trusted.
    levels: Vec<(f64, f64)>,
    /// Share of requests whose cost and whose latency become known.
    used: [f64; 2],
    /// Decisions made here, and the sum of what was predicted of them.
    decided: f64,
    predicted: f64,
}

impl Default for Others {
    fn default() -> Self {
        let (weight, levels) = (1.0, Vec::new());
        Self { weight, carried: 0.0, levels, used: [0.0; 2], decided: 0.0, predicted: 0.0 }
    }
}

impl Others {
    /// Whole steps that one decision stands for, on average as many as the weight.
    pub fn steps(&mut self) -> u64 {
        self.carried += self.weight;
        let whole = self.carried.floor();
        self.carried -= whole;
        #[expect(clippy::cast_sign_loss, reason = "weights are at least one")]
        let steps = whole as u64;
        steps
    }
}

impl Controller {
    /// Count from now on with what the other replicas of a fleet do, of whose decisions this one makes
    /// one in `weight >= 1`; one by default.
    ///
    /// A replica that sees the others' outcomes late would work off a debt that all of them work off:
    /// together they would do so as many times as they are. So each takes the others to decide as it does,
    /// and to be rated as is predicted. From the queue G that it last read, its queue is
    ///
    /// ```text
    /// G + (weight - 1) f c sum (alpha - p)                  its decisions
    ///   + sum (alpha - s) + (sqrt(weight) - 1) (c p + (1 - c) alpha - s)     their ratings
    ///   + sum               sqrt(weight)      (c p + (1 - c) alpha - s)      ratings of others' decisions
    /// ```
    ///
    /// where f is the share of requests that get rated and c = n / (n + 300) the trust in predictions p
    /// after n ratings. Ratings s that come here are a small and noisy sample of those that come to all.
    /// Multiplied by the weight they would be right in the mean, and each replica would act on noise; its
    /// root keeps noise at the part of the debt that it is in one router's queue, and still corrects what
    /// is predicted wrongly while the log is away.
    ///
    /// Dual variables count with the others' ratings too; statistics and predictors count what happens here.
    /// Nothing of this is part of the [saved](Self::to_bytes) state.
    pub fn extrapolate(&mut self, weight: f64) {
        let weight = weight.max(1.0);
        let share = |known: u64, of: u64| ((known + 1) as f64 / (of + 1) as f64).min(1.0);
        let models = || self.stats.models.iter();
        let decided = self.stats.levels.iter().map(|level| level.decided).sum();
        let used = [models().map(|of| of.costed).sum(), models().map(|of| of.timed).sum()];
        let levels = self.stats.levels.iter().map(|level| {
            let accounted = level.rated + level.imputed;
            let trust = accounted as f64 / (accounted as f64 + HALF_TRUST);
            (share(accounted, level.decided), trust)
        });
        let used = used.map(|known| share(known, decided));
        self.others = Others { weight, levels: levels.collect(), used, ..Others::default() };
        self.policy.extrapolate(weight);
    }

    /// The others have decided as was decided here, and what is expected becomes of it.
    pub(super) fn count_others(&mut self, level: usize, decision: &Decision, served: usize) {
        let others = self.others.weight - 1.0;
        if others == 0.0 {
            return;
        }
        let (alpha, predicted) = (self.alpha(level), decision.p_satisfied[served]);
        let (rated, trust) = self.others.levels[level];
        self.others.decided += 1.0;
        self.others.predicted += predicted;
        let ratings = others * rated * trust;
        self.levels[level].update(ratings * alpha, ratings * predicted);
        for (limit, queue) in self.config.agreement.limits.iter().zip(&mut self.limits) {
            let (expected, known) = match limit.resource {
                Resource::Cost => (&decision.expected_cost, self.others.used[0]),
                Resource::Latency => (&decision.expected_latency, self.others.used[1]),
            };
            if let Some(used) = expected.get(decision.model) {
                queue.update(others * known * used / limit.mean, others * known);
            }
        }
    }

    /// A rating came here of a request of which `predicted` was, `counted` times so far: so may others
    /// differ that come elsewhere.
    pub(super) fn correct(
        &mut self,
        level: usize,
        predicted: f64,
        satisfaction: f64,
        counted: f64,
    ) {
        if self.others.weight > 1.0 {
            let times = self.others.weight.sqrt() - counted;
            let (_, trust) = self.others.levels[level];
            let alpha = self.alpha(level);
            let expected = trust * (alpha - predicted);
            self.levels[level].update(times * (alpha - expected), times * satisfaction);
        }
    }

    /// Outcomes came here of a decision of another replica that is not known yet. A rating among them is a
    /// sample of how the fleet serves, where it can be of one service level only and counts for that.
    pub fn overhear(&mut self, source: &str, outcomes: &[Outcome]) {
        let counts = self.levels.len() == 1
            && self.config.operation.audit == 0.0
            && self.truth_of(0).is_some_and(|truth| self.sources[truth] == source);
        let mut ratings = outcomes.iter().filter_map(|outcome| outcome.satisfaction);
        if counts
            && self.others.decided > 0.0
            && let Some(satisfaction) = ratings.next()
        {
            let predicted = self.others.predicted / self.others.decided;
            self.correct(0, predicted, satisfaction, 0.0);
        }
    }

    /// Draw random numbers as `other` would go on to: a replica's draws are its own.
    pub fn draw_as(&mut self, other: &Self) {
        self.uniforms = other.uniforms.clone();
        self.audit_uniforms = other.audit_uniforms.clone();
    }

    /// Draw other random numbers than replicas of other seeds.
    pub fn draw_apart(&mut self, seed: u64) {
        self.uniforms = Uniforms::new(self.config.seed ^ seed);
        self.audit_uniforms = Uniforms::new(self.config.seed ^ AUDIT_STREAM ^ seed);
    }
}
