//! Entities that come back from where they were written down: with full names, and with the times that they had.

use std::borrow::Cow;

use machi_types::{Json, Name, Timestamp};

use super::entity::{Attribute, Entity, Instance};
use super::parse::{Input, InvalidEntity, parse_entity};
use super::terms::Terms;
use crate::context::ContextError;

/// Names as they are, in both directions: what is written down for ever must not depend on any @context.
#[derive(Clone, Copy, Debug, Default)]
pub struct FullNames;

impl Terms for FullNames {
    fn expand(&self, name: &str) -> Result<Name, ContextError> {
        Ok(Name::from(name))
    }

    fn compact<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(iri)
    }
}

/// Reads the normalized representation of an entity with `sysAttrs` and [`FullNames`], its times included.
pub fn parse_with_times(json: &Json<'_>) -> Result<Entity, InvalidEntity> {
    let mut entity = parse_entity(json, &FullNames, Input::WHOLE)?;
    (entity.created_at, entity.modified_at) = times(json);
    entity.attributes.iter_mut().for_each(|attribute| take_times(attribute, json));
    Ok(entity)
}

/// Gives the instances of an attribute the times that stand in the object around it.
fn take_times(attribute: &mut Attribute, around: &Json<'_>) {
    let Some(json) = around.get(&attribute.name) else { return };
    let written = json.as_array().unwrap_or(std::slice::from_ref(json));
    for instance in &mut attribute.instances {
        let dataset = instance.dataset_id.as_deref();
        let own = written.iter().find(|json| json.get("datasetId").and_then(Json::as_str) == dataset);
        if let Some(own) = own {
            take_own_times(instance, own);
        }
    }
}

fn take_own_times(instance: &mut Instance, json: &Json<'_>) {
    (instance.created_at, instance.modified_at) = times(json);
    instance.attributes.iter_mut().for_each(|attribute| take_times(attribute, json));
}

fn times(json: &Json<'_>) -> (Option<Timestamp>, Option<Timestamp>) {
    let time = |name: &str| json.get(name).and_then(Json::as_str).and_then(|text| text.parse().ok());
    (time("createdAt"), time("modifiedAt"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::arbitrary;
    use crate::entity::document::Encoded;
    use crate::entity::render::{Output, write_entity};
    use machi_types::json;
    use proptest::prelude::*;

    fn timed(mut entity: Entity) -> Entity {
        let (created, modified) = (Timestamp::from_micros(1_000_001), Timestamp::from_micros(2_000_002));
        (entity.created_at, entity.modified_at) = (Some(created), Some(modified));
        for instance in entity.attributes.iter_mut().flat_map(|attribute| &mut attribute.instances) {
            *instance = arbitrary::with_times(instance.clone(), 3_000_003);
            (instance.created_at, instance.modified_at) = (Some(created), Some(modified));
        }
        entity
    }

    proptest! {
        #[test]
        fn what_is_written_down_comes_back_the_same(entity in arbitrary::any_entity()) {
            let entity = timed(entity);
            let encoded = Encoded::of(&entity);
            let sections = encoded.sections();
            let output = Output { sys_attrs: true, ..Output::new(&FullNames) };
            let mut out = Vec::new();
            write_entity(&encoded.document(&sections), &output, &mut out).unwrap();
            let read = parse_with_times(&json::parse(&out, 128).unwrap()).unwrap();
            prop_assert_eq!(read, entity, "{}", String::from_utf8_lossy(&out));
        }
    }
}
