//! The types of entities that were written lately, so that one that is written again and again is read once.

use std::sync::Arc;

use machi_store::DocumentNo;
use machi_types::{Name, TenantId};
use rustc_hash::{FxHashMap, FxHashSet};

/// Of how many entities they are known at most.
const MOST: usize = 1 << 17;

/// The types of entities, by the numbers of their documents.
#[derive(Debug, Default)]
pub(crate) struct KnownTypes {
    of: FxHashMap<TenantId, FxHashMap<DocumentNo, Arc<[Name]>>>,
    count: usize,
    /// Most entities share their list with many.
    lists: FxHashSet<Arc<[Name]>>,
}

impl KnownTypes {
    /// The types of an entity, where they are known.
    pub(crate) fn get(&self, tenant: &TenantId, number: DocumentNo) -> Option<&Arc<[Name]>> {
        self.of.get(tenant)?.get(&number)
    }

    /// Takes note of the types of an entity.
    pub(crate) fn put(&mut self, tenant: &TenantId, number: DocumentNo, types: Vec<Name>) -> Arc<[Name]> {
        if self.count >= MOST {
            *self = Self::default();
        }
        let list = self.lists.get(&*types).cloned().unwrap_or_else(|| types.into());
        self.lists.insert(Arc::clone(&list));
        let known = self.of.entry(tenant.clone()).or_default().insert(number, Arc::clone(&list));
        self.count += usize::from(known.is_none());
        list
    }

    /// Forgets an entity whose head has changed.
    pub(crate) fn forget(&mut self, tenant: &TenantId, number: DocumentNo) {
        let known = self.of.get_mut(tenant).and_then(|of| of.remove(&number));
        self.count -= usize::from(known.is_some());
    }

    /// Forgets all entities of a tenant.
    pub(crate) fn forget_tenant(&mut self, tenant: &TenantId) {
        self.count -= self.of.remove(tenant).map_or(0, |of| of.len());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_forgotten_with_its_head_its_tenant_and_when_it_is_too_much() {
        let (mut known, aoi) = (KnownTypes::default(), TenantId::default_tenant());
        let other: TenantId = "other".parse().unwrap();
        let put = |known: &mut KnownTypes, tenant: &TenantId, number: u32| {
            known.put(tenant, DocumentNo(number), vec!["Room".into()]);
        };
        (0..10).for_each(|number| put(&mut known, &aoi, number));
        put(&mut known, &other, 3);
        known.forget(&aoi, DocumentNo(3));
        assert_eq!((known.get(&aoi, DocumentNo(3)), known.count), (None, 10));
        assert_eq!(known.get(&other, DocumentNo(3)).map(|list| &**list), Some(&["Room".into()][..]));
        known.forget_tenant(&other);
        assert_eq!((known.get(&other, DocumentNo(3)), known.count), (None, 9));
        (0..MOST as u32 - 9).for_each(|number| put(&mut known, &aoi, 100 + number));
        assert_eq!(known.count, MOST);
        put(&mut known, &aoi, 1);
        assert_eq!((known.count, known.get(&aoi, DocumentNo(2))), (1, None));
    }
}
