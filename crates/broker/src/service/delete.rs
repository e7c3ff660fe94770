//! Delete Entity (ETSI GS CIM 009 §5.6.6).

use machi_face::FaceError;
use machi_types::{Caller, Name};

use super::write::{Decider, Target, Written};
use crate::Broker;
use crate::domain::change::Plan;
use machi_face::once::Effect;

impl Broker {
    /// Deletes an entity.
    pub async fn delete_entity(&self, caller: &Caller, id: &Name, target: Target) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        self.write_entity(caller, id, target, deleting(id.clone())).await
    }
}

/// Refuses where there is no entity.
pub(crate) fn deleting(id: Name) -> Decider {
    Box::new(move |now| match now.document {
        Some(_) => Ok((Plan::Delete, Effect::Deleted)),
        None => Err(FaceError::EntityNotFound { id: id.clone() }),
    })
}
