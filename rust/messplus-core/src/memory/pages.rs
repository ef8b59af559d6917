//! A queue of decisions and their features in pages: memory follows what is held, and a copy shares
//! the pages until one side writes to them.

use std::collections::VecDeque;
use std::sync::Arc;

use super::pending_decision::PendingDecision;

/// Decisions of a page: copying one takes some microseconds.
const PAGE: u32 = 64;

/// Decisions in the order they came, each at a slot that it keeps until it is popped.
///
/// Slots count up and wrap around at `2^32`, far more than are held at a time.
#[derive(Clone, Debug)]
pub(super) struct Pages {
    n_features: usize,
    queue: VecDeque<Arc<Page>>,
    /// The page emptied last, for the next that is needed.
    spare: Option<Arc<Page>>,
    /// Slot of the oldest decision; the first page begins at the multiple of [`PAGE`] before.
    oldest: u32,
    len: u32,
}

#[derive(Clone, Debug)]
struct Page {
    decisions: Vec<PendingDecision>,
    /// Row by row.
    features: Vec<f32>,
}

impl Page {
    /// None where there is no memory for it.
    fn new(n_features: usize) -> Option<Arc<Self>> {
        let (mut decisions, mut features) = (Vec::new(), Vec::new());
        decisions.try_reserve_exact(PAGE as usize).ok()?;
        features.try_reserve_exact(PAGE as usize * n_features).ok()?;
        decisions.resize(PAGE as usize, PendingDecision::default());
        features.resize(PAGE as usize * n_features, 0.0);
        Some(Arc::new(Self { decisions, features }))
    }
}

impl Pages {
    pub fn new(n_features: usize) -> Self {
        Self { n_features, queue: VecDeque::new(), spare: None, oldest: 0, len: 0 }
    }

    pub fn n_features(&self) -> usize {
        self.n_features
    }

    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// The slot of the oldest decision; there must be one.
    pub fn oldest(&self) -> u32 {
        self.oldest
    }

    /// Slots from the oldest to the newest.
    pub fn slots(&self) -> impl Iterator<Item = u32> {
        let oldest = self.oldest;
        (0..self.len).map(move |age| oldest.wrapping_add(age))
    }

    pub fn get(&self, slot: u32) -> &PendingDecision {
        let (page, row) = self.place(slot);
        &self.queue[page].decisions[row]
    }

    pub fn get_mut(&mut self, slot: u32) -> &mut PendingDecision {
        let (page, row) = self.place(slot);
        &mut Arc::make_mut(&mut self.queue[page]).decisions[row]
    }

    pub fn features(&self, slot: u32) -> &[f32] {
        let (page, row) = self.place(slot);
        &self.queue[page].features[row * self.n_features..][..self.n_features]
    }

    /// Whether there is memory for one more decision.
    pub fn make_room(&mut self) -> bool {
        let (page, _) = self.place(self.oldest.wrapping_add(self.len));
        if page < self.queue.len() {
            return true;
        }
        // A copy may still hold on to it.
        let spare = self.spare.take().filter(|spare| Arc::strong_count(spare) == 1);
        let fresh = spare.or_else(|| Page::new(self.n_features));
        let Some(fresh) = fresh.filter(|_| self.queue.try_reserve(1).is_ok()) else { return false };
        self.queue.push_back(fresh);
        true
    }

    /// Append a decision, for which there must be [room](Self::make_room); without features, zeros.
    pub fn push(&mut self, decision: &PendingDecision, features: Option<&[f32]>) -> u32 {
        let slot = self.oldest.wrapping_add(self.len);
        let (page, row) = self.place(slot);
        let page = Arc::make_mut(&mut self.queue[page]);
        page.decisions[row] = *decision;
        let row = &mut page.features[row * self.n_features..][..self.n_features];
        match features {
            Some(features) => row.copy_from_slice(features),
            None => row.fill(0.0),
        }
        self.len += 1;
        slot
    }

    /// Forget the oldest decision; there must be one.
    pub fn pop(&mut self) {
        self.oldest = self.oldest.wrapping_add(1);
        self.len -= 1;
        if self.oldest.is_multiple_of(PAGE) {
            self.spare = self.queue.pop_front();
        }
    }

    /// Page and row of a slot.
    fn place(&self, slot: u32) -> (usize, usize) {
        let first = self.oldest - self.oldest % PAGE;
        let distance = slot.wrapping_sub(first);
        ((distance / PAGE) as usize, (distance % PAGE) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::{PAGE, Pages, PendingDecision};

    fn push(pages: &mut Pages, step: u64) -> u32 {
        assert!(pages.make_room());
        pages.push(&PendingDecision { step, ..PendingDecision::default() }, Some(&[step as f32]))
    }

    #[test]
    fn memory_follows_what_is_held() {
        let mut pages = Pages::new(1);
        for step in 0..1000 {
            push(&mut pages, step);
            if step >= 10 {
                pages.pop();
            }
            assert!(pages.queue.len() <= 2);
        }
        assert_eq!((pages.len(), pages.get(pages.oldest()).step), (10, 990));
    }

    #[test]
    fn slots_wrap_around() {
        let mut pages = Pages::new(1);
        pages.oldest = u32::MAX - 100;
        let slots: Vec<_> = (0..300).map(|step| push(&mut pages, step)).collect();
        for (step, &slot) in slots.iter().enumerate() {
            assert_eq!(
                (pages.get(slot).step, pages.features(slot)),
                (step as u64, &[step as f32][..])
            );
        }
        (0..250).for_each(|_| pages.pop());
        assert_eq!(
            pages.slots().map(|slot| pages.get(slot).step).collect::<Vec<_>>(),
            (250..300).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_copy_shares_pages_until_one_side_writes() {
        let mut pages = Pages::new(1);
        let slots: Vec<_> = (0..3 * u64::from(PAGE)).map(|step| push(&mut pages, step)).collect();
        let copy = pages.clone();
        pages.get_mut(slots[0]).step = 9;
        (0..PAGE).for_each(|_| pages.pop());
        (0..PAGE).for_each(|_| _ = push(&mut pages, 7));
        let steps = copy.slots().map(|slot| copy.get(slot).step);
        assert_eq!(steps.collect::<Vec<_>>(), (0..3 * u64::from(PAGE)).collect::<Vec<_>>());
        assert_eq!((pages.get(slots[70]).step, pages.features(slots[70])), (70, &[70.0][..]));
    }
}
