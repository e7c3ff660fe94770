//! Reads the entities that a query follows links to (ETSI GS CIM 009 §4.9).

use std::collections::VecDeque;

use machi_model::query::{Link, Query, Step};
use machi_store::{Names, StoreError, View};
use machi_types::{Name, TenantId, Timestamp};
use rustc_hash::FxHashMap;

use super::domain::state::EntityState;
use crate::collections::ENTITIES;

/// The most entities that are read for one query; what lies beyond is not known.
const MOST: usize = 1000;

/// The entities behind the links of a query, by their ids.
pub(crate) async fn gather(
    query: Option<&Query>,
    state: &EntityState,
    view: &dyn View,
    tenant: &TenantId,
    names: &dyn Names,
    time: Timestamp,
) -> Result<FxHashMap<Name, EntityState>, StoreError> {
    let mut known = FxHashMap::default();
    let Some(query) = query.filter(|query| query.link_depth() > 0) else { return Ok(known) };
    let conditions = query.logic.conditions();
    let paths = conditions.iter().map(|term| term.path.links.as_slice()).filter(|links| !links.is_empty());
    for links in paths {
        follow(links, state, &mut known, (view, tenant, names, time)).await?;
    }
    Ok(known)
}

async fn follow(
    links: &[Link],
    state: &EntityState,
    known: &mut FxHashMap<Name, EntityState>,
    (view, tenant, names, time): (&dyn View, &TenantId, &dyn Names, Timestamp),
) -> Result<(), StoreError> {
    let mut ahead: VecDeque<(Name, &[Link])> = VecDeque::new();
    if let Some((first, rest)) = links.split_first() {
        targets(first, state, &mut |id| ahead.push_back((id, rest)));
    }
    while let Some((id, links)) = ahead.pop_front() {
        if known.len() >= MOST {
            return Ok(());
        }
        if !known.contains_key(&id) {
            let Some(document) = view.document(tenant, ENTITIES, &id).await? else { continue };
            let Ok(Some(linked)) = EntityState::of(document, names, time) else { continue };
            known.insert(id.clone(), linked);
        }
        if let (Some((next, rest)), Some(linked)) = (links.split_first(), known.get(&id)) {
            targets(next, linked, &mut |id| ahead.push_back((id, rest)));
        }
    }
    Ok(())
}

fn targets(link: &Link, state: &EntityState, each: &mut dyn FnMut(Name)) {
    if let Step::Attribute(relationship) = &link.relationship {
        state.each_target(relationship, &mut |id| each(Name::from(id)));
    }
}
