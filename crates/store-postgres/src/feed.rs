//! The feed: rows of the table as entries.

use std::sync::Arc;

use bytes::Bytes;
use machi_store::{DocumentNo, Entry, Position, StoreError};
use machi_types::{Name, Timestamp};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::BUCKET;
use crate::coded::{self, read_step};
use crate::error::{damaged, engine};
use crate::store::Inner;

/// Whole commits behind a position, about so many entries; the last one may be named by a subquery of one row.
const READ: &str = "SELECT commit, space, no, id, body, time FROM machi.feed WHERE bucket = $1 AND commit > $2 AND commit <= \
    (SELECT max(commit) FROM (SELECT commit FROM machi.feed WHERE bucket = $1 AND commit > $2 \
     ORDER BY commit, seq LIMIT $3) AS first) ORDER BY commit, seq";

/// The entries behind a commit, whole commits, and the position behind the last one.
pub(crate) async fn read(inner: &Inner, after: u64, limit: usize) -> Result<(Vec<Arc<Entry>>, Position), StoreError> {
    let client = inner.connections.get().await?;
    let limit = i64::try_from(limit.max(1)).unwrap_or(i64::MAX);
    let parameters = [(&BUCKET as _, Type::INT2), (&(after as i64) as _, Type::INT8), (&limit as _, Type::INT8)];
    // The head is read first: all that was committed up to it is told, and perhaps more.
    let (head, rows) = tokio::try_join!(inner.head(&client), async {
        client.query_typed(READ, &parameters).await.map_err(|error| engine(&error))
    })?;
    let mut spaces = inner.spaces.at(&client, head.epoch).await?;
    let mut entries = Vec::with_capacity(rows.len());
    for row in &rows {
        let space = row.get(1);
        if spaces.key(space).is_none() {
            // It came with a commit behind the head.
            let head = inner.head(&client).await?;
            spaces = inner.spaces.at(&client, head.epoch).await?;
        }
        // What belongs to no space was erased since.
        let Some((tenant, collection)) = spaces.key(space) else { continue };
        let (commit, time) = (row.get::<_, i64>(0), Timestamp::from_micros(row.get(5)));
        let body = Bytes::copy_from_slice(row.get(4));
        let step = coded::read(&inner.names, &client, "feed", |names| read_step(&body, time, names)).await?;
        entries.push(Arc::new(Entry {
            commit: commit as u64,
            time,
            tenant: tenant.clone(),
            collection: *collection,
            number: number(row)?,
            id: id(row.get(3))?,
            kind: step.kind,
            created: step.created,
            modified: step.modified,
            old_head: step.old_head,
            new_head: step.new_head,
            sections: step.sections.into_iter().map(|(change, _)| change).collect(),
        }));
    }
    let last = rows.last().map_or(after.max(head.commit), |row| row.get::<_, i64>(0) as u64);
    Ok((entries, Position::single(last)))
}

fn number(row: &Row) -> Result<DocumentNo, StoreError> {
    u32::try_from(row.get::<_, i64>(2)).map(DocumentNo).map_err(|_| damaged("feed"))
}

/// An id as it lies in a row.
pub(crate) fn id(bytes: &[u8]) -> Result<Name, StoreError> {
    std::str::from_utf8(bytes).map(Name::from).map_err(|_| damaged("document"))
}
