//! The background thread of a store: group syncs, and snapshots when they are due.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::failures::FailureKind;
use super::log::Log;
use crate::error::Result;

/// Most intervals between two tries of what failed.
const MAX_WAIT: u32 = 100;

/// Start the thread; it ends when the log is told to stop.
pub fn spawn(log: &Arc<Log>, group: Duration) -> io::Result<JoinHandle<()>> {
    let log = Arc::clone(log);
    let thread = thread::Builder::new().name("messplus-journal".into());
    thread.spawn(move || run(&log, group))
}

fn run(log: &Arc<Log>, group: Duration) {
    let mut backoff = Backoff::default();
    let mut snapshot: Option<JoinHandle<Result<()>>> = None;
    while !log.is_stopping() {
        thread::park_timeout(group);
        log.sync();
        log.watch();
        if let Some(done) = snapshot.take_if(|thread| thread.is_finished()) {
            finish(log, &done.join().unwrap_or(Ok(())), &mut backoff);
        }
        if snapshot.is_some() || backoff.is_waiting() {
            continue;
        }
        if let Some(taken) = log.retry() {
            backoff.after(taken);
        } else if log.wants_snapshot() {
            match start(log) {
                Ok(thread) => snapshot = Some(thread),
                // No thread to be had: syncs wait for the snapshot.
                Err(_) => finish(log, &log.checkpoint(), &mut backoff),
            }
        }
    }
    // It returns what nobody reads any more, and a panic in it was printed where it happened.
    let _ = snapshot.map(JoinHandle::join);
}

/// A large snapshot takes a while, and what was acknowledged is synced all the same.
fn start(log: &Arc<Log>) -> io::Result<JoinHandle<Result<()>>> {
    let log = Arc::clone(log);
    thread::Builder::new().name("messplus-snapshot".into()).spawn(move || log.checkpoint())
}

fn finish(log: &Log, snapshot: &Result<()>, backoff: &mut Backoff) {
    if let Err(error) = snapshot {
        log.failures().count(FailureKind::Snapshot);
        if !backoff.has_failed() {
            log.failures().report(error.to_string());
        }
    }
    backoff.after(snapshot.is_ok());
}

/// Tries of what failed become rarer: after 1, 2, 4, ... intervals.
#[derive(Debug, Default)]
struct Backoff {
    wait: u32,
    left: u32,
}

impl Backoff {
    fn has_failed(&self) -> bool {
        self.wait > 0
    }

    /// An interval has passed; whether there are more to wait.
    fn is_waiting(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn after(&mut self, succeeded: bool) {
        self.wait = if succeeded { 0 } else { (2 * self.wait).clamp(1, MAX_WAIT) };
        self.left = self.wait;
    }
}
