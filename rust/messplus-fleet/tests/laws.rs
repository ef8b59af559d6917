//! What must hold whatever happens: replicas at one position agree, and each outcome counts once.

use messplus_core::{
    Agreement, Config, Controller, Decision, DefaultConfig, Feedback, ModelSpec, Operation,
    Outcome, PaperConfig, PolicyConfig, Request, ValidConfig,
};
use messplus_fleet::{Batch, Fold, Replica, SERVED};
use messplus_journal::JournaledController;
use proptest::prelude::*;

fn config(policy: PolicyConfig) -> ValidConfig {
    Config {
        models: vec![ModelSpec::new("small", 1.0), ModelSpec::new("large", 4.0)],
        agreement: Agreement::target(0.75),
        switching_cost: 0.0,
        n_features: 2,
        policy,
        seed: 1,
        pending_capacity: 64,
        operation: Operation::default(),
        metadata: String::new(),
    }
    .try_into()
    .expect("valid")
}

fn default_policy() -> PolicyConfig {
    PolicyConfig::Default(DefaultConfig::default())
}

struct Member {
    replica: Replica,
    live: JournaledController,
}

impl Member {
    fn join(id: u64, fold: Fold) -> Self {
        let mut replica = Replica::new(id, fold);
        replica.among(3);
        let live = replica.begin();
        Self { replica, live }
    }

    fn decide(&mut self, id: u128) -> usize {
        let mut decision = Decision::with_capacity(2);
        let x = [(id % 7) as f32 / 7.0, 1.0];
        let request = Request { id, features: Some(&x), ..Request::default() };
        self.live.decide(&request, &mut decision).expect("valid");
        decision.model
    }

    fn send(&mut self, log: &mut Vec<Vec<u8>>) {
        self.replica.collect(&mut self.live);
        while let Some(batch) = self.replica.next_batch().map(Batch::encode) {
            log.push(batch);
            self.replica.sent();
        }
    }

    fn read(&mut self, log: &[Vec<u8>], at_most: usize) {
        let position = self.replica.fold().position() as usize;
        for bytes in log[position..].iter().take(at_most) {
            self.replica.read(bytes, 0.0).expect("of this version");
        }
        let ahead = self.replica.ahead_of_fold();
        self.replica.rebase(&mut self.live, ahead);
    }
}

fn rating(model: usize, satisfied: bool) -> Outcome {
    Outcome {
        model,
        satisfaction: Some(f64::from(u8::from(satisfied))),
        cost: Some(1.0),
        latency: None,
    }
}

#[derive(Clone, Copy, Debug)]
enum Action {
    Decide,
    /// The nth decision is rated, wherever it was made.
    Rate(usize, bool),
    Send,
    /// No answer came to what was sent: it is sent again.
    SendAgain,
    Read(usize),
    /// Its process ends with what it had not sent, and another joins from a snapshot.
    Crash,
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        6 => Just(Action::Decide),
        6 => (0..40_usize, any::<bool>()).prop_map(|(nth, satisfied)| Action::Rate(nth, satisfied)),
        3 => Just(Action::Send),
        1 => Just(Action::SendAgain),
        3 => (0..4_usize).prop_map(Action::Read),
        1 => Just(Action::Crash),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn replicas_at_one_position_agree_and_each_outcome_counts_once(
        actions in prop::collection::vec((0..3_usize, action()), 1..200),
        paper in any::<bool>(),
    ) {
        let policy =
            if paper { PolicyConfig::Paper(PaperConfig::default()) } else { default_policy() };
        let fold = Fold::new(Controller::new(config(policy)));
        let mut members: Vec<_> = (0..3).map(|id| Member::join(id, fold.clone())).collect();
        let (mut next, mut log, mut made) = (3, Vec::new(), 0_u128);
        // By decision: what is in the log and not lost with a crash, and ratings handed in.
        let mut handed_in: Vec<Vec<u64>> = Vec::new();
        let mut decided_by = Vec::new();
        let mut gone = Vec::new();
        let mut unsent_decisions: Vec<u128> = Vec::new();
        let mut unsent_ratings: Vec<(u64, u128)> = Vec::new();
        for (who, action) in actions {
            let id = members[who].replica.id();
            match action {
                Action::Decide => {
                    members[who].decide(made);
                    handed_in.push(Vec::new());
                    decided_by.push(id);
                    unsent_decisions.push(made);
                    made += 1;
                }
                Action::Rate(nth, satisfied) if (nth as u128) < made => {
                    let of = nth as u128;
                    let outcome = rating(SERVED, satisfied);
                    let live = &mut members[who].live;
                    if let Some(served) = live.served(of) {
                        if live.observe(of, &[rating(served, satisfied)]).is_err() {
                            continue;
                        }
                    } else {
                        live.forward(of, &Feedback::from(&[outcome][..])).unwrap();
                    }
                    handed_in[nth].push(id);
                    unsent_ratings.push((id, of));
                }
                Action::Rate(..) => {}
                Action::Send | Action::SendAgain => {
                    if matches!(action, Action::SendAgain) {
                        members[who].replica.send_again();
                    }
                    members[who].send(&mut log);
                    unsent_ratings.retain(|&(by, _)| by != id);
                    unsent_decisions.retain(|&of| decided_by[of as usize] != id);
                }
                Action::Read(at_most) => members[who].read(&log, at_most),
                Action::Crash => {
                    gone.extend(unsent_decisions.extract_if(.., |&mut of| decided_by[of as usize] == id));
                    for (_, of) in unsent_ratings.extract_if(.., |&mut (by, _)| by == id) {
                        let at = handed_in[of as usize].iter().position(|&by| by == id);
                        handed_in[of as usize].remove(at.expect("was handed in"));
                    }
                    let snapshot = members[(who + 1) % 3].replica.fold().to_bytes();
                    members[who] = Member::join(next, Fold::from_bytes(&snapshot).unwrap());
                    next += 1;
                }
            }
        }
        members.iter_mut().for_each(|member| member.send(&mut log));
        members.iter_mut().for_each(|member| member.read(&log, usize::MAX));
        let states: Vec<_> = members.iter().map(|m| m.replica.fold().to_bytes()).collect();
        prop_assert!(states.iter().all(|state| *state == states[0]));
        // From the beginning, and from the snapshot of any time, it is the same.
        let mut again = fold;
        for bytes in &log {
            again.apply(bytes).unwrap();
            again = Fold::from_bytes(&again.to_bytes()).unwrap();
        }
        prop_assert_eq!(again.to_bytes(), states[0].clone());
        let counted = again.controller().stats().rated();
        let rated = handed_in.iter().enumerate();
        let rated = rated.filter(|(of, by)| !by.is_empty() && !gone.contains(&(*of as u128)));
        prop_assert_eq!(counted, rated.count() as u64);
    }
}

#[test]
fn a_replica_alone_that_looks_after_each_request_decides_as_a_router_without_a_fleet() {
    let policy = PolicyConfig::Default(DefaultConfig { exploration: 0.0, ..Default::default() });
    let mut alone = Controller::new(config(policy.clone()));
    let fold = Fold::new(Controller::new(config(policy)));
    let mut replica = Replica::new(5, fold);
    let mut live = replica.begin();
    let (mut log, mut decision) = (Vec::new(), Decision::with_capacity(2));
    for t in 0..500_u128 {
        let x = [(t % 7) as f32 / 7.0, 1.0];
        let request = Request { id: t, features: Some(&x), ..Request::default() };
        alone.decide(&request, &mut decision).unwrap();
        let expected = decision.clone();
        live.decide(&request, &mut decision).unwrap();
        assert_eq!(decision, expected);
        let outcome = rating(decision.model, (t * t) % 11 > 3 * (1 - decision.model as u128));
        alone.observe(t, &[outcome]).unwrap();
        live.observe(t, &[outcome]).unwrap();
        replica.collect(&mut live);
        log.push(replica.next_batch().unwrap().encode());
        replica.sent();
        replica.read(log.last().unwrap(), 0.0).unwrap();
        let ahead = replica.ahead_of_fold();
        replica.rebase(&mut live, ahead);
        assert_eq!(replica.ahead(live.sequence()), 0);
    }
    assert_eq!(replica.fold().controller().levels(), alone.levels());
}

#[test]
fn between_looks_a_replica_counts_with_what_the_others_do() {
    let fold = Fold::new(Controller::new(config(default_policy())));
    let mut member = Member::join(1, fold);
    member.replica.among(4);
    member.read(&[], 0);
    let model = member.decide(1);
    member.live.observe(1, &[rating(model, false)]).unwrap();
    // It owes 0.75, and nothing is known of the three others yet: it counts as the root of four.
    assert_eq!(member.live.levels()[0].backlog(), 1.5);
    let mut log = Vec::new();
    member.send(&mut log);
    member.read(&log, 1);
    assert_eq!(member.live.levels()[0].backlog(), 0.75);
}

#[test]
fn between_looks_the_others_are_rated_as_is_predicted() {
    let mut controller = Controller::new(config(default_policy()));
    let mut decision = Decision::with_capacity(2);
    let x = [0.0, 1.0];
    for id in 1000..1300 {
        let request = Request { id, features: Some(&x), ..Request::default() };
        controller.decide(&request, &mut decision).unwrap();
        controller.observe(id, &[rating(decision.model, id % 5 > 0)]).unwrap();
    }
    let mut member = Member::join(1, Fold::new(controller));
    member.replica.among(4);
    member.read(&[], 0);
    let before = member.live.levels()[0].backlog();
    let request = Request { id: 0, features: Some(&x), ..Request::default() };
    member.live.decide(&request, &mut decision).unwrap();
    // After 300 ratings, half of what is predicted is believed of each of the three.
    let expected = 3.0 * 0.5 * (0.75 - decision.p_satisfied[decision.model]);
    let counted = member.live.levels()[0].backlog() - before;
    assert!((counted - expected).abs() < 1e-9, "{counted} {expected}");
}

#[test]
fn a_rating_of_a_decision_made_elsewhere_says_how_the_fleet_serves() {
    let mut member = Member::join(1, Fold::new(Controller::new(config(default_policy()))));
    member.replica.among(4);
    member.read(&[], 0);
    let model = member.decide(1);
    member.live.observe(1, &[rating(model, true)]).unwrap();
    let mut hear = |source| {
        let outcomes = [rating(SERVED, false)];
        let feedback = Feedback { source, ..Feedback::from(&outcomes) };
        member.live.forward(99, &feedback).unwrap();
        member.live.levels()[0].backlog()
    };
    // Ahead by a rating that counts twice, the root of four; the judge's is not what the level speaks of.
    assert_eq!(hear("judge"), -0.5);
    assert_eq!(hear("user"), 1.0);
    // The same when it takes them up again after a look at the log.
    member.read(&[], 0);
    assert_eq!(member.live.levels()[0].backlog(), 1.0);
}

#[test]
fn what_a_server_lost_is_sent_again() {
    let mut member = Member::join(1, Fold::new(Controller::new(config(default_policy()))));
    let before = member.replica.fold().clone();
    let mut log = Vec::new();
    let model = member.decide(1);
    member.live.observe(1, &[rating(model, true)]).unwrap();
    member.send(&mut log);
    member.read(&log, 9);
    member.replica.reload(before, 1.0);
    log.clear();
    assert_eq!(member.replica.ahead(member.live.sequence()), 2);
    member.send(&mut log);
    member.read(&log, 9);
    assert_eq!(member.replica.fold().controller().stats().rated(), 1);
}

#[test]
fn what_a_server_lost_of_a_replica_that_ended_comes_from_another_one() {
    let before = Fold::new(Controller::new(config(default_policy())));
    let (mut gone, mut log) = (Member::join(1, before.clone()), Vec::new());
    let mut members: Vec<_> = [2, 3].map(|id| Member::join(id, before.clone())).into();
    for id in 1..=3 {
        let model = gone.decide(id);
        gone.live.observe(id, &[rating(model, true)]).unwrap();
        gone.send(&mut log);
    }
    members.iter_mut().for_each(|member| member.read(&log, 9));
    assert!(members[0].replica.missing(9).is_empty());
    // The first batch survives.
    log.truncate(1);
    for member in &mut members {
        member.replica.reload(before.clone(), 1.0);
        member.read(&log, 9);
        assert_eq!(member.replica.missing(9).len(), 2);
    }
    for member in &mut members {
        log.extend(member.replica.missing(9));
    }
    members.iter_mut().for_each(|member| member.read(&log, 9));
    for member in &members {
        assert_eq!(member.replica.fold().controller().stats().rated(), 3);
        assert_eq!(member.replica.fold().counts().again, 4);
        assert!(member.replica.missing(9).is_empty());
    }
}

#[test]
fn weights_of_audits_and_prices_of_draws_are_those_of_the_replica_that_drew() {
    let operation =
        Operation { audit: 0.05, audit_first: 4.0, epsilon: 0.3, ..Operation::default() };
    let config = || {
        let config = Config { operation: operation.clone(), ..(*config(default_policy())).clone() };
        ValidConfig::try_from(config).expect("valid")
    };
    let fold = Fold::new(Controller::new(config()));
    let mut members: Vec<_> = [1, 2].map(|id| Member::join(id, fold.clone())).into();
    let (mut log, mut decision) = (Vec::new(), Decision::with_capacity(2));
    let (mut weight, mut drawn) = (0.0, 0);
    for id in 0..200 {
        let member = &mut members[usize::from(id % 3 > 0)];
        let request = Request { id, features: Some(&[0.5, 1.0]), ..Request::default() };
        member.live.decide(&request, &mut decision).unwrap();
        weight += decision.audit_weight;
        drawn += u64::from(decision.drawn_for.is_some());
        assert_eq!(decision.audit, decision.audit_weight > 0.0);
        member.live.observe(id, &[rating(decision.model, true)]).unwrap();
        // Both learn late that there were more requests, and audit more of them.
        if id % 50 == 49 {
            members.iter_mut().for_each(|member| member.send(&mut log));
            members.iter_mut().for_each(|member| member.read(&log, 9));
        }
    }
    let stats = members[0].replica.fold().controller().stats();
    assert!((stats.levels[0].audits.weight - weight).abs() < 1e-9);
    assert!(drawn > 10);
    assert_eq!(stats.randomisation.requests, drawn);
}

#[test]
fn damaged_batches_are_passed_over_by_all_and_other_versions_refused() {
    let mut fold = Fold::new(Controller::new(config(default_policy())));
    assert_eq!(fold.apply(b"garbage").unwrap(), None);
    assert_eq!((fold.position(), fold.counts().damaged), (1, 1));
    let mut bytes = Batch { replica: 1, first: 1, count: 0, frames: Vec::new() }.encode();
    bytes[8] = 9;
    assert!(fold.apply(&bytes).is_err());
    assert_eq!(fold.position(), 1);
}
