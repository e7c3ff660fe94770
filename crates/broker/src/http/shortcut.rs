//! The request that is asked most, without the way through the router: `GET /entities/{entityId}`
//! (docs/adr/0012).
//!
//! Whatever is not plain here (a parameter, a condition, a preference, an entity that is not there) is left to
//! `entities::retrieve`, which answers everything and is what defines the answer.

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::header::{ACCEPT, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, LINK};
use http::{HeaderMap, Method, Uri};
use machi_face::SNAPSHOT_HEADER;
use machi_face::contexts::Held;
use machi_http::answer::{AnswerExt, context_link_value, representation};
use machi_http::edge::Shortcut;
use machi_http::request::{MediaType, TENANT_HEADER, context_link, tenant};
use machi_model::context::CORE_URL;
use machi_model::entity::render::Format;
use machi_store::Seen;
use machi_types::TenantId;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;

use super::entities::retrieve::{self, PREFER};
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::reading::Reading;
use crate::domain::rendered::{Look, Rendered};
use crate::domain::representation::Representation;

/// How many kinds of requests are remembered; beyond that all are forgotten.
const KINDS: usize = 256;
const PLAIN: Look = Look { format: Format::Normalized, sys_attrs: false, has_context: false };

/// The shortcut around one broker.
#[derive(Debug)]
pub struct HotEntities {
    broker: Arc<Broker>,
    kinds: RwLock<FxHashMap<KindKey, Arc<Kind>>>,
}

/// What of the headers decides on the answer: the tenant and the link to the @context, as they came.
type KindKey = (Option<HeaderValue>, Option<HeaderValue>);

/// What follows from these headers.
#[derive(Debug)]
struct Kind {
    tenant: TenantId,
    context: Arc<Held>,
    link: HeaderValue,
    /// The generation of contexts for which it holds.
    generation: u64,
}

impl HotEntities {
    /// The shortcut to this broker's entities.
    pub fn new(broker: Arc<Broker>) -> Self {
        Self { broker, kinds: RwLock::default() }
    }

    fn kind(&self, headers: &HeaderMap) -> Option<Arc<Kind>> {
        let key = (headers.get(TENANT_HEADER).cloned(), headers.get(LINK).cloned());
        let generation = self.broker.face.contexts.generation();
        if let Some(kind) = self.kinds.read().get(&key)
            && kind.generation == generation
        {
            return Some(Arc::clone(kind));
        }
        let kind = Arc::new(self.read_kind(headers, generation)?);
        let mut kinds = self.kinds.write();
        if kinds.len() >= KINDS {
            kinds.clear();
        }
        kinds.insert(key, Arc::clone(&kind));
        Some(kind)
    }

    /// The entity as JSON, its version, and how many instances of attributes it shows.
    fn text(&self, kind: &Kind, id: &str) -> Option<(Bytes, u64, usize)> {
        let broker = &*self.broker;
        let context = kind.context.context();
        let document = match broker.store.newest_noted(&kind.tenant, ENTITIES, id)? {
            Seen::Whole(document) => document,
            Seen::Noted(note) => match Rendered::of(&*note, context, PLAIN) {
                Some(kept) => return Some((kept.text().clone(), kept.version(), kept.instances())),
                None => broker.store.newest(&kind.tenant, ENTITIES, id)?,
            },
        };
        let reading = Reading::of(document, broker.store.names(), broker.clock.now()).ok()??;
        let text = Representation::whole(context, PLAIN).write_one(&reading, None).ok()?.bytes;
        Rendered::leave(&*broker.store, &kind.tenant, &reading, (context, PLAIN), &text).ok()?;
        Some((text, reading.version(), reading.instances()))
    }

    fn read_kind(&self, headers: &HeaderMap, generation: u64) -> Option<Kind> {
        let tenant = tenant(headers).ok()?;
        let url = context_link(headers).ok()?;
        let context = self.broker.face.contexts.held_to_keep(&tenant, url.as_deref())?;
        let link = match context.context().is_core() {
            true => context_link_value(CORE_URL),
            false => context_link_value(context.context().url()?),
        };
        Some(Kind { tenant, context, link: link?, generation })
    }
}

impl Shortcut for HotEntities {
    fn answer(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
        if *method != Method::GET || uri.query().is_some() || !is_plain(headers) {
            return None;
        }
        let id = uri.path().strip_prefix(retrieve::PATH).filter(|id| !id.contains(['/', '%']))?;
        let kind = self.kind(headers)?;
        self.broker.face.arrive(&kind.tenant).ok()?;
        let (text, version, instances) = self.text(&kind, id)?;
        kind.context.count(&kind.tenant, self.broker.face.contexts.clock());
        let etag = retrieve::etag(version, instances, None, headers);
        Some(representation(MediaType::Json, text).with_link(kind.link.clone()).with_etag(&etag))
    }
}

/// Whether the headers ask for the entity as it is kept.
fn is_plain(headers: &HeaderMap) -> bool {
    const SPECIAL: [HeaderName; 5] = [PREFER, IF_MATCH, IF_NONE_MATCH, IF_MODIFIED_SINCE, SNAPSHOT_HEADER];
    let (mut links, mut tenants) = (0, 0);
    headers.iter().all(|(name, value)| {
        links += u32::from(name == LINK);
        tenants += u32::from(name == TENANT_HEADER);
        let is_json = || matches!(value.as_bytes(), b"*/*" | b"application/json");
        links < 2 && tenants < 2 && !SPECIAL.contains(name) && (name != ACCEPT || is_json())
    })
}
