//! The state that all replicas agree on, at a position of the log.

use std::collections::BTreeMap;

use messplus_base::wire::{Reader, Writer};
use messplus_core::{Controller, Decision, Error, Result};
use messplus_journal::format::Transition;

use crate::batch::Batch;
use crate::early::{Answer, Early, apply, awaited};

const LABEL: &[u8] = b"MESSFOLD";
const FORMAT: u32 = 1;
/// Replicas whose last number is remembered; the ones heard of least recently go.
const REPLICAS: usize = 4096;
const MAX_STATE: usize = 1 << 30;

/// What the log held, in transitions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// That count.
    pub taken: u64,
    /// That had been there before: a replica that got no answer sends again.
    pub again: u64,
    /// That broke a rule, such as the second rating of one request.
    pub refused: u64,
    /// Outcomes whose decision never came.
    pub lost: u64,
    /// Batches that were damaged.
    pub damaged: u64,
}

/// A function of the log: the same batches in the same order make the same state, bit for bit.
#[derive(Clone, Debug)]
pub struct Fold {
    controller: Controller,
    position: u64,
    /// Last number and last position, by replica.
    replicas: BTreeMap<u64, (u64, u64)>,
    early: Early,
    counts: Counts,
    decision: Decision,
}

impl Fold {
    /// Before the first batch.
    pub fn new(controller: Controller) -> Self {
        let decision = Decision::with_capacity(controller.config().models.len());
        Self {
            controller,
            position: 0,
            replicas: BTreeMap::new(),
            early: Early::default(),
            counts: Counts::default(),
            decision,
        }
    }

    /// The state.
    pub fn controller(&self) -> &Controller {
        &self.controller
    }

    /// Batches so far.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// What they held.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Outcomes that wait for their decision.
    pub fn waiting(&self) -> usize {
        self.early.len()
    }

    /// Number of the last transition of a replica; zero where it is not known.
    pub fn last(&self, replica: u64) -> u64 {
        self.replicas.get(&replica).map_or(0, |&(last, _)| last)
    }

    /// Go on by one batch: the decisions it held, and the replica that made them; none for a damaged
    /// one, which all replicas pass over.
    ///
    /// # Errors
    ///
    /// The batch is of another format: whoever wrote it is of another version. Nothing has changed then.
    pub fn apply(&mut self, bytes: &[u8]) -> Result<Option<(u64, u64)>> {
        let batch = match Batch::decode(bytes) {
            Ok(batch) => batch,
            Err(error @ Error::State(messplus_base::wire::WireError::Format { .. })) => {
                return Err(error);
            }
            Err(_) => {
                self.position += 1;
                self.counts.damaged += 1;
                return Ok(None);
            }
        };
        self.position += 1;
        let mut last = self.last(batch.replica);
        let mut decisions = 0;
        for (number, transition) in batch.transitions() {
            if number <= last {
                self.counts.again += 1;
                continue;
            }
            last = number;
            decisions += u64::from(matches!(transition, Transition::Decide { .. }));
            self.take(transition);
        }
        self.replicas.insert(batch.replica, (last, self.position));
        if self.replicas.len() > REPLICAS {
            let oldest = self.replicas.iter().min_by_key(|(_, (_, position))| *position);
            if let Some(&oldest) = oldest.map(|(replica, _)| replica) {
                self.replicas.remove(&oldest);
            }
        }
        Ok(Some((batch.replica, decisions)))
    }

    fn take(&mut self, transition: Transition) {
        match apply(&transition, &mut self.controller, &mut self.decision) {
            Answer::Taken => self.counts.taken += 1,
            Answer::Refused => self.counts.refused += 1,
            Answer::Unknown => {
                if let Some(id) = awaited(&transition) {
                    self.counts.lost += self.early.keep(id, transition);
                }
                return;
            }
        }
        if let Transition::Decide { id, .. } = transition {
            for waiting in self.early.take(id) {
                self.take(waiting);
            }
        }
    }

    /// Everything needed to go on from here, versioned and checksummed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let state = self.controller.to_bytes();
        let mut out = Writer::with_capacity(state.len() + 1024);
        out.bytes(LABEL);
        out.u32(FORMAT);
        let Counts { taken, again, refused, lost, damaged } = self.counts;
        out.u64s(&[self.position, taken, again, refused, lost, damaged]);
        out.u64(self.replicas.len() as u64);
        for (&replica, &(last, position)) in &self.replicas {
            out.u64s(&[replica, last, position]);
        }
        self.early.encode(&mut out);
        out.u64(state.len() as u64);
        out.bytes(&state);
        out.seal()
    }

    /// The fold that [`to_bytes`](Self::to_bytes) saved.
    ///
    /// # Errors
    ///
    /// The bytes are damaged, or of another format.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let mut input = Reader::new(bytes);
        input.label(LABEL)?;
        input.format(FORMAT)?;
        input.checksum()?;
        let position = input.u64()?;
        let (taken, again, refused) = (input.u64()?, input.u64()?, input.u64()?);
        let counts = Counts { taken, again, refused, lost: input.u64()?, damaged: input.u64()? };
        let mut replicas = BTreeMap::new();
        for _ in 0..input.count(REPLICAS)? {
            replicas.insert(input.u64()?, (input.u64()?, input.u64()?));
        }
        let early = Early::decode(&mut input)?;
        let length = input.count(MAX_STATE)?;
        let controller = Controller::from_bytes(input.bytes(length)?)?;
        input.finish()?;
        Ok(Self { position, replicas, early, counts, ..Self::new(controller) })
    }
}
