//! The @contexts of the city: resolved once, held in memory, stored for restarts without network.
//!
//! A context is asked for by URL or given inline ([`ContextRef`]). What is held is found by one look-up
//! of its text; anything else is resolved from documents, which come from this city's own hosted
//! contexts, from stored copies, or from the network, in this order. One document is loaded once at a
//! time, a failure is remembered for a short while, and nothing that fails is ever kept as a context.

mod documents;
mod held;
mod library;
mod load;
mod load_http;
mod record;
mod refresh;

use std::sync::Arc;
use std::time::Duration;

use machi_http::Repeats;
use machi_model::context::{Context, ContextError, Limits, Resolution, resolve};
use machi_store::{Collection, Store};
use machi_types::{Clock, Json, Name, TenantId, Text, Timestamp};

pub use held::UsageFigures;
pub use library::{ContextFilter, ContextInfo};
pub use load::{LoadDocument, LoadNothing, Loaded, Loading};
pub use load_http::HttpLoader;
pub use record::{ContextKind, Facts};
pub use record::{is_copy, is_head, is_text};

use documents::{Failures, Flights, Gathered};
pub use held::Held;
use held::HeldContexts;

use crate::FaceError;
use crate::config::ContextsConfig;

/// JSON-LD contexts: what is known of hosted ones, and of copies of remote ones.
pub const CONTEXTS: Collection = Collection("contexts");
/// The texts of these contexts, which may be megabytes long each.
pub const CONTEXT_TEXTS: Collection = Collection("context-texts");

/// The path below which this city serves contexts.
pub const CONTEXTS_PATH: &str = "/ngsi-ld/v1/jsonldContexts/";

/// What a request says about its @context.
#[derive(Clone, Copy, Debug)]
pub enum ContextRef<'a> {
    /// Nothing: the core context holds.
    Core,
    /// The URL in its Link header.
    Url(&'a str),
    /// The value of the member `@context` of its body.
    Inline(&'a Json<'a>),
}

/// All that has to do with @contexts.
#[derive(Debug)]
pub struct Contexts {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    config: ContextsConfig,
    loader: Arc<dyn LoadDocument>,
    limits: Limits,
    held: HeldContexts,
    flights: Flights,
    failures: Failures,
    /// Keeps a damaged row from filling the log.
    repeats: Repeats,
    /// Held while a tenant gets a context of its own, so that two at once do not exceed the limit.
    hosting: tokio::sync::Mutex<()>,
    /// Since when the core contexts, which are built in, are here.
    since: Timestamp,
}

impl Contexts {
    /// No context is held yet; copies in the store are found when they are asked for.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        config: ContextsConfig,
        loader: Arc<dyn LoadDocument>,
    ) -> Self {
        let held = HeldContexts::new(config.held_bytes);
        let failures = Failures::new(Duration::from_secs(config.retry_seconds));
        let limits =
            Limits { depth: config.chain, documents: config.documents, terms: config.terms, ..Limits::default() };
        let since = clock.now();
        Self {
            store,
            clock,
            config,
            loader,
            limits,
            held,
            flights: Flights::default(),
            failures,
            repeats: Repeats::default(),
            hosting: tokio::sync::Mutex::default(),
            since,
        }
    }

    /// The context, if it needs neither store nor network.
    pub fn held(&self, tenant: &TenantId, context: ContextRef<'_>) -> Option<Arc<Context>> {
        match context {
            ContextRef::Core => Some(Arc::clone(Context::core())),
            ContextRef::Url(url) => self.held.find(&key_of_url(tenant, url), tenant, &*self.clock),
            ContextRef::Inline(Json::String(url)) => self.held.find(&key_of_url(tenant, url), tenant, &*self.clock),
            ContextRef::Inline(json) => self.held.find(&json.to_text(), tenant, &*self.clock),
        }
    }

    /// The context at a URL to keep over many requests, if it is held: it holds as long as [`generation`] says so.
    ///
    /// [`generation`]: Self::generation
    pub fn held_to_keep(&self, tenant: &TenantId, url: Option<&str>) -> Option<Arc<Held>> {
        match url {
            Some(url) => self.held.find_to_keep(&key_of_url(tenant, url)),
            None => Some(Arc::new(Held::new(Arc::clone(Context::core()), smallvec::SmallVec::new()))),
        }
    }

    /// A number that is another one whenever contexts may have changed.
    pub fn generation(&self) -> u64 {
        self.held.generation()
    }

    /// The clock by which uses are counted.
    pub fn clock(&self) -> &dyn Clock {
        &*self.clock
    }

    /// The context, resolved now if it is not held.
    pub async fn resolve(&self, tenant: &TenantId, context: ContextRef<'_>) -> Result<Arc<Context>, FaceError> {
        if let Some(held) = self.held(tenant, context) {
            return Ok(held);
        }
        match context {
            ContextRef::Core => Ok(Arc::clone(Context::core())),
            ContextRef::Url(url) => self.resolve_anew(tenant, &key_of_url(tenant, url), &Json::from(url)).await,
            ContextRef::Inline(json @ Json::String(url)) => {
                self.resolve_anew(tenant, &key_of_url(tenant, url), json).await
            }
            ContextRef::Inline(json) => self.resolve_anew(tenant, &json.to_text(), json).await,
        }
    }

    async fn resolve_anew(&self, tenant: &TenantId, key: &str, source: &Json<'_>) -> Result<Arc<Context>, FaceError> {
        let mut gathered = Gathered::default();
        let context = loop {
            match resolve(source, &gathered, &self.limits)? {
                Resolution::Ready(context) => break context,
                Resolution::Needs(urls) => self.gather(tenant, urls, &mut gathered).await?,
            }
        };
        if context.is_core() {
            return Ok(context);
        }
        let usages = gathered.ids().map(|id| self.held.usage(id)).collect();
        let held = Held::new(Arc::clone(&context), usages);
        held.count(tenant, &*self.clock);
        self.held.keep(key, held);
        Ok(context)
    }

    /// Brings the documents that are still needed; the first one that cannot be had ends it.
    async fn gather(&self, tenant: &TenantId, urls: Vec<Name>, gathered: &mut Gathered) -> Result<(), FaceError> {
        for url in urls {
            let (id, document) = self.document(tenant, &url).await?;
            gathered.add(url, id, document);
        }
        Ok(())
    }
}

/// The local id in a URL that points at a context served here, whatever host it names: ids cannot be guessed.
pub(crate) fn local_id(url: &str) -> Option<&str> {
    let (_, id) = url.split_once(CONTEXTS_PATH)?;
    id.starts_with("urn:machi:context:").then_some(id)
}

/// Hosted contexts belong to a tenant, so that what is held of them does, too.
fn key_of_url<'a>(tenant: &TenantId, url: &'a str) -> std::borrow::Cow<'a, str> {
    match local_id(url) {
        Some(id) => format!(" {tenant} {id}").into(),
        None => url.into(),
    }
}

fn unavailable(url: &str, reason: Text) -> ContextError {
    ContextError::Unavailable { url: Name::from(url), reason }
}
