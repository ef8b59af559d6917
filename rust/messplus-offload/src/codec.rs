//! Versioned, checksummed bytes: label, kind, version, payload, CRC-32. Little-endian, no trailing bytes, finite values only.

use crate::error::{OffloadError, Result};

const LABEL: &[u8; 4] = b"MPOF";
const VERSION: u16 = 1;

/// Writes one state.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    /// Starts a state of the given kind.
    pub(crate) fn new(kind: u8) -> Self {
        let mut bytes = LABEL.to_vec();
        bytes.push(kind);
        bytes.extend(VERSION.to_le_bytes());
        Self(bytes)
    }

    pub(crate) fn u64(&mut self, value: u64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn f64(&mut self, value: f64) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn f64s(&mut self, values: &[f64]) {
        self.u64(values.len() as u64);
        values.iter().for_each(|&v| self.f64(v));
    }

    pub(crate) fn f32s(&mut self, values: &[f32]) {
        self.u64(values.len() as u64);
        values.iter().for_each(|v| self.0.extend(v.to_le_bytes()));
    }

    /// Appends the checksum.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let sum = crc32fast::hash(&self.0);
        self.0.extend(sum.to_le_bytes());
        self.0
    }
}

/// Reads one state.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Checks label, kind, version and checksum.
    pub(crate) fn new(bytes: &'a [u8], kind: u8) -> Result<Self> {
        let Some((body, sum)) = bytes.split_last_chunk::<4>() else {
            return Err(OffloadError::Corrupt("are too short"));
        };
        let header = LABEL.len() + 3;
        if body.len() < header || &body[..LABEL.len()] != LABEL {
            return Err(OffloadError::Corrupt(
                "do not start with the label of an offloading state",
            ));
        }
        let version = u16::from_le_bytes([body[5], body[6]]);
        if version != VERSION {
            return Err(OffloadError::Version { expected: VERSION, found: version });
        }
        if crc32fast::hash(body) != u32::from_le_bytes(*sum) {
            return Err(OffloadError::Corrupt("fail their checksum"));
        }
        if body[4] != kind {
            return Err(OffloadError::Corrupt("are of another kind"));
        }
        Ok(Self(&body[header..]))
    }

    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, rest) =
            self.0.split_first_chunk::<N>().ok_or(OffloadError::Corrupt("are too short"))?;
        self.0 = rest;
        Ok(*head)
    }

    pub(crate) fn u64(&mut self) -> Result<u64> {
        self.take().map(u64::from_le_bytes)
    }

    /// A count that is at most `limit`.
    pub(crate) fn count(&mut self, limit: usize) -> Result<usize> {
        let value = self.u64()?;
        usize::try_from(value)
            .ok()
            .filter(|&v| v <= limit)
            .ok_or(OffloadError::Corrupt("hold a count out of range"))
    }

    pub(crate) fn f64(&mut self) -> Result<f64> {
        let value = self.take().map(f64::from_le_bytes)?;
        if value.is_finite() {
            Ok(value)
        } else {
            Err(OffloadError::Corrupt("hold a value that is not finite"))
        }
    }

    /// A limit: finite or positive infinity.
    pub(crate) fn limit(&mut self) -> Result<f64> {
        let value = self.take().map(f64::from_le_bytes)?;
        if value.is_nan() {
            Err(OffloadError::Corrupt("hold a value that is not a number"))
        } else {
            Ok(value)
        }
    }

    pub(crate) fn f64s_into(&mut self, out: &mut [f64]) -> Result<()> {
        if self.count(out.len())? != out.len() {
            return Err(OffloadError::Corrupt("hold an array of another length"));
        }
        out.iter_mut().try_for_each(|slot| self.f64().map(|v| *slot = v))
    }

    pub(crate) fn f32s(&mut self) -> Result<Vec<f32>> {
        let count = self.count(self.0.len() / 4)?;
        (0..count)
            .map(|_| match self.take().map(f32::from_le_bytes)? {
                value if value.is_finite() => Ok(value),
                _ => Err(OffloadError::Corrupt("hold a value that is not finite")),
            })
            .collect()
    }

    /// Refuses trailing bytes.
    pub(crate) fn finish(self) -> Result<()> {
        if self.0.is_empty() { Ok(()) } else { Err(OffloadError::Corrupt("have trailing content")) }
    }
}
