//! The format of saved routers, conversations and agents.
//!
//! ```text
//! "MPOF"  kind u8  format u16  payload  crc32 of all before
//! ```

use messplus_base::wire::{Reader, Result, WireError, Writer};

const LABEL: &[u8] = b"MPOF";
/// The format this version writes and reads.
const FORMAT: u16 = 1;

/// What was saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Router = 1,
    Conversation = 2,
    Agent = 3,
}

/// The header, to which a payload is written.
pub(crate) fn begin(kind: Kind) -> Writer {
    let mut out = Writer::default();
    out.bytes(LABEL);
    out.u8(kind as u8);
    out.u16(FORMAT);
    out
}

/// The payload, once label, format, checksum and kind are as they must be.
pub(crate) fn open(bytes: &[u8], kind: Kind) -> Result<Reader<'_>> {
    let mut input = Reader::new(bytes);
    input.label(LABEL)?;
    let (found, format) = (input.u8()?, input.u16()?);
    if format != FORMAT {
        return Err(WireError::Format { supported: FORMAT.into(), found: format.into() });
    }
    input.checksum()?;
    if found != kind as u8 {
        let rule = "must be of the kind that is restored";
        return Err(WireError::malformed(rule, format!("kind {found} for {kind:?}")));
    }
    Ok(input)
}

/// Numbers, how many they are before them.
pub(crate) fn write_array(out: &mut Writer, values: &[f64]) {
    out.u64(values.len() as u64);
    out.f64s(values);
}

/// As many numbers as there are slots.
pub(crate) fn read_array(input: &mut Reader<'_>, values: &mut [f64]) -> Result<()> {
    let length = input.count(values.len())?;
    if length != values.len() {
        let found = format!("{length} of {}", values.len());
        return Err(WireError::malformed("arrays must have the length of their settings", found));
    }
    input.f64s(values)
}
