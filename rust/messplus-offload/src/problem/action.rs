//! The action space: run locally, or in the cloud with a subset of the modalities.

use crate::error::{Error, Result};

/// Most modalities; the action space doubles with each.
pub const MAX_MODALITIES: usize = 12;

/// Index of an action: 0 is local, the others are cloud calls with a subset.
pub type Action = usize;

/// Local.
pub const LOCAL: Action = 0;

/// The `1 + 2^M` actions over M modalities, in TMO's order.
///
/// Action 0 is local. Action `1 + i` is the cloud with the i-th subset, subsets ordered by size and
/// then lexicographically by modality index. A subset is a bit mask: bit m is modality m.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionSpace {
    modalities: usize,
    masks: Vec<u32>,
    action_of_mask: Vec<u32>,
}

impl ActionSpace {
    /// The space of `modalities` modalities.
    ///
    /// # Errors
    /// `modalities` outside `1..=12`.
    pub fn new(modalities: usize) -> Result<Self> {
        if modalities == 0 || modalities > MAX_MODALITIES {
            return Err(Error::input("modalities", "must be in 1..=12", modalities));
        }
        let mut masks: Vec<u32> = (0..1_u32 << modalities).collect();
        // With bit 0 as the first letter, lexicographic order is descending order of reversed bits.
        masks.sort_by_key(|m| (m.count_ones(), core::cmp::Reverse(m.reverse_bits())));
        let mut action_of_mask = vec![0; masks.len()];
        for (i, &mask) in masks.iter().enumerate() {
            action_of_mask[mask as usize] = i as u32 + 1;
        }
        Ok(Self { modalities, masks, action_of_mask })
    }

    /// Number of modalities M.
    #[must_use]
    pub fn modalities(&self) -> usize {
        self.modalities
    }

    /// Number of actions, `1 + 2^M`.
    #[must_use]
    #[expect(clippy::len_without_is_empty, reason = "an action space is never empty")]
    pub fn len(&self) -> usize {
        1 + self.masks.len()
    }

    /// The uploaded subset, `None` for local.
    #[must_use]
    pub fn decode(&self, action: Action) -> Option<u32> {
        action.checked_sub(1).map(|i| self.masks[i])
    }

    /// The action that uploads `mask`; local for `None`.
    #[must_use]
    pub fn encode(&self, mask: Option<u32>) -> Action {
        mask.map_or(LOCAL, |m| self.action_of_mask[m as usize] as usize)
    }

    /// Cost level of an action: 0 local, `1 + n` cloud with n modalities.
    #[must_use]
    pub fn level(&self, action: Action) -> usize {
        self.decode(action).map_or(0, |m| 1 + m.count_ones() as usize)
    }

    /// Number of cost levels, `M + 2`.
    #[must_use]
    pub fn levels(&self) -> usize {
        self.modalities + 2
    }
}

#[cfg(test)]
mod tests {
    use super::{ActionSpace, MAX_MODALITIES};

    #[test]
    fn three_modalities_are_ordered_by_size_then_index() {
        let space = ActionSpace::new(3).unwrap();
        let masks: Vec<_> = (0..space.len()).map(|a| space.decode(a)).collect();
        let expected =
            [None, Some(0), Some(1), Some(2), Some(4), Some(3), Some(5), Some(6), Some(7)];
        assert_eq!(masks, expected);
    }

    #[test]
    fn encode_inverts_decode() {
        for modalities in 1..=MAX_MODALITIES {
            let space = ActionSpace::new(modalities).unwrap();
            assert!((0..space.len()).all(|a| space.encode(space.decode(a)) == a));
        }
    }

    #[test]
    fn sizes_outside_the_range_are_refused() {
        assert!(ActionSpace::new(0).is_err());
        assert!(ActionSpace::new(13).is_err());
    }
}
