//! How long things took, for metrics: counted beside the deterministic state, and never part of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use pyo3::prelude::*;

/// Upper bounds in seconds, their counts with one more beyond the last, and the sum of seconds.
pub type Reading = (Vec<f64>, Vec<u64>, f64);

/// Counts of durations by size, in seconds. Any number of threads may count at once; nothing waits.
#[pyclass(frozen, name = "Histogram", module = "messplus._core")]
pub struct Histogram {
    bounds: Vec<f64>,
    counts: Vec<AtomicU64>,
    nanoseconds: AtomicU64,
}

#[pymethods]
impl Histogram {
    #[new]
    fn new(bounds: Vec<f64>) -> Self {
        let counts = (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect();
        Self { bounds, counts, nanoseconds: AtomicU64::new(0) }
    }

    /// Count one duration.
    pub fn observe(&self, seconds: f64) {
        let bucket = self.bounds.partition_point(|&bound| bound < seconds);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        #[expect(clippy::cast_sign_loss, reason = "saturates")]
        self.nanoseconds.fetch_add((seconds * 1e9) as u64, Ordering::Relaxed);
    }

    /// Upper bounds, counts with one more beyond the last, and the sum of seconds.
    pub fn read(&self) -> Reading {
        let counts = self.counts.iter().map(|count| count.load(Ordering::Relaxed)).collect();
        #[expect(clippy::cast_precision_loss, reason = "a sum of durations")]
        let seconds = self.nanoseconds.load(Ordering::Relaxed) as f64 * 1e-9;
        (self.bounds.clone(), counts, seconds)
    }
}

/// The time a router tells its core: seconds of the router's own life.
///
/// It goes on from where the state was left and then as the monotonic clock does. A wall clock that is
/// set wrong or corrected can neither keep a model resting nor let decisions expire; the time between
/// two processes does not count.
pub struct Clock {
    start: Instant,
    before: u64,
}

impl Clock {
    /// A clock that shows `before` now.
    pub fn from(before: u64) -> Self {
        Self { start: Instant::now(), before }
    }

    /// The wall clock, for reports alone: seconds since 1970.
    pub fn date() -> u64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
    }

    pub fn seconds(&self) -> u64 {
        self.before.saturating_add(self.start.elapsed().as_secs())
    }
}

/// From a tenth of a second to a week.
const DELAYS: [f64; 10] =
    [0.1, 1.0, 10.0, 60.0, 600.0, 3600.0, 21_600.0, 86_400.0, 259_200.0, 604_800.0];
const REMEMBERED: usize = 1 << 14;

/// When recent decisions were made, to tell how long their feedback took.
///
/// One place per id, taken over by the next id that falls on it: a metric may miss some, and
/// nothing is searched or locked. Decisions of an earlier process are not known.
pub struct Delays {
    start: Instant,
    /// Upper half of an id, and the nanoseconds from the start to its decision.
    places: Box<[(AtomicU64, AtomicU64)]>,
    pub histogram: Histogram,
}

impl Delays {
    pub fn new() -> Self {
        let places = (0..REMEMBERED).map(|_| Default::default()).collect();
        Self { start: Instant::now(), places, histogram: Histogram::new(DELAYS.into()) }
    }

    /// A decision was made.
    pub fn begin(&self, id: u128) {
        let (key, time) = self.place(id);
        time.store(self.now(), Ordering::Relaxed);
        key.store(upper(id), Ordering::Release);
    }

    /// Its feedback came; only the first counts.
    pub fn end(&self, id: u128) {
        let (key, time) = self.place(id);
        let began = time.load(Ordering::Relaxed);
        let first = key.compare_exchange(upper(id), 0, Ordering::AcqRel, Ordering::Relaxed);
        if first.is_ok() {
            #[expect(clippy::cast_precision_loss, reason = "a duration")]
            self.histogram.observe(self.now().saturating_sub(began) as f64 * 1e-9);
        }
    }

    fn place(&self, id: u128) -> &(AtomicU64, AtomicU64) {
        &self.places[id as usize % REMEMBERED]
    }

    fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}

fn upper(id: u128) -> u64 {
    (id >> 64) as u64
}
