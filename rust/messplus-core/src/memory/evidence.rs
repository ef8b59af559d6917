//! Ratings of one decision that came from other sources than the truth.

use messplus_base::wire::{Reader, Writer};

use crate::error::{Error, Result};
use crate::learn::sources::MAX_SOURCES;

/// Most such ratings of one decision.
pub const MAX_EVIDENCE: usize = 6;

/// One rating.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Evidence {
    /// Index of its source.
    pub source: u8,
    /// The model whose answer was rated.
    pub model: u8,
    /// The rating, in `[0, 1]`.
    pub rating: f32,
}

/// At most [`MAX_EVIDENCE`] ratings, one per source and model.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct EvidenceSet {
    ratings: [Evidence; MAX_EVIDENCE],
    len: u8,
}

impl EvidenceSet {
    /// The ratings, in the order they came.
    pub fn iter(&self) -> impl Iterator<Item = Evidence> {
        self.ratings[..usize::from(self.len)].iter().copied()
    }

    /// What this source said of this model's answer.
    pub fn get(&self, source: usize, model: usize) -> Option<f64> {
        let same =
            |known: &Evidence| (known.source as usize, known.model as usize) == (source, model);
        self.iter().find(same).map(|known| known.rating.into())
    }

    /// Whether there is room for no other rating.
    pub fn is_full(&self) -> bool {
        usize::from(self.len) == MAX_EVIDENCE
    }

    /// Take note of a rating, in place of an earlier one of this source on this model; without room it
    /// is not kept.
    pub fn set(&mut self, source: usize, model: usize, rating: f64) {
        let evidence = Evidence { source: source as u8, model: model as u8, rating: rating as f32 };
        let same = |known: &&mut Evidence| {
            (known.source, known.model) == (evidence.source, evidence.model)
        };
        let len = usize::from(self.len);
        if let Some(known) = self.ratings[..len].iter_mut().find(same) {
            *known = evidence;
        } else if let Some(place) = self.ratings.get_mut(len) {
            *place = evidence;
            self.len += 1;
        }
    }

    pub(super) fn encode(&self, out: &mut Writer) {
        out.u8(self.len);
        for Evidence { source, model, rating } in self.iter() {
            out.u8(source);
            out.u8(model);
            out.f32s(&[rating]);
        }
    }

    pub(super) fn decode(input: &mut Reader<'_>, n_models: usize) -> Result<Self> {
        let len = input.u8()?;
        if usize::from(len) > MAX_EVIDENCE {
            return Err(Error::state(
                "a decision must have at most 6 ratings of other sources",
                len,
            ));
        }
        let mut set = Self { len, ..Self::default() };
        for place in &mut set.ratings[..usize::from(len)] {
            let (source, model) = (input.u8()?, input.u8()?);
            let mut rating = [0.0];
            input.f32s(&mut rating)?;
            if usize::from(source) >= MAX_SOURCES || usize::from(model) >= n_models {
                return Err(Error::state("ratings must be of known sources and models", model));
            }
            if !(0.0..=1.0).contains(&rating[0]) {
                return Err(Error::state("ratings must be in [0, 1]", rating[0]));
            }
            *place = Evidence { source, model, rating: rating[0] };
        }
        Ok(set)
    }
}
