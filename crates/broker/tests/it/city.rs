//! A broker over a store in memory, asked through its router.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::response::Response;
use http::{HeaderMap, Request, StatusCode};
use machi_broker::Broker;
use machi_broker::collections::{self, ENTITIES};
use machi_broker::config::Config;
use machi_face::Face;
use machi_face::config::FaceConfig;
use machi_face::contexts::{LoadDocument, Loaded, Loading};
use machi_model::entity::{HeadRef, InstanceRef};
use machi_store::altered::AlteredStore;
use machi_store::memory::MemoryStore;
use machi_store::{Document, NameNo, Store};
use machi_types::{FixedClock, TenantId, Text, Timestamp};
use serde_json::Value;
use tower_service::Service;

use crate::staged::{Committing, Staged};

const DEFAULT_CONTEXT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// How long a loader waits for a server that hangs.
pub(crate) const HANGS: Duration = Duration::from_millis(500);

/// A city for one test.
pub(crate) struct City {
    pub(crate) broker: Arc<Broker>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) web: Arc<Web>,
    router: Router,
}

/// Its settings, where a test has some of its own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Settings {
    face: FaceConfig,
    broker: Config,
}

impl From<FaceConfig> for Settings {
    fn from(face: FaceConfig) -> Self {
        Self { face, ..Self::default() }
    }
}

impl From<Config> for Settings {
    fn from(broker: Config) -> Self {
        Self { broker, ..Self::default() }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Documents on the network, and how often each was asked for.
#[derive(Debug, Default)]
pub(crate) struct Web {
    pages: std::sync::Mutex<HashMap<String, String>>,
    hanging: std::sync::Mutex<HashSet<String>>,
    asked: AtomicUsize,
}

impl Web {
    pub(crate) fn put(&self, url: &str, text: &str) {
        self.pages.lock().unwrap().insert(url.to_owned(), text.to_owned());
    }

    /// From now on the server of this page takes connections and says nothing.
    pub(crate) fn hang(&self, url: &str) {
        self.hanging.lock().unwrap().insert(url.to_owned());
    }

    pub(crate) fn times_asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl LoadDocument for Web {
    fn load<'a>(&'a self, url: &'a str) -> Loading<'a> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let page = self.pages.lock().unwrap().get(url).cloned();
        let hangs = self.hanging.lock().unwrap().contains(url);
        Box::pin(async move {
            tokio::task::yield_now().await;
            if hangs {
                tokio::time::sleep(HANGS).await;
                return Err(Text::both("its server did not answer in time", "時間内に応答がありません"));
            }
            let gone = || Text::both("its server answered 404 Not Found", "サーバーの応答が404 Not Foundでした");
            let text = page.ok_or_else(gone)?.into();
            Ok(Loaded { url: url.to_owned(), text, fresh: None })
        })
    }
}

impl City {
    pub(crate) fn new() -> Self {
        Self::with(Config::default())
    }

    pub(crate) fn with(settings: impl Into<Settings>) -> Self {
        let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
        let store = Arc::new(MemoryStore::new(collections::specs(), clock.clone()));
        Self::over(store, clock, Arc::default(), settings.into())
    }

    /// A city whose commits are made by a function.
    pub(crate) fn committing(committing: Committing) -> Self {
        let clock = Arc::new(FixedClock::new("2026-11-22T10:00:00Z".parse().unwrap()));
        let memory = MemoryStore::new(collections::specs(), clock.clone());
        let store = AlteredStore { memory, alteration: Staged(committing) };
        Self::over(Arc::new(store), clock, Arc::default(), Settings::default())
    }

    /// Another process over the same store.
    pub(crate) fn restarted(&self) -> Self {
        let settings = Settings { face: self.broker.face().config.clone(), broker: self.broker.config().clone() };
        Self::over(self.store.clone(), self.clock.clone(), Arc::default(), settings)
    }

    fn over(store: Arc<dyn Store>, clock: Arc<FixedClock>, web: Arc<Web>, settings: Settings) -> Self {
        let face = Face::new(store.clone(), clock.clone(), settings.face, web.clone());
        let broker = Arc::new(Broker::new(Arc::new(face), settings.broker));
        let own = machi_broker::http::api(broker.clone()).into_router();
        let router = machi_broker::http::router(broker.clone()).merge(own);
        Self { broker, store, clock, web, router }
    }

    /// Asks without a body.
    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.send(method, path, headers, Body::empty()).await
    }

    /// Sends JSON, as `application/json` unless the headers say otherwise.
    pub(crate) async fn json(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let length = body.len().to_string();
        let mut all = vec![("content-length", length.as_str())];
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            all.push(("content-type", "application/json"));
        }
        all.extend_from_slice(headers);
        self.send(method, path, &all, Body::from(body.to_owned())).await
    }

    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Body) -> Reply {
        let path = if path.starts_with("/machi") { path.to_owned() } else { format!("/ngsi-ld/v1{path}") };
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let response: Response = self.router.clone().call(request.body(body).unwrap()).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap().to_vec();
        Reply { status: parts.status, headers: parts.headers, body }
    }

    pub(crate) fn later(&self, seconds: i64) {
        let now = machi_types::Clock::now(&*self.clock);
        self.clock.set(Timestamp::from_micros(now.micros() + seconds * 1_000_000));
    }

    pub(crate) async fn document(&self, tenant: &str, id: &str) -> Option<Arc<Document>> {
        let tenant = if tenant.is_empty() { TenantId::default_tenant() } else { tenant.parse().unwrap() };
        self.store.view().document(&tenant, ENTITIES, id).await.unwrap()
    }

    /// The values of an entity's attributes by name, or by `name@dataset`; its types and scopes under `@`.
    pub(crate) async fn values(&self, id: &str) -> Option<BTreeMap<String, Value>> {
        let document = self.document("", id).await?;
        let names = self.store.names();
        let head = HeadRef::read(&document.head).unwrap();
        let mut values = BTreeMap::new();
        let types: Vec<String> = head.types().map(|name| short(&name.to_name())).collect();
        values.insert("@type".to_owned(), Value::from(types));
        let scopes: Vec<String> = head.scopes().map(str::to_owned).collect();
        if !scopes.is_empty() {
            values.insert("@scope".to_owned(), Value::from(scopes));
        }
        for section in &document.sections {
            let mut name = short(&names.text(section.key.name));
            if section.key.instance != NameNo::NONE {
                name = format!("{name}@{}", names.text(section.key.instance));
            }
            let instance = InstanceRef::read(&section.body).unwrap();
            values.insert(name, serde_json::from_str(instance.value()).unwrap());
        }
        Some(values)
    }

    /// Creates an entity that must be taken.
    pub(crate) async fn given(&self, entity: &str) {
        let reply = self.json("POST", "/entities", &[], entity).await;
        assert_eq!(reply.status, 201, "{}", reply.text());
    }
}

fn short(name: &str) -> String {
    name.strip_prefix(DEFAULT_CONTEXT).unwrap_or(name).to_owned()
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn value(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("{} is no JSON", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The status, and the last part of the problem's type.
    pub(crate) fn fault(&self) -> (u16, String) {
        if self.body.is_empty() {
            return (self.status.as_u16(), String::new());
        }
        let value = self.value();
        let uri = value["type"].as_str().unwrap_or_default();
        (self.status.as_u16(), uri.rsplit(['/', ':']).next().unwrap_or_default().to_owned())
    }

    pub(crate) fn detail(&self) -> String {
        self.value()["detail"].as_str().unwrap_or_default().to_owned()
    }
}
