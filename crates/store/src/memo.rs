//! Room beside a document for what a reader worked out from it, so that the next reader need not.
//!
//! A document never changes, its successor is another value: what is kept here can never be out of date, and it
//! goes when the document goes. The store neither reads nor counts it; whoever keeps something bounds it.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;

/// What a reader left with a document. Two documents with different notes are the same document.
#[derive(Default)]
pub struct Memo(Mutex<State>);

#[derive(Default)]
enum State {
    #[default]
    Untouched,
    AskedOnce,
    Kept(Arc<dyn Any + Send + Sync>),
}

impl Memo {
    /// What was kept, where it is of this type.
    pub fn kept<T: Any + Send + Sync>(&self) -> Option<Arc<T>> {
        match &*self.0.lock() {
            State::Kept(value) => Arc::clone(value).downcast().ok(),
            State::Untouched | State::AskedOnce => None,
        }
    }

    /// Keeps a value, instead of what was kept before.
    pub fn keep<T: Any + Send + Sync>(&self, value: Arc<T>) {
        *self.0.lock() = State::Kept(value);
    }

    /// Whether it was asked before: what is read but once need not be kept.
    pub fn is_asked_again(&self) -> bool {
        let mut state = self.0.lock();
        match *state {
            State::Untouched => {
                *state = State::AskedOnce;
                false
            }
            State::AskedOnce | State::Kept(_) => true,
        }
    }
}

impl Clone for Memo {
    /// A copy is going to become another document.
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Memo {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Memo {}

impl fmt::Debug for Memo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memo").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_found_by_its_type_and_not_copied() {
        let memo = Memo::default();
        assert_eq!((memo.is_asked_again(), memo.is_asked_again()), (false, true));
        memo.keep(Arc::new(7u32));
        assert_eq!(memo.kept::<u32>().as_deref(), Some(&7));
        assert_eq!(memo.kept::<u64>(), None);
        assert!(memo.clone().kept::<u32>().is_none());
    }
}
