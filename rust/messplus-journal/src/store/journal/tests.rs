//! What becomes of transitions on a disk that refuses.

use std::cell::{Cell, RefCell};
use std::io;

use super::{Journal, MAX_KEPT, Medium, Refusal, State};
use crate::format::header::LEN;
use crate::format::{Content, Header};
use crate::store::failures::FailureKind;

/// A file on a disk that takes so many bytes more, and does what it is asked to unless told not to.
#[derive(Debug)]
struct Disk {
    bytes: RefCell<Vec<u8>>,
    free: Cell<usize>,
    cuts: Cell<bool>,
    syncs: Cell<bool>,
}

impl Disk {
    fn new() -> Self {
        let bytes = RefCell::new(vec![0; LEN]);
        Self { bytes, free: Cell::new(1 << 30), cuts: Cell::new(true), syncs: Cell::new(true) }
    }
}

impl Medium for Disk {
    fn append(&self, bytes: &[u8]) -> io::Result<()> {
        let taken = bytes.len().min(self.free.get());
        self.bytes.borrow_mut().extend(&bytes[..taken]);
        self.free.set(self.free.get() - taken);
        if taken == bytes.len() { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }

    fn cut(&self, length: u64) -> io::Result<()> {
        if !self.cuts.get() {
            return Err(io::Error::other("EIO"));
        }
        self.bytes.borrow_mut().truncate(length as usize);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        if self.syncs.get() { Ok(()) } else { Err(io::Error::other("EIO")) }
    }
}

fn journal() -> Journal<Disk> {
    Journal::new(Disk::new(), header(1, 0))
}

fn header(generation: u64, sequence: u64) -> Header {
    Header { content: Content::Journal, generation, sequence }
}

fn put(journal: &mut Journal<Disk>, sequence: u64, frame: &[u8]) -> Result<(), FailureKind> {
    journal.buffer().bytes(frame);
    journal.put(sequence, false).map_err(|Refusal { kind, .. }| kind)
}

#[test]
fn a_full_disk_costs_nothing_once_there_is_room_again() {
    let mut journal = journal();
    assert_eq!(put(&mut journal, 1, b"one"), Ok(()));
    journal.file().free.set(2);
    for (sequence, frame) in [(2, "two"), (3, "three"), (4, "four")] {
        assert_eq!(put(&mut journal, sequence, frame.as_bytes()), Err(FailureKind::Write));
        assert_eq!(journal.state(), State::Keeping);
        assert!(!journal.wants_snapshot(0));
    }
    assert_eq!(journal.file().bytes.borrow()[LEN..], *b"one");
    assert!(journal.retry().is_err());
    assert_eq!(journal.sync_point().1.map(|mark| mark.sequence), Some(1));
    journal.file().free.set(100);
    assert!(journal.retry().is_ok_and(|taken| taken));
    assert_eq!(put(&mut journal, 5, b"five"), Ok(()));
    assert_eq!(journal.file().bytes.borrow()[LEN..], *b"onetwothreefourfive");
    assert_eq!(journal.sync_point().1.map(|mark| mark.sequence), Some(5));
}

#[test]
fn what_cannot_be_kept_waits_for_a_snapshot() {
    let mut full = journal();
    full.file().free.set(0);
    assert!(put(&mut full, 1, b"one").is_err());
    assert!(put(&mut full, 2, &vec![0; MAX_KEPT]).is_err());
    let mut half = journal();
    half.file().free.set(1);
    half.file().cuts.set(false);
    assert!(put(&mut half, 1, b"one").is_err());
    for mut journal in [full, half] {
        assert_eq!(journal.state(), State::Broken);
        assert!(journal.wants_snapshot(u64::MAX) && !journal.can_stay());
        assert!(journal.retry().is_ok_and(|taken| !taken));
        assert_eq!(put(&mut journal, 3, b"x"), Err(FailureKind::Write));
        assert_eq!(journal.sync_point().1, None);
    }
}

#[test]
fn a_sync_that_failed_is_not_tried_again() {
    let mut journal = journal();
    journal.file().syncs.set(false);
    journal.buffer().bytes(b"one");
    let refusal = journal.put(1, true).expect_err("not lasting");
    assert_eq!((refusal.kind, journal.state()), (FailureKind::Sync, State::Broken));
    journal.file().syncs.set(true);
    assert_eq!(put(&mut journal, 2, b"two"), Err(FailureKind::Write));
}

#[test]
fn a_snapshot_that_fails_for_long_needs_no_more_journals() {
    let mut journal = journal();
    put(&mut journal, 1, b"one").expect("written");
    let (_, is_stray) = journal.turn_to(Disk::new(), header(2, 1));
    assert!(!is_stray);
    for sequence in 2..100 {
        assert_eq!(put(&mut journal, sequence, b"x"), Ok(()));
        assert!(journal.wants_snapshot(u64::MAX) && journal.can_stay());
    }
    assert!(!journal.settle());
    assert!(!journal.wants_snapshot(u64::MAX));
}

#[test]
fn what_follows_a_gap_is_on_file_once_the_snapshot_is() {
    let mut journal = journal();
    journal.break_off();
    let (_, is_stray) = journal.turn_to(Disk::new(), header(2, 7));
    assert!(!is_stray);
    assert_eq!(put(&mut journal, 8, b"x"), Err(FailureKind::Write));
    assert_eq!(journal.sync_point().1, None);
    // The disk fails once more before there is a snapshot: nothing leads to this journal.
    journal.break_off();
    let (_, is_stray) = journal.turn_to(Disk::new(), header(3, 9));
    assert!(is_stray);
    assert!(journal.settle());
    assert_eq!(put(&mut journal, 10, b"x"), Ok(()));
    assert_eq!(journal.sync_point().1.map(|mark| (mark.generation, mark.sequence)), Some((3, 10)));
}

#[test]
fn nothing_is_written_after_the_end() {
    let mut journal = journal();
    journal.end(State::Taken);
    assert_eq!(put(&mut journal, 1, b"x"), Err(FailureKind::Folder));
    journal.end(State::Closed);
    assert_eq!(put(&mut journal, 1, b"x"), Err(FailureKind::Closed));
    journal.end(State::Taken);
    assert_eq!((journal.state(), journal.sync_point().1), (State::Closed, None));
    assert!(!journal.wants_snapshot(0));
}
