//! A bounded cache of names, so that hostile names cannot grow a context without end.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use machi_types::Name;

/// Longer names are worked out each time.
const LONGEST: usize = 512;
/// Threads that read different names seldom meet at the same lock.
const PARTS: usize = 8;

/// Names by texts. A part is emptied when it is full, because what is still in use comes back at once.
#[derive(Debug)]
pub(super) struct NameCache {
    parts: [RwLock<HashMap<Box<str>, Name>>; PARTS],
    capacity: usize,
}

impl NameCache {
    pub(super) fn new(capacity: usize) -> Self {
        Self { parts: Default::default(), capacity: capacity / PARTS }
    }

    pub(super) fn get(&self, text: &str) -> Option<Name> {
        self.part(text).read().unwrap_or_else(PoisonError::into_inner).get(text).cloned()
    }

    pub(super) fn keep(&self, text: &str, name: &Name) {
        if text.len() > LONGEST || name.len() > LONGEST {
            return;
        }
        let mut part = self.part(text).write().unwrap_or_else(PoisonError::into_inner);
        if part.len() >= self.capacity {
            part.clear();
        }
        part.insert(Box::from(text), name.clone());
    }

    fn part(&self, text: &str) -> &RwLock<HashMap<Box<str>, Name>> {
        let middle = text.as_bytes().get(text.len() / 2).copied().unwrap_or_default();
        let last = text.as_bytes().last().copied().unwrap_or_default();
        &self.parts[(text.len() + usize::from(middle) + usize::from(last)) % PARTS]
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.parts.iter().map(|part| part.read().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }
}
