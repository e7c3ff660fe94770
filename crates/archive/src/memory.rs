//! The archive in memory: the readable reference, and what tests run on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use machi_store::Position;
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId, Timestamp};
use parking_lot::RwLock;

use crate::retention::{Bounds, Effect, Retained, Retention, Thinner, in_force};
use crate::{
    Archive, ArchiveError, Delivery, Evolution, Head, Instance, Origin, Part, Removal, Replaced, Series, Share, Sink,
    Snapshot, WantedEvolutions, WantedInstances,
};

/// An archive that forgets all when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryArchive {
    tenants: RwLock<BTreeMap<TenantId, Arc<Shelf>>>,
}

/// What is kept of a tenant.
#[derive(Clone, Debug, Default)]
struct Shelf {
    position: Position,
    heads: BTreeMap<Name, Vec<Head>>,
    instances: BTreeMap<Series, Vec<Instance>>,
    replaced: Vec<Replaced>,
    known_since: Option<Timestamp>,
}

impl Archive for MemoryArchive {
    fn open(&self, tenant: &TenantId) -> Result<Arc<dyn Snapshot>, ArchiveError> {
        Ok(self.tenants.read().get(tenant).cloned().unwrap_or_default())
    }

    fn take(&self, tenant: &TenantId, delivery: Delivery<'_>) -> Result<(), ArchiveError> {
        let mut tenants = self.tenants.write();
        let shelf = Arc::make_mut(tenants.entry(tenant.clone()).or_default());
        if !delivery.up_to.as_ref().is_some_and(|up_to| shelf.position.reaches(up_to)) {
            shelf.take(delivery);
        }
        Ok(())
    }

    fn retain(&self, tenant: &TenantId, retention: &Retention) -> Result<Retained, ArchiveError> {
        let mut tenants = self.tenants.write();
        match tenants.get_mut(tenant) {
            Some(shelf) => Arc::make_mut(shelf).retain(retention),
            None => Ok(Retained::default()),
        }
    }

    fn erase(&self, tenant: &TenantId) -> Result<(), ArchiveError> {
        self.tenants.write().remove(tenant);
        Ok(())
    }
}

impl Shelf {
    fn take(&mut self, delivery: Delivery<'_>) {
        delivery.removals.iter().for_each(|removal| self.remove(removal));
        self.replaced.extend(delivery.replaced);
        for (series, instances) in delivery.instances {
            self.instances.entry(series).or_default().extend(instances.into_owned());
        }
        for (entity, heads) in delivery.heads {
            self.heads.entry(entity).or_default().extend(heads.into_owned());
        }
        self.position = delivery.up_to.unwrap_or_else(|| self.position.clone());
    }

    fn remove(&mut self, removal: &Removal) {
        let of_entity = Series { entity: removal.entity.clone(), attribute: Name::from(""), dataset: None };
        for (series, instances) in self.instances.range_mut(of_entity..) {
            if series.entity != removal.entity {
                break;
            }
            for gone in instances.extract_if(.., |one| removal.part.holds(series, one.key)) {
                if let Some(replaced_at) = removal.replaced_at {
                    self.replaced.push(Replaced { series: series.clone(), instance: gone, replaced_at });
                }
            }
        }
        self.instances.retain(|_, instances| !instances.is_empty());
        if removal.replaced_at.is_none() {
            let is_gone = |one: &Replaced| {
                one.series.entity == removal.entity && removal.part.holds(&one.series, one.instance.key)
            };
            self.replaced.retain(|one| !is_gone(one));
        }
        if removal.part == Part::All {
            self.heads.remove(&removal.entity);
        }
    }
}

impl Shelf {
    fn retain(&mut self, retention: &Retention) -> Result<Retained, ArchiveError> {
        let Some(horizon) = retention.horizon() else { return Ok(Retained::default()) };
        let mut ids: Vec<Name> = self.instances.keys().map(|series| series.entity.clone()).collect();
        ids.extend(self.replaced.iter().map(|one| one.series.entity.clone()));
        ids.sort_unstable();
        ids.dedup();
        let in_force = in_force(self, &ids, horizon)?;
        let in_force = |series: &Series| in_force.get(series).copied().unwrap_or_default();
        let bounds: BTreeMap<Name, Bounds> =
            ids.into_iter().map(|id| (id.clone(), retention.bounds(&id, &self.types(&id)))).collect();
        let mut effect = Effect::default();
        for (series, instances) in &mut self.instances {
            let Some(bounds) = bounds.get(&series.entity).filter(|bounds| !bounds.is_empty()) else { continue };
            let mut all = std::mem::take(instances);
            all.sort_by_key(|one| (one.kept_by(), one.written()));
            let mut thinner = Thinner::new(series, bounds, in_force(series), horizon, &mut effect);
            all.into_iter().for_each(|one| instances.extend(thinner.push(one)));
            instances.extend(thinner.finish());
            instances.sort_by_key(Instance::written);
        }
        self.instances.retain(|_, instances| !instances.is_empty());
        let stays = |one: &mut Replaced| {
            let Some(bounds) = bounds.get(&one.series.entity) else { return true };
            effect.keeps_replaced(&one.instance, bounds, in_force(&one.series), horizon)
        };
        self.replaced.retain_mut(stays);
        self.known_since = self.known_since.max(effect.known_since);
        Ok(effect.retained)
    }

    fn types(&self, id: &Name) -> Vec<Name> {
        let heads = self.heads.get(id).cloned().unwrap_or_default();
        Evolution { entity: id.clone(), heads }.types()
    }
}

impl Snapshot for Shelf {
    fn position(&self) -> Position {
        self.position.clone()
    }

    fn known_since(&self) -> Option<Timestamp> {
        self.known_since
    }

    fn evolutions(&self, wanted: &WantedEvolutions<'_>) -> Result<Vec<Evolution>, ArchiveError> {
        let evolution =
            |(entity, heads): (&Name, &Vec<Head>)| Evolution { entity: entity.clone(), heads: heads.clone() };
        Ok(match *wanted {
            WantedEvolutions::Of(ids) => {
                ids.iter().filter_map(|id| self.heads.get_key_value(id)).map(evolution).collect()
            }
            WantedEvolutions::After { after, limit, types } => {
                let is_behind = |entity: &Name| after.is_none_or(|after| entity.as_str() > after);
                let is_of = |heads: &[Head]| {
                    types.is_none_or(|types| heads.iter().any(|head| types.iter().any(|one| head.types.contains(one))))
                };
                let found = self.heads.iter().filter(|(entity, heads)| is_behind(entity) && is_of(heads));
                found.take(limit).map(evolution).collect()
            }
        })
    }

    fn read(&self, wanted: &WantedInstances<'_>, sink: &mut dyn Sink) -> Result<(), ArchiveError> {
        let mut found: Vec<(&Series, Vec<&Instance>)> = self
            .instances
            .iter()
            .filter(|(series, _)| wanted.is_of(series))
            .map(|(series, instances)| (series, instances.iter().filter(|one| wanted.is_at(one)).collect()))
            .collect();
        if let Some(query) = wanted.time {
            match wanted.share {
                Share::All => {}
                Share::Earliest(count) => {
                    let mut times: Vec<_> =
                        found.iter().flat_map(|(_, all)| all.iter().map(|one| one.time(query.property))).collect();
                    times.sort_unstable();
                    if let Some(last) = count.checked_sub(1).and_then(|last| times.get(last).copied()) {
                        found.iter_mut().for_each(|(_, all)| all.retain(|one| one.time(query.property) <= last));
                    }
                }
                Share::Latest(count) => {
                    for (_, all) in &mut found {
                        all.sort_unstable_by_key(|one| (one.time(query.property), one.written()));
                        all.drain(..all.len().saturating_sub(count));
                    }
                }
            }
        }
        for (series, instances) in found.into_iter().filter(|(_, instances)| !instances.is_empty()) {
            sink.instances(series, instances.into_iter().cloned().collect());
        }
        Ok(())
    }

    fn written_after(&self, time: Timestamp, _: usize) -> Result<Vec<Name>, ArchiveError> {
        let heads = self.heads.iter().filter(|(_, heads)| heads.iter().any(|head| head.modified_at > time));
        let instances = self.instances.iter().filter(|(_, all)| all.iter().any(|one| one.modified_at > time));
        let replaced = self.replaced.iter().filter(|one| one.instance.modified_at > time);
        let ids = heads.map(|(entity, _)| entity).chain(instances.map(|(series, _)| &series.entity));
        let ids: BTreeSet<&Name> = ids.chain(replaced.map(|one| &one.series.entity)).collect();
        Ok(ids.into_iter().cloned().collect())
    }

    fn touching(&self, attribute: &Name, area: &BoundingBox, _: usize) -> Result<Vec<Name>, ArchiveError> {
        let touches = |instance: &Instance| instance.area().is_some_and(|place| place.intersects(area));
        let instances = self.instances.iter().filter(|(_, all)| all.iter().any(touches)).map(|(series, _)| series);
        let replaced = self.replaced.iter().filter(|one| touches(&one.instance)).map(|one| &one.series);
        let of_it = instances.chain(replaced).filter(|series| series.attribute == *attribute);
        let ids: BTreeSet<&Name> = of_it.map(|series| &series.entity).collect();
        Ok(ids.into_iter().cloned().collect())
    }

    fn forgotten(&self) -> Result<Vec<(Name, Timestamp)>, ArchiveError> {
        let last = |heads: &[Head]| {
            heads.iter().filter(|head| head.origin == Origin::Forgotten).map(|head| head.modified_at).max()
        };
        Ok(self.heads.iter().filter_map(|(entity, heads)| Some((entity.clone(), last(heads)?))).collect())
    }

    fn replaced(&self, entities: &[Name]) -> Result<Vec<Replaced>, ArchiveError> {
        let is_of = |one: &&Replaced| entities.binary_search(&one.series.entity).is_ok();
        Ok(self.replaced.iter().filter(is_of).cloned().collect())
    }
}
