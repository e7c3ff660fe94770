//! Entities for readers of an earlier version of the standard: what that version does not know is
//! rewritten or left out (ETSI GS CIM 009 §4.3.6.8).

use machi_model::entity::{Attribute, Entity, Instance, JsonText, Kind, Terms};
use machi_types::Json;

/// The version that is spoken here, by the number after its dot: 1.9.
pub const OURS: u16 = 9;

/// What was new in which version 1.x.
const EXPIRY: u16 = 9;
const VALUE_TYPE: u16 = 9;
const OBJECT_TYPE: u16 = 8;
const NEWER_KINDS: u16 = 8;
const LANGUAGE_PROPERTY: u16 = 4;
const SCOPE: u16 = 4;
const INSTANCES: u16 = 3;
const TYPES: u16 = 3;
const METADATA: u16 = 3;

/// Rewrites an entity so that it keeps to version 1.`minor`; says whether anything had to be changed.
///
/// `terms` writes vocabulary terms as they would have been written.
pub fn rewrite(entity: &mut Entity, minor: u16, terms: &dyn Terms) -> bool {
    let mut rewriter = Rewriter { minor, terms, changed: false };
    rewriter.entity(entity);
    rewriter.changed
}

struct Rewriter<'t> {
    minor: u16,
    terms: &'t dyn Terms,
    changed: bool,
}

impl Rewriter<'_> {
    fn entity(&mut self, entity: &mut Entity) {
        if self.minor < EXPIRY {
            self.drop_option(&mut entity.expires_at);
        }
        if self.minor < SCOPE {
            self.drop_all(&mut entity.scopes);
        }
        if self.minor < TYPES && entity.types.len() > 1 {
            // Table 4.3.6.8-1, note 1: the first one.
            entity.types.truncate(1);
            self.changed = true;
        }
        self.attributes(&mut entity.attributes);
    }

    fn attributes(&mut self, attributes: &mut [Attribute]) {
        for attribute in attributes {
            if self.minor < INSTANCES {
                self.one_instance(&mut attribute.instances);
            }
            for instance in &mut attribute.instances {
                self.instance(instance);
            }
        }
    }

    /// Table 4.3.6.8-1, notes 2 and 3: one instance, the default one where there is one.
    fn one_instance(&mut self, instances: &mut Vec<Instance>) {
        if instances.len() > 1 {
            let default = instances.iter().position(|instance| instance.dataset_id.is_none());
            instances.swap(0, default.unwrap_or(0));
            instances.truncate(1);
            self.changed = true;
        }
    }

    fn instance(&mut self, instance: &mut Instance) {
        self.kind(instance);
        if self.minor < EXPIRY {
            self.drop_option(&mut instance.expires_at);
        }
        if self.minor < VALUE_TYPE {
            self.drop_option(&mut instance.value_type);
        }
        if self.minor < OBJECT_TYPE {
            self.drop_all(&mut instance.object_types);
        }
        if self.minor < METADATA {
            self.drop_option(&mut instance.dataset_id);
            self.drop_option(&mut instance.observed_at);
            self.drop_option(&mut instance.unit_code);
        }
        self.attributes(&mut instance.attributes);
    }

    /// Kinds that the version does not know become the nearest ones that it does.
    fn kind(&mut self, instance: &mut Instance) {
        let known_as = match instance.kind {
            Kind::LanguageProperty if self.minor < LANGUAGE_PROPERTY => Kind::Property,
            Kind::JsonProperty | Kind::ListProperty if self.minor < NEWER_KINDS => Kind::Property,
            Kind::VocabProperty if self.minor < NEWER_KINDS => {
                instance.value = self.compacted(&instance.value);
                Kind::Property
            }
            Kind::ListRelationship if self.minor < NEWER_KINDS => Kind::Relationship,
            kind => kind,
        };
        self.changed |= known_as != instance.kind;
        instance.kind = known_as;
    }

    /// Vocabulary as it would have been written, but as a plain value.
    fn compacted(&self, value: &JsonText) -> JsonText {
        let compact = |term: &Json<'_>| term.as_str().map(|term| self.terms.compact(term).into_owned());
        match value.to_json() {
            Ok(Json::Array(items)) => {
                let terms: Vec<String> = items.iter().filter_map(compact).collect();
                JsonText::strings(terms.iter().map(String::as_str))
            }
            Ok(item) => compact(&item).map_or_else(|| value.clone(), |term| JsonText::string(&term)),
            Err(_) => value.clone(),
        }
    }

    fn drop_option<T>(&mut self, value: &mut Option<T>) {
        self.changed |= value.take().is_some();
    }

    fn drop_all<T>(&mut self, values: &mut Vec<T>) {
        self.changed |= !values.is_empty();
        values.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_model::entity::CoreTerms;
    use machi_types::{Name, Timestamp};

    fn property(kind: Kind, value: &str) -> Instance {
        Instance::new(kind, JsonText::parse(value).unwrap())
    }

    fn entity(attributes: Vec<(&str, Vec<Instance>)>) -> Entity {
        let mut entity = Entity::new("urn:ngsi-ld:T:1", vec![Name::from("urn:t:A"), Name::from("urn:t:B")]);
        entity.attributes =
            attributes.into_iter().map(|(name, instances)| Attribute { name: Name::from(name), instances }).collect();
        entity
    }

    #[test]
    fn kinds_fall_back_version_by_version() {
        let all = || {
            entity(vec![
                ("urn:a:l", vec![property(Kind::LanguageProperty, r#"{"en":"x"}"#)]),
                ("urn:a:j", vec![property(Kind::JsonProperty, r#"{"a":1}"#)]),
                ("urn:a:v", vec![property(Kind::VocabProperty, r#""https://uri.etsi.org/ngsi-ld/default-context/x""#)]),
                ("urn:a:r", vec![property(Kind::ListRelationship, r#"["urn:b:1"]"#)]),
            ])
        };
        let kinds = |minor| {
            let mut entity = all();
            let changed = rewrite(&mut entity, minor, &CoreTerms);
            let kinds: Vec<Kind> = entity.instances().map(|(_, instance)| instance.kind).collect();
            (kinds, changed, entity)
        };
        let (_, changed, same) = kinds(8);
        assert_eq!((changed, same), (false, all()));
        let (at_seven, changed, entity) = kinds(7);
        assert!(changed);
        assert_eq!(at_seven, [Kind::LanguageProperty, Kind::Property, Kind::Property, Kind::Relationship]);
        assert_eq!(entity.attribute("urn:a:v").unwrap().instances[0].value.as_str(), "\"x\"");
        assert_eq!(kinds(3).0[0], Kind::Property);
    }

    #[test]
    fn members_go_with_the_version_that_brought_them() {
        let mut one = property(Kind::Property, "1");
        one.observed_at = Some(Timestamp::from_micros(1).into());
        one.expires_at = Some(Timestamp::from_micros(1));
        one.dataset_id = Some(Name::from("urn:d:1"));
        let sub = Attribute { name: Name::from("urn:a:s"), instances: vec![one.clone()] };
        one.attributes = vec![sub];
        let mut old = entity(vec![("urn:a:p", vec![one, property(Kind::Property, "2")])]);
        old.scopes = vec![Name::from("/a")];
        let mut at_eight = old.clone();
        assert!(rewrite(&mut at_eight, 8, &CoreTerms));
        let first = &at_eight.attributes[0].instances[0];
        assert_eq!((first.expires_at, first.attributes[0].instances[0].expires_at), (None, None));
        assert!(first.observed_at.is_some() && at_eight.scopes.len() == 1 && at_eight.types.len() == 2);
        assert!(rewrite(&mut old, 0, &CoreTerms));
        assert_eq!(old.attributes[0].instances.len(), 1);
        assert_eq!(old.attributes[0].instances[0].value.as_str(), "2");
        assert!(old.scopes.is_empty() && old.types.len() == 1);
    }
}
