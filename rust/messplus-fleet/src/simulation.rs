//! Many replicas and their log in one process, on recorded outcomes.
//!
//! The replicas are real ones; only what carries batches is made up: each replica sends what it has and
//! reads the log once every so many requests of the whole stream, at a time of its own.

use messplus_base::Random;
use messplus_core::{
    Controller, Decision, Error, Feedback, ModelSet, Outcome, OutcomeTable, Request, Result,
    ValidConfig,
};
use messplus_journal::JournaledController;

use crate::batch::Batch;
use crate::early::SERVED;
use crate::fold::Fold;
use crate::replica::Replica;

/// What the fleet is like.
#[derive(Clone, Debug)]
pub struct Fleet {
    /// Traffic of each replica, in any unit.
    pub traffic: Vec<f64>,
    /// Requests of the whole stream between two looks of a replica at the log.
    pub every: usize,
    /// A rating reaches a random replica instead of the one that decided.
    pub anywhere: bool,
    /// Replicas take a stale state for the present one.
    pub naive: bool,
    /// First and last request for which the log is away.
    pub outage: Option<(usize, usize)>,
    /// Requests between two crashes: a replica is gone with what it had not sent, and another one joins.
    pub crash_every: Option<usize>,
    /// Seed of all draws.
    pub seed: u64,
}

/// What became of it.
#[derive(Clone, Debug, Default)]
pub struct Simulated {
    /// Model that served each request.
    pub model: Vec<u8>,
    /// Satisfaction with it, rated or not.
    pub satisfaction: Vec<f64>,
    /// Cost of each request.
    pub cost: Vec<f64>,
    /// Ratings that a replica accepted.
    pub accepted: u64,

    /// Ratings that count in the end.
    pub counted: u64,
    /// Whether all replicas agree bit for bit in the end.
    pub identical: bool,
    /// Bytes of all batches.
    pub bytes: u64,
}

struct Member {
    replica: Replica,
    live: JournaledController,
}

impl Member {
    fn join(id: u64, fold: Fold, replicas: usize, naive: bool) -> Self {
        let mut replica = Replica::new(id, fold);
        replica.among(replicas);
        if naive {
            replica = replica.naive();
        }
        let live = replica.begin();
        Self { replica, live }
    }

    /// Send, read the log, and go on from there.
    fn sync(&mut self, log: &mut Vec<Vec<u8>>, now: f64) -> Result<()> {
        self.replica.collect(&mut self.live);
        while let Some(batch) = self.replica.next_batch().map(Batch::encode) {
            log.push(batch);
            self.replica.sent();
        }
        let position = self.replica.fold().position() as usize;
        for bytes in &log[position..] {
            self.replica.read(bytes, now)?;
        }
        let ahead = self.replica.ahead_of_fold();
        self.replica.rebase(&mut self.live, ahead);
        Ok(())
    }
}

/// Route the stream of a table over a fleet.
///
/// # Errors
///
/// The table does not fit the settings, or a replica refuses a request.
pub fn simulate(config: ValidConfig, table: &OutcomeTable<'_>, fleet: &Fleet) -> Result<Simulated> {
    table.check(config.models.len(), config.n_features)?;
    let n_replicas = fleet.traffic.len();
    if n_replicas == 0 {
        return Err(Error::Shape { field: "traffic", expected: 1, found: 0 });
    }
    let every = fleet.every.max(1);
    let mut next_id = 1..;
    let fold = Fold::new(Controller::new(config));
    let mut join =
        |fold: Fold| Member::join(next_id.next().unwrap_or(0), fold, n_replicas, fleet.naive);
    let mut members: Vec<Member> = fleet.traffic.iter().map(|_| join(fold.clone())).collect();
    let mut random = Random::new(fleet.seed);
    let traffic: Vec<f32> = fleet.traffic.iter().map(|&of| of as f32).collect();
    let mut log = Vec::new();
    let mut simulated = Simulated::default();
    let mut decided_by = Vec::with_capacity(table.order.len());
    for t in 0..table.order.len() {
        let away = fleet.outage.is_some_and(|(first, last)| (first..=last).contains(&t));
        if let Some(every) = fleet.crash_every
            && t > 0
            && t % every == 0
            && !away
        {
            let gone = random.below(n_replicas);
            // It joins from what is in the log, as all do.
            let other = (gone + 1) % n_replicas;
            members[other].sync(&mut log, t as f64)?;
            let fold = Fold::from_bytes(&members[other].replica.fold().to_bytes())?;
            members[gone] = join(fold);
        }
        let by = random.categorical(&traffic);
        decided_by.push(by);
        decide(&mut members[by].live, table, t, &mut simulated)?;
        let rated = t.checked_sub(table.delay);
        if let Some(t) = rated {
            let to = if fleet.anywhere { random.below(n_replicas) } else { decided_by[t] };
            rate(&mut members[to].live, table, t, &mut simulated)?;
        }
        for (index, member) in members.iter_mut().enumerate() {
            // Each at a time of its own.
            if !away && (t + index * every / n_replicas).is_multiple_of(every) {
                member.sync(&mut log, t as f64)?;
            }
        }
    }
    for t in table.order.len().saturating_sub(table.delay)..table.order.len() {
        rate(&mut members[decided_by[t]].live, table, t, &mut simulated)?;
    }
    for _ in 0..2 {
        members.iter_mut().try_for_each(|member| member.sync(&mut log, 0.0))?;
    }
    let states: Vec<_> = members.iter().map(|member| member.replica.fold().to_bytes()).collect();
    simulated.identical = states.iter().all(|state| *state == states[0]);
    simulated.counted = members[0].replica.fold().controller().stats().rated();
    simulated.bytes = log.iter().map(|batch| batch.len() as u64).sum();
    Ok(simulated)
}

fn decide(
    live: &mut JournaledController,
    table: &OutcomeTable<'_>,
    t: usize,
    simulated: &mut Simulated,
) -> Result<()> {
    let (k, m) = (live.config().n_features, live.config().models.len());
    let row = table.order[t] as usize;
    let scores = &table.scores[row * m..][..m];
    let request = Request {
        id: t as u128,
        features: Some(&table.features[row * k..][..k]),
        input_tokens: table.input_tokens(row),
        allowed: Some((0..m).filter(|&model| !scores[model].is_nan()).collect::<ModelSet>()),
        ..Request::default()
    };
    let mut decision = Decision::with_capacity(m);
    live.decide(&request, &mut decision)?;
    let model = decision.model;
    let cost = table.costs[row * m + model];
    simulated.model.push(model as u8);
    simulated.satisfaction.push(scores[model]);
    simulated.cost.push(cost);
    let outcome = Outcome { model, satisfaction: None, cost: Some(cost), latency: None };
    live.observe(t as u128, &[outcome])
}

fn rate(
    live: &mut JournaledController,
    table: &OutcomeTable<'_>,
    t: usize,
    simulated: &mut Simulated,
) -> Result<()> {
    if !table.rated[t] {
        return Ok(());
    }
    let rating = |model| Outcome {
        model,
        satisfaction: Some(simulated.satisfaction[t]),
        cost: None,
        latency: None,
    };
    let id = t as u128;
    if live.served(id).is_some() {
        live.observe(id, &[rating(usize::from(simulated.model[t]))])?;
    } else {
        live.forward(id, &Feedback::from(&[rating(SERVED)][..]))?;
    }
    simulated.accepted += 1;
    Ok(())
}
