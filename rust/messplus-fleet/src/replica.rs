//! One replica: decides ahead of the fold, and keeps its transitions until the log has them.

use std::collections::{HashMap, VecDeque};

use messplus_base::wire::Writer;
use messplus_core::{Controller, Decision, Result};
use messplus_journal::JournaledController;
use messplus_journal::format::Transition;

use crate::batch::Batch;
use crate::early::{Answer, apply};
use crate::fold::Fold;
use crate::share::Share;

/// Bytes of transitions that the log does not have yet, beyond which the oldest are given up.
const OUTBOX: usize = 256 << 20;
/// Bytes of others' batches that are kept to restore them.
const RECENT: usize = 64 << 20;
/// Seconds for which a replica could still have to send what the log has: a server that lost its last
/// second asks for it again.
const RETAINED: f64 = 10.0;

/// The side of a replica that follows the log. The other side, which decides, is a
/// [`JournaledController`] behind a lock of its own: each method says what it needs of it.
#[derive(Debug)]
pub struct Replica {
    id: u64,
    fold: Fold,
    /// Last number taken from the deciding side.
    taken: u64,
    /// Last number handed to the log.
    sent: u64,
    outbox: VecDeque<(Batch, Option<f64>)>,
    given_up: u64,
    /// When batches of others were read, and they.
    recent: VecDeque<(f64, Vec<u8>)>,
    recent_bytes: usize,
    share: Share,
    extrapolates: bool,
}

impl Replica {
    /// A replica that begins with a fold; `id` must be its own.
    pub fn new(id: u64, fold: Fold) -> Self {
        Self {
            id,
            fold,
            taken: 0,
            sent: 0,
            outbox: VecDeque::new(),
            given_up: 0,
            recent: VecDeque::new(),
            recent_bytes: 0,
            share: Share::default(),
            extrapolates: true,
        }
    }

    /// Take a stale state for the present one: what not to do, for studies.
    #[must_use]
    pub fn naive(mut self) -> Self {
        self.extrapolates = false;
        self
    }

    /// Its side that decides.
    pub fn begin(&self) -> JournaledController {
        let mut controller = self.fold.controller().clone();
        controller.draw_apart(self.id);
        controller.extrapolate(self.weight());
        JournaledController::replicated(controller, self.taken)
    }

    /// Its name.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// What the log said so far.
    pub fn fold(&self) -> &Fold {
        &self.fold
    }

    /// Its share of the traffic, in `(0, 1]`.
    pub fn share(&self) -> f64 {
        self.share.get()
    }

    /// So many replicas are alive, this one included.
    pub fn among(&mut self, replicas: usize) {
        self.share.among(replicas);
    }

    /// Transitions that the log does not have yet, as far as is known here, of those up to `sequence`,
    /// the number that the deciding side has reached.
    pub fn ahead(&self, sequence: u64) -> u64 {
        sequence.saturating_sub(self.fold.last(self.id))
    }

    /// Transitions given up because the log was away for too long.
    pub fn given_up(&self) -> u64 {
        self.given_up
    }

    fn weight(&self) -> f64 {
        if self.extrapolates { 1.0 / self.share.get() } else { 1.0 }
    }

    /// Take the transitions that happened since.
    pub fn collect(&mut self, live: &mut JournaledController) {
        let mut frames = Writer::default();
        live.take_frames(&mut frames);
        let count = live.sequence() - self.taken;
        if count == 0 {
            return;
        }
        let first = self.taken + 1;
        self.taken += count;
        let frames = frames.into_bytes();
        self.outbox.push_back((Batch { replica: self.id, first, count, frames }, None));
        let size = |outbox: &VecDeque<(Batch, Option<f64>)>| -> usize {
            outbox.iter().map(|(batch, _)| batch.frames.len()).sum()
        };
        while self.outbox.len() > 1 && size(&self.outbox) > OUTBOX {
            let Some((oldest, acknowledged)) = self.outbox.pop_front() else { return };
            if acknowledged.is_none() {
                self.given_up += oldest.count;
            }
        }
    }

    /// The next batch for the log; the same again until it was [sent](Self::sent).
    pub fn next_batch(&self) -> Option<&Batch> {
        self.outbox.iter().map(|(batch, _)| batch).find(|batch| batch.last() > self.sent)
    }

    /// The next batch is in the log, or on its way.
    pub fn sent(&mut self) {
        if let Some(last) = self.next_batch().map(Batch::last) {
            self.sent = last;
        }
    }

    /// It is not known what became of what was sent and has not been read back: send that again.
    pub fn send_again(&mut self) {
        self.sent = self.fold.last(self.id);
    }

    /// Fold one batch of the log. `now` is a time in seconds that only grows.
    ///
    /// # Errors
    ///
    /// As [`Fold::apply`].
    pub fn read(&mut self, bytes: &[u8], now: f64) -> Result<()> {
        if let Some((replica, decisions)) = self.fold.apply(bytes)? {
            self.share.see(decisions as f64, replica == self.id);
            if replica != self.id {
                self.remember(bytes, now);
            }
        }
        self.acknowledge(now);
        Ok(())
    }

    fn remember(&mut self, bytes: &[u8], now: f64) {
        self.recent.push_back((now, bytes.to_vec()));
        self.recent_bytes += bytes.len();
        while let Some((at, oldest)) = self.recent.front()
            && (now - at >= RETAINED || self.recent_bytes > RECENT)
        {
            self.recent_bytes -= oldest.len();
            self.recent.pop_front();
        }
    }

    /// The first batches of other replicas that were read not long ago and that the log has lost since:
    /// whoever sent them may have ended. Each may come from several replicas; it counts once.
    pub fn missing(&self, at_most: usize) -> Vec<Vec<u8>> {
        let mut known = HashMap::new();
        let mut missing = Vec::new();
        for (_, bytes) in &self.recent {
            if missing.len() == at_most {
                break;
            }
            let Ok(batch) = Batch::decode(bytes) else { continue };
            let last = known.entry(batch.replica).or_insert_with(|| self.fold.last(batch.replica));
            // After a gap, what is in it would never count.
            if batch.last() > *last && batch.first <= *last + 1 {
                *last = batch.last();
                missing.push(bytes.clone());
            }
        }
        missing
    }

    /// Go on from a snapshot, where the log no longer leads on from here.
    pub fn reload(&mut self, fold: Fold, now: f64) {
        self.fold = fold;
        let last = self.fold.last(self.id);
        for (batch, acknowledged) in &mut self.outbox {
            if batch.last() > last {
                *acknowledged = None;
            }
        }
        self.sent = last;
        self.acknowledge(now);
    }

    fn acknowledge(&mut self, now: f64) {
        let last = self.fold.last(self.id);
        for (batch, acknowledged) in &mut self.outbox {
            if batch.last() <= last {
                acknowledged.get_or_insert(now);
            }
        }
        while let Some((_, Some(at))) = self.outbox.front() {
            if now - at < RETAINED {
                break;
            }
            self.outbox.pop_front();
        }
    }

    /// The state to decide on: the fold, and the replica's own transitions since.
    pub fn ahead_of_fold(&self) -> Controller {
        let mut controller = self.fold.controller().clone();
        controller.extrapolate(self.weight());
        let last = self.fold.last(self.id);
        for (batch, _) in self.outbox.iter().filter(|(batch, _)| batch.last() > last) {
            redo(batch, last, &mut controller);
        }
        controller
    }

    /// Let the deciding side go on from there; what happened there meanwhile is taken along.
    pub fn rebase(&mut self, live: &mut JournaledController, mut ahead: Controller) {
        let before = self.taken;
        self.collect(live);
        if self.taken > before
            && let Some((batch, _)) = self.outbox.back()
        {
            redo(batch, before, &mut ahead);
        }
        ahead.draw_as(live);
        live.rebase(ahead);
    }
}

/// Apply a replica's own transitions after the first `last` again.
fn redo(batch: &Batch, last: u64, controller: &mut Controller) {
    let mut decision = Decision::with_capacity(controller.config().models.len());
    for (_, transition) in batch.transitions().filter(|&(number, _)| number > last) {
        // What is refused here is refused or kept waiting by the fold, which counts it.
        if apply(&transition, controller, &mut decision) == Answer::Unknown
            && let Transition::Observe { source, outcomes, .. } = &transition
        {
            controller.overhear(source, outcomes);
        }
    }
}
