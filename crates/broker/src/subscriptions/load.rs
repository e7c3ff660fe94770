//! Subscriptions as they lie in the store, read for matching.

use std::sync::Arc;

use machi_store::{Document, Filter, Find, Names, Position, Store, StoreError, TermKind, View};
use machi_types::{Name, TenantId, Timestamp, json};

use super::domain::read::{Kept, read};
use super::domain::shared::Shared;
use super::domain::subscription::{Subscription, SubscriptionKey};
use super::hub::Hub;
use super::parked::{DELIVERIES, facet_name};
use super::stored::{SUBSCRIPTIONS, StoredSubscription};

const PAGE: usize = 500;

/// Reads one definition; what cannot be read is told in the log and passed over.
pub(crate) fn subscription(
    key: SubscriptionKey,
    definition: &[u8],
    (created_at, defined_at): (Timestamp, Timestamp),
    kept: impl FnOnce() -> super::domain::counters::Figures,
    (names, hub, shared): (&dyn Names, &Hub, &mut Shared),
) -> Option<Arc<Subscription>> {
    let json = match json::parse(definition, 128) {
        Ok(json) => json,
        Err(error) => {
            tracing::error!(subscription = %key.id, %error, "a stored subscription is no JSON; it notifies of nothing");
            return None;
        }
    };
    let counters = hub.counters(&key, kept);
    let id = key.id.clone();
    match read(Kept { key, json: &json, created_at, defined_at, counters }, names, shared) {
        Ok(subscription) => Some(Arc::new(subscription)),
        Err(fault) => {
            tracing::error!(subscription = %id, %fault, "a stored subscription cannot be read; it notifies of nothing");
            None
        }
    }
}

/// All subscriptions that still exist, as they were at a position.
pub(crate) async fn all_at(
    store: &dyn Store,
    position: &Position,
    hub: &Hub,
    shared: &mut Shared,
) -> Result<Vec<Arc<Subscription>>, StoreError> {
    let mut all = Vec::new();
    for tenant in store.tenants().await? {
        all.extend(of_tenant(store, &tenant.tenant, position, hub, shared).await?);
    }
    Ok(all)
}

/// Those that a tenant has now.
pub(crate) async fn of_tenant_now(
    store: &dyn Store,
    tenant: &TenantId,
    hub: &Hub,
    shared: &mut Shared,
) -> Result<Vec<Arc<Subscription>>, StoreError> {
    let now = store.view().position().await?;
    of_tenant(store, tenant, &now, hub, shared).await
}

/// Those of one tenant.
pub(crate) async fn of_tenant(
    store: &dyn Store,
    tenant: &TenantId,
    position: &Position,
    hub: &Hub,
    shared: &mut Shared,
) -> Result<Vec<Arc<Subscription>>, StoreError> {
    let (now, then) = (store.view(), store.view_at(position).await?);
    let mut all = Vec::new();
    let mut after = None;
    loop {
        let find = Find { after: after.take(), limit: PAGE, ..Find::new(tenant.clone(), SUBSCRIPTIONS, Filter::All) };
        let found = now.find(find).await?;
        let ids: Vec<Name> = found.rows.iter().map(|row| row.document.id.clone()).collect();
        let before = then.documents(tenant, SUBSCRIPTIONS, &ids).await?;
        for (row, document) in found.rows.iter().zip(before) {
            let Some(document) = document else { continue };
            // Matching begins where the definition stood then, counting where the numbers stand now.
            let key = SubscriptionKey { tenant: tenant.clone(), id: document.id.clone() };
            if let Some(now) = StoredSubscription::read(Arc::clone(&row.document), store.names()) {
                hub.counters(&key, || now.figures);
            }
            all.extend(of_document(tenant, document, store.names(), hub, shared));
        }
        after = found.rows.last().filter(|_| found.more).map(|row| row.cursor.clone());
        if after.is_none() {
            return Ok(all);
        }
    }
}

/// Reads a stored subscription.
pub(crate) fn of_document(
    tenant: &TenantId,
    document: Arc<Document>,
    names: &dyn Names,
    hub: &Hub,
    shared: &mut Shared,
) -> Option<Arc<Subscription>> {
    let key = SubscriptionKey { tenant: tenant.clone(), id: document.id.clone() };
    let stored = StoredSubscription::read(document, names)?;
    let times = (stored.created_at(), stored.modified_at);
    subscription(key, stored.definition(), times, || stored.figures, (names, hub, shared))
}

/// The subscriptions that have notifications waiting.
pub(crate) async fn waiting(store: &dyn Store) -> Result<Vec<SubscriptionKey>, StoreError> {
    let view: Arc<dyn View> = store.view();
    let mut keys = Vec::new();
    for tenant in store.tenants().await? {
        let tenant = tenant.tenant;
        for term in view.terms(&tenant, DELIVERIES).await? {
            if let TermKind::Tag(id) = term.kind
                && *term.name == *facet_name()
                && term.documents > 0
            {
                keys.push(SubscriptionKey { tenant: tenant.clone(), id });
            }
        }
    }
    Ok(keys)
}
