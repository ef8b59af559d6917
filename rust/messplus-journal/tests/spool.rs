//! What a replica spools, and a folder that is handed on while threads work on it.

mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use common::{Stream, controller};
use messplus_base::wire::Writer;
use messplus_core::{Controller, Decision};
use messplus_journal::format::{Content, Frames, Transition};
use messplus_journal::{FailureKind, Folder, JournaledController, Options, Place, Spooled, Store};

fn place(folder: &Path) -> Place {
    Place { folder: folder.to_owned(), replica: 7, each: false }
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("folder").map(|entry| entry.expect("entry").path());
    let is_page =
        |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("spool-");
    let mut found: Vec<_> = entries.filter(is_page).collect();
    found.sort();
    found
}

fn spooled(folder: &Path) -> Vec<Transition> {
    let mut found = Vec::new();
    for page in pages(folder) {
        let page = Spooled::read(&fs::read(page).expect("reads")).expect("a page");
        assert_eq!(page.replica, 7);
        assert_eq!(page.first, found.len() as u64 + 1);
        let before = found.len();
        found.extend(Frames::new(&page.frames, 0));
        assert_eq!((found.len() - before) as u64, page.count);
    }
    found
}

fn replica() -> JournaledController {
    JournaledController::replicated(controller().expect("settings"), 0)
}

/// Steps of which the log takes the frames every few; those it took.
fn run(store: &Store, stream: &mut Stream, steps: usize) -> Vec<Transition> {
    let mut decision = Decision::with_capacity(3);
    let mut taken = Vec::new();
    for step in 0..steps {
        store.enter(|live| stream.step(live, &mut decision));
        if step % 7 == 0 || step + 1 == steps {
            let mut frames = Writer::default();
            store.enter(|live| live.take_frames(&mut frames));
            taken.extend(Frames::new(frames.as_bytes(), 0));
        }
    }
    taken
}

#[test]
fn a_spool_holds_what_the_log_is_given() {
    let home = tempfile::tempdir().expect("folder");
    let store = Store::carried(replica());
    store.spool(place(home.path()));
    let taken = run(&store, &mut Stream(3), 500);
    assert_eq!(spooled(home.path()), taken);
}

#[test]
fn a_page_that_was_cut_short_holds_what_came_before() {
    let home = tempfile::tempdir().expect("folder");
    let store = Store::carried(replica());
    store.spool(place(home.path()));
    let taken = run(&store, &mut Stream(4), 60);
    let page = fs::read(&pages(home.path())[0]).expect("reads");
    let mut before = 0;
    for length in 0..page.len() {
        let Ok(found) = Spooled::read(&page[..length]) else {
            assert!(length < 36);
            continue;
        };
        assert!(found.count == before || found.count == before + 1);
        before = found.count;
        let transitions: Vec<_> = Frames::new(&found.frames, 0).collect();
        assert_eq!(transitions[..], taken[..transitions.len()]);
    }
    for byte in 0..36 {
        let mut other = page.clone();
        other[byte] ^= 4;
        assert!(Spooled::read(&other).is_err(), "byte {byte}");
    }
}

#[test]
fn pages_go_once_the_log_has_them_and_stay_else() {
    let home = tempfile::tempdir().expect("folder");
    let store = Store::carried(replica());
    store.spool(place(home.path()));
    let mut stream = Stream(5);
    let all = run(&store, &mut stream, 200).len() as u64;
    store.kept_elsewhere(all);
    assert_eq!(pages(home.path()).len(), 1, "it is being written");
    store.end_spool(all - 1);
    assert_eq!(pages(home.path()).len(), 1, "the log lacks its last transition");
    store.end_spool(all);
    assert!(pages(home.path()).is_empty());
    run(&store, &mut stream, 5);
    assert!(pages(home.path()).is_empty());
    assert!(store.failures().expect("counted")[FailureKind::Closed as usize] > 0);
}

#[test]
fn a_folder_that_refuses_is_counted_and_its_frames_are_written_later() {
    let home = tempfile::tempdir().expect("folder");
    let store = Store::carried(replica());
    let missing = home.path().join("missing");
    store.spool(place(&missing));
    let mut stream = Stream(6);
    let mut taken = run(&store, &mut stream, 20);
    assert!(store.failures().expect("counted")[FailureKind::Write as usize] > 0);
    assert_eq!(store.take_unreported().len(), 1);
    fs::create_dir(&missing).expect("makes");
    taken.extend(run(&store, &mut stream, 20));
    assert_eq!(spooled(&missing), taken);
}

#[test]
fn a_folder_is_handed_on_while_threads_work_on_it() {
    let home = tempfile::tempdir().expect("folder");
    let (state, log) = (home.path().join("state"), home.path().join("log"));
    fs::create_dir(&log).expect("makes");
    let open = || Store::open(Folder::new(&state), Options::default(), controller).expect("opens");
    let (store, _) = open();
    let (mut snapshot, ending) = (None, AtomicBool::new(false));
    thread::scope(|threads| {
        for seed in 0..3 {
            let (store, ending) = (&store, &ending);
            threads.spawn(move || {
                let (mut stream, mut decision) = (Stream(seed), Decision::with_capacity(3));
                while !ending.load(Ordering::Relaxed) {
                    store.enter(|live| stream.step(live, &mut decision));
                }
            });
        }
        let begun = |live: &Controller| live.step() > 200;
        while !store.read(begun) {
            thread::yield_now();
        }
        let refused = store.hand_on(place(&log), |_| Err::<JournaledController, _>("no"));
        assert_eq!(refused, Err("no"));
        let handed = store.hand_on(place(&log), |live| {
            snapshot = Some(live.clone());
            Ok::<_, ()>(JournaledController::replicated(live.clone(), 0))
        });
        assert_eq!(handed, Ok(true));
        let again = store.hand_on(place(&log), |_| Err::<JournaledController, _>("twice"));
        assert_eq!(again, Ok(false));
        let at = store.read(Controller::step);
        while store.read(Controller::step) < at + 200 {
            thread::yield_now();
        }
        ending.store(true, Ordering::Relaxed);
    });
    // The snapshot and the spool lead to the present: nothing is missing, and nothing there twice.
    let mut controller = snapshot.expect("handed on");
    let mut decision = Decision::with_capacity(3);
    let transitions = spooled(&log);
    assert_eq!(store.enter(|live| live.sequence()), transitions.len() as u64);
    for transition in transitions {
        transition.apply(&mut controller, &mut decision).expect("was accepted");
    }
    assert_eq!(store.read(|live| live.levels().to_vec()), controller.levels());
    assert_eq!(store.read(Controller::step), controller.step());
    assert_eq!(store.failures().expect("counted"), [0; FailureKind::ALL.len()]);
    // The folder is free, and holds what was there when it was handed on.
    let (next, _) = open();
    assert!(next.read(Controller::step) > 200);
    store.close().expect("closes");
    assert!(Folder::new(&state).generations(Content::Snapshot).expect("lists").len() < 4);
}
