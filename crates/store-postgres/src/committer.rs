//! Commits, taken together: one transaction for all that wait, in two round trips.
//!
//! The first locks the head of the feed and reads the documents; then each commit is decided on what the ones before
//! it have left; the second writes all of it and commits. Whoever holds the head is alone, so that numbers and times
//! follow each other, and the feed is read in the order of commits.

mod columns;
mod decide;
mod unanswered;
mod write;

use std::sync::Arc;

use machi_store::{Commit, DocumentNo, Receipt, StoreError};
use machi_types::Name;
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use self::decide::{Deciding, Found};
use crate::BUCKET;
use crate::connection::{Held, Purpose};
use crate::error::{damaged, engine};
use crate::feed::id;
use crate::find::{self, COLUMNS};
use crate::spaces::{SpaceKey, SpaceMap};
use crate::store::Inner;
use crate::view::Open;

/// How many commits wait at most.
pub(crate) const QUEUE: usize = 4096;

/// About how many documents are taken together.
const AT_ONCE: usize = 2000;

/// A commit, and who waits for it.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) commit: Commit,
    pub(crate) answer: oneshot::Sender<Result<Receipt, StoreError>>,
}

impl Waiting {
    fn refuse(self, error: StoreError) {
        // Whoever has gone does not want to know.
        let _ = self.answer.send(Err(error));
    }
}

/// Takes commits until nobody can send any more.
pub(crate) async fn run(inner: Arc<Inner>, mut queue: mpsc::Receiver<Waiting>) {
    while let Some(first) = queue.recv().await {
        let mut documents = first.commit.proposals.len();
        let mut batch = vec![first];
        while documents < AT_ONCE
            && let Ok(next) = queue.try_recv()
        {
            documents += next.commit.proposals.len();
            batch.push(next);
        }
        take(&inner, batch).await;
    }
}

/// Takes a batch; where that fails, each of its commits by itself, so that none fails because of another.
async fn take(inner: &Inner, mut batch: Vec<Waiting>) {
    let Err(error) = attempt(inner, &mut batch).await else { return };
    match error {
        StoreError::Away(reason) => {
            return batch.into_iter().for_each(|waiting| waiting.refuse(StoreError::Away(reason.clone())));
        }
        StoreError::Uncertain(reason) => {
            return batch.into_iter().for_each(|waiting| waiting.refuse(StoreError::Uncertain(reason.clone())));
        }
        _ => {}
    }
    if batch.len() == 1 {
        return batch.into_iter().zip([error]).for_each(|(waiting, error)| waiting.refuse(error));
    }
    tracing::warn!(%error, commits = batch.len(), "a batch of commits failed; each is tried by itself");
    for waiting in batch {
        let mut alone = vec![waiting];
        if let Err(error) = attempt(inner, &mut alone).await {
            alone.into_iter().zip([error]).for_each(|(waiting, error)| waiting.refuse(error));
        }
    }
}

/// Makes one transaction of a batch, and answers whoever waits. After an error nobody was answered.
async fn attempt(inner: &Inner, batch: &mut Vec<Waiting>) -> Result<(), StoreError> {
    inner.check_writable()?;
    let held = inner.connections.hold().await?;
    let keys = keys(batch);
    let begin = async { held.begin(Purpose::Write).await.map_err(|error| engine(&error)) };
    let known = inner.spaces.newest();
    let (lock, first) = (inner.lock_head(&held), rows(&held, &known, &keys));
    let ((), head, mut found) = tokio::try_join!(biased; begin, lock, first)?;
    let spaces = inner.spaces.at(&held, head.epoch).await?;
    if !Arc::ptr_eq(&spaces, &known) {
        found = rows(&held, &spaces, &keys).await?;
    }
    let open = Open { held, spaces, newest: head.commit };
    let mut deciding = Deciding::new(inner, &head, read(inner, &open, found).await?);
    let receipts: Vec<Receipt> = batch.iter_mut().map(|waiting| deciding.commit(&mut waiting.commit)).collect();
    let written = deciding.end();
    match write::all(inner, open, &written).await {
        Err(StoreError::Away(reason)) => unanswered::settle(inner, &written, reason).await?,
        ended => ended?,
    }
    inner.told(written.commit, written.time);
    for (waiting, receipt) in batch.drain(..).zip(receipts) {
        // Whoever has gone does not want to know.
        let _ = waiting.answer.send(Ok(receipt));
    }
    Ok(())
}

/// The documents of a batch, by their spaces.
fn keys(batch: &[Waiting]) -> FxHashMap<SpaceKey, FxHashSet<Name>> {
    let mut keys: FxHashMap<SpaceKey, FxHashSet<Name>> = FxHashMap::default();
    for waiting in batch {
        for (collection, proposal) in &waiting.commit.proposals {
            let space = (waiting.commit.tenant.clone(), *collection);
            keys.entry(space).or_default().insert(proposal.id.clone());
        }
    }
    keys
}

/// Rows of documents, and the numbers that come next.
struct Rows {
    documents: Vec<Row>,
    next: Vec<Row>,
}

/// Reads documents as they are once everything before in the transaction is done.
async fn rows(held: &Held, spaces: &SpaceMap, keys: &FxHashMap<SpaceKey, FxHashSet<Name>>) -> Result<Rows, StoreError> {
    let (mut numbers, mut ids, mut known) = (Vec::new(), Vec::new(), Vec::new());
    for (key, of_space) in keys {
        let Some(number) = spaces.number(key) else { continue };
        known.push(number);
        for id in of_space {
            numbers.push(number);
            ids.push(id.as_bytes());
        }
    }
    let sql = format!(
        "SELECT {COLUMNS}, d.space FROM unnest($2::integer[], $3::bytea[]) AS wanted(space, id) \
         JOIN machi.document d ON d.bucket = $1 AND d.space = wanted.space AND d.id = wanted.id"
    );
    let parameters = [(&BUCKET as _, Type::INT2), (&numbers as _, Type::INT4_ARRAY), (&ids as _, Type::BYTEA_ARRAY)];
    let known = [(&known as _, Type::INT4_ARRAY)];
    let next = held.query_typed("SELECT no, next FROM machi.space WHERE no = ANY($1)", &known);
    let (documents, next) =
        tokio::try_join!(biased; held.query_typed(&sql, &parameters), next).map_err(|error| engine(&error))?;
    Ok(Rows { documents, next })
}

async fn read(inner: &Inner, open: &Open, rows: Rows) -> Result<Found, StoreError> {
    let mut found = Found::default();
    for row in &rows.next {
        let key = open.spaces.key(row.get(0)).ok_or_else(|| damaged("space"))?;
        found.next.insert(key.clone(), row.get::<_, i64>(1) as u64);
    }
    for row in &rows.documents {
        let key = open.spaces.key(row.get(6)).ok_or_else(|| damaged("document"))?;
        let number = u32::try_from(row.get::<_, i64>(1)).map_err(|_| damaged("document"))?;
        let document = find::document(inner, open, row).await?;
        found.put(key, id(row.get(0))?, DocumentNo(number), document);
    }
    Ok(found)
}
