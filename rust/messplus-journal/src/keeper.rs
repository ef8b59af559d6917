//! The background thread of a store: group syncs, and snapshots when they are due.

use std::io;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use crate::store::{Options, Shared};
use crate::trouble::Kind;

/// Intervals to rest after a snapshot that failed.
const REST: u32 = 20;

/// Start the thread; it ends when the log is told to stop.
pub fn spawn(shared: &Arc<Shared>, options: Options) -> io::Result<JoinHandle<()>> {
    let shared = Arc::clone(shared);
    let thread = thread::Builder::new().name("messplus-journal".into());
    thread.spawn(move || keep(&shared, options))
}

fn keep(shared: &Shared, options: Options) {
    let Some(log) = &shared.log else { return };
    let mut rest = 0;
    while !log.is_stopping() {
        thread::park_timeout(options.group);
        log.sync();
        if rest > 0 {
            rest -= 1;
        } else if log.wants_snapshot()
            && let Err(error) = log.checkpoint(&shared.live)
        {
            log.trouble().first(Kind::Snapshot, &error.to_string());
            rest = REST;
        }
    }
}
