//! Replace Entity (ETSI GS CIM 009 §5.6.18).

use machi_face::FaceError;
use machi_model::entity::{Fragment, Head};
use machi_store::Stamp;
use machi_types::{Caller, Name};

use super::check_id;
use super::write::{Decider, Target, Written};
use crate::Broker;
use crate::domain::change::{Plan, Prepared};
use machi_face::once::Effect;

impl Broker {
    /// Makes an entity what the fragment says, whatever it was.
    pub async fn replace_entity(
        &self,
        caller: &Caller,
        id: &Name,
        fragment: Fragment,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        check_id(id, &fragment)?;
        self.write_entity(caller, id, target, replacing(id.clone(), fragment)).await
    }
}

/// Refuses where there is no entity. A fragment without a type leaves the types as they are.
fn replacing(id: Name, mut fragment: Fragment) -> Decider {
    fragment.id = Some(id.clone());
    Box::new(move |now| {
        let Some(document) = now.document else { return Err(FaceError::EntityNotFound { id: id.clone() }) };
        let mut whole = fragment.clone();
        if whole.types.is_empty() {
            whole.types = Head::decode(&document.head)?.types;
        }
        let Some(entity) = whole.into_entity() else {
            return Err(FaceError::Bug("a stored entity has no type"));
        };
        Ok((Plan::Whole(Prepared::new(&entity), Stamp::Keep), Effect::Changed))
    })
}

/// Creates the entity where there is none, and replaces it where there is one (§5.6.8, mode "replace").
pub(crate) fn upserting(prepared: Prepared) -> Decider {
    Box::new(move |now| {
        let effect = if now.document.is_some() { Effect::Changed } else { Effect::Created };
        Ok((Plan::Whole(prepared.clone(), Stamp::Keep), effect))
    })
}
