//! Cuts what arrives into lines, numbers them, and sums them up.

use bytes::{Bytes, BytesMut};
use machi_http::Text;

use super::Fault;

/// The longest line; an entity is much shorter.
const LONGEST: usize = 256 << 20;

/// What has arrived and is not cut yet.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pending: BytesMut,
    /// Where to look on for a line break.
    seen: usize,
    line: u64,
    hasher: crc32fast::Hasher,
}

impl Lines {
    /// Takes what arrived.
    pub(crate) fn take(&mut self, piece: &[u8]) -> Result<(), Fault> {
        self.pending.extend_from_slice(piece);
        if self.pending.len() > LONGEST {
            return Err(self.fault(Text::both("the line is too long", "行が長すぎます")));
        }
        Ok(())
    }

    /// The next whole line with its number and the sum of all lines before it; nothing until more has arrived.
    pub(crate) fn next_line(&mut self) -> Option<(u64, Bytes, u32)> {
        let fresh = self.pending.get(self.seen..).unwrap_or_default();
        let Some(at) = memchr::memchr(b'\n', fresh) else {
            self.seen = self.pending.len();
            return None;
        };
        let line = self.pending.split_to(self.seen + at + 1).freeze();
        self.seen = 0;
        self.line += 1;
        let sum = self.hasher.clone().finalize();
        self.hasher.update(&line);
        Some((self.line, line, sum))
    }

    /// Whether something arrived behind the last line break.
    pub(crate) fn has_rest(&self) -> bool {
        !self.pending.is_empty()
    }

    /// An error about the line that comes next.
    pub(crate) fn fault(&self, reason: Text) -> Fault {
        Fault { line: self.line + 1, reason }
    }
}
