//! Decisions remembered until their feedback comes, bounded in number.

use std::num::NonZeroU32;

use crate::error::{Error, Result};
use crate::foresight::Expectation;
use crate::method::Expectations;
use crate::model_set::ModelSet;
use crate::request::Outcome;
use crate::shadow::Would;
use crate::state::{Reader, Writer};

/// What is remembered of one decision beside its features.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Entry {
    /// The decision's id.
    pub id: u128,
    /// The decision's step.
    pub step: u64,
    /// The model chosen to serve.
    pub model: usize,
    /// Models queried for learning.
    pub also_query: ModelSet,
    /// The request was drawn for exploration.
    pub explored: bool,
    /// Index of its service level.
    pub level: usize,
    /// What its rating and bills should bring.
    pub expectations: Expectations,
    /// The time of the decision, in seconds since any epoch.
    pub at: u64,
    /// Tokens of the prompt, where known.
    pub input_tokens: Option<NonZeroU32>,
    /// Probability with which the chosen model was expected to satisfy.
    pub p_satisfied: f64,
    /// In shadow mode, what the router would have done.
    pub would: Option<Would>,
    /// The queue has accounted for this request.
    pub accounted: bool,
    /// Models whose call failed.
    pub failed: ModelSet,
    /// Models whose satisfaction is known.
    pub rated: ModelSet,
    /// Models whose cost is known.
    pub billed: ModelSet,
    /// Models whose latency is known.
    pub timed: ModelSet,
}

impl Entry {
    /// Take note of which parts of an outcome came.
    pub fn observe(&mut self, outcome: &Outcome) {
        let parts = [
            (&mut self.rated, outcome.satisfaction),
            (&mut self.billed, outcome.cost),
            (&mut self.timed, outcome.latency),
        ];
        for (models, part) in parts {
            if part.is_some() {
                models.insert(outcome.model);
            }
        }
    }
}

/// The last `capacity` decisions, oldest evicted first, found by id in constant time.
///
/// All memory is reserved at the start: entries in a ring, features beside them, and an
/// open-addressing index from ids to ring slots. Ids are random, so their low bits are a hash.
#[derive(Clone, Debug)]
pub struct Ledger {
    n_features: usize,
    entries: Vec<Entry>,
    features: Vec<f32>,
    oldest: usize,
    len: usize,
    /// Ring slot plus one, or zero where free.
    index: Vec<u32>,
    evicted: u64,
}

impl Ledger {
    /// An empty ledger for `capacity >= 1` decisions of `n_features` features.
    pub fn new(capacity: usize, n_features: usize) -> Self {
        Self {
            n_features,
            entries: vec![Entry::default(); capacity],
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

    /// Whether nothing is held.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Decisions held that the queue has not accounted for.
    pub fn pending(&self) -> usize {
        self.slots().filter(|&slot| !self.entries[slot].accounted).count()
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
    pub fn entry(&self, slot: usize) -> &Entry {
        &self.entries[slot]
    }

    /// The decision in a slot that [`find`](Self::find) gave.
    pub fn entry_mut(&mut self, slot: usize) -> &mut Entry {
        &mut self.entries[slot]
    }

    /// Features of the decision in a slot that [`find`](Self::find) gave.
    pub fn features(&self, slot: usize) -> &[f32] {
        &self.features[slot * self.n_features..][..self.n_features]
    }

    /// Whether a decision must be evicted before another is remembered.
    pub fn is_full(&self) -> bool {
        self.len == self.entries.len()
    }

    /// The decision to be evicted next.
    pub fn oldest(&self) -> Option<&Entry> {
        (self.len > 0).then(|| &self.entries[self.oldest])
    }

    /// Remember a decision whose id is not held, in a ledger that is not full.
    ///
    /// Without features, zeros are remembered.
    pub fn insert(&mut self, entry: Entry, features: Option<&[f32]>) {
        debug_assert!(self.find(entry.id).is_none() && !self.is_full());
        let slot = (self.oldest + self.len) % self.entries.len();
        self.len += 1;
        self.entries[slot] = entry;
        let row = &mut self.features[slot * self.n_features..][..self.n_features];
        match features {
            Some(features) => row.copy_from_slice(features),
            None => row.fill(0.0),
        }
        let position = self.probe(entry.id);
        self.index[position] = slot as u32 + 1;
    }

    fn slots(&self) -> impl Iterator<Item = usize> {
        let (oldest, capacity) = (self.oldest, self.entries.len());
        (0..self.len).map(move |age| (oldest + age) % capacity)
    }

    /// Forget the oldest decision of a ledger that is not empty.
    pub fn evict_oldest(&mut self) -> Entry {
        let entry = self.entries[self.oldest];
        self.evicted += u64::from(!entry.accounted);
        let position = self.probe(entry.id);
        self.remove_from_index(position);
        self.oldest = (self.oldest + 1) % self.entries.len();
        self.len -= 1;
        entry
    }

    fn home(&self, id: u128) -> usize {
        id as usize & (self.index.len() - 1)
    }

    /// Where the id stands in the index, or the free place where it would.
    fn probe(&self, id: u128) -> usize {
        let mut position = self.home(id);
        while let Some(slot) = self.index[position].checked_sub(1) {
            if self.entries[slot as usize].id == id {
                break;
            }
            position = (position + 1) & (self.index.len() - 1);
        }
        position
    }

    /// Free a place and move later entries of its run back, so that no probe stops short.
    fn remove_from_index(&mut self, mut hole: usize) {
        let mask = self.index.len() - 1;
        let mut next = hole;
        loop {
            self.index[hole] = 0;
            loop {
                next = (next + 1) & mask;
                let Some(slot) = self.index[next].checked_sub(1) else { return };
                let home = self.home(self.entries[slot as usize].id);
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
            let entry = &self.entries[slot];
            out.u128(entry.id);
            out.u64(entry.step);
            out.u64(entry.model as u64);
            out.u64(entry.level as u64);
            let Expectations { level, limits: [first, second] } = entry.expectations;
            for expectation in [level, first, second] {
                out.f64s(&[expectation.shortfall, expectation.fading]);
            }
            let shadow = u64::from(entry.would.is_some());
            out.u64(u64::from(entry.explored) | u64::from(entry.accounted) << 1 | shadow << 2);
            entry.would.iter().for_each(|would| would.encode(out));
            out.u64(entry.at);
            out.u64(entry.input_tokens.map_or(0, |tokens| tokens.get().into()));
            out.f64(entry.p_satisfied);
            for set in [entry.also_query, entry.failed, entry.rated, entry.billed, entry.timed] {
                out.u64(set.bits());
            }
            out.f32s(self.features(slot));
        }
    }

    /// Fill an empty ledger; slots are renumbered, which no caller can see.
    pub(crate) fn decode(
        &mut self,
        input: &mut Reader<'_>,
        n_levels: usize,
        n_models: usize,
    ) -> Result<()> {
        let evicted = input.u64()?;
        let len = input.u64()?;
        if len > self.entries.len() as u64 {
            return Err(Error::state("must hold at most pending_capacity decisions", len));
        }
        let mut features = vec![0.0; self.n_features];
        for _ in 0..len {
            let entry = decode_entry(input, n_levels, n_models)?;
            input.f32s(&mut features)?;
            if self.find(entry.id).is_some() {
                return Err(Error::state("must hold each decision once", entry.id));
            }
            self.insert(entry, Some(&features));
        }
        self.evicted = evicted;
        Ok(())
    }
}

fn decode_entry(input: &mut Reader<'_>, n_levels: usize, n_models: usize) -> Result<Entry> {
    let id = input.u128()?;
    let step = input.u64()?;
    let model = input.u64()?;
    let level = input.u64()?;
    let mut expectation = || Ok(Expectation { shortfall: input.f64()?, fading: input.f64()? });
    let expectations =
        Expectations { level: expectation()?, limits: [expectation()?, expectation()?] };
    let flags = input.u64()?;
    let would = (flags & 4 == 4).then(|| Would::decode(input, n_models)).transpose()?;
    let (at, input_tokens, p_satisfied) = (input.u64()?, input.u64()?, input.f64()?);
    let [also_query, failed, rated, billed, timed] =
        [input.u64()?, input.u64()?, input.u64()?, input.u64()?, input.u64()?];
    let known = ModelSet::all(n_models).bits();
    if model >= n_models as u64
        || flags > 7
        || (also_query | failed | rated | billed | timed) & !known != 0
    {
        return Err(Error::state("decisions must name models of the zoo", model));
    }
    if level >= n_levels as u64 {
        return Err(Error::state("decisions must name service levels", level));
    }
    if !(0.0..=1.0).contains(&p_satisfied) {
        return Err(Error::state("probabilities must be in [0, 1]", p_satisfied));
    }
    let tokens = u32::try_from(input_tokens)
        .map_err(|_| Error::state("numbers of tokens must be below 2^32", input_tokens))?;
    Ok(Entry {
        id,
        step,
        at,
        input_tokens: NonZeroU32::new(tokens),
        p_satisfied,
        would,
        failed: ModelSet::from_bits(failed),
        model: model as usize,
        level: level as usize,
        expectations,
        explored: flags & 1 == 1,
        accounted: flags & 2 == 2,
        also_query: ModelSet::from_bits(also_query),
        rated: ModelSet::from_bits(rated),
        billed: ModelSet::from_bits(billed),
        timed: ModelSet::from_bits(timed),
    })
}

#[cfg(test)]
mod tests {
    use super::{Entry, Ledger};

    #[test]
    fn finds_the_newest_and_forgets_the_oldest() {
        let mut ledger = Ledger::new(3, 1);
        // Ids that collide in their low bits.
        for (n, id) in [8_u128, 16, 24, 32, 40].into_iter().enumerate() {
            if ledger.is_full() {
                ledger.evict_oldest();
            }
            ledger.insert(Entry { id, ..Entry::default() }, Some(&[n as f32]));
        }
        assert_eq!((ledger.len(), ledger.evicted()), (3, 2));
        assert!(ledger.find(8).is_none() && ledger.find(16).is_none());
        for (id, feature) in [(24, 2.0), (32, 3.0), (40, 4.0)] {
            let slot = ledger.find(id).expect("held");
            assert_eq!(ledger.features(slot), [feature]);
        }
    }
}
