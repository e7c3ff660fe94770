//! What a stored entity answers when a query asks: read from its bytes, without what has expired.

use machi_types::{Json, Timestamp};

use super::codec::{HeadRef, InstanceRef, NameRef};
use super::document::Document;
use super::json_text::{iris_of, value_of};
use super::kind::Kind;
use super::observed::Observed;
use crate::query::{Facts, Link, Member, Step, Target};

/// How deep sub-attributes may nest; what the edge takes is less.
const DEPTH: usize = 64;

/// A stored entity, for queries.
#[derive(Clone, Copy)]
pub struct EntityFacts<'f> {
    /// The entity, with all sections that the query asks for.
    pub document: &'f Document<'f>,
    /// What has expired by then is not there (§4.22).
    pub now: Timestamp,
    /// Finds linked entities; none are found without it.
    pub linked: Option<&'f dyn LinkedDocuments>,
}

/// Finds the entities that others link to.
pub trait LinkedDocuments {
    /// What `read` answers for the entity with this id; `false` if it is not known here.
    fn read(&self, id: &str, read: &mut dyn FnMut(&Document<'_>) -> bool) -> bool;
}

impl std::fmt::Debug for EntityFacts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EntityFacts").field("document", self.document).field("now", &self.now).finish_non_exhaustive()
    }
}

/// An instance with what surrounds it.
#[derive(Clone, Copy)]
struct Surrounded<'a> {
    instance: InstanceRef<'a>,
    dataset_id: Option<&'a str>,
    created_at: Option<Timestamp>,
    modified_at: Option<Timestamp>,
    deleted_at: Option<Timestamp>,
}

/// Asks one target.
type Ask<'t> = &'t mut dyn FnMut(Target<'_>) -> bool;

impl Facts for EntityFacts<'_> {
    fn any_target(&self, path: &[Step], test: &mut dyn FnMut(Target<'_>) -> bool) -> bool {
        let Some(head) = self.living_head() else { return false };
        match path.split_first() {
            Some((Step::Attribute(name), rest)) => {
                self.instances(name).any(|instance| self.any_within(&instance, rest, test, DEPTH))
            }
            Some((Step::Member(member), [])) => self.entity_member(&head, *member, test),
            _ => false,
        }
    }

    fn any_linked(&self, link: &Link, test: &mut dyn FnMut(&dyn Facts) -> bool) -> bool {
        let (Some(linked), Step::Attribute(name), Some(_)) = (self.linked, &link.relationship, self.living_head())
        else {
            return false;
        };
        let links = self.instances(name).filter(|one| one.instance.kind().is_link());
        links.flat_map(|one| iris_of(one.instance.value())).any(|target| {
            linked.read(target, &mut |document| {
                let facts = EntityFacts { document, now: self.now, linked: self.linked };
                facts.has_type_of(link) && test(&facts)
            })
        })
    }
}

impl<'f> EntityFacts<'f> {
    /// The head, unless the entity has expired or cannot be read.
    fn living_head(&self) -> Option<HeadRef<'f>> {
        HeadRef::read(self.document.head).ok().filter(|head| self.lives(head.expires_at()))
    }

    fn lives(&self, expires_at: Option<Timestamp>) -> bool {
        expires_at.is_none_or(|time| time > self.now)
    }

    fn has_type_of(&self, link: &Link) -> bool {
        let Some(head) = self.living_head() else { return false };
        link.types.is_empty() || head.types().any(|name| link.types.iter().any(|wanted| name.is(wanted)))
    }

    /// The living instances of an attribute.
    fn instances<'n>(&self, name: &'n str) -> impl Iterator<Item = Surrounded<'f>> + use<'n, 'f> {
        let facts = *self;
        let sections = facts.document.sections.iter().filter(move |section| section.name == name);
        sections.filter_map(move |section| {
            let instance = section.instance().ok().filter(|instance| facts.lives(instance.expires_at()))?;
            Some(Surrounded {
                instance,
                dataset_id: section.dataset_id,
                created_at: section.created_at,
                modified_at: section.modified_at,
                deleted_at: section.deleted_at,
            })
        })
    }

    fn any_within(&self, around: &Surrounded<'_>, path: &[Step], test: Ask<'_>, depth: usize) -> bool {
        match path.split_first() {
            None => of_value(&around.instance, test),
            Some((Step::Member(member), [])) => instance_member(around, *member, test),
            Some((Step::Member(_), _)) => false,
            Some((Step::Attribute(name), rest)) => {
                let Some(depth) = depth.checked_sub(1) else { return false };
                let subs = around.instance.attributes().map_while(Result::ok);
                subs.filter(|sub| sub.name.is(name) && self.lives(sub.instance.expires_at())).any(|sub| {
                    let inner = Surrounded {
                        instance: sub.instance,
                        dataset_id: sub.dataset_id,
                        created_at: sub.created_at.or(around.modified_at),
                        modified_at: sub.modified_at.or(around.modified_at),
                        deleted_at: None,
                    };
                    self.any_within(&inner, rest, test, depth)
                })
            }
        }
    }

    fn entity_member(&self, head: &HeadRef<'_>, member: Member, test: Ask<'_>) -> bool {
        match member {
            Member::Id => test(Target::Texts(&[self.document.id])),
            Member::Type => of_names(head.types(), test),
            Member::Scope => of_texts(&head.scopes().collect::<Vec<_>>(), test),
            Member::CreatedAt => of_time(self.document.created_at, test),
            Member::ModifiedAt => of_time(self.document.modified_at, test),
            Member::DeletedAt => of_time(self.document.deleted_at, test),
            Member::ExpiresAt => of_time(head.expires_at(), test),
            Member::ObservedAt | Member::DatasetId | Member::UnitCode | Member::ValueType | Member::ObjectType => false,
        }
    }
}

fn instance_member(around: &Surrounded<'_>, member: Member, test: Ask<'_>) -> bool {
    let instance = &around.instance;
    match member {
        Member::Type => test(Target::Texts(&[instance.kind().as_str()])),
        Member::ObservedAt => of_time(instance.observed_at().map(Observed::time), test),
        Member::CreatedAt => of_time(around.created_at, test),
        Member::ModifiedAt => of_time(around.modified_at, test),
        Member::DeletedAt => of_time(around.deleted_at, test),
        Member::ExpiresAt => of_time(instance.expires_at(), test),
        Member::DatasetId => around.dataset_id.is_some_and(|id| test(Target::Texts(&[id]))),
        Member::UnitCode => instance.unit_code().is_some_and(|unit| test(Target::Texts(&[unit]))),
        Member::ValueType => of_names(instance.value_type().into_iter(), test),
        Member::ObjectType => of_names(instance.object_types(), test),
        Member::Id | Member::Scope => false,
    }
}

fn of_value(instance: &InstanceRef<'_>, test: Ask<'_>) -> bool {
    let value = instance.value();
    if instance.kind().is_link() {
        return test(Target::Objects(&iris_of(value).collect::<Vec<_>>()));
    }
    // INVARIANT: what was stored is JSON; what cannot be read is no target.
    let Ok(json) = value_of(value) else { return false };
    match instance.kind() {
        Kind::LanguageProperty => test(Target::Languages(&json)),
        Kind::VocabProperty => {
            let terms: Vec<&str> = match &json {
                Json::Array(items) => items.iter().filter_map(Json::as_str).collect(),
                one => one.as_str().into_iter().collect(),
            };
            test(Target::Vocab(&terms))
        }
        _ => test(Target::Value(&json)),
    }
}

fn of_time(time: Option<Timestamp>, test: Ask<'_>) -> bool {
    time.is_some_and(|time| test(Target::Time(time)))
}

fn of_names<'a>(names: impl Iterator<Item = NameRef<'a>>, test: Ask<'_>) -> bool {
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    of_texts(&names.iter().map(String::as_str).collect::<Vec<_>>(), test)
}

/// A member without any text is not there.
fn of_texts(texts: &[&str], test: Ask<'_>) -> bool {
    !texts.is_empty() && test(Target::Texts(texts))
}

#[cfg(test)]
mod tests {
    use machi_types::json::parse;

    use super::*;
    use crate::entity::{CoreTerms, Encoded, Entity, Input, Section, Terms, parse_entity};
    use crate::query::Q;

    const ROOM: &str = r#"{"id":"urn:ngsi-ld:Room:1","type":["Room","Place"],"scope":["/a/b","/c"],
        "temperature":[{"value":20.5,"unitCode":"CEL","observedAt":"2026-11-22T10:00:00Z","accuracy":{"value":1,"by":{"object":"urn:x:2"}}},
            {"value":30,"datasetId":"urn:d:1"}],
        "old":{"value":1,"expiresAt":"2020-01-01T00:00:00Z"},
        "name":{"languageMap":{"en":"hall","ja":"ホール"}}, "category":{"vocab":["big","red"]},
        "address":{"value":{"city":"Sabae","floors":[1,2]}}, "in":{"object":"urn:ngsi-ld:Building:1","objectType":"Building"},
        "opened":{"@type":"Date","@value":"2020-05-01"}}"#;
    const BUILDING: &str = r#"{"id":"urn:ngsi-ld:Building:1","type":"Building","floors":7}"#;

    fn encoded(text: &str) -> Encoded {
        let entity: Entity = parse_entity(&parse(text.as_bytes(), 64).unwrap(), &CoreTerms, Input::WHOLE).unwrap();
        Encoded::of(&entity)
    }

    struct Buildings(Encoded);

    impl LinkedDocuments for Buildings {
        fn read(&self, id: &str, read: &mut dyn FnMut(&Document<'_>) -> bool) -> bool {
            let sections = self.0.sections();
            id == "urn:ngsi-ld:Building:1" && read(&self.0.document(&sections))
        }
    }

    fn matches(q: &str) -> bool {
        let encoded = encoded(ROOM);
        let mut sections: Vec<Section<'_>> = encoded.sections();
        for section in &mut sections {
            section.modified_at = "2026-01-01T00:00:00Z".parse().ok();
        }
        let document = encoded.document(&sections);
        let now = "2026-11-22T12:00:00Z".parse().unwrap();
        let buildings = Buildings(self::encoded(BUILDING));
        let facts = EntityFacts { document: &document, now, linked: Some(&buildings) };
        let query = Q::parse(q).unwrap().expand(&|name| CoreTerms.expand(name)).unwrap();
        query.matches(&facts)
    }

    #[test]
    fn queries_find_what_the_entity_says() {
        for q in [
            "temperature==20.5",
            "temperature==30",
            "temperature>29",
            "temperature.accuracy==1",
            "temperature.accuracy.by==urn:x:2",
            "temperature.unitCode==\"CEL\"",
            "temperature.observedAt==2026-11-22T10:00:00Z",
            "temperature.accuracy.modifiedAt<2026-02-01T00:00:00Z",
            "temperature.datasetId==urn:d:1",
            "name[en]==\"hall\"",
            "category==https://uri.etsi.org/ngsi-ld/default-context/red",
            "address[city]==\"Sabae\"",
            "in==urn:ngsi-ld:Building:1",
            "in{Building:floors}==7",
            "opened==2020-05-01",
            "id==urn:ngsi-ld:Room:1",
            "scope==\"/c\"",
            "!old",
        ] {
            assert!(matches(q), "{q}");
        }
        for q in [
            "old",
            "temperature==21",
            "in{Room:floors}==7",
            "temperature.expiresAt",
            "expiresAt",
            "temperature.unitCode==\"K\"",
            "in.datasetId",
        ] {
            assert!(!matches(q), "{q}");
        }
    }
}
