//! A controller together with the frames of its transitions that are still to be written.

use std::ops::Deref;

use messplus_core::{Controller, Decision, Example, Failure, Outcome, Request, Result, ZooChange};

use crate::header::{Content, Header};
use crate::record::{
    encode_advance, encode_change_zoo, encode_decide, encode_fail, encode_observe,
    encode_warm_start,
};
use crate::segment;

/// A controller whose transitions leave a trace. Reads go to the [`Controller`] itself.
#[derive(Debug)]
pub struct Recorded {
    controller: Controller,
    /// None where nobody keeps a journal.
    trace: Option<Trace>,
}

#[derive(Debug)]
struct Trace {
    frames: Vec<u8>,
    chain: u32,
    sequence: u64,
}

impl Recorded {
    /// A controller in memory only.
    pub fn untraced(controller: Controller) -> Self {
        Self { controller, trace: None }
    }

    /// A controller after `sequence` transitions, whose next frame goes on from `chain`.
    pub fn traced(controller: Controller, sequence: u64, chain: u32) -> Self {
        let trace = Trace { frames: Vec::with_capacity(1 << 16), chain, sequence };
        Self { controller, trace: Some(trace) }
    }

    /// [`Controller::decide`].
    ///
    /// # Errors
    ///
    /// Those of [`Controller::decide`].
    pub fn decide(&mut self, request: &Request<'_>, decision: &mut Decision) -> Result<()> {
        self.controller.decide(request, decision)?;
        self.leave(|out| encode_decide(out, request, decision.model));
        Ok(())
    }

    /// [`Controller::observe`].
    ///
    /// # Errors
    ///
    /// Those of [`Controller::observe`].
    pub fn observe(&mut self, id: u128, outcomes: &[Outcome]) -> Result<()> {
        self.controller.observe(id, outcomes)?;
        self.leave(|out| encode_observe(out, id, outcomes));
        Ok(())
    }

    /// [`Controller::fail`].
    ///
    /// # Errors
    ///
    /// Those of [`Controller::fail`].
    pub fn fail(
        &mut self,
        id: u128,
        model: usize,
        kind: Failure,
        retry_after: Option<u64>,
    ) -> Result<Option<usize>> {
        let next = self.controller.fail(id, model, kind, retry_after)?;
        self.leave(|out| encode_fail(out, id, model, kind, retry_after));
        Ok(next)
    }

    /// [`Controller::advance`], where that changes anything.
    pub fn advance(&mut self, now: u64) {
        if now > self.controller.now() {
            self.controller.advance(now);
            self.leave(|out| encode_advance(out, now));
        }
    }

    /// [`Controller::describe`]. Leaves no trace: write a snapshot at once.
    ///
    /// # Errors
    ///
    /// Those of [`Controller::describe`].
    pub fn describe(&mut self, metadata: String) -> Result<()> {
        self.controller.describe(metadata)
    }

    /// [`Controller::warm_start`].
    ///
    /// # Errors
    ///
    /// Those of [`Controller::warm_start`].
    pub fn warm_start(&mut self, example: &Example<'_>) -> Result<()> {
        self.controller.warm_start(example)?;
        self.leave(|out| encode_warm_start(out, example));
        Ok(())
    }

    /// [`Controller::change_zoo`].
    ///
    /// # Errors
    ///
    /// Those of [`Controller::change_zoo`].
    pub fn change_zoo(&mut self, change: &ZooChange) -> Result<()> {
        self.controller.change_zoo(change)?;
        self.leave(|out| encode_change_zoo(out, change));
        Ok(())
    }

    /// Exchange the frames not yet written for an empty buffer.
    pub fn take_frames(&mut self, empty: &mut Vec<u8>) {
        if let Some(trace) = &mut self.trace {
            std::mem::swap(&mut trace.frames, empty);
        }
    }

    /// Let the next frame be the first of a new journal, whose header is returned.
    pub(crate) fn begin_journal(&mut self, generation: u64) -> Header {
        let sequence = self.sequence();
        let header = Header { content: Content::Journal, generation, sequence };
        if let Some(trace) = &mut self.trace {
            trace.chain = header.chain();
        }
        header
    }

    /// Transitions since the folder was made; zero where nobody keeps a journal.
    pub fn sequence(&self) -> u64 {
        self.trace.as_ref().map_or(0, |trace| trace.sequence)
    }

    fn leave(&mut self, encode: impl FnOnce(&mut Vec<u8>)) {
        if let Some(trace) = &mut self.trace {
            trace.chain = segment::append(&mut trace.frames, trace.chain, encode);
            trace.sequence += 1;
        }
    }
}

impl Deref for Recorded {
    type Target = Controller;

    fn deref(&self) -> &Controller {
        &self.controller
    }
}
