//! Readers meet arbitrary bytes: they refuse or read, and never panic.

mod common;

use std::num::{NonZeroU32, NonZeroU64};

use common::Stream;
use messplus_base::wire::{Writer, checksum};
use messplus_core::{
    Controller, Decision, Feedback, ModelSet, ModelSpec, Outcome, Request, Shadow, USER, ZooChange,
};
use messplus_journal::JournaledController;
use messplus_journal::format::{Content, Frames, Header, Transition, encode, frames};
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in vec(any::<u8>(), 0..200), chain in any::<u32>()) {
        let _ = Transition::decode(&bytes);
        let _ = Header::decode(Content::Snapshot, &bytes);
        let _ = Controller::from_bytes(&bytes);
        let mut read = Frames::new(&bytes, chain);
        prop_assert_eq!(read.by_ref().count(), 0);
        prop_assert_eq!(read.unread(), bytes.len());
    }

    #[test]
    fn decisions_come_back(
        id in any::<u128>(),
        model in 0..64_usize,
        level in 0..64_usize,
        session in option::of(any::<u64>()),
        shadow in option::of((0..64_usize, 0.0..1.0)),
        allowed in option::of(1..u64::MAX),
        features in option::of(vec(-1e9_f32..1e9, 0..20)),
        input_tokens in any::<u32>().prop_map(NonZeroU32::new),
        costs in option::of(vec(option::of(0.0..1e18), 1..64)),
        cached_tokens in option::of(vec(any::<u32>(), 0..64)),
        max_cost in option::of(0.0..1e18),
    ) {
        // Of no models rather than none where something behind them is known.
        let cached_tokens = cached_tokens.or(max_cost.map(|_| Vec::new()));
        let costs = costs.or(cached_tokens.as_ref().map(|_| Vec::new()));
        let allowed = allowed.map(ModelSet::from_bits);
        let shadow = shadow.map(|(model, explore)| Shadow { model, explore });
        let request = Request {
            id,
            features: features.as_deref(),
            input_tokens,
            costs: costs.as_deref(),
            allowed,
            requires: &[],
            level,
            session,
            shadow,
            cached_tokens: cached_tokens.as_deref(),
            max_cost,
        };
        let mut bytes = Writer::default();
        frames::append(&mut bytes, 7, |out| encode::decide(out, &request, model));
        prop_assert_eq!(Frames::new(bytes.as_bytes(), 7).collect::<Vec<_>>(), [Transition::Decide {
            id,
            model,
            level,
            session,
            shadow,
            allowed,
            features: features.clone(),
            input_tokens,
            costs: costs.clone(),
            cached_tokens: cached_tokens.clone(),
            max_cost,
            served: None,
        }]);
    }

    #[test]
    fn changes_of_the_zoo_come_back(
        name in ".{1,20}", cost in 0.0..1e18_f64, quality in option::of(0.001..0.999), index in 0..64_usize,
    ) {
        let model = ModelSpec { quality, ..ModelSpec::new(name, cost) };
        let changes = [
            ZooChange::Add { model },
            ZooChange::Remove { index },
            ZooChange::Reprice { index, cost: cost.into() },
        ];
        for change in changes {
            let mut bytes = Writer::default();
            encode::change_zoo(&mut bytes, &change);
            prop_assert_eq!(Transition::decode(bytes.as_bytes()), Ok(Transition::ChangeZoo { change }));
        }
    }

    #[test]
    fn outcomes_come_back(
        id in any::<u128>(),
        (source, key, rater, replace) in ("[a-z]{1,9}", any::<u64>().prop_map(NonZeroU64::new), any::<u64>().prop_map(NonZeroU64::new), any::<bool>()),
        cached_tokens in option::of(any::<u32>()),
        parts in vec((0..64_usize, option::of(0.0..=1.0), option::of(0.0..1e18), option::of(0.0..1e18)), 0..9),
    ) {
        let outcomes: Vec<_> = parts
            .into_iter()
            .map(|(model, satisfaction, cost, latency)| Outcome { model, satisfaction, cost, latency })
            .collect();
        let mut bytes = Writer::default();
        let feedback = Feedback { outcomes: &outcomes, source: &source, key, rater, replace, cached_tokens };
        encode::observe(&mut bytes, id, &feedback);
        let observed =
            Transition::Observe { id, outcomes: outcomes.clone(), source, key, rater, replace, cached_tokens };
        prop_assert_eq!(Transition::decode(bytes.as_bytes()), Ok(observed));
        let mut bytes = Writer::default();
        encode::observe(&mut bytes, id, &Feedback::from(&outcomes));
        let source = USER.to_owned();
        let usual =
            Transition::Observe { id, outcomes, source, key: None, rater: None, replace: false, cached_tokens: None };
        prop_assert_eq!(Transition::decode(bytes.as_bytes()), Ok(usual));
    }

    #[test]
    fn a_damaged_state_with_a_fitting_checksum_is_refused_or_works(
        steps in 0..60_usize,
        at in any::<prop::sample::Index>(),
        value in any::<u8>(),
    ) {
        let mut live = JournaledController::in_memory(common::controller().expect("valid"));
        let (mut stream, mut decision) = (Stream(2), Decision::with_capacity(3));
        for _ in 0..steps {
            stream.step(&mut live, &mut decision);
        }
        let mut state = live.to_bytes();
        let end = state.len() - 4;
        state[at.index(end)] = value;
        let sum = checksum(0, &state[..end]);
        state[end..].copy_from_slice(&sum.to_le_bytes());
        if let Ok(controller) = Controller::from_bytes(&state) {
            let mut live = JournaledController::in_memory(controller);
            for _ in 0..60 {
                stream.step(&mut live, &mut decision);
            }
        }
    }

    #[test]
    fn a_damaged_transition_is_refused_or_applied_or_rejected_by_the_controller(
        at in 0..60_usize,
        value in any::<u8>(),
    ) {
        let features = [0.5; common::N_FEATURES];
        let request = Request { id: 3, features: Some(&features), ..Request::default() };
        let mut bytes = Writer::default();
        encode::decide(&mut bytes, &request, 0);
        let mut bytes = bytes.into_bytes();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(transition) = Transition::decode(&bytes) {
            let mut controller = common::controller().expect("valid");
            let _ = transition.apply(&mut controller, &mut Decision::with_capacity(3));
            Controller::from_bytes(&controller.to_bytes()).expect("still a valid state");
        }
    }
}
