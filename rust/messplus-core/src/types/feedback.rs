//! What became known about a decision, who says so, and whether they said otherwise before.

use std::num::NonZeroU64;

use crate::types::request::Outcome;

/// The source of ratings where none is named: the users.
pub const USER: &str = "user";

/// Outcomes of one decision from one source.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feedback<'a> {
    /// Per model, each at most once.
    pub outcomes: &'a [Outcome],
    /// Who rates; costs and latencies are facts, whoever tells them.
    pub source: &'a str,
    /// Hash of the name the caller gave to this feedback: the same for the same decision changes
    /// nothing the second time.
    pub key: Option<NonZeroU64>,
    /// Hash of the person or program that rated, of which a source may have many.
    pub rater: Option<NonZeroU64>,
    /// The ratings take the place of those that the source gave before.
    pub replace: bool,
    /// Tokens of the prompt that the provider read from its cache, where the costs are known.
    pub cached_tokens: Option<u32>,
}

impl Feedback<'_> {
    /// Whether there is a rating among the outcomes.
    pub fn rates(&self) -> bool {
        self.outcomes.iter().any(|outcome| outcome.satisfaction.is_some())
    }
}

impl<'a> From<&'a [Outcome]> for Feedback<'a> {
    fn from(outcomes: &'a [Outcome]) -> Self {
        Self { outcomes, source: USER, key: None, rater: None, replace: false, cached_tokens: None }
    }
}

impl<'a, const N: usize> From<&'a [Outcome; N]> for Feedback<'a> {
    fn from(outcomes: &'a [Outcome; N]) -> Self {
        outcomes.as_slice().into()
    }
}

impl<'a> From<&'a Vec<Outcome>> for Feedback<'a> {
    fn from(outcomes: &'a Vec<Outcome>) -> Self {
        outcomes.as_slice().into()
    }
}
