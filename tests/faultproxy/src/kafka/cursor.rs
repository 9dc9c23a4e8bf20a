//! Reading the protocol's primitive types.
//!
//! Duty: hand out values with bounds checked, and say where bytes lie, so that the few changes
//! that the proxy makes are made in place. Prohibition: no read goes past the end or panics.

use std::ops::Range;

/// Bytes that do not read as what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what} at byte {at} cannot be read")]
pub struct Malformed {
    /// What was expected.
    pub what: &'static str,
    /// Where.
    pub at: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    pub(crate) const fn malformed(&self, what: &'static str) -> Malformed {
        Malformed { what, at: self.at }
    }

    pub(crate) fn range(&mut self, length: usize) -> Result<Range<usize>, Malformed> {
        let end = self.at.checked_add(length);
        let end = end.filter(|end| *end <= self.bytes.len());
        let end = end.ok_or(self.malformed("length"))?;
        let range = self.at..end;
        self.at = end;
        Ok(range)
    }

    pub(crate) fn take(&mut self, length: usize) -> Result<&'a [u8], Malformed> {
        let range = self.range(length)?;
        Ok(self.bytes.get(range).unwrap_or_default())
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let malformed = self.malformed("number");
        self.take(N)?.try_into().map_err(|_| malformed)
    }

    pub(crate) fn i8(&mut self) -> Result<i8, Malformed> {
        self.array().map(i8::from_be_bytes)
    }

    pub(crate) fn i16(&mut self) -> Result<i16, Malformed> {
        self.array().map(i16::from_be_bytes)
    }

    pub(crate) fn i32(&mut self) -> Result<i32, Malformed> {
        self.array().map(i32::from_be_bytes)
    }

    pub(crate) fn i64(&mut self) -> Result<i64, Malformed> {
        self.array().map(i64::from_be_bytes)
    }

    pub(crate) fn uuid(&mut self) -> Result<[u8; 16], Malformed> {
        self.array()
    }

    pub(crate) fn uvarint(&mut self) -> Result<u32, Malformed> {
        let long = self.uvarlong()?;
        u32::try_from(long).map_err(|_| self.malformed("varint"))
    }

    fn uvarlong(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.array::<1>()?[0];
            let bits = u64::from(byte & 0x7F);
            let shifted = bits << shift;
            if shifted >> shift != bits {
                return Err(self.malformed("varint"));
            }
            value |= shifted;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(self.malformed("varint"))
    }

    /// Zigzag.
    pub(crate) fn varlong(&mut self) -> Result<i64, Malformed> {
        let raw = self.uvarlong()?;
        let half = i64::try_from(raw >> 1).map_err(|_| self.malformed("varint"))?;
        Ok(if raw & 1 == 1 { !half } else { half })
    }

    /// The length of something nullable; `None` is null.
    fn length(&mut self, width: Width) -> Result<Option<usize>, Malformed> {
        let length = match width {
            Width::Short => i64::from(self.i16()?),
            Width::Long => i64::from(self.i32()?),
            Width::Compact => i64::from(self.uvarint()?).saturating_sub(1),
            Width::Varint => self.varlong()?,
        };
        match length {
            -1 => Ok(None),
            length => usize::try_from(length)
                .map(Some)
                .map_err(|_| self.malformed("length")),
        }
    }

    pub(crate) fn nullable(&mut self, width: Width) -> Result<Option<Range<usize>>, Malformed> {
        let length = self.length(width)?;
        length.map(|length| self.range(length)).transpose()
    }

    pub(crate) fn text(&mut self, width: Width) -> Result<Option<String>, Malformed> {
        let range = self.nullable(width)?;
        let bytes = range.and_then(|range| self.bytes.get(range));
        let text = bytes.map(|bytes| str::from_utf8(bytes).map(str::to_owned));
        text.transpose().map_err(|_| self.malformed("text"))
    }

    /// The number of things that follow; null is none.
    pub(crate) fn count(&mut self, width: Width) -> Result<usize, Malformed> {
        self.length(width).map(Option::unwrap_or_default)
    }

    pub(crate) fn skip_tags(&mut self) -> Result<(), Malformed> {
        for _ in 0..self.uvarint()? {
            self.uvarint()?;
            let length = self.uvarint()?;
            let length = usize::try_from(length).map_err(|_| self.malformed("length"))?;
            self.range(length)?;
        }
        Ok(())
    }
}

/// How a length is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Width {
    /// Two bytes: strings.
    Short,
    /// Four bytes: byte strings and arrays.
    Long,
    /// One more than the length, as an unsigned varint: flexible versions.
    Compact,
    /// A zigzag varint: inside records.
    Varint,
}
