//! A controller together with the frames of its transitions that are still to be written.

use std::ops::Deref;

use messplus_base::wire::Writer;
use messplus_core::{
    Amendment, Controller, Decision, Example, Failure, Feedback, Request, Result, Served, ZooChange,
};

use crate::format::{Content, Header, encode, frames};

/// A controller whose transitions are written down. Reads go to the [`Controller`] itself.
#[derive(Debug)]
pub struct JournaledController {
    controller: Controller,
    /// None where nobody keeps a journal.
    journal: Option<Unwritten>,
}

#[derive(Debug)]
struct Unwritten {
    frames: Writer,
    chain: u32,
    sequence: u64,
    /// Decisions are written down for other replicas to adopt.
    for_replicas: bool,
    /// The same frames once more, for the [spool](crate::Store::spool); none where there is none.
    unspooled: Option<Writer>,
}

impl Unwritten {
    fn new(sequence: u64, chain: u32, for_replicas: bool) -> Self {
        let frames = Writer::with_capacity(1 << 16);
        Self { frames, chain, sequence, for_replicas, unspooled: None }
    }
}

impl JournaledController {
    /// A controller in memory only.
    pub fn in_memory(controller: Controller) -> Self {
        Self { controller, journal: None }
    }

    /// A controller after `sequence` transitions, whose next frame goes on from `chain`.
    pub fn journaled(controller: Controller, sequence: u64, chain: u32) -> Self {
        Self { controller, journal: Some(Unwritten::new(sequence, chain, false)) }
    }

    /// A controller whose transitions other replicas will take over, the first one as the
    /// `sequence + 1`-th of this replica. The chain of its frames begins at zero whenever they are
    /// [taken](Self::take_frames).
    pub fn replicated(controller: Controller, sequence: u64) -> Self {
        Self { controller, journal: Some(Unwritten::new(sequence, 0, true)) }
    }

    /// Go on from another state of the same controller.
    pub fn rebase(&mut self, controller: Controller) {
        self.controller = controller;
    }

    /// [`Controller::decide`]. What a request requires is not written down, but the models that it
    /// leaves.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn decide(&mut self, request: &Request<'_>, decision: &mut Decision) -> Result<()> {
        let mut request = *request;
        if !request.requires.is_empty() {
            request.allowed = Some(self.controller.eligible(&request)?);
            request.requires = &[];
        }
        self.controller.decide(&request, decision)?;
        if self.journal.as_ref().is_some_and(|journal| journal.for_replicas) {
            self.write_down(|out| encode::adopt(out, &request, &Served::by(decision)));
        } else {
            self.write_down(|out| encode::decide(out, &request, decision.model));
        }
        Ok(())
    }

    /// [`Controller::observe`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn observe<'a>(&mut self, id: u128, feedback: impl Into<Feedback<'a>>) -> Result<()> {
        let feedback = feedback.into();
        self.controller.observe(id, feedback)?;
        self.write_down(|out| encode::observe(out, id, &feedback));
        Ok(())
    }

    /// Write outcomes down that another replica's decision is to get, which is not known here yet.
    ///
    /// # Errors
    ///
    /// Those of [`Controller::check_forwarded`]: nothing has changed then.
    pub fn forward(&mut self, id: u128, feedback: &Feedback<'_>) -> Result<()> {
        self.controller.check_forwarded(feedback)?;
        self.controller.overhear(feedback.source, feedback.outcomes);
        self.write_down(|out| encode::observe(out, id, feedback));
        Ok(())
    }

    /// [`Controller::fail`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn fail(
        &mut self,
        id: u128,
        model: usize,
        kind: Failure,
        retry_after: Option<u64>,
    ) -> Result<Option<usize>> {
        let next = self.controller.fail(id, model, kind, retry_after)?;
        self.write_down(|out| encode::fail(out, id, model, kind, retry_after));
        Ok(next)
    }

    /// [`Controller::advance`], where that changes anything.
    pub fn advance(&mut self, now: u64) {
        if now > self.controller.now() {
            self.controller.advance(now);
            self.write_down(|out| encode::advance(out, now));
        }
    }

    /// Whether a minute of its calendar begins at `now`. A controller in memory keeps no calendar: equal
    /// calls lead to equal states whenever they are made.
    pub fn is_due(&self, now: u64) -> bool {
        self.journal.is_some() && self.controller.stats().calendar.is_due(now)
    }

    /// [`Controller::date`].
    pub fn date(&mut self, now: u64) {
        self.controller.date(now);
        self.write_down(|out| encode::date(out, now));
    }

    /// [`Controller::describe`]. Not written down: write a snapshot at once.
    ///
    /// # Errors
    ///
    /// As there.
    pub fn describe(&mut self, metadata: String) -> Result<()> {
        self.controller.describe(metadata)
    }

    /// [`Controller::warm_start`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn warm_start(&mut self, example: &Example<'_>) -> Result<()> {
        self.controller.warm_start(example)?;
        self.write_down(|out| encode::warm_start(out, example));
        Ok(())
    }

    /// [`Controller::cancel`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn cancel(&mut self, id: u128) -> Result<()> {
        self.controller.cancel(id)?;
        self.write_down(|out| encode::cancel(out, id));
        Ok(())
    }

    /// [`Controller::amend`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn amend(&mut self, amendment: &Amendment) -> Result<()> {
        self.controller.amend(amendment)?;
        self.write_down(|out| encode::amend(out, amendment));
        Ok(())
    }

    /// [`Controller::count_elsewhere`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn count_elsewhere(&mut self, level: usize, example: &Example<'_>) -> Result<()> {
        self.controller.count_elsewhere(level, example)?;
        self.write_down(|out| encode::count_elsewhere(out, level, example));
        Ok(())
    }

    /// [`Controller::change_zoo`].
    ///
    /// # Errors
    ///
    /// As there.
    pub fn change_zoo(&mut self, change: &ZooChange) -> Result<()> {
        self.controller.change_zoo(change)?;
        self.write_down(|out| encode::change_zoo(out, change));
        Ok(())
    }

    /// Exchange the frames not yet written for an empty buffer; the [`sequence`](Self::sequence)
    /// they lead up to.
    pub fn take_frames(&mut self, empty: &mut Writer) -> u64 {
        self.journal.as_mut().map_or(0, |journal| {
            std::mem::swap(&mut journal.frames, empty);
            if journal.for_replicas {
                // Each batch is checked by itself.
                journal.chain = 0;
            }
            journal.sequence
        })
    }

    /// Keep the frames from here on for a spool as well; the chain and the sequence they go on from.
    pub(crate) fn begin_spool(&mut self) -> (u32, u64) {
        self.journal.as_mut().map_or((0, 0), |journal| {
            journal.unspooled = Some(Writer::with_capacity(1 << 16));
            (journal.chain, journal.sequence)
        })
    }

    /// Append the frames that the spool does not have yet; the chain and the sequence they lead up to.
    pub(crate) fn take_unspooled(&mut self, out: &mut Writer) -> (u32, u64) {
        self.journal.as_mut().map_or((0, 0), |journal| {
            if let Some(unspooled) = &mut journal.unspooled {
                out.bytes(unspooled.as_bytes());
                unspooled.clear();
            }
            (journal.chain, journal.sequence)
        })
    }

    /// The header of a journal that goes on from here.
    pub(crate) fn header(&self, generation: u64) -> Header {
        Header { content: Content::Journal, generation, sequence: self.sequence() }
    }

    /// Let the next frame be the first of the journal with this header.
    pub(crate) fn go_on_from(&mut self, header: Header) {
        if let Some(journal) = &mut self.journal {
            journal.chain = header.chain();
        }
    }

    /// Transitions since the folder was made; zero where nobody keeps a journal.
    pub fn sequence(&self) -> u64 {
        self.journal.as_ref().map_or(0, |journal| journal.sequence)
    }

    fn write_down(&mut self, encode: impl FnOnce(&mut Writer)) {
        if let Some(journal) = &mut self.journal {
            let start = journal.frames.len();
            journal.chain = frames::append(&mut journal.frames, journal.chain, encode);
            journal.sequence += 1;
            if let Some(unspooled) = &mut journal.unspooled {
                unspooled.bytes(&journal.frames.as_bytes()[start..]);
            }
        }
    }
}

impl Deref for JournaledController {
    type Target = Controller;

    fn deref(&self) -> &Controller {
        &self.controller
    }
}
