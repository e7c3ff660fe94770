//! Where the documents of contexts come from: hosted here, copied in the store, or loaded now.

use std::sync::Arc;
use std::time::{Duration, Instant};

use machi_model::context::{ContextError, Document, Documents};
use machi_types::{Name, TenantId, Text, Timestamp};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;

use super::record::{self, ContextKind, Facts, Record};
use super::{Contexts, Loaded, local_id, unavailable};
use crate::FaceError;

/// How many failures are remembered at once.
const MOST_FAILURES: usize = 1000;

/// The documents gathered for one resolution.
#[derive(Debug, Default)]
pub(super) struct Gathered(FxHashMap<Name, (Name, Arc<Document>)>);

impl Gathered {
    pub(super) fn add(&mut self, url: Name, id: Name, document: Arc<Document>) {
        self.0.insert(url, (id, document));
    }

    /// The local ids of the documents.
    pub(super) fn ids(&self) -> impl Iterator<Item = &Name> {
        self.0.values().map(|(id, _)| id)
    }
}

impl Documents for Gathered {
    fn document(&self, url: &str) -> Option<Arc<Document>> {
        self.0.get(url).map(|(_, document)| Arc::clone(document))
    }
}

/// The loads under way, so that one document is loaded once at a time.
#[derive(Debug, Default)]
pub(super) struct Flights(Mutex<FxHashMap<Name, Arc<tokio::sync::Mutex<()>>>>);

impl Flights {
    /// The turn of one document; whoever waits for it finds the document stored.
    fn of(&self, id: &Name) -> Arc<tokio::sync::Mutex<()>> {
        Arc::clone(self.0.lock().entry(id.clone()).or_default())
    }

    /// Forgets turns that nobody waits for.
    fn tidy(&self, id: &Name) {
        let mut turns = self.0.lock();
        // One count is the map's, one the caller's.
        if turns.get(id).is_some_and(|turn| Arc::strong_count(turn) <= 2) {
            turns.remove(id);
        }
    }
}

/// Documents that could not be loaded a moment ago.
#[derive(Debug)]
pub(super) struct Failures {
    kept: Duration,
    recent: Mutex<FxHashMap<Name, (Instant, ContextError)>>,
}

impl Failures {
    pub(super) fn new(kept: Duration) -> Self {
        Self { kept, recent: Mutex::default() }
    }

    /// Why loading a document failed a moment ago, if it did.
    pub(super) fn recent(&self, url: &str) -> Option<ContextError> {
        let recent = self.recent.lock();
        let (at, error) = recent.get(url)?;
        (at.elapsed() < self.kept).then(|| error.clone())
    }

    fn note(&self, url: &str, error: &ContextError) {
        let mut recent = self.recent.lock();
        if recent.len() >= MOST_FAILURES {
            recent.retain(|_, (at, _)| at.elapsed() < self.kept);
        }
        if recent.len() < MOST_FAILURES {
            recent.insert(Name::from(url), (Instant::now(), error.clone()));
        }
    }

    fn forget(&self, url: &str) {
        self.recent.lock().remove(url);
    }
}

impl Contexts {
    /// The document of a URL, with its local id.
    pub(super) async fn document(&self, tenant: &TenantId, url: &Name) -> Result<(Name, Arc<Document>), FaceError> {
        let record = match local_id(url) {
            Some(id) => {
                let record = self.record(tenant, id).await?;
                record.ok_or_else(|| {
                    let reason = Text::both(
                        "this city serves no @context under this URL to this tenant",
                        "この都市は、このURLの@contextをこのテナントに提供していません",
                    );
                    unavailable(url, reason)
                })?
            }
            None => self.copy_of(url).await?,
        };
        let document = record.document()?;
        Ok((record.facts.id, Arc::new(document)))
    }

    /// What is stored under a local id.
    pub(super) async fn record(&self, tenant: &TenantId, id: &str) -> Result<Option<Record>, FaceError> {
        Record::find(&*self.store.view(), tenant, id, self.store.names()).await
    }

    /// The copy of a remote document, loaded if there is none.
    async fn copy_of(&self, url: &Name) -> Result<Record, FaceError> {
        let shared = TenantId::default_tenant();
        let id = record::id_of_url(url);
        if let Some(stored) = self.record(&shared, &id).await? {
            return Ok(stored);
        }
        let turn = self.flights.of(&id);
        let loaded = {
            let _turn = turn.lock().await;
            match self.record(&shared, &id).await {
                // Somebody else loaded it while this request waited for its turn.
                Ok(Some(stored)) => Ok(stored),
                Ok(None) => self.load_copy(url).await,
                Err(error) => Err(error),
            }
        };
        self.flights.tidy(&id);
        loaded
    }

    /// Loads and stores a document, unless that failed a moment ago.
    async fn load_copy(&self, url: &Name) -> Result<Record, FaceError> {
        if let Some(error) = self.failures.recent(url) {
            return Err(error.into());
        }
        self.load_anew(url).await
    }

    /// Loads and stores a document, whatever happened before.
    pub(super) async fn load_anew(&self, url: &Name) -> Result<Record, FaceError> {
        let loaded = self.loader.load(url).await.map_err(|reason| unavailable(url, reason));
        // §5.5.6: what cannot be had is unavailable; what is had but is no @context is the request's fault.
        let checked = loaded.and_then(|loaded| {
            let record = self.copy(url, loaded);
            record.document().map(|_| record)
        });
        let record = checked.inspect_err(|error| self.failures.note(url, error))?;
        self.failures.forget(url);
        // A store that takes no writes now must not keep anybody from reading.
        if let Err(error) = self.keep(TenantId::default_tenant(), record.clone()).await {
            tracing::warn!(%url, %error, "the copy of a @context could not be stored");
        }
        Ok(record)
    }

    fn copy(&self, url: &Name, loaded: Loaded) -> Record {
        let now = self.clock.now();
        let fresh = loaded.fresh.unwrap_or(Duration::from_secs(self.config.fresh_seconds));
        let micros = i64::try_from(fresh.as_micros()).unwrap_or(i64::MAX);
        let facts = Facts {
            id: record::id_of_url(url),
            kind: ContextKind::Cached,
            url: Some(url.clone()),
            base: Some(Name::from(loaded.url)),
            expires: Some(Timestamp::from_micros(now.micros().saturating_add(micros))),
            created: now,
        };
        Record { facts, text: loaded.text }
    }

    /// Stores a record durably.
    pub(super) async fn keep(&self, owner: TenantId, record: Record) -> Result<(), FaceError> {
        self.store.commit(record.store(owner, self.store.names())).await?;
        Ok(())
    }
}
