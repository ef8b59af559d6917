//! What is damaged or missing is told, kept beside and, where it can be known, made good.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use common::{Stream, controller};
use messplus_base::wire::Writer;
use messplus_core::{Controller, Decision, Request};
use messplus_journal::format::{Content, Header, encode, frames};
use messplus_journal::{
    Durability, FailureKind, Folder, Found, JournaledController, Options, Store, audit, recover,
};

const QUIET: Options = Options {
    durability: Durability::None,
    journal_bytes: u64::MAX,
    group: Duration::from_millis(1),
};

/// A folder with a journal of so many transitions, its owner killed.
struct Killed {
    home: tempfile::TempDir,
    /// The state after each transition, and the length of the journal then.
    states: Vec<Vec<u8>>,
    lengths: Vec<usize>,
}

impl Killed {
    fn after(transitions: usize) -> Self {
        let home = tempfile::tempdir().expect("folder");
        let store = open(home.path()).0;
        let journal = journal(home.path());
        let (mut states, mut lengths) = (vec![state(&store)], vec![length(&journal)]);
        let (mut stream, mut decision) = (Stream(1), Decision::with_capacity(3));
        while states.len() <= transitions {
            if store.enter(|live| stream.step(live, &mut decision)) {
                states.push(state(&store));
                lengths.push(length(&journal));
            }
        }
        // The mark of how far the files reach is written in the background.
        let marked = || Folder::new(home.path()).mark().map(|mark| mark.sequence);
        while marked() != Some(store.enter(|live| live.sequence())) {
            std::thread::yield_now();
        }
        drop(store);
        Self { home, states, lengths }
    }

    fn folder(&self) -> Folder {
        Folder::new(self.home.path())
    }

    fn journal(&self) -> PathBuf {
        journal(self.home.path())
    }
}

fn open(path: &Path) -> (Store, Option<Found>) {
    Store::open(Folder::new(path), QUIET, controller).expect("opens")
}

fn journal(path: &Path) -> PathBuf {
    let folder = Folder::new(path);
    let newest = *folder.generations(Content::Journal).expect("lists").last().expect("one");
    folder.file(Content::Journal, newest)
}

fn length(path: &Path) -> usize {
    fs::metadata(path).expect("file").len() as usize
}

fn state(store: &Store) -> Vec<u8> {
    store.read(Controller::to_bytes)
}

fn problems(folder: &Folder) -> Vec<String> {
    let files = audit(folder).expect("readable");
    files.into_iter().filter_map(|file| Some(format!("{}: {}", file.name, file.problem?))).collect()
}

fn asides(path: &Path) -> Vec<String> {
    let names = fs::read_dir(path).expect("lists").map(|entry| entry.expect("entry").file_name());
    let mut names: Vec<_> = names.filter_map(|name| name.into_string().ok()).collect();
    names.retain(|name| name.contains(".aside-"));
    names.sort();
    names
}

#[test]
fn a_flipped_bit_costs_nothing_and_is_told() {
    let killed = Killed::after(60);
    let whole = fs::read(killed.journal()).expect("file");
    let recovered = |bytes: &[u8]| {
        fs::write(killed.journal(), bytes).expect("writes");
        recover(&killed.folder()).expect("readable").expect("there")
    };
    for bit in (0..8 * whole.len()).step_by(31) {
        let mut flipped = whole.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let found = recovered(&flipped);
        assert_eq!(found.sequence, 60, "bit {bit}: {:?}", found.notes);
        assert!(found.controller.to_bytes() == killed.states[60], "bit {bit}");
        assert_eq!(found.notes.len(), 1, "bit {bit}");
        assert_eq!(problems(&killed.folder()).len(), 1, "bit {bit}");
    }
}

#[test]
fn what_follows_damage_is_kept_beside_and_counted() {
    let killed = Killed::after(60);
    let mut bytes = fs::read(killed.journal()).expect("file");
    let middle = killed.lengths[30];
    bytes[middle + 10..middle + 14].fill(0x5a);
    fs::write(killed.journal(), &bytes).expect("writes");
    assert_eq!(problems(&killed.folder()).len(), 2, "the journal, and the mark in the lock");
    let (store, found) = open(killed.home.path());
    assert!(state(&store) == killed.states[30]);
    let found = found.expect("found");
    assert_eq!((found.sequence, found.torn_bytes), (30, 0));
    let [damage, missing] = &found.notes[..] else { panic!("{:?}", found.notes) };
    assert!(damage.contains("damaged from byte") && damage.contains("29 whole"), "{damage}");
    assert_eq!(missing, "60 transitions were on file, now 30 are found");
    let counts = store.failures().expect("on file");
    assert_eq!(counts[FailureKind::Recovery as usize], 2);
    let aside = killed.home.path().join("journal-0000000000000001.aside-1");
    assert!(fs::read(aside).expect("kept") == bytes);
}

#[test]
fn nothing_kept_beside_is_ever_overwritten_or_removed() {
    let killed = Killed::after(10);
    drop(open(killed.home.path()));
    for n in 1..5 {
        let mut bytes = fs::read(killed.journal()).expect("file");
        bytes.extend([0xa5; 40]);
        fs::write(killed.journal(), &bytes).expect("writes");
        let (store, found) = open(killed.home.path());
        assert_eq!(found.expect("found").notes.len(), 1);
        store.checkpoint().expect("snapshot");
        assert_eq!(asides(killed.home.path()).len(), n);
    }
}

#[test]
fn a_journal_that_is_missing_or_was_cut_is_noticed() {
    for cut in [None, Some(20)] {
        let killed = Killed::after(60);
        match cut {
            Some(transition) => {
                let bytes = fs::read(killed.journal()).expect("file");
                fs::write(killed.journal(), &bytes[..killed.lengths[transition]]).expect("writes");
            }
            None => fs::remove_file(killed.journal()).expect("removed"),
        }
        let expected = killed.states[cut.unwrap_or(0)].clone();
        assert_eq!(problems(&killed.folder()).len(), if cut.is_some() { 1 } else { 2 });
        let (store, found) = open(killed.home.path());
        let notes = found.expect("found").notes;
        assert!(state(&store) == expected);
        assert!(notes.iter().any(|note| note.starts_with("60 transitions were")), "{notes:?}");
    }
    let killed = Killed::after(3);
    for generation in killed.folder().generations(Content::Snapshot).expect("lists") {
        let _ = fs::remove_file(killed.folder().file(Content::Snapshot, generation));
    }
    fs::remove_file(killed.journal()).expect("removed");
    let error = Store::open(killed.folder(), QUIET, controller).expect_err("emptied");
    assert!(error.to_string().contains("must hold what was written"), "{error}");
}

/// Of a version that decides differently, made up by exchanging the decisions of a journal.
#[test]
fn decisions_of_another_version_are_kept_as_they_were_made() {
    let folder = tempfile::tempdir().expect("folder");
    let store = open(folder.path()).0;
    let path = journal(folder.path());
    drop(store);
    let bytes = fs::read(&path).expect("file");
    let (header, _) = Header::decode(Content::Journal, &bytes).expect("a journal");
    let mut other = JournaledController::journaled(controller().expect("valid"), 0, header.chain());
    let (mut frames, mut decision) = (Writer::default(), Decision::with_capacity(3));
    let mut chain = header.chain();
    let mut served = Vec::new();
    for id in 1..=20 {
        let request = Request { id, ..Request::default() };
        other.decide(&request, &mut decision).expect("valid");
        let model = (decision.model + 1) % 3;
        served.push(model);
        chain = frames::append(&mut frames, chain, |out| encode::decide(out, &request, model));
    }
    fs::write(&path, [&header.encode()[..], frames.as_bytes()].concat()).expect("writes");
    let found = recover(&Folder::new(folder.path())).expect("readable").expect("there");
    assert_eq!(found.sequence, 20);
    for (id, model) in (1..).zip(served) {
        assert_eq!(found.controller.served(id), Some(model));
    }
    assert_eq!(found.notes.len(), 1);
    assert!(found.notes[0].contains("this version would choose otherwise"), "{:?}", found.notes);
}

#[test]
fn names_that_were_not_given_here_are_set_aside() {
    let killed = Killed::after(20);
    let strays = ["journal-7", "journal-ffffffffffffffff", "snapshot-ffffffffffffffff"];
    for stray in strays {
        fs::write(killed.home.path().join(stray), b"x").expect("writes");
    }
    assert_eq!(problems(&killed.folder()).len(), 3);
    let (store, found) = open(killed.home.path());
    assert_eq!(found.expect("found").notes.len(), 3);
    let (mut stream, mut decision) = (Stream(5), Decision::with_capacity(3));
    for _ in 0..20 {
        store.enter(|live| stream.step(live, &mut decision));
    }
    let expected = state(&store);
    drop(store);
    assert_eq!(asides(killed.home.path()), strays.map(|stray| format!("{stray}.aside-1")));
    let (store, found) = open(killed.home.path());
    assert!(state(&store) == expected && found.expect("found").notes.is_empty());
}

#[test]
fn journals_beyond_a_gap_are_set_aside() {
    let killed = Killed::after(20);
    {
        let (store, _) = open(killed.home.path());
        let (mut stream, mut decision) = (Stream(5), Decision::with_capacity(3));
        (0..20).for_each(|_| _ = store.enter(|live| stream.step(live, &mut decision)));
    }
    let newest = fs::read(killed.folder().file(Content::Snapshot, 2)).expect("file");
    fs::write(killed.folder().file(Content::Snapshot, 2), &newest[..100]).expect("writes");
    fs::remove_file(killed.folder().file(Content::Journal, 1)).expect("removed");
    let (store, found) = open(killed.home.path());
    let notes = found.expect("found").notes;
    assert!(
        notes[1].contains("goes on from transition 20, the files before end at 0"),
        "{notes:?}"
    );
    assert!(state(&store) == killed.states[0]);
    assert_eq!(asides(killed.home.path()).len(), 2);
}
