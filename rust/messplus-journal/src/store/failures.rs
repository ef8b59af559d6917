//! Failures that must not fail a request: counted, and described once for the application's log.

use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use messplus_base::names;

use crate::fork;
use crate::sync::lock;

/// Where writing failed. [`Store::failures`](crate::Store::failures) counts in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
pub enum FailureKind {
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
    /// The folder, its lock or its journal was removed or replaced, or a transition after another
    /// process took the folder.
    Folder,
    /// What was missing or damaged when the folder was opened.
    Recovery,
}

names!(FailureKind: "failure" {
    Write => "write",
    Sync => "sync",
    Snapshot => "snapshot",
    Closed => "closed",
    Forked => "forked",
    Folder => "folder",
    Recovery => "recovery",
});

const MAX_MESSAGES: usize = 64;

/// Counts of failures, and messages that nobody has read yet.
#[derive(Debug, Default)]
pub(crate) struct FailureLog {
    counts: [AtomicU64; FailureKind::ALL.len()],
    /// Whether there are messages, so that looking costs one load.
    any: AtomicBool,
    messages: Mutex<Vec<String>>,
}

impl FailureLog {
    /// Count a failure; whether it is the first of its kind.
    pub fn count(&self, kind: FailureKind) -> bool {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed) == 0
    }

    /// Leave a message for the application's log.
    pub fn report(&self, message: String) {
        let mut messages = lock(&self.messages);
        // Where nobody reads them they must not pile up.
        if messages.len() < MAX_MESSAGES {
            messages.push(message);
        }
        drop(messages);
        self.any.store(true, Ordering::Release);
    }

    /// Failures so far, per [`FailureKind`].
    pub fn counts(&self) -> [u64; FailureKind::ALL.len()] {
        std::array::from_fn(|kind| self.counts[kind].load(Ordering::Relaxed))
    }

    /// Messages that nobody has read yet.
    pub fn take_unreported(&self) -> Vec<String> {
        if !self.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let _gate = fork::gate();
        self.any.store(false, Ordering::Release);
        std::mem::take(&mut *lock(&self.messages))
    }
}
