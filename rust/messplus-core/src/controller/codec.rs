//! The controller as bytes.
//!
//! ```text
//! "MESSPLUS"  format u32  length u64  payload  crc32 of all before
//! ```

use messplus_base::wire::{self, Reader, Writer};

use super::Controller;
use crate::config::Config;
use crate::control::queue::VirtualQueue;
use crate::error::{Error, Result};
use crate::learn::sources::MAX_SOURCES;
use crate::memory::randomisation_stats::RandomisationStats;
use crate::memory::raters::Raters;
use crate::random::Uniforms;

const LABEL: &[u8] = b"MESSPLUS";
/// The format this version writes, and the oldest it reads.
const FORMAT: u32 = 7;
const OLDEST: u32 = 2;
/// Largest counter read from a state: below it `f64` is exact and nothing overflows.
const MAX_COUNT: u64 = 1 << 53;

impl Controller {
    /// Everything needed to go on as if nothing had happened, as versioned and checksummed bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Writer::default();
        out.bytes(LABEL);
        out.u32(FORMAT);
        let length = out.len();
        out.u64(0);
        let payload = out.len();
        out.text(&self.config.to_json());
        out.u64(self.step);
        out.u64(self.now);
        self.breaker.encode(&mut out);
        self.uniforms.encode(&mut out);
        let backlogs = self.levels.iter().chain(&self.limits).map(VirtualQueue::backlog);
        backlogs.for_each(|backlog| out.f64(backlog));
        out.u64(self.sources.len() as u64);
        self.sources.iter().for_each(|source| out.text(source));
        self.policy.encode(&mut out);
        self.raters.encode(&mut out);
        self.audit_uniforms.encode(&mut out);
        self.stats.encode(&mut out);
        if self.config.operation.epsilon > 0.0 {
            self.stats.randomisation.encode(&mut out);
        }
        self.sessions.encode(&mut out);
        self.pending.encode(&mut out);
        out.overwrite_u64(length, (out.len() - payload) as u64);
        out.seal()
    }

    /// The controller that [`to_bytes`](Self::to_bytes) saved.
    ///
    /// # Errors
    ///
    /// [`Error::State`] for bytes that are truncated, corrupt, of another format or not ours.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        Self::read(bytes, true)
    }

    /// Whether [`from_bytes`](Self::from_bytes) would read what this process wrote, in less memory.
    ///
    /// # Errors
    ///
    /// Those of [`from_bytes`](Self::from_bytes), but for a decision that is held twice.
    pub fn check_bytes(bytes: &[u8]) -> Result<()> {
        Self::read(bytes, false).map(drop)
    }

    fn read(bytes: &[u8], keep_pending: bool) -> Result<Self> {
        let mut input = open(bytes)?;
        let config = Config::from_json(input.text()?)
            .map_err(|error| Error::state("must hold valid settings", error))?;
        let (n_levels, n_models) = (config.agreement.levels.len(), config.models.len());
        let mut controller = Self::new(config);
        controller.step = input.u64()?;
        controller.now = input.u64()?;
        if controller.step > MAX_COUNT {
            return Err(Error::state("counters must stay below 2^53", controller.step));
        }
        controller.breaker.decode(&mut input, controller.now)?;
        controller.uniforms = Uniforms::decode(&mut input)?;
        for queue in controller.levels.iter_mut().chain(&mut controller.limits) {
            *queue = queue.with_backlog(input.f64()?)?;
        }
        if input.found_format() >= 3 {
            controller.sources.clear();
            for _ in 0..input.count(MAX_SOURCES)? {
                controller.sources.push(input.text()?.to_owned());
            }
        }
        controller.policy.decode(&mut input)?;
        if input.found_format() >= 3 {
            controller.raters = Raters::decode(&mut input)?;
            controller.audit_uniforms = Uniforms::decode(&mut input)?;
        }
        controller.stats.decode(&mut input)?;
        if controller.config.operation.epsilon > 0.0 {
            controller.stats.randomisation = RandomisationStats::decode(&mut input)?;
        }
        controller.sessions.decode(&mut input, n_models)?;
        controller.pending.decode(&mut input, n_levels, n_models, keep_pending)?;
        input.finish()?;
        Ok(controller)
    }
}

/// The payload, once label, format, length and checksum are as they must be.
fn open(bytes: &[u8]) -> wire::Result<Reader<'_>> {
    let mut input = Reader::new(bytes);
    input.label(LABEL)?;
    input.format_since(OLDEST, FORMAT)?;
    input.length()?;
    input.checksum()?;
    Ok(input)
}
