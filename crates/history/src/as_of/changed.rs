//! What was written since an instant: which entities, and which of them there were then. Whoever looks at the city as of
//! an instant asks several times, so that it is remembered for a while, and what came since is added.

use std::sync::Arc;

use machi_archive::Head;
use machi_store::evaluate::OwnedFacet;
use machi_types::{Name, TenantId, Timestamp};
use parking_lot::Mutex;
use rustc_hash::{FxHashMap, FxHashSet};

/// How many instants are remembered.
const INSTANTS: usize = 4;
/// Of how many entities together.
const ENTITIES: usize = 200_000;

/// What was written since an instant.
#[derive(Clone, Debug, Default)]
pub(super) struct Changed {
    pub(super) ids: FxHashSet<Name>,
    /// Which entities there were of these, each with the place of its types.
    there: Vec<(Name, usize)>,
    places: FxHashMap<Arc<[Name]>, usize>,
    /// For all types that entities had then: the facets that follow from them.
    facets: Vec<Vec<OwnedFacet>>,
}

impl Changed {
    /// Adds entities with what they were, of which it does not know yet.
    pub(super) fn add(
        &mut self,
        ids: Vec<Name>,
        heads: Vec<Option<Head>>,
        facets_of: impl Fn(&[Name]) -> Vec<OwnedFacet>,
    ) {
        for (id, head) in ids.iter().zip(heads) {
            let Some(head) = head else { continue };
            let place = *self.places.entry(head.types).or_insert_with_key(|types| {
                self.facets.push(facets_of(types));
                self.facets.len() - 1
            });
            self.there.push((id.clone(), place));
        }
        self.ids.extend(ids);
    }

    /// The entities that there were, with the facets that followed from their types.
    pub(super) fn there(&self) -> impl Iterator<Item = (&Name, &[OwnedFacet])> {
        self.there.iter().map(|(id, place)| (id, self.facets.get(*place).map_or(&[][..], Vec::as_slice)))
    }
}

/// What is remembered.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<Instants>);

#[derive(Debug, Default)]
struct Instants {
    /// Those that were asked for last stand last.
    all: Vec<Instant>,
    /// How often something of the past was erased.
    erased: u64,
}

#[derive(Debug)]
struct Instant {
    tenant: TenantId,
    at: Timestamp,
    /// Up to which commit it is known.
    until: Timestamp,
    changed: Arc<Changed>,
}

impl Remembered {
    /// What was written since an instant, and up to which commit that is known.
    pub(super) fn get(&self, tenant: &TenantId, at: Timestamp) -> Option<(Timestamp, Arc<Changed>)> {
        let mut instants = self.0.lock();
        let place = instants.all.iter().position(|one| one.at == at && one.tenant == *tenant)?;
        let found = instants.all.remove(place);
        let known = (found.until, Arc::clone(&found.changed));
        instants.all.push(found);
        Some(known)
    }

    /// How often something was erased. Who asks before reading can tell later whether it has read what is no more.
    pub(super) fn erased(&self) -> u64 {
        self.0.lock().erased
    }

    /// Remembers what was found, if nothing was erased since then.
    pub(super) fn put(&self, tenant: &TenantId, at: Timestamp, until: Timestamp, changed: &Arc<Changed>, erased: u64) {
        let mut instants = self.0.lock();
        if instants.erased != erased {
            return;
        }
        let is_it = |one: &Instant| one.at == at && one.tenant == *tenant;
        if instants.all.iter().any(|one| is_it(one) && one.until > until) {
            return;
        }
        instants.all.retain(|one| !is_it(one));
        instants.all.push(Instant { tenant: tenant.clone(), at, until, changed: Arc::clone(changed) });
        let held = |all: &[Instant]| all.iter().map(|one| one.changed.ids.len()).sum::<usize>();
        while instants.all.len() > INSTANTS || held(&instants.all) > ENTITIES {
            instants.all.remove(0);
        }
    }

    /// Forgets all of a tenant: something of its past was erased.
    pub(crate) fn forget(&self, tenant: &TenantId) {
        let mut instants = self.0.lock();
        instants.erased += 1;
        instants.all.retain(|one| one.tenant != *tenant);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(ids: usize) -> Arc<Changed> {
        let mut changed = Changed::default();
        let ids: Vec<Name> = (0..ids).map(|number| format!("urn:{number}").into()).collect();
        let none = ids.iter().map(|_| None).collect();
        changed.add(ids, none, |_| Vec::new());
        Arc::new(changed)
    }

    #[test]
    fn the_instants_that_were_asked_for_last_are_remembered_up_to_an_erasure() {
        let (remembered, aoi) = (Remembered::default(), TenantId::default_tenant());
        let at = Timestamp::from_micros;
        let put = |time: i64, ids, erased| remembered.put(&aoi, at(time), at(100), &changed(ids), erased);
        (0..INSTANTS as i64).for_each(|time| put(time, 1, 0));
        assert!(remembered.get(&aoi, at(0)).is_some());
        put(9, 1, 0);
        assert!(remembered.get(&aoi, at(0)).is_some() && remembered.get(&aoi, at(1)).is_none());
        assert!(remembered.get(&"other".parse().unwrap(), at(0)).is_none());
        put(10, ENTITIES, 0);
        assert!(remembered.get(&aoi, at(0)).is_none() && remembered.get(&aoi, at(10)).is_some());
        put(11, ENTITIES + 1, 0);
        assert!(remembered.get(&aoi, at(11)).is_none(), "that is too much");
        put(12, 1, 0);
        remembered.forget(&aoi);
        assert!(remembered.get(&aoi, at(12)).is_none());
        put(12, 1, 0);
        assert!(remembered.get(&aoi, at(12)).is_none(), "it was read before something was erased");
        put(12, 1, remembered.erased());
        assert!(remembered.get(&aoi, at(12)).is_some());
    }

    #[test]
    fn what_is_known_up_to_a_later_commit_stays() {
        let (remembered, aoi) = (Remembered::default(), TenantId::default_tenant());
        let at = Timestamp::from_micros;
        remembered.put(&aoi, at(1), at(50), &changed(2), 0);
        remembered.put(&aoi, at(1), at(40), &changed(1), 0);
        let (until, known) = remembered.get(&aoi, at(1)).unwrap();
        assert_eq!((until, known.ids.len()), (at(50), 2));
    }
}
