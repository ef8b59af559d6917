//! What is on file is the state, bit for bit, however the process ended.

mod common;

use std::fs;
use std::path::Path;
use std::time::Duration;

use common::{Stream, controller};
use messplus_core::Decision;
use messplus_journal::format::Content;
use messplus_journal::{Durability, Error, Folder, Found, Options, Store, recover};

/// No snapshots on the way unless a test asks for them.
const QUIET: Options = Options {
    durability: Durability::None,
    journal_bytes: u64::MAX,
    group: Duration::from_millis(1),
};

fn open(path: &Path) -> (Store, Option<Found>) {
    Store::open(Folder::new(path), QUIET, controller).expect("opens")
}

fn run(store: &Store, stream: &mut Stream, steps: usize) {
    let mut decision = Decision::with_capacity(3);
    for _ in 0..steps {
        store.enter(|live| stream.step(live, &mut decision));
    }
}

fn state(store: &Store) -> Vec<u8> {
    store.read(messplus_core::Controller::to_bytes)
}

fn reference(steps: usize) -> Vec<u8> {
    let store = Store::in_memory(controller().expect("valid"));
    run(&store, &mut Stream(1), steps);
    state(&store)
}

fn newest(folder: &Folder, content: Content) -> std::path::PathBuf {
    let generations = folder.generations(content).expect("lists");
    folder.file(content, *generations.last().expect("one"))
}

#[test]
fn reopening_at_any_moment_changes_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let mut stream = Stream(1);
    for (n, steps) in [0, 1, 40, 3, 200, 57].into_iter().enumerate() {
        let (store, found) = open(folder.path());
        assert_eq!(found.is_some(), n > 0);
        assert!(found.is_none_or(|found| found.notes.is_empty() && found.torn_bytes == 0));
        run(&store, &mut stream, steps);
        if n % 2 == 0 {
            store.checkpoint().expect("snapshot");
        }
    }
    assert_eq!(state(&open(folder.path()).0), reference(301));
}

#[test]
fn a_torn_tail_costs_no_more_than_itself() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, _) = open(folder.path());
    let mut stream = Stream(1);
    let (mut decision, mut states, mut lengths) = (Decision::with_capacity(3), vec![], vec![]);
    let journal = newest(&Folder::new(folder.path()), Content::Journal);
    for _ in 0..30 {
        states.push(state(&store));
        lengths.push(fs::metadata(&journal).expect("file").len() as usize);
        store.enter(|live| stream.step(live, &mut decision));
    }
    states.push(state(&store));
    drop(store);
    // What it says of the length is of no crash, where more was written since.
    fs::remove_file(folder.path().join("lock")).expect("there");
    let whole = fs::read(&journal).expect("file");
    lengths.push(whole.len());
    let recovered = |bytes: &[u8]| {
        fs::write(&journal, bytes).expect("writes");
        recover(&Folder::new(folder.path())).expect("readable").expect("there")
    };
    for length in lengths[0]..=whole.len() {
        let last = lengths.iter().rposition(|&end| end <= length).expect("header");
        let found = recovered(&whole[..length]);
        assert_eq!(found.controller.to_bytes(), states[last], "cut to {length}");
        assert_eq!(found.torn_bytes, (length - lengths[last]) as u64);
        assert_eq!(found.notes, Vec::<String>::new(), "cut to {length}");
    }
    let mut torn = whole.clone();
    // The beginning of a frame that is longer.
    let longest = lengths.windows(2).max_by_key(|pair| pair[1] - pair[0]).expect("frames");
    torn.extend(&whole[longest[0]..longest[0] + 20]);
    fs::write(&journal, &torn).expect("writes");
    let (store, found) = open(folder.path());
    assert_eq!(found.expect("found").torn_bytes, 20);
    assert_eq!(state(&store), states[30]);
}

#[test]
fn a_damaged_snapshot_costs_nothing() {
    let folder = tempfile::tempdir().expect("folder");
    let mut stream = Stream(1);
    let (store, _) = open(folder.path());
    run(&store, &mut stream, 50);
    store.checkpoint().expect("snapshot");
    run(&store, &mut stream, 70);
    drop(store);
    let snapshot = newest(&Folder::new(folder.path()), Content::Snapshot);
    let mut bytes = fs::read(&snapshot).expect("file");
    bytes[100] ^= 4;
    fs::write(&snapshot, bytes).expect("writes");
    let (store, found) = open(folder.path());
    assert_eq!(state(&store), reference(120));
    let notes = found.expect("found").notes;
    assert!(notes[0].contains("left out") && notes[0].contains("checksum"), "{notes:?}");
}

#[test]
fn a_folder_without_a_readable_snapshot_is_refused() {
    let folder = tempfile::tempdir().expect("folder");
    drop(open(folder.path()));
    let snapshot = newest(&Folder::new(folder.path()), Content::Snapshot);
    fs::write(snapshot, b"nothing").expect("writes");
    let error = Store::open(Folder::new(folder.path()), QUIET, controller).expect_err("damaged");
    assert!(error.to_string().contains("a snapshot that can be read"), "{error}");
}

#[test]
fn one_owner_at_a_time() {
    let folder = tempfile::tempdir().expect("folder");
    let (store, _) = open(folder.path());
    let error = Store::open(Folder::new(folder.path()), QUIET, controller).expect_err("held");
    assert!(
        matches!(&error, Error::Locked { holder, .. } if *holder == std::process::id().to_string())
    );
    store.close().expect("closes");
    let (second, _) = open(folder.path());
    let before = state(&second);
    run(&store, &mut Stream(9), 20);
    assert_eq!(store.failures().expect("on file")[3], 20 - refused(&store));
    drop(second);
    assert_eq!(state(&open(folder.path()).0), before);
}

/// Of the 20 transitions tried, those that changed nothing.
fn refused(store: &Store) -> u64 {
    20 - store.enter(|live| live.sequence())
}

#[test]
fn threads_and_snapshots_keep_the_order() {
    let folder = tempfile::tempdir().expect("folder");
    let options = Options { journal_bytes: 2000, ..QUIET };
    let (store, _) = Store::open(Folder::new(folder.path()), options, controller).expect("opens");
    let stream = std::sync::Mutex::new(Stream(1));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut decision = Decision::with_capacity(3);
                for _ in 0..3000 {
                    store.enter(|live| stream.lock().expect("stream").step(live, &mut decision));
                }
            });
        }
    });
    assert_eq!(store.failures(), Some([0; 7]));
    let last = state(&store);
    assert_eq!(last, reference(12_000));
    drop(store);
    let generations = Folder::new(folder.path()).generations(Content::Snapshot).expect("lists");
    assert!(generations.len() <= 2 && generations[0] > 1, "{generations:?}");
    assert_eq!(state(&open(folder.path()).0), last);
}
