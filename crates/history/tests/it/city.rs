//! A city in memory, with its history.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::{HeaderMap, Request, StatusCode};
use machi_archive::memory::MemoryArchive;
use machi_archive::{Archive, Collected, Evolution, Instance, Series, Snapshot, WantedEvolutions, WantedInstances};
use machi_face::contexts::{CONTEXT_TEXTS, CONTEXTS, LoadDocument, Loading};
use machi_face::once::ANSWERS;
use machi_face::{ENTITIES, Face};
use machi_history::History;
use machi_history::config::Config;
use machi_model::entity::{HeadRef, InstanceRef, Kind};
use machi_store::memory::MemoryStore;
use machi_store::{CollectionSpec, Derive, Facet, FacetValue, NameNo, Names, NoFacets, SectionKey, Store};
use machi_types::geo::Geometry;
use machi_types::{Clock, FixedClock, Name, TenantId, Text, Timestamp};
use serde_json::{Value, json};
use tower_service::Service;

pub(crate) const DEFAULT_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";
pub(crate) const EVOLUTIONS: &str = "/temporal/entities";

/// A city for one test.
pub(crate) struct City {
    pub(crate) history: Arc<History>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) clock: Arc<FixedClock>,
    face: Arc<Face>,
    router: Router,
}

/// The facet under which types stand.
pub(crate) const TYPE: &str = "type";

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// No network.
#[derive(Debug)]
struct Alone;

impl LoadDocument for Alone {
    fn load<'a>(&'a self, _: &'a str) -> Loading<'a> {
        Box::pin(async { Err(Text::both("there is no network here", "ネットワークがありません")) })
    }
}

/// An instance in words: kind and value, `-` where it says that there is none, and when it was observed.
pub(crate) type Said = (String, String, Option<String>);

impl City {
    pub(crate) fn new() -> Self {
        Self::with(Config { memory: 1 << 20, archive_after: Duration::from_mins(1), ..Config::default() })
    }

    pub(crate) fn with(config: Config) -> Self {
        let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
        let store = Arc::new(MemoryStore::new(collections(), clock.clone()));
        Self::over(store, Arc::new(MemoryArchive::default()), clock, config)
    }

    /// Another process over the same store and archive.
    pub(crate) fn restarted(&self) -> Self {
        Self::over(self.store.clone(), self.archive.clone(), self.clock.clone(), Config::default())
    }

    pub(crate) fn over(
        store: Arc<dyn Store>,
        archive: Arc<dyn Archive>,
        clock: Arc<FixedClock>,
        config: Config,
    ) -> Self {
        let face = Arc::new(Face::new(
            store.clone(),
            clock.clone(),
            machi_face::config::FaceConfig::default(),
            Arc::new(Alone),
        ));
        let history = History::new(face.clone(), archive.clone(), Arc::new(Facets), config);
        let router =
            machi_history::http::router(history.clone()).merge(machi_history::http::api(history.clone()).into_router());
        Self { history, store, archive, clock, face, router }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.send_as(method, path, &[], body).await
    }

    pub(crate) async fn send_as(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let mut request = Request::builder().method(method).uri(if path.starts_with("/machi") {
            path.to_owned()
        } else {
            format!("/ngsi-ld/v1{path}")
        });
        if !body.is_empty() {
            request = request.header("content-type", "application/json").header("content-length", body.len());
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response = self.router.clone().call(request.body(Body::from(body)).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    /// A request that must be done.
    pub(crate) async fn done(&self, method: &str, path: &str, body: &Value) {
        let reply = self.send(method, path, body).await;
        assert!(
            reply.status.is_success(),
            "{method} {path}: {} {}",
            reply.status,
            String::from_utf8_lossy(&reply.body)
        );
    }

    /// The status, and the last part of the problem's type.
    pub(crate) async fn fault(&self, method: &str, path: &str, body: &Value) -> (u16, String) {
        let reply = self.send(method, path, body).await;
        let problem: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
        let uri = problem["type"].as_str().unwrap_or_default();
        (reply.status.as_u16(), uri.rsplit('/').next().unwrap_or_default().to_owned())
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.set(Timestamp::from_micros(self.clock.now().micros() + seconds * 1_000_000));
    }

    /// What it shares with other blocks.
    pub(crate) fn face(&self) -> &Face {
        &self.face
    }

    pub(crate) async fn past(&self) -> Arc<dyn Snapshot> {
        self.history.past(&TenantId::default_tenant()).await.unwrap()
    }

    /// The instances of an attribute of all datasets, in the order in which they were written.
    pub(crate) async fn instances(&self, id: &str, attribute: &str) -> Vec<(Series, Instance)> {
        let mut all = all(&*self.past().await, id);
        let name = if attribute == "scope" {
            machi_archive::SCOPE.to_owned()
        } else {
            format!("{DEFAULT_CONTEXT}{attribute}")
        };
        all.retain(|(series, _)| *series.attribute == name);
        all
    }

    /// The same in words.
    pub(crate) async fn said(&self, id: &str, attribute: &str) -> Vec<Said> {
        self.instances(id, attribute).await.iter().map(|(_, one)| said(one)).collect()
    }

    pub(crate) async fn evolution(&self, id: &str) -> Option<Evolution> {
        let ids = [Name::from(id)];
        self.past().await.evolutions(&WantedEvolutions::Of(&ids)).unwrap().pop()
    }
}

/// What a store must know of them.
pub(crate) fn collections() -> Vec<CollectionSpec> {
    let entities = CollectionSpec { collection: ENTITIES, derive: Arc::new(Facets) };
    let spec = |collection| CollectionSpec { collection, derive: Arc::new(NoFacets) };
    let others = [CONTEXTS, CONTEXT_TEXTS, ANSWERS].map(spec).into_iter().chain(machi_history::collections::specs());
    std::iter::once(entities).chain(others).collect()
}

/// What is asked of entities here: their types, and where they are.
#[derive(Debug)]
struct Facets;

impl Derive for Facets {
    fn head(&self, names: &dyn Names, head: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        for name in HeadRef::read(head).unwrap().types() {
            let tag = names.intern(&name.to_name());
            facet(Facet { name: names.intern(TYPE), instance: NameNo::NONE, value: FacetValue::Tag(tag) });
        }
    }

    fn section(&self, _: &dyn Names, key: SectionKey, body: &[u8], facet: &mut dyn FnMut(Facet<'_>)) {
        let body = InstanceRef::read(body).unwrap();
        if body.kind() == Kind::GeoProperty {
            let geometry =
                Geometry::from_json(&machi_types::json::parse(body.value().as_bytes(), 16).unwrap()).unwrap();
            facet(Facet { name: key.name, instance: key.instance, value: FacetValue::Geometry(&geometry) });
        }
    }
}

pub(crate) fn said(one: &Instance) -> Said {
    let body = InstanceRef::read(&one.body).unwrap();
    let value = if one.deleted_at.is_some() { "-" } else { body.value() };
    (body.kind().as_str().to_owned(), value.to_owned(), one.observed_at.map(|time| time.to_string()))
}

/// A Property, observed at an hour of one day.
pub(crate) fn at(hour: u32, value: impl Into<Value>) -> Value {
    json!({"type": "Property", "value": value.into(), "observedAt": format!("2026-03-01T{hour:02}:00:00Z")})
}

pub(crate) fn hour(hour: u32) -> String {
    format!("2026-03-01T{hour:02}:00:00Z")
}

/// All instances of an entity, in the order in which they were written.
pub(crate) fn all(past: &dyn Snapshot, id: &str) -> Vec<(Series, Instance)> {
    let mut all = Collected::of(past, &WantedInstances::all_of(&[Name::from(id)])).unwrap().instances;
    all.sort_by(|one, other| (one.1.written(), &one.0).cmp(&(other.1.written(), &other.0)));
    all
}
