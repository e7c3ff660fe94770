//! A history over an archive in memory, asked through its router.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use machi_archive::memory::MemoryArchive;
use machi_archive::{Archive, Delivery, Head, Instance, InstanceKey, Origin, Part, Removal, SCOPE, Series};
use machi_face::Face;
use machi_face::config::FaceConfig;
use machi_face::contexts::{LoadDocument, Loaded, Loading};
use machi_history::History;
use machi_history::config::Config;
use machi_model::entity::{self, CoreTerms, Input, JsonText, Kind, Terms, encode_instance, parse_entity};
use machi_store::NoFacets;
use machi_store::memory::MemoryStore;
use machi_types::{FixedClock, Json, Name, TenantId, Text, Timestamp, json};
use serde_json::Value;
use tower_service::Service;

use crate::city::collections;

/// When the first commit was made; each further one came a second later.
const FIRST_COMMIT: i64 = 1_772_668_800_000_000;

/// The interval from 09:00 to 10:00 on the day of the fixtures.
pub(crate) const I: &str = "timerel=between&timeAt=2026-03-01T09:00:00Z&endTimeAt=2026-03-01T10:00:00Z";
/// All that was observed.
pub(crate) const SINCE_1970: &str = "timerel=after&timeAt=1970-01-01T00:00:00Z";
pub(crate) const T: &str = "/temporal/entities";
pub(crate) const Q: &str = "/temporal/entityOperations/query";

/// A city for one test.
pub(crate) struct City {
    archive: Arc<MemoryArchive>,
    commits: AtomicU64,
    router: Router,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// The only document on the network.
#[derive(Debug)]
struct OneContext;

/// A context by whose terms `speed` and `fast` are those of an example.
pub(crate) const CONTEXT_URL: &str = "https://example.org/context.jsonld";
const CONTEXT_TEXT: &str = r#"{"@context":{"speed":"https://example.org/speed","fast":"https://example.org/fast"}}"#;

impl LoadDocument for OneContext {
    fn load<'a>(&'a self, url: &'a str) -> Loading<'a> {
        Box::pin(async move {
            match url {
                CONTEXT_URL => Ok(Loaded { url: url.to_owned(), text: CONTEXT_TEXT.into(), fresh: None }),
                _ => Err(Text::both("its server answered 404 Not Found", "サーバーの応答が404 Not Foundでした")),
            }
        })
    }
}

impl City {
    pub(crate) fn new() -> Self {
        Self::with(FaceConfig::default())
    }

    /// A city whose answers hold so many instances.
    pub(crate) fn cutting(instances: usize) -> Self {
        let mut config = FaceConfig::default();
        config.limits.instances = instances;
        Self::with(config)
    }

    pub(crate) fn with(config: FaceConfig) -> Self {
        let clock = Arc::new(FixedClock::new("2026-03-10T00:00:00Z".parse().unwrap()));
        let store = Arc::new(MemoryStore::new(collections(), clock.clone()));
        let face = Face::new(store, clock, config, Arc::new(OneContext));
        let archive = Arc::new(MemoryArchive::default());
        let history = History::new(Arc::new(face), archive.clone(), Arc::new(NoFacets), Config::default());
        Self { archive, commits: AtomicU64::default(), router: machi_history::http::router(history) }
    }

    /// The time of the next commit.
    fn commit(&self) -> Timestamp {
        let number = self.commits.fetch_add(1, Ordering::SeqCst);
        Timestamp::from_micros(FIRST_COMMIT + i64::try_from(number).unwrap() * 1_000_000)
    }

    /// Writes an evolution, as `POST /temporal/entities` would; gives the time of its commit.
    pub(crate) fn given(&self, evolution: &Value) -> Timestamp {
        let commit = self.commit();
        let id = Name::from(evolution["id"].as_str().unwrap());
        let types = match &evolution["type"] {
            Value::Array(types) => types.iter().map(|one| expanded(one.as_str().unwrap())).collect(),
            one => vec![expanded(one.as_str().unwrap())],
        };
        let head = Head {
            modified_at: commit,
            created_at: commit,
            deleted_at: None,
            expires_at: None,
            origin: Origin::Amendment,
            types: types.into(),
        };
        let mut delivery = Delivery { heads: vec![(id.clone(), vec![head].into())], ..Delivery::default() };
        for (name, instances) in evolution.as_object().unwrap() {
            if !["id", "type"].contains(&name.as_str()) {
                delivery.instances.extend(series_of(&id, name, instances, commit));
            }
        }
        self.archive.take(&TenantId::default_tenant(), delivery).unwrap();
        commit
    }

    /// Says from which time on there is no attribute, as a core deletion would; gives the time.
    pub(crate) fn deleted(&self, id: &str, attribute: &str, kind: Kind) -> Timestamp {
        let commit = self.commit();
        let attribute = if attribute == "scope" { Name::from(SCOPE) } else { expanded(attribute) };
        let series = Series { entity: Name::from(id), attribute, dataset: None };
        let body = encode_instance(&entity::Instance::new(kind, JsonText::string("urn:ngsi-ld:null"))).into();
        let instance = Instance {
            key: InstanceKey { created_at: commit, place: 0 },
            modified_at: commit,
            observed_at: None,
            deleted_at: Some(commit),
            origin: Origin::Change,
            body,
        };
        let delivery = Delivery { instances: vec![(series, vec![instance].into())], ..Delivery::default() };
        self.archive.take(&TenantId::default_tenant(), delivery).unwrap();
        commit
    }

    /// Says from which time on there is no entity, as a core deletion would.
    pub(crate) fn gone(&self, id: &str, created_at: Timestamp) -> Timestamp {
        let commit = self.commit();
        let head = Head {
            modified_at: commit,
            created_at,
            deleted_at: Some(commit),
            expires_at: None,
            origin: Origin::Change,
            types: Arc::from([]),
        };
        let delivery = Delivery { heads: vec![(Name::from(id), vec![head].into())], ..Delivery::default() };
        self.archive.take(&TenantId::default_tenant(), delivery).unwrap();
        commit
    }

    /// Replaces the instance of the default series that was written at a time by another one.
    pub(crate) fn corrected(&self, id: &str, attribute: &str, old: InstanceKey, new: &Value) {
        let commit = self.commit();
        let id = Name::from(id);
        let mut instances = series_of(&id, attribute, new, commit);
        for one in instances.iter_mut().flat_map(|(_, all)| all.to_mut()) {
            (one.key, one.modified_at) = (old, commit);
        }
        let part = Part::Instance { attribute: expanded(attribute), dataset: None, key: old };
        let removals = vec![Removal { entity: id, part, replaced_at: Some(commit) }];
        let delivery = Delivery { instances, removals, ..Delivery::default() };
        self.archive.take(&TenantId::default_tenant(), delivery).unwrap();
    }

    /// Asks without a body.
    pub(crate) async fn ask(&self, path: &str) -> Reply {
        self.send("GET", path, &[], "").await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut request = Request::builder().method(method).uri(format!("/ngsi-ld/v1{path}"));
        if !body.is_empty() {
            request = request.header("content-length", body.len());
            if !headers.iter().any(|(name, _)| *name == "content-type") {
                request = request.header("content-type", "application/json");
            }
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.router.clone().call(request).await.unwrap().into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }
}

pub(crate) fn expanded(name: &str) -> Name {
    CoreTerms.expand(name).unwrap()
}

/// The instances of an attribute, each an object of its own, by series.
fn series_of(id: &Name, name: &str, instances: &Value, commit: Timestamp) -> Vec<(Series, Cow<'static, [Instance]>)> {
    let instances = instances.as_array().cloned().unwrap_or_else(|| vec![instances.clone()]);
    let mut series: Vec<(Series, Cow<'static, [Instance]>)> = Vec::new();
    for instance in instances {
        let (attribute, read) = read_instance(id, name, &instance);
        let of = Series { entity: id.clone(), attribute, dataset: read.dataset_id.clone() };
        let place = series.iter().filter(|(known, _)| *known == of).map(|(_, all)| all.len()).sum::<usize>();
        let written = Instance {
            key: InstanceKey { created_at: commit, place: u32::try_from(place).unwrap() },
            modified_at: commit,
            observed_at: read.observed_at.map(entity::Observed::time),
            deleted_at: None,
            origin: Origin::Amendment,
            body: encode_instance(&read).into(),
        };
        match series.iter_mut().find(|(known, _)| *known == of) {
            Some((_, all)) => all.to_mut().push(written),
            None => series.push((of, vec![written].into())),
        }
    }
    series
}

fn read_instance(id: &Name, name: &str, instance: &Value) -> (Name, entity::Instance) {
    // Scopes are read as the property that their history is told as.
    let (read_as, is_scope) = if name == "scope" { ("scopes", true) } else { (name, false) };
    let text = serde_json::json!({"id": &**id, "type": "T", read_as: instance}).to_string();
    let json: Json<'_> = json::parse(text.as_bytes(), 64).unwrap();
    let mut entity = parse_entity(&json, &CoreTerms, Input::WHOLE).unwrap();
    let mut attribute = entity.attributes.remove(0);
    let name = if is_scope { Name::from(SCOPE) } else { attribute.name };
    (name, attribute.instances.remove(0))
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body, which must be there, without what differs from run to run.
    pub(crate) fn value(&self) -> Value {
        let mut value: Value =
            serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()));
        strip(&mut value);
        value
    }

    /// The body of a 200.
    pub(crate) fn good(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text());
        self.value()
    }

    pub(crate) fn raw(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status, and the last part of the problem's type.
    pub(crate) fn fault(&self) -> (u16, String) {
        let value = if self.body.is_empty() { Value::Null } else { self.raw() };
        let uri = value["type"].as_str().unwrap_or_default().to_owned();
        (self.status.as_u16(), uri.rsplit(['/', ':']).next().unwrap_or_default().to_owned())
    }

    /// The target of a link of this relation.
    pub(crate) fn link(&self, relation: &str) -> Option<String> {
        let mut links = self.headers.get_all("link").iter().map(|value| value.to_str().unwrap());
        let link = links.find(|link| link.contains(&format!("rel=\"{relation}\"")))?;
        let target = link.strip_prefix('<').unwrap().split('>').next().unwrap();
        Some(target.strip_prefix("/ngsi-ld/v1").unwrap().to_owned())
    }

    /// The ids of the entities of a list.
    pub(crate) fn ids(&self) -> Vec<String> {
        let value = self.value();
        let items = value.as_array().unwrap_or_else(|| panic!("{} is no list", self.text()));
        items.iter().map(|item| item["id"].as_str().unwrap_or_default().to_owned()).collect()
    }
}

/// Leaves out what no test can know: the ids of instances.
fn strip(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(strip),
        Value::Object(members) => {
            members.remove("instanceId");
            members.values_mut().for_each(strip);
        }
        _ => {}
    }
}

/// A time on the day of the fixtures.
pub(crate) fn at(time: &str) -> String {
    match time.strip_prefix('+') {
        Some(next_day) => format!("2026-03-02T{next_day}:00Z"),
        None => format!("2026-03-01T{time}:00Z"),
    }
}

/// Instances of a Property: values with their times.
pub(crate) fn property(values: &[(f64, &str)]) -> Value {
    values
        .iter()
        .map(|(value, time)| serde_json::json!({"type": "Property", "value": number(*value), "observedAt": at(time)}))
        .collect()
}

fn number(value: f64) -> Value {
    if value.fract() == 0.0 { Value::from(value as i64) } else { Value::from(value) }
}

/// The values of an attribute in a normalized answer.
pub(crate) fn values(attribute: &Value) -> Vec<f64> {
    attribute
        .as_array()
        .unwrap_or_else(|| panic!("{attribute} is no array"))
        .iter()
        .map(|one| one["value"].as_f64().unwrap())
        .collect()
}

pub(crate) fn bad(kind: &str) -> (u16, String) {
    (400, kind.to_owned())
}

pub(crate) fn not_found() -> (u16, String) {
    (404, "ResourceNotFound".to_owned())
}

/// The rooms R1 and R2, and the bus B1.
pub(crate) fn rooms() -> City {
    let city = City::new();
    fill_rooms(&city);
    city
}

pub(crate) fn fill_rooms(city: &City) {
    city.given(&serde_json::json!({"id": "urn:ngsi-ld:Room:1", "type": "Room",
        "temperature": property(&[(20.0, "09:00"), (21.0, "09:10"), (22.0, "09:20"), (23.0, "10:05")]),
        "co2": property(&[(400.0, "09:05"), (440.0, "10:00")])}));
    city.given(&serde_json::json!({"id": "urn:ngsi-ld:Room:2", "type": "Room",
        "temperature": property(&[(15.0, "+09:00"), (16.0, "+09:30")]),
        "label": {"type": "Property", "value": "lab"}}));
    city.given(&serde_json::json!({"id": "urn:ngsi-ld:Bus:1", "type": "Bus", "speed": property(&[(50.0, "09:00")])}));
}

pub(crate) const R1: &str = "/temporal/entities/urn:ngsi-ld:Room:1";
pub(crate) const R2: &str = "/temporal/entities/urn:ngsi-ld:Room:2";
