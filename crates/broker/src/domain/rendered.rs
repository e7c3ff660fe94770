//! Entities as they were written for a reader, kept with their documents for the next one (docs/adr/0005).
//!
//! What is kept hangs on one version of one entity and names the @context and the look that it was written in,
//! so that it is never out of date and nobody has to throw it away. Only entities of which nothing ever expires
//! are kept, and only those that were read twice.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use machi_model::context::Context;
use machi_model::entity::Corrupt;
use machi_model::entity::render::Format;
use machi_store::Document;

use super::reading::Reading;

/// The estimated cost of what is kept beyond its text.
const OVERHEAD: usize = 160;

/// How whole entities are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) format: Format,
    pub(crate) sys_attrs: bool,
    /// Whether the @context is a member of the entity.
    pub(crate) has_context: bool,
}

/// The room for all that is kept.
#[derive(Debug)]
pub(crate) struct Shelf(Arc<Room>);

#[derive(Debug)]
struct Room {
    budget: usize,
    taken: AtomicUsize,
}

/// An entity as it was written.
#[derive(Debug)]
pub(crate) struct Rendered {
    context: Arc<Context>,
    look: Look,
    bytes: Bytes,
    room: Arc<Room>,
}

impl Rendered {
    /// The text of an entity, if it was kept in this @context and look.
    pub(crate) fn of(document: &Document, context: &Arc<Context>, look: Look) -> Option<Bytes> {
        let kept = document.memo.kept::<Self>()?;
        (Arc::ptr_eq(&kept.context, context) && kept.look == look).then(|| kept.bytes.clone())
    }
}

impl Drop for Rendered {
    fn drop(&mut self) {
        self.room.taken.fetch_sub(self.bytes.len() + OVERHEAD, Ordering::Relaxed);
    }
}

impl Shelf {
    /// Room for so many bytes.
    pub(crate) fn new(budget: usize) -> Self {
        Self(Arc::new(Room { budget, taken: AtomicUsize::new(0) }))
    }

    /// Keeps the text of an entity, if that is of use and there is room.
    pub(crate) fn keep(
        &self,
        reading: &Reading,
        context: &Arc<Context>,
        look: Look,
        text: &[u8],
    ) -> Result<(), Corrupt> {
        let memo = &reading.stored().memo;
        if memo.is_asked_again() && reading.lasts()? && self.0.take(text.len() + OVERHEAD) {
            let (context, room) = (Arc::clone(context), Arc::clone(&self.0));
            memo.keep(Arc::new(Rendered { context, look, bytes: Bytes::copy_from_slice(text), room }));
        }
        Ok(())
    }
}

impl Room {
    fn take(&self, bytes: usize) -> bool {
        let taken = self.taken.fetch_add(bytes, Ordering::Relaxed);
        let has_room = taken + bytes <= self.budget;
        if !has_room {
            self.taken.fetch_sub(bytes, Ordering::Relaxed);
        }
        has_room
    }
}
