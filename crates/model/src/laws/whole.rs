//! Creating and replacing whole entities (ETSI GS CIM 009 §5.6.1, §5.6.18, §5.6.8).

use std::collections::HashSet;

use super::append::update;
use super::change::{Changes, Refusal, Sections};
use crate::entity::{Document, Entity, Fragment, Head};

/// A new entity.
pub fn create(entity: &Entity) -> Changes {
    let mut changes = Changes { head: Some(Head::of(entity)), ..Changes::default() };
    for (name, instance) in entity.instances() {
        changes.set(name, instance, None);
    }
    changes
}

/// §5.6.18: the entity becomes the new one; instances that stay keep their `createdAt`, as under §5.6.19.
pub fn replace(current: &Document<'_>, entity: &Entity) -> Result<Changes, Refusal> {
    let mut changes = Changes::default();
    let head = Head::of(entity);
    if Head::decode(current.head)? != head {
        changes.head = Some(head);
    }
    let sections = Sections::of(current);
    let mut kept = HashSet::new();
    for (name, instance) in entity.instances() {
        let dataset_id = instance.dataset_id.as_deref();
        changes.set(name, instance, sections.find(name, dataset_id));
        kept.insert((&**name, dataset_id));
    }
    for section in current.sections {
        if !kept.contains(&(section.name, section.dataset_id)) {
            changes.remove(section);
        }
    }
    Ok(changes)
}

/// What an upsert does with an entity that exists.
#[derive(Clone, Copy, Debug)]
pub enum Upsert<'e> {
    /// It becomes the new one.
    Replace(&'e Entity),
    /// Its attributes are updated (§5.6.2). The fragment must hold what a new entity needs.
    Update(&'e Fragment),
}

/// §5.6.8, for one entity; nothing if a new one lacks an id or a type.
pub fn upsert(current: Option<&Document<'_>>, entity: Upsert<'_>) -> Result<Option<Changes>, Refusal> {
    match (current, entity) {
        (None, Upsert::Replace(entity)) => Ok(Some(create(entity))),
        (None, Upsert::Update(fragment)) => Ok(fragment.clone().into_entity().map(|entity| create(&entity))),
        (Some(current), Upsert::Replace(entity)) => replace(current, entity).map(Some),
        (Some(current), Upsert::Update(fragment)) => update(current, fragment).map(Some),
    }
}
