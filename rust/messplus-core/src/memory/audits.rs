//! The satisfaction of all requests, estimated from a random sample that is rated in any case.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};

/// Sums over the requests of a service level since audits began.
///
/// A request is audited with a known probability, drawn apart from everything else. With p what was
/// predicted of the model that served and s its rating, the mean satisfaction of all requests is
///
/// ```text
/// mean of p over all requests  +  mean of s - p over the audited ones
/// ```
///
/// whatever the predictions are and whoever else rates (the difference estimator of survey sampling;
/// prediction-powered inference, Angelopoulos et al., *Science* 382, 2023): the first mean is known, and
/// the second is that of a random sample.
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
    /// Sum over them of s - p, each in [-1, 1].
    pub residual: f64,
    /// Sum over them of the squared difference of (s - p) to the mean of those before (0 for the first): the
    /// variance process of an empirical-Bernstein confidence sequence.
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

    pub(crate) fn rate(&mut self, p_satisfied: f64, satisfaction: f64) {
        let residual = satisfaction - p_satisfied;
        let before = if self.rated == 0 { 0.0 } else { self.residual / self.rated as f64 };
        self.rated += 1;
        self.residual += residual;
        self.spread += (residual - before) * (residual - before);
    }

    pub(crate) fn revise(&mut self, before: f64, after: f64) {
        self.residual += after - before;
        // The squares of the old rating are not kept; the new one counts as if it scattered as much.
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.decided, self.audited, self.rated]);
        out.f64s(&[self.predicted, self.residual, self.spread]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        let (decided, audited, rated) = (input.u64()?, input.u64()?, input.u64()?);
        if rated > audited || audited > decided {
            return Err(Error::state("audits must be of requests decided", audited));
        }
        let [predicted, residual, spread] = [input.f64()?, input.f64()?, input.f64()?];
        Ok(Self { decided, predicted, audited, rated, residual, spread })
    }
}
