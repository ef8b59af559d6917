//! The background thread of a store: group syncs, and snapshots when they are due.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::failures::FailureKind;
use super::log::Log;

/// Intervals to rest after a snapshot that failed.
const REST: u32 = 20;

/// Start the thread; it ends when the log is told to stop.
pub fn spawn(log: &Arc<Log>, group: Duration) -> io::Result<JoinHandle<()>> {
    let log = Arc::clone(log);
    let thread = thread::Builder::new().name("messplus-journal".into());
    thread.spawn(move || run(&log, group))
}

fn run(log: &Log, group: Duration) {
    let mut rest = 0;
    while !log.is_stopping() {
        thread::park_timeout(group);
        log.sync();
        if rest > 0 {
            rest -= 1;
        } else if log.wants_snapshot()
            && let Err(error) = log.checkpoint()
        {
            log.failures().report_first(FailureKind::Snapshot, &error.to_string());
            rest = REST;
        }
    }
}
