//! Merge Entity (ETSI GS CIM 009 §5.6.17).

use machi_face::FaceError;
use machi_model::entity::{Fragment, Observed};
use machi_model::laws::{self, Overwrite};
use machi_types::{Caller, Name};

use super::write::{Decider, Target, Written, decided};
use super::{attributes_of, check_id};
use crate::Broker;
use crate::domain::current::Wanted;

/// What a merge may say for all attributes together.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// The `observedAt` of every merged attribute that has one and is not given another.
    pub observed_at: Option<Observed>,
    /// The language of plain texts for a `LanguageProperty`.
    pub lang: Option<String>,
    /// Whether the fragment is simplified, so that no attribute may become one of another kind.
    pub simplified: bool,
}

impl Broker {
    /// Merges a fragment into an entity, down to members of values.
    pub async fn merge_entity(
        &self,
        caller: &Caller,
        id: &Name,
        fragment: Fragment,
        options: MergeOptions,
        target: Target,
    ) -> Result<Written, FaceError> {
        self.face.check_tenant(caller).await?;
        check_id(id, &fragment)?;
        self.write_entity(caller, id, target, merging(id.clone(), fragment, options)).await
    }
}

/// Refuses where there is no entity, and where any attribute cannot take its part: a merge is done whole.
pub(crate) fn merging(id: Name, fragment: Fragment, options: MergeOptions) -> Decider {
    Box::new(move |now| {
        let names = attributes_of(&fragment);
        let merge = laws::Merge {
            observed_at: options.observed_at,
            lang: options.lang.as_deref(),
            overwrite: Overwrite::Allowed,
            keeps_kinds: options.simplified,
        };
        let changes = now.apply(&id, Wanted::Of(&names), |entity| laws::merge(entity, &fragment, merge))?;
        match changes.not_updated.first() {
            Some(not) => Err(FaceError::attribute_refused(&not.name, &not.reason)),
            None => Ok(decided(changes)),
        }
    })
}
