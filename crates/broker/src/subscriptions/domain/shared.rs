//! What many subscriptions have in common, held once: queries, shapes, endpoints.

use std::sync::{Arc, Weak};

use rustc_hash::FxHashMap;

use machi_model::query::{Query, ScopeQuery};

use super::endpoint::Endpoint;
use super::shape::Shape;

/// The values in use, by the text that they were read from.
#[derive(Debug, Default)]
pub(crate) struct Shared {
    pub(super) queries: Pool<Query>,
    pub(super) scopes: Pool<ScopeQuery>,
    pub(super) shapes: Pool<Shape>,
    pub(super) endpoints: Pool<Endpoint>,
}

/// Values of one kind; those that nobody uses any more are cleared away as the pool grows.
#[derive(Debug)]
pub(super) struct Pool<T> {
    values: FxHashMap<Box<str>, Weak<T>>,
    clear_at: usize,
}

impl<T> Default for Pool<T> {
    fn default() -> Self {
        Self { values: FxHashMap::default(), clear_at: 1024 }
    }
}

impl<T> Pool<T> {
    /// The value of this text, read now if nobody holds it.
    pub(super) fn get<E>(&mut self, text: &str, read: impl FnOnce() -> Result<T, E>) -> Result<Arc<T>, E> {
        if let Some(held) = self.values.get(text).and_then(Weak::upgrade) {
            return Ok(held);
        }
        let value = Arc::new(read()?);
        self.clear();
        self.values.insert(text.into(), Arc::downgrade(&value));
        Ok(value)
    }

    fn clear(&mut self) {
        if self.values.len() >= self.clear_at {
            self.values.retain(|_, value| value.strong_count() > 0);
            self.clear_at = (self.values.len() * 2).max(1024);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_read_once_and_goes_with_its_last_user() {
        let mut pool = Pool::default();
        let first = pool.get("a", || Ok::<_, ()>(1)).unwrap();
        assert_eq!(pool.get("a", || Err::<u8, _>("read again")), Ok(Arc::clone(&first)));
        drop(first);
        assert_eq!(pool.get("a", || Ok::<_, ()>(2)), Ok(Arc::new(2)));
        for n in 0..5000 {
            pool.get(&n.to_string(), || Ok::<_, ()>(n as u8)).unwrap();
        }
        assert!(pool.values.len() <= 1024);
    }
}
