//! One instant of a city: a transaction that sees one snapshot, begun by the first question.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use machi_store::{
    Answer, Collection, Document, DocumentNo, Find, Found, Position, StoreError, Survey, Surveyed, Term, TermKind, View,
};
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId, Timestamp};
use tokio::sync::OnceCell;
use tokio_postgres::types::Type;

use crate::BUCKET;
use crate::coded::{self, Step, read_step};
use crate::connection::{Held, Purpose};
use crate::error::{damaged, engine};
use crate::facets::kind;
use crate::feed::id;
use crate::find::{self, Asking, COLUMNS};
use crate::spaces::SpaceMap;
use crate::store::Inner;
use crate::undo;

/// A view of what is newest when it is first asked, or of the documents at an earlier commit.
#[derive(Debug)]
pub(crate) struct PostgresView {
    inner: Arc<Inner>,
    then: Option<u64>,
    open: OnceCell<Open>,
}

/// The snapshot that a view reads.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) held: Held,
    pub(crate) spaces: Arc<SpaceMap>,
    pub(crate) newest: u64,
}

impl PostgresView {
    pub(crate) fn new(inner: Arc<Inner>, then: Option<u64>) -> Self {
        Self { inner, then, open: OnceCell::new() }
    }

    async fn open(&self) -> Result<&Open, StoreError> {
        self.open.get_or_try_init(|| open(&self.inner)).await
    }

    /// What indexes can be asked: they know the newest alone.
    async fn open_now(&self) -> Result<&Open, StoreError> {
        match self.then {
            Some(then) => Err(StoreError::PositionGone(then.to_string())),
            None => self.open().await,
        }
    }

    async fn read(
        &self,
        tenant: &TenantId,
        collection: Collection,
        ids: &[&str],
    ) -> Result<HashMap<Name, Arc<Document>>, StoreError> {
        let open = self.open().await?;
        let Some(space) = open.spaces.number(&(tenant.clone(), collection)) else { return Ok(HashMap::new()) };
        let ids: Vec<&[u8]> = ids.iter().map(|id| id.as_bytes()).collect();
        let sql =
            format!("SELECT {COLUMNS} FROM machi.document d WHERE d.bucket = $1 AND d.space = $2 AND d.id = ANY($3)");
        let parameters = [(&BUCKET as _, Type::INT2), (&space as _, Type::INT4), (&ids as _, Type::BYTEA_ARRAY)];
        let rows = open.held.query_typed(&sql, &parameters).await.map_err(|error| engine(&error))?;
        let mut documents = HashMap::new();
        let mut changed = Vec::new();
        for row in &rows {
            let document = find::document(&self.inner, open, row).await?;
            if self.then.is_some_and(|then| row.get::<_, i64>(2) as u64 > then) {
                changed.push((row.get::<_, i64>(1), id(row.get(0))?, document));
            } else if let Some(document) = document {
                documents.insert(document.id.clone(), document);
            }
        }
        if let Some(then) = self.then {
            self.take_back(open, space, then, changed, &mut documents).await?;
        }
        Ok(documents)
    }

    /// Makes documents what they were at a commit.
    async fn take_back(
        &self,
        open: &Open,
        space: i32,
        then: u64,
        changed: Vec<(i64, Name, Option<Arc<Document>>)>,
        documents: &mut HashMap<Name, Arc<Document>>,
    ) -> Result<(), StoreError> {
        let numbers: Vec<i64> = changed.iter().map(|(number, ..)| *number).collect();
        let mut steps = self.steps_after(open, space, then, &numbers).await?;
        for (number, id, mut document) in changed {
            let no = DocumentNo(u32::try_from(number).map_err(|_| damaged("document"))?);
            for step in steps.remove(&number).unwrap_or_default() {
                document = undo::before(document, &step, no, &id);
            }
            documents.extend(document.map(|document| (id, document)));
        }
        Ok(())
    }

    /// What was done to documents after a commit, the last first.
    async fn steps_after(
        &self,
        open: &Open,
        space: i32,
        then: u64,
        numbers: &[i64],
    ) -> Result<HashMap<i64, Vec<Step>>, StoreError> {
        let mut steps: HashMap<i64, Vec<Step>> = HashMap::new();
        if numbers.is_empty() {
            return Ok(steps);
        }
        let then = then as i64;
        let parameters = [
            (&BUCKET as _, Type::INT2),
            (&space as _, Type::INT4),
            (&numbers as _, Type::INT8_ARRAY),
            (&then as _, Type::INT8),
        ];
        let sql = "SELECT no, time, body FROM machi.feed \
                   WHERE bucket = $1 AND space = $2 AND no = ANY($3) AND commit > $4 ORDER BY commit DESC, seq DESC";
        let rows = open.held.query_typed(sql, &parameters).await.map_err(|error| engine(&error))?;
        for row in &rows {
            let (body, at) = (Bytes::copy_from_slice(row.get(2)), Timestamp::from_micros(row.get(1)));
            let read = coded::read(&self.inner.names, &open.held, "feed", |names| read_step(&body, at, names));
            steps.entry(row.get(0)).or_default().push(read.await?);
        }
        Ok(steps)
    }

    async fn terms(&self, tenant: &TenantId, collection: Collection) -> Result<Vec<Term>, StoreError> {
        let open = self.open_now().await?;
        let Some(space) = open.spaces.number(&(tenant.clone(), collection)) else { return Ok(Vec::new()) };
        let sql = "SELECT f.kind, name.text, instance.text, tag.text, count(DISTINCT f.no) FROM machi.facet f \
                   LEFT JOIN machi.name name ON name.no = f.name LEFT JOIN machi.name instance ON instance.no = f.instance \
                   LEFT JOIN machi.name tag ON tag.no = f.tag \
                   WHERE f.bucket = $1 AND f.space = $2 AND f.kind IN ($3, $4) GROUP BY 1, 2, 3, 4 ORDER BY 2, 3, 1, 4";
        let parameters = [
            (&BUCKET as _, Type::INT2),
            (&space as _, Type::INT4),
            (&kind::EXISTS as _, Type::INT2),
            (&kind::TAG as _, Type::INT2),
        ];
        let rows = open.held.query_typed(sql, &parameters).await.map_err(|error| engine(&error))?;
        // Only the empty name of the default instance is in no row.
        let text = |row: &tokio_postgres::Row, at: usize| id(row.get::<_, Option<&[u8]>>(at).unwrap_or_default());
        let term = |row: &tokio_postgres::Row| {
            let kind = if row.get::<_, i16>(0) == kind::TAG { TermKind::Tag(text(row, 3)?) } else { TermKind::Exists };
            let documents = row.get::<_, i64>(4) as u64;
            Ok(Term { name: text(row, 1)?, instance: text(row, 2)?, kind, documents })
        };
        let mut terms = rows.iter().map(term).collect::<Result<Vec<Term>, StoreError>>()?;
        // The default instance stands first.
        terms.sort_by(|a, b| (&a.name, &a.instance).cmp(&(&b.name, &b.instance)));
        Ok(terms)
    }
}

/// Begins a snapshot and finds out where it is, in one round trip.
pub(crate) async fn open(inner: &Inner) -> Result<Open, StoreError> {
    let held = inner.connections.hold().await?;
    let begin = async { held.begin(Purpose::Read).await.map_err(|error| engine(&error)) };
    let ((), head) = tokio::try_join!(begin, inner.head(&held))?;
    let spaces = inner.spaces.at(&held, head.epoch).await?;
    Ok(Open { held, spaces, newest: head.commit })
}

impl View for PostgresView {
    fn position(&self) -> Answer<'_, Position> {
        Box::pin(async move {
            match self.then {
                Some(then) => Ok(Position::single(then)),
                None => Ok(Position::single(self.open().await?.newest)),
            }
        })
    }

    fn documents<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        ids: &'a [Name],
    ) -> Answer<'a, Vec<Option<Arc<Document>>>> {
        Box::pin(async move {
            let texts: Vec<&str> = ids.iter().map(Name::as_str).collect();
            let documents = self.read(tenant, collection, &texts).await?;
            Ok(ids.iter().map(|id| documents.get(id).cloned()).collect())
        })
    }

    fn document<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        id: &'a str,
    ) -> Answer<'a, Option<Arc<Document>>> {
        Box::pin(async move { Ok(self.read(tenant, collection, &[id]).await?.into_values().next()) })
    }

    fn find(&self, find: Find) -> Answer<'_, Found> {
        Box::pin(async move {
            let asking = Asking::new(&self.inner, self.open_now().await?, &find, None).await?;
            match asking {
                Some(asking) => asking.page().await,
                None => Ok(Found { rows: Vec::new(), more: false }),
            }
        })
    }

    fn count(&self, find: Find) -> Answer<'_, u64> {
        Box::pin(async move {
            match Asking::new(&self.inner, self.open_now().await?, &find, None).await? {
                Some(asking) => asking.count().await,
                None => Ok(0),
            }
        })
    }

    fn survey(&self, survey: Survey) -> Answer<'_, Surveyed> {
        Box::pin(async move { find::survey(&self.inner, self.open_now().await?, &survey).await })
    }

    fn extent(&self, survey: Survey) -> Answer<'_, Option<BoundingBox>> {
        Box::pin(async move { find::extent(&self.inner, self.open_now().await?, &survey).await })
    }

    fn terms<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<Term>> {
        Box::pin(self.terms(tenant, collection))
    }
}
