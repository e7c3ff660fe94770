//! Changing, replacing and deleting one attribute (ETSI GS CIM 009 §5.6.4, §5.6.19, §5.6.5).

use machi_face::{AttributeName, FaceError};
use machi_model::entity::{Document as Entity, Instance, InstanceFragment};
use machi_model::laws::{self, Instances};
use machi_types::{Caller, Name};

use super::write::{Target, Written, decided};
use crate::Broker;
use crate::domain::current::Wanted;

impl Broker {
    /// Sets and removes members of one attribute instance.
    pub async fn update_attribute(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: Name,
        fragment: InstanceFragment,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        let entity_id = id.clone();
        let decide = move |now: super::write::Now<'_>| {
            let law = |entity: &Entity<'_>| laws::partial_update(entity, &attribute, &fragment);
            Ok(decided(now.apply(&entity_id, Wanted::Of(&[&attribute]), law)?))
        };
        self.write_entity(caller, id, target, Box::new(decide)).await
    }

    /// Replaces one attribute instance.
    pub async fn replace_attribute(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: Name,
        instance: Instance,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        let entity_id = id.clone();
        let decide = move |now: super::write::Now<'_>| {
            let law = |entity: &Entity<'_>| laws::replace_attribute(entity, &attribute, &instance);
            Ok(decided(now.apply(&entity_id, Wanted::Of(&[&attribute]), law)?))
        };
        self.write_entity(caller, id, target, Box::new(decide)).await
    }

    /// Deletes instances of an attribute, or the scopes.
    pub async fn delete_attribute(
        &self,
        caller: &Caller,
        id: &Name,
        attribute: AttributeName,
        instances: Instances,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        let entity_id = id.clone();
        let decide = move |now: super::write::Now<'_>| {
            let changes = match &attribute {
                AttributeName::Scope => now.apply(&entity_id, Wanted::Of(&[]), laws::delete_scope)?,
                AttributeName::Attribute(name) => {
                    let law = |entity: &Entity<'_>| laws::delete_attribute(entity, name, &instances);
                    now.apply(&entity_id, Wanted::Of(&[name]), law)?
                }
            };
            Ok(decided(changes))
        };
        self.write_entity(caller, id, target, Box::new(decide)).await
    }
}
