//! Which tables there are: one for each type of the present, and the history.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::{CatalogProvider, SchemaProvider, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::logical_expr::TableType;
use machi_archive::Snapshot;
use machi_types::Name;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::OnceCell;

use crate::history::NAME;
use crate::postgres::{PG_CATALOG, Relations};
use crate::present::{Entities, Present};
use crate::sql::Pasts;
use crate::{SqlError, history};

/// The name of the one catalog.
pub(crate) const CATALOG: &str = "machi";
/// The name of its one schema.
pub(crate) const SCHEMA: &str = "public";

/// The catalog.
#[derive(Debug)]
pub(crate) struct Catalog {
    pub(crate) tables: Arc<Tables>,
    /// What clients of PostgreSQL look for beside them.
    pub(crate) relations: Option<Arc<Relations>>,
}

/// The tables of a tenant, each made when it is first asked for, all of one position of the present.
pub(crate) struct Tables {
    present: Arc<Present>,
    /// The types of the present, by the names of their tables.
    types: BTreeMap<String, Name>,
    made: Mutex<FxHashMap<String, Arc<dyn TableProvider>>>,
    pasts: Arc<dyn Pasts>,
    past: OnceCell<Arc<dyn Snapshot>>,
    readers: usize,
}

impl fmt::Debug for Tables {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tables").field("types", &self.types).finish_non_exhaustive()
    }
}

impl Tables {
    pub(crate) fn new(present: Present, pasts: Arc<dyn Pasts>, readers: usize) -> Self {
        let mut types = BTreeMap::new();
        for full in &present.types {
            let short = present.context.compact_name(full).into_owned();
            // Two of one name are told apart by their full ones.
            let name = if short == NAME || types.contains_key(&short) { full.to_string() } else { short };
            types.insert(name, full.clone());
        }
        let (made, past) = (Mutex::default(), OnceCell::new());
        Self { present: Arc::new(present), types, made, pasts, past, readers }
    }

    async fn make(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, SqlError> {
        if name == NAME {
            return Ok(Some(self.history().await?));
        }
        let Some(full) = self.types.get(name) else { return Ok(None) };
        let entities = Entities::of(Arc::clone(&self.present), full.clone()).await?;
        Ok(Some(Arc::new(entities)))
    }

    async fn history(&self) -> Result<Arc<dyn TableProvider>, SqlError> {
        // It is asked for behind the present, so that nothing of the present lacks in it.
        let tenant = &self.present.tenant;
        let snapshot = self.past.get_or_try_init(|| self.pasts.past(tenant)).await?;
        let (snapshot, context) = (Arc::clone(snapshot), Arc::clone(&self.present.context));
        Ok(Arc::new(history::Past { snapshot, context, readers: self.readers }))
    }
}

impl CatalogProvider for Catalog {
    fn schema_names(&self) -> Vec<String> {
        let of_clients = self.relations.as_ref().map(|_| PG_CATALOG.to_owned());
        [SCHEMA.to_owned()].into_iter().chain(of_clients).collect()
    }

    fn schema(&self, name: &str) -> Option<Arc<dyn SchemaProvider>> {
        match name {
            SCHEMA => Some(Arc::clone(&self.tables) as Arc<dyn SchemaProvider>),
            PG_CATALOG => self.relations.as_ref().map(|relations| Arc::clone(relations) as Arc<dyn SchemaProvider>),
            _ => None,
        }
    }
}

#[async_trait]
impl SchemaProvider for Tables {
    fn table_names(&self) -> Vec<String> {
        self.types.keys().cloned().chain([NAME.to_owned()]).collect()
    }

    async fn table(&self, name: &str) -> Result<Option<Arc<dyn TableProvider>>, DataFusionError> {
        if let Some(made) = self.made.lock().get(name) {
            return Ok(Some(Arc::clone(made)));
        }
        let table = self.make(name).await.map_err(SqlError::into_engine)?;
        if let Some(table) = &table {
            self.made.lock().insert(name.to_owned(), Arc::clone(table));
        }
        Ok(table)
    }

    async fn table_type(&self, name: &str) -> Result<Option<TableType>, DataFusionError> {
        Ok(self.table_exist(name).then_some(TableType::Base))
    }

    fn table_exist(&self, name: &str) -> bool {
        name == NAME || self.types.contains_key(name)
    }
}
