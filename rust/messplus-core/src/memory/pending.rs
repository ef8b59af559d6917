//! Decisions remembered until their feedback comes, bounded in number.

use messplus_base::wire::{Reader, Writer};

use hashbrown::HashTable;

use super::pending_decision::PendingDecision;
use crate::error::{Error, Result};

/// The last `capacity` decisions, oldest evicted first, found by id in constant time.
///
/// All memory is reserved at the start: decisions in a ring, features beside them, and an index from
/// ids to places in the ring. The index has room for twice the decisions: being half full at most, it
/// never grows.
#[derive(Clone, Debug)]
pub struct PendingDecisions {
    n_features: usize,
    decisions: Vec<PendingDecision>,
    features: Vec<f32>,
    oldest: usize,
    len: usize,
    /// Slots by the hash of the id they hold.
    index: HashTable<u32>,
    evicted: u64,
}

impl PendingDecisions {
    /// Room for `capacity >= 1` decisions of `n_features` features.
    pub(crate) fn new(capacity: usize, n_features: usize) -> Self {
        Self {
            n_features,
            decisions: vec![PendingDecision::default(); capacity],
            features: vec![0.0; capacity * n_features],
            oldest: 0,
            len: 0,
            index: HashTable::with_capacity(2 * capacity),
            evicted: 0,
        }
    }

    /// Decisions held.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether no decision is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Decisions held that the queue has not accounted for.
    pub fn unaccounted(&self) -> usize {
        self.slots().filter(|&slot| !self.decisions[slot].accounted).count()
    }

    /// Decisions evicted before the queue accounted for them.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }

    /// The slot of a decision, if it is held.
    pub fn find(&self, id: u128) -> Option<usize> {
        let holds = |&slot: &u32| self.decisions[slot as usize].id == id;
        self.index.find(hash(id), holds).map(|&slot| slot as usize)
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub fn get(&self, slot: usize) -> &PendingDecision {
        &self.decisions[slot]
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub(crate) fn get_mut(&mut self, slot: usize) -> &mut PendingDecision {
        &mut self.decisions[slot]
    }

    /// Features of the decision in a slot that [`find`](Self::find) gave.
    pub(crate) fn features(&self, slot: usize) -> &[f32] {
        &self.features[slot * self.n_features..][..self.n_features]
    }

    /// Whether a decision must be evicted before another is remembered.
    pub(crate) fn is_full(&self) -> bool {
        self.len == self.decisions.len()
    }

    /// The decision to be evicted next.
    pub(crate) fn oldest(&self) -> Option<&PendingDecision> {
        (self.len > 0).then(|| &self.decisions[self.oldest])
    }

    /// Remember a decision whose id is not held; there must be room for it.
    ///
    /// Without features, zeros are remembered.
    pub(crate) fn insert(&mut self, decision: &PendingDecision, features: Option<&[f32]>) {
        debug_assert!(self.find(decision.id).is_none() && !self.is_full());
        let slot = (self.oldest + self.len) % self.decisions.len();
        self.len += 1;
        self.decisions[slot] = *decision;
        let row = &mut self.features[slot * self.n_features..][..self.n_features];
        match features {
            Some(features) => row.copy_from_slice(features),
            None => row.fill(0.0),
        }
        let rehash = |&slot: &u32| hash(self.decisions[slot as usize].id);
        self.index.insert_unique(hash(decision.id), slot as u32, rehash);
    }

    fn slots(&self) -> impl Iterator<Item = usize> {
        let (oldest, capacity) = (self.oldest, self.decisions.len());
        (0..self.len).map(move |age| (oldest + age) % capacity)
    }

    /// Forget the oldest decision; there must be one.
    pub(crate) fn evict_oldest(&mut self) -> PendingDecision {
        let decision = self.decisions[self.oldest];
        self.evicted += u64::from(!decision.accounted);
        let holds = |&slot: &u32| slot as usize == self.oldest;
        if let Ok(entry) = self.index.find_entry(hash(decision.id), holds) {
            entry.remove();
        }
        self.oldest = (self.oldest + 1) % self.decisions.len();
        self.len -= 1;
        decision
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64(self.evicted);
        out.u64(self.len as u64);
        for slot in self.slots() {
            self.decisions[slot].encode(out);
            out.f32s(self.features(slot));
        }
    }

    /// Fill an empty table; slots are renumbered, which no caller can see.
    pub(crate) fn decode(
        &mut self,
        input: &mut Reader<'_>,
        n_levels: usize,
        n_models: usize,
    ) -> Result<()> {
        let evicted = input.u64()?;
        let len = input.u64()?;
        if len > self.decisions.len() as u64 {
            return Err(Error::state("must hold at most pending_capacity decisions", len));
        }
        let mut features = vec![0.0; self.n_features];
        for _ in 0..len {
            let decision = PendingDecision::decode(input, n_levels, n_models)?;
            input.f32s(&mut features)?;
            if self.find(decision.id).is_some() {
                return Err(Error::state("must hold each decision once", decision.id));
            }
            self.insert(&decision, Some(&features));
        }
        self.evicted = evicted;
        Ok(())
    }
}

/// Spreads ids over the index. They are random: nobody can choose them to collide.
fn hash(id: u128) -> u64 {
    let halves = id as u64 ^ (id >> 64) as u64;
    // The golden ratio, so that the consecutive ids of replays spread as well.
    halves.wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::{PendingDecision, PendingDecisions};

    /// Twice as many decisions as fit at a time, over and over: the index neither grows nor loses one.
    #[test]
    fn the_index_keeps_its_size() {
        let mut pending = PendingDecisions::new(100, 0);
        let capacity = pending.index.capacity();
        for step in 0..100_000_u64 {
            let id = u128::from(step).wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
            if pending.is_full() {
                pending.evict_oldest();
            }
            pending.insert(&PendingDecision { id, step, ..PendingDecision::default() }, None);
            let slot = pending.find(id).expect("held");
            assert_eq!(pending.get(slot).step, step);
        }
        assert_eq!((pending.index.len(), pending.index.capacity()), (100, capacity));
    }

    #[test]
    fn finds_the_newest_and_forgets_the_oldest() {
        let mut pending = PendingDecisions::new(3, 1);
        for (n, id) in [8_u128, 16, 24, 32, 40].into_iter().enumerate() {
            if pending.is_full() {
                pending.evict_oldest();
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
