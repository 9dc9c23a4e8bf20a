//! Big-endian numbers and counted strings, written and read.

use anyhow::Context;

/// A message being written.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn i8(mut self, value: i8) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i16(mut self, value: i16) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    pub(crate) fn i32(mut self, value: i32) -> Self {
        self.0.extend(value.to_be_bytes());
        self
    }

    /// A string with its length in two bytes.
    pub(crate) fn short_string(self, text: &str) -> anyhow::Result<Self> {
        let length = i16::try_from(text.len()).context("a string too long for its count")?;
        Ok(self.i16(length).raw(text.as_bytes()))
    }

    /// A string with its length in four bytes.
    pub(crate) fn long_string(self, text: &str) -> anyhow::Result<Self> {
        let length = i32::try_from(text.len()).context("a string too long for its count")?;
        Ok(self.i32(length).raw(text.as_bytes()))
    }

    pub(crate) fn raw(mut self, bytes: &[u8]) -> Self {
        self.0.extend(bytes);
        self
    }

    pub(crate) fn done(self) -> Vec<u8> {
        self.0
    }
}

/// A message being read.
#[derive(Debug)]
pub(crate) struct Reader<'a>(pub &'a [u8]);

impl Reader<'_> {
    pub(crate) fn take(&mut self, count: usize) -> anyhow::Result<&[u8]> {
        let (head, tail) = self
            .0
            .split_at_checked(count)
            .context("the answer ends too early")?;
        self.0 = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> anyhow::Result<[u8; N]> {
        let (head, tail) = self
            .0
            .split_first_chunk::<N>()
            .context("the answer ends too early")?;
        self.0 = tail;
        Ok(*head)
    }

    pub(crate) fn u8(&mut self) -> anyhow::Result<u8> {
        Ok(u8::from_be_bytes(self.array()?))
    }

    pub(crate) fn i16(&mut self) -> anyhow::Result<i16> {
        Ok(i16::from_be_bytes(self.array()?))
    }

    pub(crate) fn i32(&mut self) -> anyhow::Result<i32> {
        Ok(i32::from_be_bytes(self.array()?))
    }

    /// A string with its length in two bytes; below zero is none.
    pub(crate) fn short_string(&mut self) -> anyhow::Result<Option<String>> {
        let Ok(length) = usize::try_from(self.i16()?) else {
            return Ok(None);
        };
        Ok(Some(
            String::from_utf8_lossy(self.take(length)?).into_owned(),
        ))
    }

    /// A count in four bytes; below zero is none of them.
    pub(crate) fn count(&mut self) -> anyhow::Result<usize> {
        Ok(usize::try_from(self.i32()?).unwrap_or(0))
    }
}
