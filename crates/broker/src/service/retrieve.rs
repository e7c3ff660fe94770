//! Retrieve Entity (ETSI GS CIM 009 §5.7.1).

use machi_face::{AsOf, FaceError};
use machi_model::entity::HeadRef;
use machi_model::query::TypeExpression;
use machi_types::{Caller, Name};

use super::select::Sight;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::reading::Reading;
use crate::domain::selection::of_types;

impl Broker {
    /// The entity as it is now, or as it was.
    pub(crate) async fn retrieve_entity(
        &self,
        caller: &Caller,
        id: &str,
        types: Option<&TypeExpression>,
        as_of: Option<&AsOf>,
    ) -> Result<(Sight, Reading), FaceError> {
        self.face.check_tenant(caller).await?;
        let sight = self.sight_as_of(caller.tenant(), as_of).await?;
        let found = sight.view.document(&sight.tenant, ENTITIES, id).await?;
        let reading = match found {
            Some(document) => Reading::of(document, self.store.names(), sight.now)?,
            None => None,
        };
        let reading = reading.ok_or_else(|| FaceError::EntityNotFound { id: Name::from(id) })?;
        if let Some(types) = types
            && !of_types(types, &HeadRef::read(reading.head())?)
        {
            return Err(FaceError::OfOtherType { id: Name::from(id) });
        }
        Ok((sight, reading))
    }
}
