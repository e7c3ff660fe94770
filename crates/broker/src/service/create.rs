//! Create Entity (ETSI GS CIM 009 §5.6.1).

use machi_face::FaceError;
use machi_model::entity::Entity;
use machi_store::Stamp;
use machi_types::Caller;

use super::write::{Decider, Target, Written};
use crate::Broker;
use crate::domain::change::{Plan, Prepared};
use machi_face::once::Effect;

impl Broker {
    /// Creates an entity.
    pub async fn create_entity(&self, caller: &Caller, entity: &Entity, target: Target) -> Result<Written, FaceError> {
        self.face.check_tenant_or_create(caller).await?;
        let prepared = Prepared::new(entity);
        let id = prepared.id.clone();
        self.write_entity(caller, &id, target, creating(prepared)).await
    }
}

/// Refuses where the entity exists.
pub(crate) fn creating(prepared: Prepared) -> Decider {
    Box::new(move |now| {
        if now.document.is_some() {
            return Err(FaceError::EntityExists { id: prepared.id.clone() });
        }
        Ok((Plan::Whole(prepared.clone(), Stamp::Fresh), Effect::Created))
    })
}
