//! A bounded cache of names, so that hostile names cannot grow a context without end.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use machi_types::Name;

/// Longer names are worked out each time.
const LONGEST: usize = 512;
/// Threads that read different names seldom meet at the same lock.
const PARTS: usize = 8;
/// What a name takes beside its two texts, about.
const OVERHEAD: usize = 96;

/// Names by texts. A part is emptied when it is full, because what is still in use comes back at once.
#[derive(Debug)]
pub(super) struct NameCache {
    parts: [RwLock<Part>; PARTS],
    /// The most bytes of one part.
    part_bytes: usize,
}

#[derive(Debug, Default)]
struct Part {
    names: HashMap<Box<str>, Name>,
    bytes: usize,
}

impl NameCache {
    /// A cache that takes at most about so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self { parts: Default::default(), part_bytes: bytes / PARTS }
    }

    pub(super) fn get(&self, text: &str) -> Option<Name> {
        self.part(text).read().unwrap_or_else(PoisonError::into_inner).names.get(text).cloned()
    }

    pub(super) fn keep(&self, text: &str, name: &Name) {
        if text.len() > LONGEST || name.len() > LONGEST {
            return;
        }
        let bytes = text.len() + name.len() + OVERHEAD;
        let mut part = self.part(text).write().unwrap_or_else(PoisonError::into_inner);
        if part.bytes + bytes > self.part_bytes {
            *part = Part::default();
        }
        if part.names.insert(Box::from(text), name.clone()).is_none() {
            part.bytes += bytes;
        }
    }

    fn part(&self, text: &str) -> &RwLock<Part> {
        let middle = text.as_bytes().get(text.len() / 2).copied().unwrap_or_default();
        let last = text.as_bytes().last().copied().unwrap_or_default();
        &self.parts[(text.len() + usize::from(middle) + usize::from(last)) % PARTS]
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.read().unwrap_or_else(PoisonError::into_inner).names.len()).sum()
    }

    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.parts.iter().map(|part| part.read().unwrap_or_else(PoisonError::into_inner).bytes).sum()
    }
}
