//! The ids of other faces: how what `NGSIv2` and Azure Digital Twins call a thing becomes the key of its entity, and
//! how they find it again (docs/adr/0001).
//!
//! An id that is an IRI is the key, so that all faces meet there. What is no IRI, or is taken by an entity of another
//! type or service path, gets a key of ours that holds all that names it.

use machi_types::percent::{decode_path, encode_into};
use machi_types::{InvalidIri, Iri};

const V2: &str = "urn:machi:v2:";
const TWIN: &str = "urn:machi:twin:";

/// What `NGSIv2` knows an entity by: the same id may stand for several.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct V2Name {
    /// Such as `/Fukui/River`.
    pub service_path: String,
    /// The one type.
    pub entity_type: String,
    /// Any text.
    pub id: String,
}

impl V2Name {
    /// The key of the entity; `is_taken` tells that the id is the key of an entity of another type or service path.
    pub fn key(&self, is_taken: bool) -> Result<Iri, InvalidIri> {
        if !is_taken && let Some(key) = plain(&self.id, V2) {
            return Ok(key);
        }
        made(V2, &[&self.service_path, &self.entity_type, &self.id])
    }

    /// What a key stands for, if it was made of a name; any other key is the id itself.
    pub fn of_key(key: &str) -> Option<Self> {
        let [service_path, entity_type, id] = parts(key, V2)?;
        let name = Self { service_path, entity_type, id };
        // Another spelling of the same key is not the same key.
        made(V2, &[&name.service_path, &name.entity_type, &name.id])
            .is_ok_and(|made| made.as_str() == key)
            .then_some(name)
    }
}

/// The key of the twin with this `$dtId`.
pub fn key_of_twin(id: &str) -> Result<Iri, InvalidIri> {
    match plain(id, TWIN) {
        Some(key) => Ok(key),
        None => made(TWIN, &[id]),
    }
}

/// The `$dtId` of a twin, if its key was made of one; any other key is the id itself.
pub fn twin_of_key(key: &str) -> Option<String> {
    let [id] = parts(key, TWIN)?;
    // A plain id is its own key.
    key_of_twin(&id).is_ok_and(|made| made.as_str() == key).then_some(id)
}

/// The id as the key, unless it is no IRI or looks like a key that is made.
fn plain(id: &str, prefix: &str) -> Option<Iri> {
    if id.starts_with(prefix) { None } else { id.parse().ok() }
}

fn made(prefix: &str, parts: &[&str]) -> Result<Iri, InvalidIri> {
    let encoded = parts.iter().map(|part| {
        let mut encoded = String::with_capacity(part.len());
        encode_into(part, &mut encoded);
        // The colon stands between the parts.
        encoded.replace(':', "%3A")
    });
    format!("{prefix}{}", encoded.collect::<Vec<_>>().join(":")).parse()
}

fn parts<const COUNT: usize>(key: &str, prefix: &str) -> Option<[String; COUNT]> {
    let parts = key.strip_prefix(prefix)?.split(':');
    let parts: Option<Vec<String>> = parts.map(|part| decode_path(part).ok().map(String::from)).collect();
    parts?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(service_path: &str, entity_type: &str, id: &str) -> V2Name {
        V2Name { service_path: service_path.into(), entity_type: entity_type.into(), id: id.into() }
    }

    #[test]
    fn an_iri_is_its_own_key_and_other_ids_get_one() {
        let key = |name: &V2Name, is_taken| name.key(is_taken).unwrap().as_str().to_owned();
        let room = name("/", "Room", "urn:ngsi-ld:Room:1");
        assert_eq!(key(&room, false), "urn:ngsi-ld:Room:1");
        assert_eq!(V2Name::of_key("urn:ngsi-ld:Room:1"), None);
        let plain = name("/Fukui/River", "Gauge", "日野川 1");
        let expected = "urn:machi:v2:%2FFukui%2FRiver:Gauge:%E6%97%A5%E9%87%8E%E5%B7%9D%201";
        assert_eq!(key(&plain, false), expected);
        assert_eq!(V2Name::of_key(expected), Some(plain));
        assert_eq!(key_of_twin("https://example.org/1").unwrap().as_str(), "https://example.org/1");
        assert_eq!(key_of_twin("Pump 7").unwrap().as_str(), "urn:machi:twin:Pump%207");
        assert_eq!(twin_of_key("urn:machi:twin:Pump%207").as_deref(), Some("Pump 7"));
    }

    #[test]
    fn the_same_id_of_two_types_or_paths_has_two_keys() {
        let [first, other_type, other_path] =
            [name("/", "Room", "urn:a:1"), name("/", "Hall", "urn:a:1"), name("/b", "Room", "urn:a:1")];
        let keys = [first.key(false), other_type.key(true), other_path.key(true)].map(Result::unwrap);
        assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2], "{keys:?}");
        assert_eq!(V2Name::of_key(keys[1].as_str()), Some(other_type));
        assert_eq!(V2Name::of_key(keys[2].as_str()), Some(other_path));
    }

    #[test]
    fn another_spelling_of_a_key_is_an_id_of_its_own() {
        for key in [
            "urn:machi:v2:/:Room:1",
            "urn:machi:v2:%2f:Room:1",
            "urn:machi:v2:Room:1",
            "urn:machi:v2:a:b:c:d",
            "urn:machi:v2:%zz:b:c",
        ] {
            assert_eq!(V2Name::of_key(key), None, "{key}");
        }
        for key in ["urn:machi:twin:%41", "urn:machi:twin:a:b", "urn:machi:twin:urn%3Aa%3A1"] {
            assert_eq!(twin_of_key(key), None, "{key}");
        }
    }

    #[test]
    fn what_is_too_long_for_an_iri_is_refused() {
        assert!(matches!(name("/", "T", &"%".repeat(1000)).key(false), Err(InvalidIri::TooLong { .. })));
        assert!(matches!(key_of_twin(&"é".repeat(1000)), Err(InvalidIri::TooLong { .. })));
    }

    /// Ids that meet each other: parts of keys, separators, escapes, and any text.
    fn text() -> impl Strategy<Value = String> {
        prop_oneof!["(urn:)?(machi:)?(v2:|twin:)?[a:%2F/ ]{0,6}", ".{0,12}", "[a-z]{1,3}:[a-z0-9:]{1,6}"]
    }

    fn names() -> impl Strategy<Value = V2Name> {
        (text(), text(), text()).prop_map(|(path, of, id)| name(&path, &of, &id))
    }

    proptest! {
        #[test]
        fn a_name_is_found_again_by_its_key(name in names(), is_taken: bool) {
            let key = name.key(is_taken).unwrap();
            let found = V2Name::of_key(key.as_str());
            if found.is_none() {
                prop_assert!(!is_taken);
                prop_assert_eq!(key.as_str(), &name.id);
            }
            prop_assert_eq!(found.unwrap_or_else(|| name.clone()), name);
        }

        #[test]
        fn different_names_have_different_keys(a in names(), b in names()) {
            // Whoever comes second finds the id taken, if it is the same.
            let (first, second) = (a.key(false).unwrap(), b.key(a.id == b.id && a != b).unwrap());
            prop_assert_eq!(first == second, a == b);
        }

        #[test]
        fn a_twin_is_found_again_by_its_key(a in text(), b in text()) {
            let (first, second) = (key_of_twin(&a).unwrap(), key_of_twin(&b).unwrap());
            prop_assert_eq!(twin_of_key(first.as_str()).unwrap_or_else(|| first.as_str().to_owned()), a.clone());
            prop_assert_eq!(first == second, a == b);
        }

        #[test]
        fn any_key_is_read_without_panic(key in ".*") {
            let _ = (V2Name::of_key(&key), twin_of_key(&key));
        }
    }
}
