//! Bytes of saved state: a label, a format number, little-endian fields, a checksum.
//!
//! ```text
//! "MESSPLUS"  format u32  length u64  payload  crc32 of all before
//! ```

use crate::error::{Error, Result};

const LABEL: &[u8; 8] = b"MESSPLUS";
const HEADER: usize = 8 + 4 + 8;
/// The format this version writes and reads.
pub const FORMAT: u32 = 2;

/// Collects the fields of a payload.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub fn u64(&mut self, value: u64) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn u128(&mut self, value: u128) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn u64s(&mut self, values: &[u64]) {
        values.iter().for_each(|&value| self.u64(value));
    }

    pub fn f64(&mut self, value: f64) {
        self.bytes.extend(value.to_le_bytes());
    }

    pub fn f64s(&mut self, values: &[f64]) {
        values.iter().for_each(|&value| self.f64(value));
    }

    pub fn f32s(&mut self, values: &[f32]) {
        values.iter().for_each(|value| self.bytes.extend(value.to_le_bytes()));
    }

    /// A text with its length before it.
    pub fn text(&mut self, text: &str) {
        self.u64(text.len() as u64);
        self.bytes.extend(text.as_bytes());
    }

    /// The payload between header and checksum.
    pub fn seal(self) -> Vec<u8> {
        let mut sealed = Vec::with_capacity(HEADER + self.bytes.len() + 4);
        sealed.extend(LABEL);
        sealed.extend(FORMAT.to_le_bytes());
        sealed.extend((self.bytes.len() as u64).to_le_bytes());
        sealed.extend(self.bytes);
        sealed.extend(crc32fast::hash(&sealed).to_le_bytes());
        sealed
    }
}

/// Reads the fields of a payload back, in the order they were written.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// The payload inside sealed bytes, once label, format, length and checksum are as they must be.
    pub fn open(sealed: &'a [u8]) -> Result<Self> {
        let mut header = Self { rest: sealed };
        if header.array::<8>()? != *LABEL {
            return Err(Error::state("must begin with the label MESSPLUS", "other bytes"));
        }
        let format = u32::from_le_bytes(header.array()?);
        if format != FORMAT {
            return Err(Error::StateVersion { supported: FORMAT, found: format });
        }
        let length = header.u64()?;
        let (payload, checksum) =
            header.rest.split_last_chunk::<4>().ok_or_else(|| truncated(header.rest))?;
        if payload.len() as u64 != length {
            let found = format!("{} of {length}", payload.len());
            return Err(Error::state("must have as many bytes as its header says", found));
        }
        let computed = crc32fast::hash(&sealed[..sealed.len() - 4]);
        if computed != u32::from_le_bytes(*checksum) {
            return Err(Error::state("must match its checksum", format!("{computed:08x}")));
        }
        Ok(Self { rest: payload })
    }

    /// Succeeds where every byte has been read.
    pub fn finish(self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            Err(Error::state("must end with its last field", format!("{} more", self.rest.len())))
        }
    }

    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub fn u128(&mut self) -> Result<u128> {
        self.array().map(u128::from_le_bytes)
    }

    pub fn u64s(&mut self, values: &mut [u64]) -> Result<()> {
        for value in values {
            *value = self.u64()?;
        }
        Ok(())
    }

    /// A finite number.
    pub fn f64(&mut self) -> Result<f64> {
        let value = f64::from_le_bytes(self.array()?);
        if value.is_finite() { Ok(value) } else { Err(not_finite(value)) }
    }

    /// Finite numbers.
    pub fn f64s(&mut self, values: &mut [f64]) -> Result<()> {
        for value in values {
            *value = self.f64()?;
        }
        Ok(())
    }

    /// Finite numbers.
    pub fn f32s(&mut self, values: &mut [f32]) -> Result<()> {
        for slot in values {
            let value = f32::from_le_bytes(self.array()?);
            if !value.is_finite() {
                return Err(not_finite(value.into()));
            }
            *slot = value;
        }
        Ok(())
    }

    pub fn text(&mut self) -> Result<&'a str> {
        let length = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
        let (text, rest) =
            self.rest.split_at_checked(length).ok_or_else(|| truncated(self.rest))?;
        self.rest = rest;
        std::str::from_utf8(text).map_err(|error| Error::state("texts must be UTF-8", error))
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(|| truncated(self.rest))?;
        self.rest = rest;
        Ok(*array)
    }
}

fn truncated(rest: &[u8]) -> Error {
    Error::state("must not end within a field", format!("{} bytes", rest.len()))
}

fn not_finite(value: f64) -> Error {
    Error::state("numbers must be finite", value)
}
