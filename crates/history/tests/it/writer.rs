//! Writes the entities of a city as the broker's laws do, so that history is tried without it.

use machi_model::entity::{CoreTerms, Entity, Head, Input, encode_instance, parse_entity};
use machi_store::{Change, Commit, Decision, Document, NameNo, Names, Refusal, SectionKey, SetSection, Stamp};
use machi_types::{Name, TenantId, json};
use serde_json::Value;

use crate::city::{City, DEFAULT_CONTEXT};

impl City {
    /// Creates an entity, or writes these types, scopes and attributes of it; all in one commit.
    pub(crate) async fn write(&self, entities: &[Value]) {
        self.commit(entities, false).await;
    }

    /// Puts an entity in the place of what it was.
    pub(crate) async fn replace(&self, entity: &Value) {
        self.commit(std::slice::from_ref(entity), true).await;
    }

    pub(crate) async fn remove(&self, id: &str) {
        let remove = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Delete) };
        self.store.commit(commit().with(machi_face::ENTITIES, id.into(), remove)).await.unwrap();
    }

    /// Removes the default instance of an attribute.
    pub(crate) async fn remove_attribute(&self, id: &str, attribute: &str) {
        let name = self.store.names().intern(&format!("{DEFAULT_CONTEXT}{attribute}"));
        let remove = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            let change = Change { remove: vec![SectionKey::new(name, NameNo::NONE)], ..Change::default() };
            Ok(if current.is_some() { Decision::Change(change) } else { Decision::Keep })
        };
        self.store.commit(commit().with(machi_face::ENTITIES, id.into(), remove)).await.unwrap();
    }

    pub(crate) async fn is_there(&self, id: &str) -> bool {
        let tenant = TenantId::default_tenant();
        self.store.view().document(&tenant, machi_face::ENTITIES, id).await.unwrap().is_some()
    }

    async fn commit(&self, entities: &[Value], replace: bool) {
        let mut commit = commit();
        for entity in entities {
            let text = entity.to_string();
            let entity = parse_entity(&json::parse(text.as_bytes(), 32).unwrap(), &CoreTerms, Input::WHOLE).unwrap();
            let change = change(&entity, self.store.names(), replace);
            let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
                Ok(Decision::Change(with_head(change.clone(), &entity, current)))
            };
            commit = commit.with(machi_face::ENTITIES, id_of(&text), decide);
        }
        self.store.commit(commit).await.unwrap();
    }
}

fn commit() -> Commit {
    Commit::new(TenantId::default_tenant())
}

fn id_of(text: &str) -> Name {
    serde_json::from_str::<Value>(text).unwrap()["id"].as_str().unwrap().into()
}

fn change(entity: &Entity, names: &dyn Names, replace: bool) -> Change {
    let set = entity.instances().map(|(name, instance)| {
        let dataset = instance.dataset_id.as_deref().map_or(NameNo::NONE, |dataset| names.intern(dataset));
        let key = SectionKey::new(names.intern(name), dataset);
        SetSection { key, body: encode_instance(instance).into(), created: Stamp::Keep }
    });
    Change { replace, set: set.collect(), ..Change::default() }
}

/// Types are added to those that there are, scopes are replaced where any are given.
fn with_head(mut change: Change, entity: &Entity, current: Option<&Document>) -> Change {
    let mut head = Head::of(entity);
    if let Some(document) = current.filter(|_| !change.replace) {
        let before = Head::decode(&document.head).unwrap();
        if head.scopes.is_empty() {
            head.scopes.clone_from(&before.scopes);
        }
        let new = std::mem::take(&mut head.types);
        head.types.clone_from(&before.types);
        head.types.extend(new.into_iter().filter(|name| !before.types.contains(name)));
        if head == before {
            return change;
        }
    }
    change.head = Some(head.encode().into());
    change
}
