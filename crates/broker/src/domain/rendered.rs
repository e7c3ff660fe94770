//! Entities as they were written for a reader, left beside their documents for the next one (docs/adr/0012).
//!
//! What is left belongs to one version of one entity and names the @context and the look that it was written in, so
//! that it is never out of date and nobody has to throw it away. Only entities of which nothing ever expires are left.

use std::any::Any;
use std::sync::Arc;

use bytes::Bytes;
use machi_model::context::Context;
use machi_model::entity::Corrupt;
use machi_model::entity::render::Format;
use machi_store::{Note, Store};
use machi_types::{Name, TenantId};

use super::reading::Reading;
use crate::collections::ENTITIES;

/// How whole entities are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Look {
    pub(crate) format: Format,
    pub(crate) sys_attrs: bool,
    /// Whether the @context is a member of the entity.
    pub(crate) has_context: bool,
}

/// An entity as it was written.
#[derive(Debug)]
pub(crate) struct Rendered {
    id: Name,
    version: u64,
    instances: usize,
    context: Arc<Context>,
    look: Look,
    text: Bytes,
}

impl Note for Rendered {
    fn id(&self) -> &str {
        &self.id
    }

    fn version(&self) -> u64 {
        self.version
    }

    fn size(&self) -> usize {
        self.text.len() + self.id.len()
    }
}

impl Rendered {
    /// Leaves the text of an entity beside its document, if it is of use to others.
    pub(crate) fn leave(
        store: &dyn Store,
        tenant: &TenantId,
        reading: &Reading,
        (context, look): (&Arc<Context>, Look),
        text: &[u8],
    ) -> Result<(), Corrupt> {
        if reading.lasts()? {
            let rendered = Self {
                id: reading.id().clone(),
                version: reading.version(),
                instances: reading.instances(),
                context: Arc::clone(context),
                look,
                text: Bytes::copy_from_slice(text),
            };
            store.leave(tenant, ENTITIES, reading.stored(), Arc::new(rendered));
        }
        Ok(())
    }

    /// What was left by a reader with this @context and look.
    pub(crate) fn of<'a>(note: &'a dyn Note, context: &Arc<Context>, look: Look) -> Option<&'a Self> {
        let note: &dyn Any = note;
        let kept = note.downcast_ref::<Self>()?;
        (Arc::ptr_eq(&kept.context, context) && kept.look == look).then_some(kept)
    }

    /// The text of the entity.
    pub(crate) fn text(&self) -> &Bytes {
        &self.text
    }

    /// The version of the entity.
    pub(crate) fn version(&self) -> u64 {
        self.version
    }

    /// How many instances of attributes it shows: what is left lasts, so that it shows all.
    pub(crate) fn instances(&self) -> usize {
        self.instances
    }
}
