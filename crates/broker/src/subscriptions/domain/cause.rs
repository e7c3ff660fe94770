//! Why a notification is due: an entity as of a commit, and what the commit did to it.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{Document, Entry};
use machi_types::Timestamp;
use parking_lot::Mutex;
use smallvec::SmallVec;

use super::changes::Changes;
use super::shape::Shape;
use crate::domain::reading::Reading;

/// An entity in a notification. The notifications of one change share it, and what is written of it.
#[derive(Debug)]
pub(crate) struct Cause {
    pub(crate) reading: Arc<Reading>,
    /// The document behind it.
    pub(crate) document: Arc<Document>,
    /// What changed; nothing where the clock alone is the reason.
    pub(crate) change: Option<(Arc<Entry>, Changes)>,
    /// At what time.
    pub(crate) time: Timestamp,
    written: Mutex<SmallVec<[(usize, Bytes); 2]>>,
}

impl Cause {
    pub(crate) fn new(
        reading: Arc<Reading>,
        document: Arc<Document>,
        change: Option<(Arc<Entry>, Changes)>,
        time: Timestamp,
    ) -> Self {
        Self { reading, document, change, time, written: Mutex::default() }
    }

    /// Whether the entity is gone.
    pub(crate) fn is_deletion(&self) -> bool {
        self.change.as_ref().is_some_and(|(_, changes)| changes.is_deletion())
    }

    /// What was written in this shape, written now if nobody did before.
    pub(crate) fn written<E>(
        &self,
        shape: &Arc<Shape>,
        write: impl FnOnce() -> Result<Vec<u8>, E>,
    ) -> Result<Bytes, E> {
        // INVARIANT: whoever asks holds the shape, and a shape in use stays where it is.
        let place = Arc::as_ptr(shape) as usize;
        if let Some((_, bytes)) = self.written.lock().iter().find(|(known, _)| *known == place) {
            return Ok(bytes.clone());
        }
        let bytes = Bytes::from(write()?);
        self.written.lock().push((place, bytes.clone()));
        Ok(bytes)
    }
}
