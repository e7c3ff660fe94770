//! Finds, counts and surveys: SQL leaves candidates, and each is looked at where SQL does not decide.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use bytes::Bytes;
use machi_store::evaluate::{self, OwnedFacet, Place};
use machi_store::surveyor::{Matching, Surveyor, tagged};
use machi_store::{Derive, Document, DocumentNo, Filter, Find, Found, Row, SectionKey, StoreError, Survey, Surveyed};
use machi_types::geo::BoundingBox;
use machi_types::{Text, Timestamp};
use tokio_postgres::types::Type;

use crate::BUCKET;
use crate::coded::{self, read_body};
use crate::error::{damaged, engine, is_out_of_time};
use crate::feed::id;
use crate::filter::{Meaning, Numbers, Writer, names_in};
use crate::store::Inner;
use crate::view::Open;

/// What is read of a document, in this order.
pub(crate) const COLUMNS: &str = "d.id, d.no, d.version, d.created, d.modified, d.body";

/// How many documents are read at a time.
const AT_ONCE: usize = 500;

/// Of so many numbers, all may be sorted for a page.
const FEW: i64 = 2000;

/// How far beyond a tile, in parts of its side, boxes are still looked at: rounding must lose none.
const BESIDE: f64 = 0.01;

/// A row as a document; nothing where it was deleted.
pub(crate) async fn document(
    inner: &Inner,
    open: &Open,
    row: &tokio_postgres::Row,
) -> Result<Option<Arc<Document>>, StoreError> {
    let Some(body) = row.get::<_, Option<&[u8]>>(5).map(Bytes::copy_from_slice) else { return Ok(None) };
    let created = Timestamp::from_micros(row.get(3));
    let (head, sections) =
        coded::read(&inner.names, &open.held, "document", |names| read_body(&body, created, names)).await?;
    let number = DocumentNo(u32::try_from(row.get::<_, i64>(1)).map_err(|_| damaged("document"))?);
    Ok(Some(Arc::new(Document {
        number,
        id: id(row.get(0))?,
        version: row.get::<_, i64>(2) as u64,
        created,
        modified: Timestamp::from_micros(row.get(4)),
        head,
        sections,
    })))
}

/// Where the documents that are looked at come from.
enum Source {
    /// All of the space, in their order.
    Documents,
    /// A selection of numbers that an index has in order.
    InOrder(String),
    /// One that is small.
    Few(String),
}

/// A question to one space, as of one instant.
pub(crate) struct Asking<'a> {
    inner: &'a Inner,
    open: &'a Open,
    find: &'a Find,
    derive: Arc<dyn Derive>,
    writer: Writer,
    /// What all must meet.
    parts: Vec<Meaning>,
    space: String,
    started: Instant,
}

impl<'a> Asking<'a> {
    /// Nothing where there is no such space.
    pub(crate) async fn new(
        inner: &'a Inner,
        open: &'a Open,
        find: &'a Find,
        area: Option<(SectionKey, BoundingBox)>,
    ) -> Result<Option<Self>, StoreError> {
        let Some(space) = open.spaces.number(&(find.tenant.clone(), find.collection)) else { return Ok(None) };
        let mut wanted = Vec::new();
        names_in(&find.filter, &mut wanted);
        wanted.extend(area.iter().flat_map(|(key, _)| [key.name, key.instance]));
        inner.names.look_for(&open.held, &wanted).await?;
        let mut writer = Writer::default();
        writer.parameter(BUCKET, Type::INT2);
        let space = writer.parameter(space, Type::INT4);
        let mut parts = writer.parts_of(&find.filter, &inner.names, &space);
        parts.extend(area.map(|(key, area)| writer.place(key, &area, &inner.names, &space)));
        let derive = inner.derive(find.collection);
        Ok(Some(Self { inner, open, find, derive, writer, parts, space, started: Instant::now() }))
    }

    /// Whether SQL decides, so that what it finds need not be looked at.
    fn is_exact(&self) -> bool {
        self.parts.iter().all(|part| part.is_exact)
    }

    /// The documents that meet the filter, with all their facets, in the order of their numbers; so many of them are
    /// wanted at most.
    pub(crate) async fn each(
        &self,
        mut after: i64,
        most: usize,
        mut take: impl FnMut(Matching) -> Result<ControlFlow<()>, StoreError>,
    ) -> Result<(), StoreError> {
        let is_exact = self.is_exact();
        // Where SQL decides, no more is read than is wanted.
        let limit = if is_exact { most.clamp(1, AT_ONCE) } else { AT_ONCE };
        let source = self.source().await?;
        let mut beyond = 0;
        loop {
            let rows = self.rows(&source, after, limit).await?;
            for row in &rows {
                // A document may be told more than once, one time after the other.
                let number: i64 = row.get(1);
                if number == std::mem::replace(&mut after, number) {
                    continue;
                }
                let Some(document) = document(self.inner, self.open, row).await? else { continue };
                let facets = evaluate::facets(&document, &*self.derive, &self.inner.names);
                if !is_exact && !evaluate::meets(&self.find.filter, &document, &facets)? {
                    beyond += 1;
                    self.check(beyond)?;
                } else if take((document, facets))?.is_break() {
                    return Ok(());
                }
            }
            if rows.len() < limit {
                return Ok(());
            }
            self.check(beyond)?;
        }
    }

    /// Where documents come from: the part that fewest meet, if those are few, or one whose numbers are in order.
    async fn source(&self) -> Result<Source, StoreError> {
        let told: Vec<&Numbers> = self.parts.iter().filter_map(|part| part.numbers.as_ref()).collect();
        let ordered = told.iter().find(|numbers| numbers.is_ordered);
        let unless_few = ordered.map_or(Source::Documents, |numbers| Source::InOrder(numbers.sql.clone()));
        if told.is_empty() || (told.len() == 1 && ordered.is_some()) {
            return Ok(unless_few);
        }
        let counted = told.iter().map(|numbers| {
            format!("(SELECT count(*) FROM (SELECT 1 FROM ({}) AS told LIMIT {FEW}) AS few)", numbers.sql)
        });
        let sql = format!("SELECT {}", counted.collect::<Vec<_>>().join(", "));
        let rows = self.timed(&sql, &self.writer.parameters()).await?;
        let counts = rows.iter().flat_map(|row| (0..told.len()).map(|at| row.get::<_, i64>(at)));
        let fewest = counts.zip(&told).min_by_key(|(count, _)| *count).filter(|(count, _)| *count < FEW);
        Ok(fewest.map_or(unless_few, |(_, numbers)| Source::Few(numbers.sql.clone())))
    }

    async fn rows(&self, source: &Source, after: i64, limit: usize) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let mut parameters = self.writer.parameters();
        let (after_at, limit_at) = (parameters.len() + 1, parameters.len() + 2);
        let limit = limit as i64;
        parameters.extend([(&after as _, Type::INT8), (&limit as _, Type::INT8)]);
        let document = |condition: &str| {
            format!(
                "SELECT {COLUMNS} FROM machi.document d WHERE d.bucket = $1 AND d.space = {} AND d.body IS NOT NULL \
                 AND {condition} AND {}",
                self.space,
                self.condition()
            )
        };
        let of_each = |numbers: String| {
            let told = document("d.no = told.no");
            format!("SELECT d.* FROM ({numbers}) AS told, LATERAL ({told} OFFSET 0) AS d ORDER BY told.no")
        };
        let sql = match source {
            Source::Documents => format!("{} ORDER BY d.no", document(&format!("d.no > ${after_at}"))),
            Source::InOrder(numbers) => of_each(format!("{numbers} AND f.no > ${after_at} ORDER BY f.no OFFSET 0")),
            Source::Few(numbers) => of_each(format!(
                "SELECT DISTINCT no FROM ({numbers} OFFSET 0) AS few WHERE no > ${after_at} ORDER BY no OFFSET 0"
            )),
        };
        self.timed(&format!("{sql} LIMIT ${limit_at}"), &parameters).await
    }

    /// What all documents `d` must meet.
    fn condition(&self) -> String {
        let parts = self.parts.iter().map(|part| format!("({})", part.sql));
        parts.reduce(|all, part| format!("{all} AND {part}")).unwrap_or_else(|| "TRUE".to_owned())
    }

    /// Asks within the time that the question may take.
    async fn timed(
        &self,
        sql: &str,
        parameters: &[(&(dyn tokio_postgres::types::ToSql + Sync), Type)],
    ) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let left = self.find.budget.time.saturating_sub(self.started.elapsed()).as_millis().max(1);
        let limit = format!("SET LOCAL statement_timeout = {left}");
        let held = &self.open.held;
        let (_, rows) = tokio::join!(held.batch_execute(&limit), held.query_typed(sql, parameters));
        let unlimited = held.batch_execute("SET LOCAL statement_timeout = 0");
        match rows {
            Ok(rows) => {
                unlimited.await.map_err(|error| engine(&error))?;
                Ok(rows)
            }
            Err(error) if is_out_of_time(&error) => Err(StoreError::too_slow(self.find.budget.time)),
            Err(error) => Err(engine(&error)),
        }
    }

    /// Whether a question that has read so many documents beyond those that it answers may go on.
    fn check(&self, beyond: usize) -> Result<(), StoreError> {
        let budget = self.find.budget;
        if self.started.elapsed() > budget.time {
            return Err(StoreError::too_slow(budget.time));
        }
        if beyond as u64 > budget.documents {
            let most = budget.documents;
            return Err(StoreError::TooComplex(Text::both(
                format!("more than {most} documents to be read"),
                format!("読み取る文書が{most}件を超えています"),
            )));
        }
        Ok(())
    }

    /// How many there are.
    pub(crate) async fn count(&self) -> Result<u64, StoreError> {
        if !self.is_exact() {
            let mut count = 0;
            let one_more = |_| {
                count += 1;
                Ok(ControlFlow::Continue(()))
            };
            self.each(-1, 0, one_more).await?;
            return Ok(count);
        }
        // Only documents that are there have rows that tell of them.
        let may_be_counted = |numbers: &&Numbers| numbers.is_exact;
        let numbers = self.parts.iter().map(|part| part.numbers.as_ref().filter(may_be_counted));
        let told: Option<Vec<&str>> = numbers.map(|numbers| Some(numbers?.sql.as_str())).collect();
        let sql = match told.filter(|told| !told.is_empty()) {
            Some(told) if told.len() == 1 => format!("SELECT count(DISTINCT no) FROM ({}) AS told", told[0]),
            Some(told) => format!("SELECT count(*) FROM ({}) AS told", told.join(" INTERSECT ")),
            None => format!(
                "SELECT count(*) FROM machi.document d WHERE d.bucket = $1 AND d.space = {} AND d.body IS NOT NULL AND {}",
                self.space,
                self.condition()
            ),
        };
        let rows = self.timed(&sql, &self.writer.parameters()).await?;
        Ok(rows.first().map_or(0, |row| row.get::<_, i64>(0) as u64))
    }

    /// One page.
    pub(crate) async fn page(&self) -> Result<Found, StoreError> {
        let find = self.find;
        let after = find.after.as_ref().map(|cursor| Place::from_cursor(cursor, find.order.len())).transpose()?;
        let wanted = find.offset.saturating_add(find.limit);
        let mut page = Page { find, after, most: wanted.saturating_add(1), places: Vec::new() };
        let begin = match &page.after {
            Some(place) if find.order.is_empty() => i64::from(place.number.0),
            _ => -1,
        };
        // An order is made of all that meet the filter.
        let most = if find.order.is_empty() { page.most } else { usize::MAX };
        self.each(begin, most, |(document, facets)| page.add(document, &facets)).await?;
        Ok(page.found(wanted))
    }
}

/// The first places of an order, as far as documents have been looked at.
struct Page<'a> {
    find: &'a Find,
    after: Option<Place>,
    /// How many are kept.
    most: usize,
    places: Vec<(Place, Arc<Document>)>,
}

impl Page<'_> {
    fn add(&mut self, document: Arc<Document>, facets: &[OwnedFacet]) -> Result<ControlFlow<()>, StoreError> {
        let order = &self.find.order;
        let keys = evaluate::sort_keys(order, &document, facets)?;
        let place = Place { keys, number: document.number };
        if self.after.as_ref().is_some_and(|after| place.compare(after, order).is_le()) {
            return Ok(ControlFlow::Continue(()));
        }
        self.places.push((place, document));
        if order.is_empty() {
            let is_full = self.places.len() >= self.most;
            return Ok(if is_full { ControlFlow::Break(()) } else { ControlFlow::Continue(()) });
        }
        if self.places.len() >= self.most.saturating_mul(2).max(1000) {
            self.cut();
        }
        Ok(ControlFlow::Continue(()))
    }

    fn cut(&mut self) {
        self.places.sort_by(|(a, _), (b, _)| a.compare(b, &self.find.order));
        self.places.truncate(self.most);
    }

    fn found(mut self, wanted: usize) -> Found {
        self.cut();
        let more = self.places.len() > wanted;
        let page = self.places.into_iter().skip(self.find.offset).take(self.find.limit);
        Found { rows: page.map(|(place, document)| Row { cursor: place.to_cursor(), document }).collect(), more }
    }
}

/// What lies in a tile.
pub(crate) async fn survey(inner: &Inner, open: &Open, survey: &Survey) -> Result<Surveyed, StoreError> {
    let area = survey.tile.bounds(survey.margin + BESIDE);
    let meant = meant(inner, open, survey, survey.meant(), Some((survey.place, area))).await?;
    let derive = inner.derive(survey.collection);
    Surveyor { survey, derive: &*derive, names: &inner.names }.survey(meant)
}

/// A box around all that is tagged.
pub(crate) async fn extent(inner: &Inner, open: &Open, survey: &Survey) -> Result<Option<BoundingBox>, StoreError> {
    let tagged = meant(inner, open, survey, Filter::All, None).await?;
    let derive = inner.derive(survey.collection);
    let surveyor = Surveyor { survey, derive: &*derive, names: &inner.names };
    Ok(surveyor.extent(tagged.iter().map(|(document, _)| &**document)))
}

async fn meant(
    inner: &Inner,
    open: &Open,
    survey: &Survey,
    filter: Filter,
    area: Option<(SectionKey, BoundingBox)>,
) -> Result<Vec<Matching>, StoreError> {
    let find = tagged(survey, filter);
    let mut meant = Vec::new();
    if let Some(asking) = Asking::new(inner, open, &find, area).await? {
        let keep = |matching| {
            meant.push(matching);
            Ok(ControlFlow::Continue(()))
        };
        asking.each(-1, usize::MAX, keep).await?;
    }
    Ok(meant)
}
