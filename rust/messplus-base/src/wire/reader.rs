//! Taking fields, in the order they were written.

use std::fmt::Display;

use super::{Result, WireError, checksum};

/// Fields still to be read.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    whole: &'a [u8],
    rest: &'a [u8],
    format: u32,
}

impl<'a> Reader<'a> {
    /// All of `bytes` are to be read.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { whole: bytes, rest: bytes, format: 0 }
    }

    /// What is still to be read.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The label of the format.
    ///
    /// # Errors
    /// Other bytes are there, or too few.
    pub fn label(&mut self, label: &[u8]) -> Result<()> {
        let found = self.bytes(label.len())?;
        if found == label {
            return Ok(());
        }
        let found = format!("{} instead of {}", found.escape_ascii(), label.escape_ascii());
        Err(WireError::malformed("must begin with its label", found))
    }

    /// The number of the format.
    ///
    /// # Errors
    /// Another format than `supported` is there.
    pub fn format(&mut self, supported: u32) -> Result<()> {
        self.format_since(supported, supported)
    }

    /// The number of the format, where those since `oldest` can be read as well; fields that came
    /// later ask for [`found_format`](Self::found_format).
    ///
    /// # Errors
    /// An older format is there, or a newer one than `supported`.
    pub fn format_since(&mut self, oldest: u32, supported: u32) -> Result<()> {
        self.format = self.u32()?;
        if (oldest..=supported).contains(&self.format) {
            Ok(())
        } else {
            Err(WireError::Format { supported, found: self.format })
        }
    }

    /// The number that [`format`](Self::format) read; zero before.
    #[must_use]
    pub fn found_format(&self) -> u32 {
        self.format
    }

    /// The number of bytes between here and the checksum.
    ///
    /// # Errors
    /// There are more, or fewer.
    pub fn length(&mut self) -> Result<()> {
        let (length, found) = (self.u64()?, self.rest.len() as u64);
        if length.checked_add(4) == Some(found) {
            return Ok(());
        }
        let found = format!("{} of {length}", found.saturating_sub(4));
        Err(WireError::malformed("must have as many bytes as its header says", found))
    }

    /// The last four bytes, which are taken off the end: a checksum of all before them.
    ///
    /// # Errors
    /// They are not.
    pub fn checksum(&mut self) -> Result<()> {
        let (rest, sum) = self.rest.split_last_chunk().ok_or_else(|| self.truncated())?;
        let computed = checksum(0, &self.whole[..self.whole.len() - sum.len()]);
        if computed != u32::from_le_bytes(*sum) {
            return Err(WireError::malformed("must match its checksum", format!("{computed:08x}")));
        }
        self.rest = rest;
        Ok(())
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// There are bytes that were not read.
    pub fn finish(self) -> Result<()> {
        if self.rest.is_empty() {
            Ok(())
        } else {
            let found = format!("{} more", self.rest.len());
            Err(WireError::malformed("must end with its last field", found))
        }
    }

    /// One byte.
    ///
    /// # Errors
    /// There are not as many; the same holds for every field below.
    pub fn u8(&mut self) -> Result<u8> {
        self.array().map(u8::from_le_bytes)
    }

    /// Two bytes.
    ///
    /// # Errors
    /// Too few are left.
    pub fn u16(&mut self) -> Result<u16> {
        self.array().map(u16::from_le_bytes)
    }

    /// Four bytes.
    ///
    /// # Errors
    /// Too few are left.
    pub fn u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_le_bytes)
    }

    /// Eight bytes.
    ///
    /// # Errors
    /// Too few are left.
    pub fn u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_le_bytes)
    }

    /// Sixteen bytes.
    ///
    /// # Errors
    /// Too few are left.
    pub fn u128(&mut self) -> Result<u128> {
        self.array().map(u128::from_le_bytes)
    }

    /// Eight bytes each.
    ///
    /// # Errors
    /// Too few are left.
    pub fn u64s(&mut self, values: &mut [u64]) -> Result<()> {
        values.iter_mut().try_for_each(|slot| self.u64().map(|value| *slot = value))
    }

    /// Eight bytes: a number of things, at most `limit`.
    ///
    /// # Errors
    /// Too few are left, or the number is larger.
    pub fn count(&mut self, limit: usize) -> Result<usize> {
        let value = self.u64()?;
        let count = usize::try_from(value).ok().filter(|&count| count <= limit);
        count.ok_or_else(|| {
            WireError::malformed("counts must be in range", format!("{value} of at most {limit}"))
        })
    }

    /// A finite number.
    ///
    /// # Errors
    /// Too few bytes are left, or the number is not finite.
    pub fn f64(&mut self) -> Result<f64> {
        let value = f64::from_le_bytes(self.array()?);
        if value.is_finite() { Ok(value) } else { Err(not_finite(value)) }
    }

    /// A finite number, or positive infinity: no limit.
    ///
    /// # Errors
    /// Too few bytes are left, or the number is another.
    pub fn f64_or_infinity(&mut self) -> Result<f64> {
        let value = f64::from_le_bytes(self.array()?);
        if value.is_finite() || value == f64::INFINITY {
            Ok(value)
        } else {
            Err(WireError::malformed("limits must be finite or infinity", value))
        }
    }

    /// Finite numbers.
    ///
    /// # Errors
    /// Too few bytes are left, or a number is not finite.
    pub fn f64s(&mut self, values: &mut [f64]) -> Result<()> {
        values.iter_mut().try_for_each(|slot| self.f64().map(|value| *slot = value))
    }

    /// Finite numbers of single precision.
    ///
    /// # Errors
    /// Too few bytes are left, or a number is not finite.
    pub fn f32s(&mut self, values: &mut [f32]) -> Result<()> {
        for slot in values {
            let value = f32::from_le_bytes(self.array()?);
            if !value.is_finite() {
                return Err(not_finite(value));
            }
            *slot = value;
        }
        Ok(())
    }

    /// A text, its length before it.
    ///
    /// # Errors
    /// Too few bytes are left, or they are not UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        let length = usize::try_from(self.u64()?).unwrap_or(usize::MAX);
        std::str::from_utf8(self.bytes(length)?)
            .map_err(|error| WireError::malformed("texts must be UTF-8", error))
    }

    /// So many bytes as they are.
    ///
    /// # Errors
    /// Too few are left.
    pub fn bytes(&mut self, length: usize) -> Result<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(bytes)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk().ok_or_else(|| self.truncated())?;
        self.rest = rest;
        Ok(*array)
    }

    fn truncated(&self) -> WireError {
        WireError::malformed("must not end within a field", format!("{} bytes", self.rest.len()))
    }
}

fn not_finite(value: impl Display) -> WireError {
    WireError::malformed("numbers must be finite", value)
}
