//! A set of model indices in one 64-bit word.

/// A subset of the zoo. Iterates in ascending index order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ModelSet(u64);

impl ModelSet {
    /// The set of no models.
    pub const EMPTY: Self = Self(0);

    /// The set of models `0..n_models`, with `n_models <= 64`.
    pub fn all(n_models: usize) -> Self {
        Self(u64::MAX.checked_shr(64 - n_models.min(64) as u32).unwrap_or(0))
    }

    /// The set whose bits are given.
    pub fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// One bit per model, model 0 lowest.
    pub fn bits(self) -> u64 {
        self.0
    }

    /// Whether the model is in the set.
    pub fn contains(self, model: usize) -> bool {
        model < 64 && self.0 >> model & 1 == 1
    }

    /// Number of models.
    pub fn len(self) -> usize {
        self.0.count_ones() as usize
    }

    /// Whether no model is in the set.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Put a model into the set; `false` where it was in already.
    pub fn insert(&mut self, model: usize) -> bool {
        let new = !self.contains(model);
        *self = self.with(model);
        new
    }

    /// The set with one more model.
    #[must_use]
    pub fn with(self, model: usize) -> Self {
        Self(self.0 | 1 << model)
    }

    /// The set with one model fewer.
    #[must_use]
    pub fn without(self, model: usize) -> Self {
        Self(self.0 & !(1 << model))
    }

    /// The models in both sets.
    #[must_use]
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The models, ascending.
    pub fn iter(self) -> impl Iterator<Item = usize> {
        let mut bits = self.0;
        std::iter::from_fn(move || {
            let model = bits.trailing_zeros() as usize;
            bits &= bits.wrapping_sub(1);
            (model < 64).then_some(model)
        })
    }
}

impl FromIterator<usize> for ModelSet {
    fn from_iter<I: IntoIterator<Item = usize>>(models: I) -> Self {
        models.into_iter().fold(Self::EMPTY, Self::with)
    }
}

#[cfg(test)]
mod tests {
    use super::ModelSet;

    #[test]
    fn holds_what_was_put_in() {
        let set: ModelSet = [3, 0, 63].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 3, 63]);
        assert_eq!(set.without(3).iter().collect::<Vec<_>>(), [0, 63]);
        assert!(set.contains(63) && !set.contains(62) && !set.contains(64));
        assert_eq!(
            (ModelSet::all(0).len(), ModelSet::all(5).len(), ModelSet::all(64).len()),
            (0, 5, 64)
        );
    }
}
