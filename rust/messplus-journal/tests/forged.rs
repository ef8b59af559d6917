//! Journals that somebody wrote, every checksum fitting: transitions changed, cut, repeated, left out and
//! in another order. What the controller refuses ends the journal, and somebody is told.

mod common;

use std::fs;
use std::time::Duration;

use common::{Stream, controller};
use messplus_base::wire::Writer;
use messplus_core::{Controller, Decision};
use messplus_journal::format::{Content, Header, Transition, frames};
use messplus_journal::{Durability, Folder, JournaledController, Options, Store, recover};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

const QUIET: Options = Options {
    durability: Durability::None,
    journal_bytes: u64::MAX,
    group: Duration::from_millis(1),
};

#[derive(Clone, Debug)]
enum Forgery {
    Set(Index, Index, u8),
    Cut(Index, Index),
    Swap(Index, Index),
    Repeat(Index, usize),
    Drop(Index),
}

impl Forgery {
    fn commit(&self, transitions: &mut Vec<Vec<u8>>) {
        let n = transitions.len();
        match self {
            Self::Set(which, at, value) => {
                let bytes = &mut transitions[which.index(n)];
                let at = at.index(bytes.len().max(1));
                bytes.get_mut(at).into_iter().for_each(|byte| *byte = *value);
            }
            Self::Cut(which, end) => {
                let bytes = &mut transitions[which.index(n)];
                bytes.truncate(end.index(bytes.len() + 1));
            }
            Self::Swap(one, other) => transitions.swap(one.index(n), other.index(n)),
            Self::Repeat(which, times) => {
                let bytes = transitions[which.index(n)].clone();
                transitions.extend(std::iter::repeat_n(bytes, *times));
            }
            Self::Drop(which) => drop(transitions.remove(which.index(n))),
        }
    }
}

/// A controller after so many steps, and the transitions it wrote down.
fn lived(seed: u64, steps: usize) -> (Controller, Vec<Vec<u8>>) {
    let mut live = JournaledController::journaled(controller().expect("valid"), 0, 0);
    let (mut stream, mut decision) = (Stream(seed), Decision::with_capacity(3));
    (0..steps).for_each(|_| _ = stream.step(&mut live, &mut decision));
    let mut frames = Writer::default();
    live.take_frames(&mut frames);
    let (mut transitions, mut rest) = (Vec::new(), frames.as_bytes());
    while let Some((length, after)) = rest.split_first_chunk() {
        let (transition, next) = after[4..].split_at(u32::from_le_bytes(*length) as usize);
        transitions.push(transition.to_vec());
        rest = next;
    }
    (live.clone(), transitions)
}

fn forgeries() -> impl Strategy<Value = Forgery> {
    let index = any::<Index>;
    prop_oneof![
        (index(), index(), any::<u8>()).prop_map(|(which, at, to)| Forgery::Set(which, at, to)),
        (index(), index()).prop_map(|(which, end)| Forgery::Cut(which, end)),
        (index(), index()).prop_map(|(one, other)| Forgery::Swap(one, other)),
        (index(), 1..300_usize).prop_map(|(which, times)| Forgery::Repeat(which, times)),
        index().prop_map(Forgery::Drop),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_damaged_transition_is_refused_or_applied_or_rejected_by_the_controller(
        seed in any::<u64>(),
        damage in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let (mut live, transitions) = lived(seed, 40);
        let chosen = damage[0].0.get(&transitions);
        let mut bytes = chosen.clone();
        for (at, value) in &damage {
            let at = at.index(bytes.len());
            bytes[at] = *value;
        }
        if let Ok(transition) = Transition::decode(&bytes) {
            let before = live.to_bytes();
            let refused = transition.apply(&mut live, &mut Decision::with_capacity(3)).is_err();
            Controller::from_bytes(&live.to_bytes()).expect("still a valid state");
            prop_assert!(!refused || live.to_bytes() == before);
        }
    }

    #[test]
    fn a_forged_journal_is_replayed_or_left_where_it_goes_wrong(
        seed in any::<u64>(),
        forged in vec(forgeries(), 0..6),
    ) {
        let (expected, mut transitions) = lived(seed, 60);
        forged.iter().for_each(|forgery| forgery.commit(&mut transitions));
        let home = tempfile::tempdir().expect("folder");
        let folder = Folder::new(home.path());
        drop(Store::open(Folder::new(home.path()), QUIET, controller).expect("opens"));
        fs::remove_file(home.path().join("lock")).expect("there");
        let generation = *folder.generations(Content::Journal).expect("lists").last().expect("one");
        let path = folder.file(Content::Journal, generation);
        let (header, _) = Header::decode(Content::Journal, &fs::read(&path).expect("file")).expect("a journal");
        let mut out = Writer::default();
        let mut chain = header.chain();
        for transition in &transitions {
            chain = frames::append(&mut out, chain, |out| out.bytes(transition));
        }
        fs::write(&path, [&header.encode()[..], out.as_bytes()].concat()).expect("writes");

        let found = recover(&folder).expect("readable").expect("there");
        let state = found.controller.to_bytes();
        Controller::from_bytes(&state).expect("a valid state");
        if forged.is_empty() {
            prop_assert!(state == expected.to_bytes());
        }
        // A last frame of no length is what a crash may leave of one.
        let told = !found.notes.is_empty() || found.torn_bytes > 0;
        let (end, written) = (found.sequence, transitions.len() as u64);
        prop_assert!(end == written || told, "left at {end} of {written} without a word");

        // It works on, and comes back as it was left.
        let (store, _) = Store::open(Folder::new(home.path()), QUIET, controller).expect("opens");
        prop_assert!(store.read(Controller::to_bytes) == state);
        let (mut stream, mut decision) = (Stream(seed), Decision::with_capacity(3));
        for _ in 0..40 {
            store.enter(|live| stream.step(live, &mut decision));
        }
        let left = store.read(Controller::to_bytes);
        drop(store);
        let (store, found) = Store::open(Folder::new(home.path()), QUIET, controller).expect("opens");
        prop_assert!(store.read(Controller::to_bytes) == left);
        prop_assert_eq!(found.expect("found").notes, Vec::<String>::new());
    }
}
