//! The satisfaction of all requests, estimated from a random sample that is rated in any case.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Sums over the requests of a service level since audits began.
///
/// A request is audited with a known probability pi, drawn apart from everything else. With p what was
/// predicted of the model that served, s its rating, and w = pi0 / pi, where pi0 is the smallest
/// probability there is, the mean satisfaction of all requests is
///
/// ```text
/// mean of p over all requests  +  sum of w (s - p) / sum of w   over the audited ones
/// ```
///
/// whatever the predictions are and whoever else rates (the difference estimator of survey sampling with
/// the weights of Horvitz and Thompson, 1952, and Hajek; prediction-powered inference, Angelopoulos et
/// al., *Science* 382, 2023): the first mean is known, and the second is that of a random sample.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct AuditStats {
    /// Requests decided.
    pub decided: u64,
    /// Sum of the predicted probabilities of satisfaction.
    pub predicted: f64,
    /// Requests audited.
    pub audited: u64,
    /// Audited requests that were rated.
    pub rated: u64,
    /// Sum over them of w, each in (0, 1]: one each while the probability does not change.
    pub weight: f64,
    /// Sum over them of w (s - p), each in [-1, 1].
    pub residual: f64,
    /// Sum of the squares of these: the variance process of an empirical-Bernstein confidence sequence that
    /// expects predictions to be right.
    pub spread: f64,
}

impl AuditStats {
    pub(crate) fn decide(&mut self, p_satisfied: f64, audited: bool) {
        self.decided += 1;
        self.predicted += p_satisfied;
        self.audited += u64::from(audited);
    }

    /// Take back a decision that was counted.
    pub(crate) fn cancel(&mut self, p_satisfied: f64, audited: bool) {
        self.decided -= 1;
        self.predicted -= p_satisfied;
        self.audited -= u64::from(audited);
    }

    pub(crate) fn rate(&mut self, weight: f64, p_satisfied: f64, satisfaction: f64) {
        let residual = weight * (satisfaction - p_satisfied);
        self.rated += 1;
        self.weight += weight;
        self.residual += residual;
        self.spread += residual * residual;
    }

    /// A rating that was counted turns out to be another one.
    pub(crate) fn revise(&mut self, weight: f64, p_satisfied: f64, before: f64, after: f64) {
        let [old, new] = [before, after].map(|rating| weight * (rating - p_satisfied));
        self.residual += new - old;
        // What is taken off was added: only rounding can leave less than nothing.
        self.spread = (self.spread + new * new - old * old).max(0.0);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.decided, self.audited, self.rated]);
        out.f64s(&[self.predicted, self.weight, self.residual, self.spread]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let (decided, audited, rated) = (input.u64()?, input.u64()?, input.u64()?);
        if rated > audited || audited > decided {
            return Err(Error::state("audits must be of requests decided", audited));
        }
        let predicted = input.f64()?;
        let weight = if input.found_format() >= 6 { input.f64()? } else { rated as f64 };
        let [residual, spread] = [input.f64()?, input.f64()?];
        if !(0.0..=rated as f64).contains(&weight) {
            return Err(Error::state("weights of audits must be in [0, 1]", weight));
        }
        Ok(Self { decided, predicted, audited, rated, weight, residual, spread })
    }
}

#[cfg(test)]
mod tests {
    use super::AuditStats;

    #[test]
    fn a_revision_leaves_what_the_right_rating_would_have() {
        let (mut revised, mut right) = (AuditStats::default(), AuditStats::default());
        for (weight, p, rating) in [(0.25, 0.5, 1.0), (1.0, 0.75, 0.0)] {
            revised.rate(weight, p, 1.0 - rating);
            right.rate(weight, p, rating);
            revised.revise(weight, p, 1.0 - rating, rating);
        }
        assert_eq!(revised, right);
        assert_eq!((right.weight, right.residual), (1.25, 0.125 - 0.75));
    }
}
