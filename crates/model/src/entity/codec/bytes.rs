//! Reading and writing of the stored form's small parts; reading stays inside its bytes, whatever they say.

use std::str;

use machi_types::Timestamp;

/// Stored bytes that this version cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Corrupt {
    /// They end too early.
    #[error("the stored bytes end too early")]
    Truncated,
    /// They go on after their end.
    #[error("the stored bytes go on after their end")]
    Trailing,
    /// A text is no UTF-8.
    #[error("a stored text is no UTF-8")]
    Text,
    /// A number stands for nothing known here.
    #[error("the stored number {0} is unknown here")]
    Unknown(u64),
    /// They were written by a newer version.
    #[error("the stored format {0} is newer than this program")]
    Version(u8),
    /// Sub-attributes nest deeper than any that are taken.
    #[error("stored sub-attributes nest too deeply")]
    Depth,
}

/// A place in stored bytes.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    left: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from the beginning.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes }
    }

    /// What is left.
    pub const fn rest(self) -> &'a [u8] {
        self.left
    }

    /// Whether all was read.
    pub const fn is_empty(&self) -> bool {
        self.left.is_empty()
    }

    /// Refuses what is left.
    pub fn finish(self) -> Result<(), Corrupt> {
        if self.is_empty() { Ok(()) } else { Err(Corrupt::Trailing) }
    }

    /// One byte.
    pub fn byte(&mut self) -> Result<u8, Corrupt> {
        let (first, left) = self.left.split_first().ok_or(Corrupt::Truncated)?;
        self.left = left;
        Ok(*first)
    }

    /// So many bytes.
    pub fn take(&mut self, length: usize) -> Result<&'a [u8], Corrupt> {
        let (taken, left) = self.left.split_at_checked(length).ok_or(Corrupt::Truncated)?;
        self.left = left;
        Ok(taken)
    }

    /// An unsigned LEB128 number.
    pub fn number(&mut self) -> Result<u64, Corrupt> {
        let mut number = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(Corrupt::Unknown(number))
    }

    /// A number of things each of which takes at least one byte.
    pub fn count(&mut self) -> Result<usize, Corrupt> {
        let count = self.number()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.left.len() => Ok(count),
            _ => Err(Corrupt::Truncated),
        }
    }

    /// Bytes behind their length.
    pub fn block(&mut self) -> Result<&'a [u8], Corrupt> {
        let length = self.count()?;
        self.take(length)
    }

    /// A text behind its length.
    pub fn text(&mut self) -> Result<&'a str, Corrupt> {
        str::from_utf8(self.block()?).map_err(|_| Corrupt::Text)
    }

    /// A time in microseconds.
    pub fn time(&mut self) -> Result<Timestamp, Corrupt> {
        let bytes = self.take(8)?;
        let bytes = <[u8; 8]>::try_from(bytes).map_err(|_| Corrupt::Truncated)?;
        Ok(Timestamp::from_micros(i64::from_le_bytes(bytes)))
    }
}

/// Appends an unsigned LEB128 number.
pub fn put_number(mut number: u64, out: &mut Vec<u8>) {
    while number >= 0x80 {
        out.push((number as u8) | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Appends a text behind its length.
pub fn put_text(text: &str, out: &mut Vec<u8>) {
    put_number(text.len() as u64, out);
    out.extend_from_slice(text.as_bytes());
}

/// Appends a time in microseconds.
pub fn put_time(time: Timestamp, out: &mut Vec<u8>) {
    out.extend_from_slice(&time.micros().to_le_bytes());
}
