//! Append Attributes, Update Attributes (ETSI GS CIM 009 §5.6.3, §5.6.2), and the upsert that updates (§5.6.8).

use machi_face::FaceError;
use machi_http::Text;
use machi_model::entity::{Document, Fragment};
use machi_model::laws::{self, Changes, Overwrite, Reason, Refusal};
use machi_store::Stamp;
use machi_types::{Caller, Name};

use super::write::{Decider, Target, Written, decided};
use super::{attributes_of, check_id};
use crate::Broker;
use crate::domain::change::{Plan, Prepared};
use crate::domain::current::Wanted;
use machi_face::once::Effect;

impl Broker {
    /// Appends attributes; those that exist are replaced or left, as `overwrite` says.
    pub async fn append_attributes(
        &self,
        caller: &Caller,
        id: &Name,
        fragment: Fragment,
        overwrite: Overwrite,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        check_id(id, &fragment)?;
        self.write_entity(caller, id, target, appending(id.clone(), fragment, overwrite)).await
    }

    /// Replaces attributes, appends those that are not there, and deletes those that are null.
    pub async fn update_attributes(
        &self,
        caller: &Caller,
        id: &Name,
        fragment: Fragment,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        check_id(id, &fragment)?;
        self.write_entity(caller, id, target, updating(id.clone(), fragment)).await
    }
}

/// Refuses where there is no entity.
pub(crate) fn appending(id: Name, fragment: Fragment, overwrite: Overwrite) -> Decider {
    Box::new(move |now| {
        let names = attributes_of(&fragment);
        let changes = now.apply(&id, Wanted::Of(&names), |entity| laws::append(entity, &fragment, overwrite))?;
        Ok(decided(changes))
    })
}

/// Refuses where there is no entity.
pub(crate) fn updating(id: Name, fragment: Fragment) -> Decider {
    Box::new(move |now| {
        let names = attributes_of(&fragment);
        let changes = now.apply(&id, Wanted::Of(&names), |entity| laws::update(entity, &fragment))?;
        Ok(decided(changes))
    })
}

/// A law by which an entity that exists follows a fragment.
pub(crate) type Update = fn(&Document<'_>, &Fragment) -> Result<Changes, Refusal>;

/// Creates the entity where there is none, and updates its attributes where there is one (§5.6.8, mode "update").
pub(crate) fn creating_or_updating(id: Name, fragment: Fragment, update: Update) -> Decider {
    Box::new(move |now| {
        if now.document.is_some() {
            let names = attributes_of(&fragment);
            let mut changes = now.apply(&id, Wanted::Of(&names), |entity| update(entity, &fragment))?;
            // §5.6.8 asks for the verdict of an entity, and this one was updated.
            changes.not_updated.retain(|not| not.reason != Reason::NoScope);
            return Ok(decided(changes));
        }
        let Some(entity) = fragment.clone().into_entity() else {
            return Err(FaceError::bad_data(Text::both(
                "the entity does not exist yet, and a new one needs a member \"type\"",
                "エンティティがまだ存在しないため、\"type\"が必要です",
            )));
        };
        Ok((Plan::Whole(Prepared::new(&entity), Stamp::Keep), Effect::Created))
    })
}
