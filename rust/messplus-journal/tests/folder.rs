//! A folder that comes from outside, and one that is taken away.
#![cfg(unix)]

mod common;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;
use std::time::Duration;

use common::{Stream, controller};
use messplus_core::{Controller, Decision};
use messplus_journal::format::Content;
use messplus_journal::{Durability, Error, FailureKind, Folder, Options, Store};

const QUIET: Options = Options {
    durability: Durability::None,
    journal_bytes: u64::MAX,
    group: Duration::from_millis(1),
};

fn open(path: &Path) -> Result<Store, Error> {
    Store::open(Folder::new(path), QUIET, controller).map(|(store, _)| store)
}

fn run(store: &Store, stream: &mut Stream, steps: usize) {
    let mut decision = Decision::with_capacity(3);
    (0..steps).for_each(|_| _ = store.enter(|live| stream.step(live, &mut decision)));
}

fn state(store: &Store) -> Vec<u8> {
    store.read(Controller::to_bytes)
}

/// Let the background thread work until something holds.
fn wait(holds: impl Fn() -> bool) {
    while !holds() {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn count(store: &Store, kind: FailureKind) -> u64 {
    store.failures().expect("on file")[kind as usize]
}

#[test]
fn no_link_is_followed_and_nothing_it_points_to_is_written() {
    let home = tempfile::tempdir().expect("folder");
    let victim = home.path().join("victim");
    fs::write(&victim, b"precious").expect("writes");
    for name in ["lock", "snapshot.tmp", "journal.torn", "journal-0000000000000001"] {
        for is_hard in [false, true] {
            let path = home.path().join(format!("{name}-{is_hard}"));
            fs::create_dir(&path).expect("folder");
            if is_hard {
                fs::hard_link(&victim, path.join(name)).expect("link");
            } else {
                symlink(&victim, path.join(name)).expect("link");
            }
            // Opened in spite of it or refused, as it may be.
            if let Ok(store) = open(&path) {
                run(&store, &mut Stream(1), 10);
                store.close().expect("closes");
            }
            assert_eq!(fs::read(&victim).expect("file"), b"precious", "{name}");
        }
    }
    let error = open(&home.path().join("lock-false")).expect_err("a link");
    assert!(error.to_string().contains("lock: must allow to be opened"), "{error}");
}

#[test]
fn pipes_and_devices_are_not_waited_for() {
    let home = tempfile::tempdir().expect("folder");
    drop(open(home.path()).expect("opens"));
    let snapshot = Folder::new(home.path()).file(Content::Snapshot, 9);
    symlink("/dev/zero", &snapshot).expect("link");
    let journal = Folder::new(home.path()).file(Content::Journal, 9);
    let made = std::process::Command::new("mkfifo").arg(&journal).status();
    assert!(made.expect("mkfifo").success());
    let (store, found) = Store::open(Folder::new(home.path()), QUIET, controller).expect("opens");
    assert_eq!(found.expect("found").notes.len(), 2);
    drop(store);
}

#[test]
fn files_are_their_owners_alone() {
    let home = tempfile::tempdir().expect("folder");
    let path = home.path().join("state");
    drop(open(&path).expect("opens"));
    for entry in fs::read_dir(&path).expect("lists") {
        let mode = entry.expect("entry").metadata().expect("file").mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    assert_eq!(fs::metadata(&path).expect("folder").mode() & 0o777, 0o700);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).expect("changed");
    let store = open(&path).expect("opens");
    let messages = store.take_unreported();
    assert!(messages[0].contains("written to by every user"), "{messages:?}");
}

#[test]
fn a_folder_that_vanishes_is_made_again_with_everything() {
    let home = tempfile::tempdir().expect("folder");
    let path = home.path().join("state");
    let store = open(&path).expect("opens");
    run(&store, &mut Stream(1), 50);
    fs::remove_dir_all(&path).expect("removed");
    wait(|| count(&store, FailureKind::Folder) > 0 && path.join("lock").exists());
    run(&store, &mut Stream(2), 50);
    wait(|| !Folder::new(&path).generations(Content::Snapshot).expect("lists").is_empty());
    run(&store, &mut Stream(3), 50);
    let expected = state(&store);
    let messages = store.take_unreported();
    assert!(messages[0].contains("not what it was"), "{messages:?}");
    drop(store);
    assert!(state(&open(&path).expect("opens")) == expected);
}

#[test]
fn a_lock_that_is_removed_is_taken_again_unless_somebody_has_it() {
    let home = tempfile::tempdir().expect("folder");
    let first = open(home.path()).expect("opens");
    run(&first, &mut Stream(1), 20);
    fs::remove_file(home.path().join("lock")).expect("removed");
    wait(|| home.path().join("lock").exists());
    assert!(matches!(open(home.path()), Err(Error::Locked { .. })));
    // And now one that is quick enough to get in between.
    let mut second = None;
    while second.is_none() {
        fs::remove_file(home.path().join("lock")).expect("there");
        second = open(home.path()).ok();
    }
    let second = second.expect("opened");
    run(&first, &mut Stream(2), 1);
    wait(|| {
        run(&first, &mut Stream(2), 1);
        first.take_unreported().iter().any(|message| message.contains("another process has"))
    });
    let before = state(&second);
    run(&first, &mut Stream(3), 20);
    assert!(count(&first, FailureKind::Folder) > 10);
    first.close().expect("has nothing to write");
    drop(second);
    assert!(state(&open(home.path()).expect("opens")) == before);
}

#[test]
fn what_was_on_file_is_not_forgotten_when_a_journal_is_replaced() {
    let home = tempfile::tempdir().expect("folder");
    let store = open(home.path()).expect("opens");
    run(&store, &mut Stream(1), 50);
    let journal = Folder::new(home.path()).file(Content::Journal, 1);
    fs::write(home.path().join("other"), b"x").expect("writes");
    fs::rename(home.path().join("other"), journal).expect("replaced");
    wait(|| Folder::new(home.path()).file(Content::Snapshot, 2).exists());
    let expected = state(&store);
    drop(store);
    assert!(state(&open(home.path()).expect("opens")) == expected);
}
