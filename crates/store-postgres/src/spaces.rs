//! Collections of tenants by number. They seldom come and go; the heads tell when.

use std::sync::Arc;

use machi_store::{Collection, StoreError};
use machi_types::TenantId;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use tokio_postgres::Client;

use crate::error::{damaged, engine};

/// Whose documents, and of which collection.
pub(crate) type SpaceKey = (TenantId, Collection);

/// All spaces as of one version of their table.
#[derive(Debug, Default)]
pub(crate) struct SpaceMap {
    epoch: i64,
    numbers: FxHashMap<SpaceKey, i32>,
    keys: FxHashMap<i32, SpaceKey>,
}

impl SpaceMap {
    pub(crate) fn number(&self, key: &SpaceKey) -> Option<i32> {
        self.numbers.get(key).copied()
    }

    pub(crate) fn key(&self, number: i32) -> Option<&SpaceKey> {
        self.keys.get(&number)
    }

    pub(crate) fn has_tenant(&self, tenant: &TenantId) -> bool {
        self.numbers.keys().any(|(owner, _)| owner == tenant)
    }

    /// The spaces of a tenant.
    pub(crate) fn of(&self, tenant: &TenantId) -> impl Iterator<Item = (Collection, i32)> {
        let own = self.numbers.iter().filter(move |((owner, _), _)| owner == tenant);
        own.map(|((_, collection), number)| (*collection, *number))
    }

    /// Every tenant that has a space.
    pub(crate) fn tenants(&self) -> Vec<TenantId> {
        let mut tenants: Vec<TenantId> = self.numbers.keys().map(|(tenant, _)| tenant.clone()).collect();
        tenants.sort_unstable();
        tenants.dedup();
        tenants
    }
}

/// The newest map that is known here.
#[derive(Debug)]
pub(crate) struct Spaces {
    collections: Vec<Collection>,
    newest: RwLock<Arc<SpaceMap>>,
}

impl Spaces {
    pub(crate) fn new(collections: Vec<Collection>) -> Self {
        Self { collections, newest: RwLock::default() }
    }

    pub(crate) fn newest(&self) -> Arc<SpaceMap> {
        Arc::clone(&self.newest.read())
    }

    /// The map of the version that a reader sees.
    pub(crate) async fn at(&self, client: &Client, epoch: i64) -> Result<Arc<SpaceMap>, StoreError> {
        let known = self.newest();
        if known.epoch == epoch {
            return Ok(known);
        }
        let map = Arc::new(self.load(client, epoch).await?);
        let mut newest = self.newest.write();
        if newest.epoch < epoch {
            *newest = Arc::clone(&map);
        }
        Ok(map)
    }

    async fn load(&self, client: &Client, epoch: i64) -> Result<SpaceMap, StoreError> {
        let rows = client.query_typed("SELECT no, tenant, collection FROM machi.space", &[]).await;
        let mut map = SpaceMap { epoch, ..SpaceMap::default() };
        for row in rows.map_err(|error| engine(&error))? {
            let (number, tenant, name): (i32, &str, &str) = (row.get(0), row.get(1), row.get(2));
            // A collection that this Machi does not know is for a newer one.
            let Some(collection) = self.collections.iter().find(|collection| collection.0 == name) else { continue };
            let key = (stored_tenant(tenant)?, *collection);
            map.keys.insert(number, key.clone());
            map.numbers.insert(key, number);
        }
        Ok(map)
    }
}

fn stored_tenant(text: &str) -> Result<TenantId, StoreError> {
    if text == TenantId::DEFAULT_WORD {
        return Ok(TenantId::default_tenant());
    }
    text.parse().map_err(|_| damaged("space"))
}
