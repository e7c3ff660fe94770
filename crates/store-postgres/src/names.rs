//! Names by number: each process has numbers of its own, and the database others; here one is told from the other.

use std::fmt;

use machi_store::{NameNo, NameTable, Names, StoreError};
use machi_types::Name;
use parking_lot::RwLock;
use rustc_hash::FxHashMap;
use tokio_postgres::types::Type;
use tokio_postgres::{Client, Row};

use crate::connection::Connections;
use crate::error::{damaged, engine};

/// The names of a city, as far as this process knows them.
#[derive(Default)]
pub(crate) struct CityNames {
    table: NameTable,
    numbers: RwLock<Numbers>,
}

#[derive(Default)]
struct Numbers {
    here: FxHashMap<i32, NameNo>,
    there: FxHashMap<NameNo, i32>,
}

impl Names for CityNames {
    fn intern(&self, text: &str) -> NameNo {
        self.table.intern(text)
    }

    /// Another process may know a name that this one has not met, so that none can be said to be in no document.
    fn lookup(&self, text: &str) -> Option<NameNo> {
        Some(self.table.intern(text))
    }

    fn text(&self, number: NameNo) -> Name {
        self.table.text(number)
    }
}

impl CityNames {
    /// The database's number of a name, where it is known to have one.
    pub(crate) fn there(&self, number: NameNo) -> Option<i32> {
        if number.is_reserved() {
            return Some(number.number() as i32);
        }
        self.numbers.read().there.get(&number).copied()
    }

    /// The name behind a number of the database, where it is known.
    pub(crate) fn here(&self, number: i32) -> Option<NameNo> {
        let reserved = u32::try_from(number).map(NameNo::from_number).ok().filter(|number| number.is_reserved());
        reserved.or_else(|| self.numbers.read().here.get(&number).copied())
    }

    /// Finds out the database's numbers of names; those that have none are not in it.
    pub(crate) async fn look_for(&self, client: &Client, wanted: &[NameNo]) -> Result<(), StoreError> {
        let texts = self.missing(wanted);
        if texts.is_empty() {
            return Ok(());
        }
        let find = "SELECT n.no, n.text FROM unnest($1::bytea[]) AS wanted(text) \
                    JOIN machi.name n ON sha256(n.text) = sha256(wanted.text)";
        let rows = client.query_typed(find, &[(&texts, Type::BYTEA_ARRAY)]).await.map_err(|error| engine(&error))?;
        self.note(&rows)
    }

    /// The same, and gives numbers to those that have none. That lasts, whatever becomes of the transaction that
    /// needs them.
    pub(crate) async fn number(&self, connections: &Connections, wanted: &[NameNo]) -> Result<(), StoreError> {
        if self.missing(wanted).is_empty() {
            return Ok(());
        }
        let client = connections.get().await?;
        self.look_for(&client, wanted).await?;
        let texts = self.missing(wanted);
        let insert = "INSERT INTO machi.name (text) SELECT text FROM unnest($1::bytea[]) AS wanted(text) \
                      ON CONFLICT (sha256(text)) DO NOTHING RETURNING no, text";
        let rows = client.query_typed(insert, &[(&texts, Type::BYTEA_ARRAY)]).await.map_err(|error| engine(&error))?;
        self.note(&rows)?;
        // What another process has inserted meanwhile was passed over.
        self.look_for(&client, wanted).await?;
        if self.missing(wanted).is_empty() { Ok(()) } else { Err(damaged("name")) }
    }

    /// Finds out the names behind numbers of the database.
    pub(crate) async fn learn(&self, client: &Client, numbers: &[i32]) -> Result<(), StoreError> {
        let find = "SELECT no, text FROM machi.name WHERE no = ANY($1)";
        let rows = client.query_typed(find, &[(&numbers, Type::INT4_ARRAY)]).await.map_err(|error| engine(&error))?;
        self.note(&rows)?;
        if numbers.iter().all(|number| self.here(*number).is_some()) { Ok(()) } else { Err(damaged("name")) }
    }

    /// The texts of those without a number, in an order that lets nobody wait for each other.
    fn missing(&self, wanted: &[NameNo]) -> Vec<Vec<u8>> {
        let missing = wanted.iter().filter(|number| self.there(**number).is_none());
        let mut texts: Vec<Vec<u8>> = missing.map(|number| self.table.text(*number).as_bytes().to_vec()).collect();
        texts.sort_unstable();
        texts.dedup();
        texts
    }

    fn note(&self, rows: &[Row]) -> Result<(), StoreError> {
        for row in rows {
            let (there, text): (i32, &[u8]) = (row.get(0), row.get(1));
            let here = self.table.intern(std::str::from_utf8(text).map_err(|_| damaged("name"))?);
            let mut numbers = self.numbers.write();
            numbers.here.insert(there, here);
            numbers.there.insert(here, there);
        }
        Ok(())
    }
}

impl fmt::Debug for CityNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.table, f)
    }
}
