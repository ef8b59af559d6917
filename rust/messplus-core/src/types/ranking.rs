//! An order of models in a few bytes.

use std::fmt;

use crate::types::zoo::MAX_MODELS;

/// Models of a zoo, best first.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ranking {
    models: [u8; MAX_MODELS],
    len: u8,
}

impl Ranking {
    /// The models, best first.
    pub fn iter(&self) -> impl Iterator<Item = usize> {
        self.models[..usize::from(self.len)].iter().map(|&model| usize::from(model))
    }
}

impl FromIterator<usize> for Ranking {
    /// At most 64 models.
    fn from_iter<I: IntoIterator<Item = usize>>(ranked: I) -> Self {
        let mut ranking = Self::default();
        for (place, model) in ranking.models.iter_mut().zip(ranked) {
            *place = model as u8;
            ranking.len += 1;
        }
        ranking
    }
}

impl Default for Ranking {
    fn default() -> Self {
        Self { models: [0; MAX_MODELS], len: 0 }
    }
}

impl fmt::Debug for Ranking {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}
