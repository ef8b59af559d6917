//! Decisions remembered until their feedback comes, bounded in number.

use std::hash::{BuildHasher as _, RandomState};

use hashbrown::HashTable;
use messplus_base::wire::{Reader, Writer};

use super::pages::Pages;
use super::pending_decision::PendingDecision;
use crate::error::{Error, Result};

/// The last `capacity` decisions, oldest evicted first, found by id in constant time.
///
/// Memory for the decisions follows their number. The index from ids to slots has room for twice as
/// many as an ordinary router holds: being half full at most, it does not grow.
#[derive(Clone, Debug)]
pub struct PendingDecisions {
    capacity: usize,
    pages: Pages,
    /// Slots by the hash of the id they hold.
    index: HashTable<u32>,
    keys: Keys,
    /// Decisions among them whose call was never made.
    cancelled: usize,
    evicted: u64,
}

/// Decisions up to which the index is reserved at the start.
const RESERVED: usize = 1 << 16;

impl PendingDecisions {
    /// Room for `capacity >= 1` decisions of `n_features` features.
    pub(crate) fn new(capacity: usize, n_features: usize) -> Self {
        Self {
            capacity,
            pages: Pages::new(n_features),
            index: HashTable::with_capacity(2 * capacity.min(RESERVED)),
            keys: Keys::new(),
            cancelled: 0,
            evicted: 0,
        }
    }

    /// Decisions held.
    pub fn len(&self) -> usize {
        self.pages.len() - self.cancelled
    }

    /// Whether no decision is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Decisions held that the queue has not accounted for.
    pub fn unaccounted(&self) -> usize {
        self.pages.slots().filter(|&slot| !self.pages.get(slot).accounted).count()
    }

    /// Decisions evicted before the queue accounted for them.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The slot of a decision, if it is held.
    pub fn find(&self, id: u128) -> Option<u32> {
        self.index.find(self.keys.hash(id), |&slot| self.pages.get(slot).id == id).copied()
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub fn get(&self, slot: u32) -> &PendingDecision {
        self.pages.get(slot)
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub(crate) fn get_mut(&mut self, slot: u32) -> &mut PendingDecision {
        self.pages.get_mut(slot)
    }

    /// Features of the decision in a slot that [`find`](Self::find) gave.
    pub(crate) fn features(&self, slot: u32) -> &[f32] {
        self.pages.features(slot)
    }

    /// Whether there is room for one more decision; where there is none, one must be evicted first.
    pub(crate) fn make_room(&mut self) -> bool {
        let rehash = |&slot: &u32| self.keys.hash(self.pages.get(slot).id);
        self.pages.len() < self.capacity
            && self.index.try_reserve(1, rehash).is_ok()
            && self.pages.make_room()
    }

    /// The decision to be evicted next.
    pub(crate) fn oldest(&self) -> Option<&PendingDecision> {
        (self.pages.len() > 0).then(|| self.pages.get(self.pages.oldest()))
    }

    /// Remember a decision whose id is not held; there must be [room](Self::make_room) for it.
    ///
    /// Without features, zeros are remembered.
    pub(crate) fn insert(&mut self, decision: &PendingDecision, features: Option<&[f32]>) {
        debug_assert!(self.pages.len() < self.capacity);
        debug_assert!(decision.cancelled || self.find(decision.id).is_none());
        let slot = self.pages.push(decision, features);
        if decision.cancelled {
            self.cancelled += 1;
            return;
        }
        let rehash = |&slot: &u32| self.keys.hash(self.pages.get(slot).id);
        self.index.insert_unique(self.keys.hash(decision.id), slot, rehash);
    }

    /// Forget the oldest decision; there must be one.
    pub(crate) fn evict_oldest(&mut self) -> PendingDecision {
        let slot = self.pages.oldest();
        let decision = *self.pages.get(slot);
        self.evicted += u64::from(!decision.accounted);
        self.take_from_index(slot);
        self.cancelled -= usize::from(decision.cancelled);
        self.pages.pop();
        decision
    }

    /// Forget a decision whose call was never made. Its place is free once it is the oldest.
    pub(crate) fn cancel(&mut self, slot: u32) {
        self.take_from_index(slot);
        let decision = self.pages.get_mut(slot);
        (decision.cancelled, decision.accounted) = (true, true);
        self.cancelled += 1;
    }

    /// Change every decision held.
    pub(crate) fn for_each(&mut self, mut change: impl FnMut(&mut PendingDecision)) {
        let slots: Vec<u32> = self.pages.slots().collect();
        for slot in slots {
            change(self.pages.get_mut(slot));
        }
    }

    fn take_from_index(&mut self, slot: u32) {
        let hash = self.keys.hash(self.pages.get(slot).id);
        if let Ok(entry) = self.index.find_entry(hash, |&held| held == slot) {
            entry.remove();
        }
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.evicted);
        out.u64(self.pages.len() as u64);
        for slot in self.pages.slots() {
            self.pages.get(slot).encode(out);
            out.f32s(self.pages.features(slot));
        }
    }

    /// Fill an empty table; without `keep`, each decision is read and forgotten.
    pub(crate) fn decode(
        &mut self,
        input: &mut Reader<'_>,
        n_levels: usize,
        n_models: usize,
        keep: bool,
    ) -> Result<()> {
        let evicted = input.u64()?;
        let len = input.u64()?;
        if len > self.capacity as u64 {
            return Err(Error::state("must hold at most pending_capacity decisions", len));
        }
        let mut features = vec![0.0; self.pages.n_features()];
        for _ in 0..len {
            let decision = PendingDecision::decode(input, n_levels, n_models)?;
            input.f32s(&mut features)?;
            if !decision.cancelled && self.find(decision.id).is_some() {
                return Err(Error::state("must hold each decision once", decision.id));
            }
            if !self.make_room() {
                return Err(Error::state("must fit into the memory there is", len));
            }
            self.insert(&decision, Some(&features));
            if !keep {
                self.evict_oldest();
            }
        }
        self.evicted = evicted;
        Ok(())
    }
}

/// Secrets of one table that spread ids over its index: whoever writes the ids of a journal, or
/// guesses how they are drawn, cannot make them collide.
///
/// The one random number in this crate that is no argument: where ids stand in the index shows in
/// no decision and in no state.
#[derive(Clone, Copy, Debug)]
struct Keys([u64; 2]);

impl Keys {
    fn new() -> Self {
        let random = RandomState::new();
        Self([0_u8, 1].map(|key| random.hash_one(key)))
    }

    /// Both halves multiplied, and the product folded (Lemire and Kaser, *Strongly universal string
    /// hashing is fast*, 2014, is the idea).
    fn hash(self, id: u128) -> u64 {
        let Self([low, high]) = self;
        let product = u128::from(id as u64 ^ low) * u128::from((id >> 64) as u64 ^ high);
        product as u64 ^ (product >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::{PendingDecision, PendingDecisions};

    /// Twice as many decisions as fit at a time, over and over: the index neither grows nor loses one.
    #[test]
    fn the_index_keeps_its_size() {
        let mut pending = PendingDecisions::new(100, 0);
        let capacity = pending.index.capacity();
        for step in 0..100_000_u64 {
            let id = u128::from(step).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
            if !pending.make_room() {
                pending.evict_oldest();
                assert!(pending.make_room());
            }
            pending.insert(&PendingDecision { id, step, ..PendingDecision::default() }, None);
            let slot = pending.find(id).expect("held");
            assert_eq!(pending.get(slot).step, step);
        }
        assert_eq!(pending.index.len(), 100);
        assert!(pending.index.capacity() <= capacity);
    }

    /// Ids of a forged journal whose halves agree: any fixed mixing of the halves can be undone so.
    #[test]
    fn nobody_can_make_ids_collide() {
        let pending = PendingDecisions::new(1, 0);
        let ids = (0..10_000_u64).map(|half| u128::from(half) << 64 | u128::from(half));
        let hashes: HashSet<_> = ids.map(|id| pending.keys.hash(id)).collect();
        assert_eq!(hashes.len(), 10_000);
        let same = [PendingDecisions::new(1, 0), pending].map(|table| table.keys.hash(7));
        assert_ne!(same[0], same[1]);
    }

    #[test]
    fn memory_is_taken_when_it_is_needed() {
        let pending = PendingDecisions::new(1 << 22, 64);
        assert!(pending.index.capacity() < 1 << 19);
    }

    #[test]
    fn finds_the_newest_and_forgets_the_oldest() {
        let mut pending = PendingDecisions::new(3, 1);
        for (n, id) in [8_u128, 16, 24, 32, 40].into_iter().enumerate() {
            if !pending.make_room() {
                pending.evict_oldest();
                assert!(pending.make_room());
            }
            pending
                .insert(&PendingDecision { id, ..PendingDecision::default() }, Some(&[n as f32]));
        }
        assert_eq!((pending.len(), pending.evicted()), (3, 2));
        assert!(pending.find(8).is_none() && pending.find(16).is_none());
        for (id, feature) in [(24, 2.0), (32, 3.0), (40, 4.0)] {
            let slot = pending.find(id).expect("held");
            assert_eq!(pending.features(slot), [feature]);
        }
    }
}
