//! Failures that must not fail a request: counted, and described once for the log.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::fork;
use crate::store::lock;

/// Where writing failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum Kind {
    /// Appending to the journal.
    Write,
    /// Making the journal last.
    Sync,
    /// Writing a snapshot.
    Snapshot,
    /// A transition after the store was closed.
    Closed,
    /// A transition in a process forked from the owner.
    Forked,
}

impl Kind {
    /// Every kind, in the order of `Store::troubles`.
    pub const ALL: [Self; 5] =
        [Self::Write, Self::Sync, Self::Snapshot, Self::Closed, Self::Forked];

    /// The word used in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Write => "write",
            Self::Sync => "sync",
            Self::Snapshot => "snapshot",
            Self::Closed => "closed",
            Self::Forked => "forked",
        }
    }
}

/// Counts of failures, and words for those that nobody has read yet.
#[derive(Debug, Default)]
pub(crate) struct Trouble {
    counts: [AtomicU64; Kind::ALL.len()],
    news: AtomicBool,
    words: Mutex<Vec<String>>,
}

impl Trouble {
    /// Count a failure.
    pub(crate) fn count(&self, kind: Kind) {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
    }

    /// Count a failure, and put the first of its kind into words.
    pub(crate) fn first(&self, kind: Kind, words: &str) {
        if self.counts[kind as usize].fetch_add(1, Ordering::Relaxed) == 0 {
            self.tell(words.into());
        }
    }

    /// Put something into words.
    pub(crate) fn tell(&self, words: String) {
        lock(&self.words).push(words);
        self.news.store(true, Ordering::Release);
    }

    /// Failures so far, per [`Kind`].
    pub fn counts(&self) -> [u64; Kind::ALL.len()] {
        std::array::from_fn(|kind| self.counts[kind].load(Ordering::Relaxed))
    }

    /// Words that nobody has read yet. Costs one load where there are none.
    pub fn news(&self) -> Vec<String> {
        if !self.news.load(Ordering::Acquire) {
            return Vec::new();
        }
        let _gate = fork::gate();
        self.news.store(false, Ordering::Release);
        std::mem::take(&mut *lock(&self.words))
    }
}
