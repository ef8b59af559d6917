//! What caps on expected costs did.

use messplus_base::wire::{Reader, Writer};

use crate::error::Result;

/// Requests on which a cap on the expected cost left out models.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapStats {
    /// Some models were beyond it, others served.
    pub narrowed: u64,
    /// All were: the cheapest served.
    pub unaffordable: u64,
}

impl CapStats {
    /// Count a request for which there were so many models, of which the cap left some or none.
    pub(crate) fn add(&mut self, asked: usize, left: usize, fits: bool) {
        self.narrowed += u64::from(fits && left < asked);
        self.unaffordable += u64::from(!fits);
    }

    pub(crate) fn encode(&self, out: &mut Writer) {
        out.u64s(&[self.narrowed, self.unaffordable]);
    }

    pub(crate) fn decode(input: &mut Reader<'_>) -> Result<Self> {
        Ok(Self { narrowed: input.u64()?, unaffordable: input.u64()? })
    }
}
