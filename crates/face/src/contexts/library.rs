//! The @contexts as their clients see them: added, listed, served, deleted (ETSI GS CIM 009 §5.13).
//!
//! Hosted and implicitly created contexts belong to the tenant that made them. Copies of remote documents are
//! shared; a tenant sees those that it has used, so that nobody learns what others use.

use std::sync::Arc;

use bytes::Bytes;
use machi_http::Text;
use machi_model::context::{ContextError, core_urls, resolve};
use machi_store::{Filter, Find};
use machi_types::{ErrorKind, Json, Name, TenantId, json};

use super::CONTEXTS;
use super::documents::Gathered;
use super::held::UsageFigures;
use super::record::{self, ContextKind, Facts, Record};
use super::{Contexts, local_id, unavailable};
use crate::{FaceError, japanese};

/// Which contexts are listed.
#[derive(Clone, Copy, Debug, Default)]
pub struct ContextFilter {
    /// Those of one kind; without it, all.
    pub kind: Option<ContextKind>,
}

/// A stored context, and how it was used since the start.
#[derive(Clone, Debug)]
pub struct ContextInfo {
    /// The context.
    pub facts: Facts,
    /// How it was used, where that is counted.
    pub figures: Option<UsageFigures>,
}

impl Contexts {
    /// Keeps a context that a client wants to be served: an object with the member `@context`.
    pub async fn add(&self, tenant: &TenantId, body: &[u8]) -> Result<Name, FaceError> {
        let parsed = json::parse(body, json::DEFAULT_DEPTH)
            .map_err(|error| FaceError::no_json("the body", "リクエスト本文", &error))?;
        let context = parsed.get("@context").ok_or_else(|| no_context(&parsed))?;
        // What the context needs from elsewhere is loaded when it is used; what it says itself is checked now.
        resolve(context, &Gathered::default(), &self.limits)?;
        self.host(tenant, ContextKind::Hosted, record::fresh_id(), parsed.to_text()).await
    }

    /// Keeps a context that must have a URL of its own, such as an array in a subscription (§5.13.1).
    pub async fn add_implicit(&self, tenant: &TenantId, context: &Json<'_>) -> Result<Name, FaceError> {
        let text = Json::Object(vec![("@context".into(), context.clone())]).to_text();
        let id = record::id_of_text(text.as_bytes());
        if self.store.view().document(tenant, CONTEXTS, &id).await?.is_some() {
            return Ok(id);
        }
        self.host(tenant, ContextKind::ImplicitlyCreated, id, text).await
    }

    /// Keeps a copy of a remote document that never goes stale, as if it had been loaded from its URL.
    pub async fn add_copy(&self, url: &str, text: Bytes) -> Result<Name, FaceError> {
        if !url.starts_with("http://") && !url.starts_with("https://") {
            return Err(FaceError::bad_data(Text::both(
                format!("{url} is no URL of a @context; one starts with http:// or https://"),
                format!("{url}は@contextのURLではありません。http://かhttps://で始まるURLを指定してください"),
            )));
        }
        if core_urls().any(|core| core == url) {
            return Err(FaceError::bad_data(Text::both(
                format!("{url} is a core @context, which is built in and never loaded; no copy of it is needed"),
                format!("{url}はコア@contextで、組み込まれているため、コピーは不要です"),
            )));
        }
        let id = record::id_of_url(url);
        let facts = Facts {
            id: id.clone(),
            kind: ContextKind::Cached,
            url: Some(Name::from(url)),
            base: None,
            expires: None,
            created: self.clock.now(),
        };
        let record = Record { facts, text };
        // As with one that a client wants to be served: what it says itself is checked now.
        let mut gathered = Gathered::default();
        gathered.add(Name::from(url), id.clone(), Arc::new(record.document()?));
        resolve(&Json::from(url), &gathered, &self.limits)?;
        self.keep(TenantId::default_tenant(), record).await?;
        self.held.forget(&id);
        Ok(id)
    }

    async fn host(&self, tenant: &TenantId, kind: ContextKind, id: Name, text: String) -> Result<Name, FaceError> {
        let _turn = self.hosting.lock().await;
        let own = self.facts(tenant).await?.iter().filter(|facts| facts.kind != ContextKind::Cached).count();
        if own >= self.config.hosted {
            return Err(too_many(self.config.hosted));
        }
        let created = self.clock.now();
        let facts = Facts { id: id.clone(), kind, url: None, base: None, expires: None, created };
        self.keep(tenant.clone(), Record { facts, text: text.into() }).await?;
        Ok(id)
    }

    /// The contexts that a tenant sees.
    pub async fn list(&self, tenant: &TenantId, filter: ContextFilter) -> Result<Vec<ContextInfo>, FaceError> {
        let mut listed = Vec::new();
        let shared = TenantId::default_tenant();
        for owner in if tenant.is_default() { vec![&shared] } else { vec![tenant, &shared] } {
            for facts in self.facts(owner).await? {
                let is_wanted = filter.kind.is_none_or(|kind| kind == facts.kind);
                if is_wanted && self.is_visible(&facts, owner, tenant) {
                    listed.push(self.info(facts));
                }
            }
        }
        Ok(listed)
    }

    /// One context that a tenant sees, by its local id or, for a copy, by the URL that it was loaded from.
    pub async fn find(&self, tenant: &TenantId, id: &str) -> Result<ContextInfo, FaceError> {
        let asked = id;
        let id = local_id_of(asked).map_or_else(|| record::id_of_url(asked), Name::from);
        if let Some(facts) = self.core(&id) {
            return Ok(self.info(facts));
        }
        let (view, shared) = (self.store.view(), TenantId::default_tenant());
        for owner in [tenant, &shared] {
            let Some(document) = view.document(owner, CONTEXTS, &id).await? else { continue };
            let facts = Facts::read(&document)?;
            if self.is_visible(&facts, owner, tenant) {
                return Ok(self.info(facts));
            }
        }
        Err(FaceError::ContextNotFound { id: asked.chars().take(120).collect::<String>().into() })
    }

    /// One context that a tenant sees, for its client: being found counts as a hit from then on (§5.13.3.5).
    pub async fn serve(&self, tenant: &TenantId, id: &str) -> Result<ContextInfo, FaceError> {
        let info = self.find(tenant, id).await?;
        self.held.usage(&info.facts.id).count(tenant, &*self.clock);
        Ok(info)
    }

    /// The text of a context that a tenant made.
    pub async fn text(&self, tenant: &TenantId, id: &Name) -> Result<Bytes, FaceError> {
        let record = self.record(tenant, id).await?;
        record.map(|record| record.text).ok_or_else(|| FaceError::ContextNotFound { id: id.clone() })
    }

    /// One of the core contexts, which are copies that are part of this program (§4.4).
    fn core(&self, id: &Name) -> Option<Facts> {
        let url = core_urls().find(|url| record::id_of_url(url) == *id)?;
        let (id, url, created) = (id.clone(), Some(Name::from(url)), self.since);
        Some(Facts { id, kind: ContextKind::Cached, url, base: None, expires: None, created })
    }

    /// Whether a context is one of those that are part of this program.
    fn is_core(facts: &Facts) -> bool {
        facts.url.as_deref().is_some_and(|url| core_urls().any(|core| core == url))
    }

    /// Removes a context; a copy that others use is only hidden.
    pub async fn delete(&self, tenant: &TenantId, id: &str) -> Result<(), FaceError> {
        let facts = self.find(tenant, id).await?.facts;
        if Self::is_core(&facts) {
            return Err(FaceError::bad_data(Text::both(
                format!("{id} is a core @context, which is part of every other and stays"),
                format!("{id}はコア@contextであり、削除できません"),
            )));
        }
        if facts.kind != ContextKind::Cached {
            return self.remove(tenant, &facts.id).await;
        }
        let is_used_by_others = self.held.release(&facts.id, tenant);
        if is_used_by_others {
            return Ok(());
        }
        self.remove(&TenantId::default_tenant(), &facts.id).await
    }

    /// Loads a copy anew; what there was stays if that fails (§5.13.5.4).
    pub async fn reload(&self, tenant: &TenantId, id: &str) -> Result<(), FaceError> {
        let facts = self.find(tenant, id).await?.facts;
        let (ContextKind::Cached, Some(url)) = (facts.kind, &facts.url) else {
            return Err(FaceError::bad_data(Text::both(
                format!("the @context {id} is {}; only a Cached one can be loaded anew", facts.kind.as_str()),
                format!("@context {id}は{}です。再読み込みできるのはCachedだけです", facts.kind.as_str()),
            )));
        };
        // What is built in is what was published under that URL, and never changes.
        if Self::is_core(&facts) {
            return Ok(());
        }
        // §5.13.5.4: here what was loaded but is no @context counts as not available, too.
        self.load_anew(url).await.map_err(|error| match error {
            FaceError::Context(fault @ ContextError::Invalid { .. }) => {
                unavailable(url, Text::both(fault.to_string(), japanese::context(&fault))).into()
            }
            other => other,
        })?;
        self.held.forget(&facts.id);
        Ok(())
    }

    pub(super) async fn remove(&self, owner: &TenantId, id: &Name) -> Result<(), FaceError> {
        self.store.commit(record::remove(owner.clone(), id)).await?;
        self.held.forget(id);
        self.held.drop_usage(id);
        Ok(())
    }

    /// Forgets what is held of a tenant's own contexts, because the tenant goes.
    pub async fn forget_tenant(&self, tenant: &TenantId) -> Result<(), FaceError> {
        for facts in self.facts(tenant).await? {
            self.held.forget(&facts.id);
            self.held.drop_usage(&facts.id);
        }
        Ok(())
    }

    /// Removes the contexts that a tenant made itself, and what cannot be read; copies stay, for the whole city uses
    /// them.
    pub async fn remove_own(&self, tenant: &TenantId) -> Result<(), FaceError> {
        for (id, facts) in self.rows(tenant).await? {
            if facts.is_none_or(|facts| facts.kind != ContextKind::Cached) {
                self.remove(tenant, &id).await?;
            }
        }
        Ok(())
    }

    /// Removes copies that are not to be there.
    pub async fn remove_copies(&self, ids: &[Name]) -> Result<(), FaceError> {
        for id in ids {
            self.remove(&TenantId::default_tenant(), id).await?;
        }
        Ok(())
    }

    /// How many copies of remote documents there are; they lie in the default tenant and belong to the whole city.
    pub async fn count_copies(&self) -> Result<u64, FaceError> {
        let facts = self.facts(&TenantId::default_tenant()).await?;
        Ok(facts.iter().filter(|facts| facts.kind == ContextKind::Cached).count() as u64)
    }

    /// What is known of all contexts that are stored for a tenant. One that is damaged is told in the log, and keeps
    /// nobody from the others.
    pub(super) async fn facts(&self, owner: &TenantId) -> Result<Vec<Facts>, FaceError> {
        let readable = |(id, facts): (Name, Option<Facts>)| {
            if facts.is_none() && self.repeats.tell((owner.as_str(), id.as_str())).is_some() {
                tracing::error!(context.id = %id, tenant = owner.word(), "a stored @context is damaged and is passed over");
            }
            facts
        };
        Ok(self.rows(owner).await?.into_iter().filter_map(readable).collect())
    }

    /// All contexts that are stored for a tenant, with what is known of those that can be read.
    async fn rows(&self, owner: &TenantId) -> Result<Vec<(Name, Option<Facts>)>, FaceError> {
        let view = self.store.view();
        let mut rows = Vec::new();
        let mut after = None;
        loop {
            let find = Find { after, ..Find::new(owner.clone(), CONTEXTS, Filter::All) };
            let found = view.find(find).await?;
            rows.extend(found.rows.iter().map(|row| (row.document.id.clone(), Facts::read(&row.document).ok())));
            after = found.rows.last().filter(|_| found.more).map(|row| row.cursor.clone());
            if after.is_none() {
                return Ok(rows);
            }
        }
    }

    fn is_visible(&self, facts: &Facts, owner: &TenantId, tenant: &TenantId) -> bool {
        if facts.kind != ContextKind::Cached {
            return owner == tenant;
        }
        let is_unused = self.held.figures(&facts.id).is_none();
        self.held.is_used_by(&facts.id, tenant) || (tenant.is_default() && is_unused)
    }

    fn info(&self, facts: Facts) -> ContextInfo {
        // Hosted contexts are read by anybody's tools, so counting our own uses would say little.
        let is_counted = facts.kind != ContextKind::Hosted;
        let figures = if is_counted { self.held.figures(&facts.id) } else { None };
        ContextInfo { facts, figures }
    }
}

/// Whether the text is a local id, alone or at the end of the URL where it is served.
fn local_id_of(text: &str) -> Option<&str> {
    if text.starts_with("urn:machi:context:") { Some(text) } else { local_id(text) }
}

fn no_context(body: &Json<'_>) -> FaceError {
    FaceError::Refused {
        // §5.13.2.4 leaves open what an object without the member is; clients know it as a request of wrong content.
        kind: if body.as_object().is_some() { ErrorKind::InvalidRequest } else { ErrorKind::BadRequestData },
        detail: Text::both(
            "the body must be a JSON object with a member \"@context\": {\"@context\": {\"name\": \"https://example.org/name\"}}",
            "リクエスト本文は\"@context\"を持つJSONオブジェクトでなければなりません",
        ),
    }
}

fn too_many(most: usize) -> FaceError {
    FaceError::bad_data(Text::both(
        format!(
            "a tenant has at most {most} @contexts of its own ([contexts] hosted), and this one has them; delete one that is no longer used"
        ),
        format!("テナントが持てる@contextは{most}個まで([contexts] hosted)です。使われていないものを削除してください"),
    ))
}
