//! Readers meet arbitrary bytes: they refuse or read, and never panic.

mod common;

use std::num::{NonZeroU32, NonZeroU64};

use common::Stream;
use messplus_base::wire::{Writer, checksum};
use messplus_core::{
    Amendment, Controller, Decision, Example, Failure, Feedback, Limit, ModelSet, ModelSpec,
    Outcome, Request, Resource, ServiceLevel, Shadow, USER, Unrated, ZooChange,
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
    fn whatever_else_happens_comes_back(
        id in any::<u128>(),
        (model, level, kind) in (0..64_usize, 0..64_usize, 0..4_usize),
        retry_after in option::of(0..u64::MAX),
        now in any::<u64>(),
        features in option::of(vec(-1e9_f32..1e9, 0..20)),
        (satisfaction, cost) in (option::of(0.0..=1.0), option::of(0.0..1e18)),
        (alpha, mean, audit) in (any::<f64>(), any::<f64>(), option::of(0.0..=1.0)),
        (name, source) in (".{0,20}", option::of(".{0,20}")),
    ) {
        let kind = Failure::ALL[kind];
        let outcome = Outcome { model, satisfaction, cost, latency: None };
        let example = Example { features: features.as_deref(), input_tokens: None, outcome };
        // No number but a finite one can be written.
        let [alpha, mean] = [alpha, mean].map(|value| if value.is_finite() { value } else { 0.5 });
        let amendment = Amendment {
            levels: Some(vec![ServiceLevel { source, ..ServiceLevel::new(&name, alpha) }]),
            limits: Some(vec![Limit { resource: Resource::Latency, mean }]),
            audit,
            unrated: Some(Unrated::Model(format!("model {name}"))),
            ..Amendment::default()
        };
        let input_tokens = None;
        let cases: [(Written<'_>, Transition); 5] = [
            (&|out| encode::cancel(out, id), Transition::Cancel { id }),
            (&|out| encode::amend(out, &amendment), Transition::Amend { amendment: amendment.clone() }),
            (&|out| encode::count_elsewhere(out, level, &example), Transition::CountElsewhere { level, features: features.clone(), input_tokens, outcome }),
            (&|out| encode::fail(out, id, model, kind, retry_after), Transition::Fail { id, model, kind, retry_after }),
            (&|out| encode::date(out, now), Transition::Date { now }),
        ];
        for (write, transition) in cases {
            let mut bytes = Writer::default();
            write(&mut bytes);
            prop_assert_eq!(Transition::decode(bytes.as_bytes()), Ok(transition));
            for end in 0..bytes.as_bytes().len() {
                let cut = Transition::decode(&bytes.as_bytes()[..end]);
                prop_assert!(cut.is_err(), "cut to {}: {:?}", end, cut);
            }
        }
    }
}

/// What writes a transition.
type Written<'a> = &'a dyn Fn(&mut Writer);
