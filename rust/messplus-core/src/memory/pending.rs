//! Decisions remembered until their feedback comes, bounded in number.

use messplus_base::wire::{Reader, Writer};

use super::pending_decision::PendingDecision;
use crate::error::{Error, Result};

/// The last `capacity` decisions, oldest evicted first, found by id in constant time.
///
/// All memory is reserved at the start: decisions in a ring, features beside them, and an
/// open-addressing index from ids to ring slots. Ids are random, so their low bits are a hash.
#[derive(Clone, Debug)]
pub struct PendingDecisions {
    n_features: usize,
    decisions: Vec<PendingDecision>,
    features: Vec<f32>,
    oldest: usize,
    len: usize,
    /// Ring slot plus one, or zero where free.
    index: Vec<u32>,
    evicted: u64,
}

impl PendingDecisions {
    /// Room for `capacity >= 1` decisions of `n_features` features.
    pub fn new(capacity: usize, n_features: usize) -> Self {
        Self {
            n_features,
            decisions: vec![PendingDecision::default(); capacity],
            features: vec![0.0; capacity * n_features],
            oldest: 0,
            len: 0,
            index: vec![0; (2 * capacity).next_power_of_two()],
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
        let slot = self.index[self.probe(id)].checked_sub(1)?;
        Some(slot as usize)
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub fn get(&self, slot: usize) -> &PendingDecision {
        &self.decisions[slot]
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub fn get_mut(&mut self, slot: usize) -> &mut PendingDecision {
        &mut self.decisions[slot]
    }

    /// Features of the decision in a slot that [`find`](Self::find) gave.
    pub fn features(&self, slot: usize) -> &[f32] {
        &self.features[slot * self.n_features..][..self.n_features]
    }

    /// Whether a decision must be evicted before another is remembered.
    pub fn is_full(&self) -> bool {
        self.len == self.decisions.len()
    }

    /// The decision to be evicted next.
    pub fn oldest(&self) -> Option<&PendingDecision> {
        (self.len > 0).then(|| &self.decisions[self.oldest])
    }

    /// Remember a decision whose id is not held, while there is room for it.
    ///
    /// Without features, zeros are remembered.
    pub fn insert(&mut self, decision: PendingDecision, features: Option<&[f32]>) {
        debug_assert!(self.find(decision.id).is_none() && !self.is_full());
        let slot = (self.oldest + self.len) % self.decisions.len();
        self.len += 1;
        self.decisions[slot] = decision;
        let row = &mut self.features[slot * self.n_features..][..self.n_features];
        match features {
            Some(features) => row.copy_from_slice(features),
            None => row.fill(0.0),
        }
        let position = self.probe(decision.id);
        self.index[position] = slot as u32 + 1;
    }

    fn slots(&self) -> impl Iterator<Item = usize> {
        let (oldest, capacity) = (self.oldest, self.decisions.len());
        (0..self.len).map(move |age| (oldest + age) % capacity)
    }

    /// Forget the oldest decision, where any is held.
    pub fn evict_oldest(&mut self) -> PendingDecision {
        let decision = self.decisions[self.oldest];
        self.evicted += u64::from(!decision.accounted);
        let position = self.probe(decision.id);
        self.remove_from_index(position);
        self.oldest = (self.oldest + 1) % self.decisions.len();
        self.len -= 1;
        decision
    }

    fn home(&self, id: u128) -> usize {
        id as usize & (self.index.len() - 1)
    }

    /// Where the id stands in the index, or the free place where it belongs.
    fn probe(&self, id: u128) -> usize {
        let mut position = self.home(id);
        while let Some(slot) = self.index[position].checked_sub(1) {
            if self.decisions[slot as usize].id == id {
                break;
            }
            position = (position + 1) & (self.index.len() - 1);
        }
        position
    }

    /// Free a place and move later ids of its run back, so that no probe stops short.
    fn remove_from_index(&mut self, mut hole: usize) {
        let mask = self.index.len() - 1;
        let mut next = hole;
        loop {
            self.index[hole] = 0;
            loop {
                next = (next + 1) & mask;
                let Some(slot) = self.index[next].checked_sub(1) else { return };
                let home = self.home(self.decisions[slot as usize].id);
                // It may move into the hole unless its home lies cyclically in (hole, next].
                if next.wrapping_sub(home) & mask >= next.wrapping_sub(hole) & mask {
                    break;
                }
            }
            self.index[hole] = self.index[next];
            hole = next;
        }
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
            self.insert(decision, Some(&features));
        }
        self.evicted = evicted;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{PendingDecision, PendingDecisions};

    #[test]
    fn finds_the_newest_and_forgets_the_oldest() {
        let mut pending = PendingDecisions::new(3, 1);
        // Ids that collide in their low bits.
        for (n, id) in [8_u128, 16, 24, 32, 40].into_iter().enumerate() {
            if pending.is_full() {
                pending.evict_oldest();
            }
            pending.insert(PendingDecision { id, ..PendingDecision::default() }, Some(&[n as f32]));
        }
        assert_eq!((pending.len(), pending.evicted()), (3, 2));
        assert!(pending.find(8).is_none() && pending.find(16).is_none());
        for (id, feature) in [(24, 2.0), (32, 3.0), (40, 4.0)] {
            let slot = pending.find(id).expect("held");
            assert_eq!(pending.features(slot), [feature]);
        }
    }
}
