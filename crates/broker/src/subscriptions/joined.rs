//! The entities that those of a notification link to (ETSI GS CIM 009 §4.5.23, §5.8.6).

use std::sync::Arc;

use machi_model::entity::iris_of;
use machi_store::{Position, StoreError, View};
use machi_types::{Name, TenantId, Timestamp};
use rustc_hash::FxHashMap;

use super::domain::shape::Join;
use super::due::Due;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::reading::Reading;

/// The most linked entities of one notification; what lies beyond is left out.
const MOST: usize = 1000;

/// Linked entities by their ids.
pub(crate) type Known = FxHashMap<Name, Arc<Reading>>;

/// Reads the linked entities, as of the commit that made the notification due.
pub(crate) async fn gather(broker: &Broker, due: &Due) -> Result<Known, StoreError> {
    let mut known = Known::default();
    let (Join::Flat(levels) | Join::Inline(levels)) = due.subscription.shape.join else { return Ok(known) };
    let view = view_of(broker, due).await;
    let mut ahead: Vec<Arc<Reading>> = due.causes.iter().map(|cause| Arc::clone(&cause.reading)).collect();
    for _ in 0..levels {
        let targets = ahead.iter().flat_map(|reading| targets(reading)).collect();
        ahead = read(broker, &*view, &due.subscription.key.tenant, targets, &mut known).await?;
        if ahead.is_empty() {
            break;
        }
    }
    Ok(known)
}

/// The instant of the commit, where it is still kept, which it is as long as the notification is in memory.
async fn view_of(broker: &Broker, due: &Due) -> Arc<dyn View> {
    let commit = due.causes.first().and_then(|cause| cause.change.as_ref()).map(|(entry, _)| entry.commit);
    let then = match commit {
        Some(commit) => broker.store.view_at(&Position::single(commit)).await.ok(),
        None => None,
    };
    then.unwrap_or_else(|| broker.store.view())
}

fn targets(reading: &Reading) -> Vec<Name> {
    let sections = reading.sections();
    let links =
        sections.iter().filter_map(|section| section.instance().ok()).filter(|instance| instance.kind().is_link());
    links.flat_map(|instance| iris_of(instance.value()).map(Name::from).collect::<Vec<_>>()).collect()
}

async fn read(
    broker: &Broker,
    view: &dyn View,
    tenant: &TenantId,
    mut ids: Vec<Name>,
    known: &mut Known,
) -> Result<Vec<Arc<Reading>>, StoreError> {
    ids.sort_unstable();
    ids.dedup();
    ids.retain(|id| !known.contains_key(id));
    ids.truncate(MOST.saturating_sub(known.len()));
    let now: Timestamp = broker.clock.now();
    let mut new = Vec::new();
    for document in view.documents(tenant, ENTITIES, &ids).await?.into_iter().flatten() {
        let id = document.id.clone();
        if let Ok(Some(reading)) = Reading::of(document, broker.store.names(), now) {
            let reading = Arc::new(reading);
            known.insert(id, Arc::clone(&reading));
            new.push(reading);
        }
    }
    Ok(new)
}
