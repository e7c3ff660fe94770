//! Checks a whole city: every document, every facet against those that its document says, and every entry of the feed.

use std::collections::HashMap;

use bytes::Bytes;
use machi_store::{Document, StoreError, Verified};
use machi_types::Timestamp;
use machi_types::geo::BoundingBox;
use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::BUCKET;
use crate::coded::{self, read_step};
use crate::error::{damaged, engine};
use crate::facets::{self, About, Value, kind};
use crate::find::{self, COLUMNS};
use crate::spaces::SpaceKey;
use crate::store::Inner;
use crate::view::{self, Open};

/// How many rows are read at a time.
const AT_ONCE: i64 = 1000;

const DOCUMENTS: &str =
    "SELECT {COLUMNS} FROM machi.document d WHERE d.bucket = $1 AND d.space = $2 AND d.no > $3 ORDER BY d.no LIMIT $4";

const FACETS: &str = "SELECT no, name, instance, kind, tag, number, instant, text, ST_XMin(place), ST_YMin(place), \
    ST_XMax(place), ST_YMax(place) FROM machi.facet WHERE bucket = $1 AND space = $2 AND no > $3 AND no <= $4";

const ENTRIES: &str = "SELECT commit, seq, time, body FROM machi.feed WHERE bucket = $1 AND (commit, seq) > ($2, $3) \
    ORDER BY commit, seq LIMIT $4";

/// The facets of documents, each as a text, by the number of the document.
type Told = HashMap<i64, Vec<String>>;

/// Checks everything as of one instant; the city goes on working meanwhile.
pub(crate) async fn all(inner: &Inner) -> Result<Verified, StoreError> {
    let open = view::open(inner).await?;
    let mut verified = Verified { commits: feed(inner, &open).await?, ..Verified::default() };
    for tenant in open.spaces.tenants() {
        let own: Vec<_> = open.spaces.of(&tenant).collect();
        for (collection, space) in own {
            documents(inner, &open, &(tenant.clone(), collection), space, &mut verified).await?;
        }
    }
    Ok(verified)
}

/// Reads every entry of the feed; how many commits they are of.
async fn feed(inner: &Inner, open: &Open) -> Result<u64, StoreError> {
    let (mut commits, mut last) = (0, (0_i64, -1_i32));
    loop {
        let parameters = [
            (&BUCKET as _, Type::INT2),
            (&last.0 as _, Type::INT8),
            (&last.1 as _, Type::INT4),
            (&AT_ONCE as _, Type::INT8),
        ];
        let rows = open.held.query_typed(ENTRIES, &parameters).await.map_err(|error| engine(&error))?;
        for row in &rows {
            let (commit, time) = (row.get(0), Timestamp::from_micros(row.get(2)));
            let body = Bytes::copy_from_slice(row.get(3));
            coded::read(&inner.names, &open.held, "feed", |names| read_step(&body, time, names)).await?;
            commits += u64::from(commit != last.0);
            last = (commit, row.get(1));
        }
        if rows.is_empty() {
            let is_behind_the_head = last.0 as u64 > open.newest;
            return if is_behind_the_head { Err(damaged("head")) } else { Ok(commits) };
        }
    }
}

async fn documents(
    inner: &Inner,
    open: &Open,
    key: &SpaceKey,
    space: i32,
    verified: &mut Verified,
) -> Result<(), StoreError> {
    let derive = inner.derive(key.1);
    let sql = DOCUMENTS.replace("{COLUMNS}", COLUMNS);
    let mut after = -1_i64;
    loop {
        let parameters = [
            (&BUCKET as _, Type::INT2),
            (&space as _, Type::INT4),
            (&after as _, Type::INT8),
            (&AT_ONCE as _, Type::INT8),
        ];
        let rows = open.held.query_typed(&sql, &parameters).await.map_err(|error| engine(&error))?;
        // Behind the last document there are no facets either.
        let until =
            if rows.len() as i64 == AT_ONCE { rows.last().map_or(i64::MAX, |row| row.get(1)) } else { i64::MAX };
        let mut said: Told = HashMap::new();
        for row in &rows {
            let Some(document) = find::document(inner, open, row).await? else { continue };
            verified.documents += 1;
            said.insert(row.get(1), told_by(&document, inner, &*derive));
        }
        let mut found = in_table(inner, open, space, (after, until)).await?;
        for (number, mut own) in said {
            let mut rows = found.remove(&number).unwrap_or_default();
            own.sort_unstable();
            rows.sort_unstable();
            verified.facets += rows.len() as u64;
            if own != rows {
                return Err(not_told(key, number));
            }
        }
        if let Some(number) = found.keys().next() {
            return Err(not_told(key, *number));
        }
        if until == i64::MAX {
            return Ok(());
        }
        after = until;
    }
}

fn told_by(document: &Document, inner: &Inner, derive: &dyn machi_store::Derive) -> Vec<String> {
    let facets = facets::of(Some(document), derive, &inner.names);
    facets.iter().flat_map(|(about, values)| values.iter().map(|value| text(*about, value))).collect()
}

/// The facets of documents as they are in the table.
async fn in_table(inner: &Inner, open: &Open, space: i32, (after, until): (i64, i64)) -> Result<Told, StoreError> {
    let parameters =
        [(&BUCKET as _, Type::INT2), (&space as _, Type::INT4), (&after as _, Type::INT8), (&until as _, Type::INT8)];
    let rows = open.held.query_typed(FACETS, &parameters).await.map_err(|error| engine(&error))?;
    let tag = |row: &Row| (row.get::<_, i16>(3) == kind::TAG).then(|| row.get(4));
    let mut unknown: Vec<i32> =
        rows.iter().flat_map(|row| [Some(row.get(1)), Some(row.get(2)), tag(row)]).flatten().collect();
    unknown.retain(|number| inner.names.here(*number).is_none());
    inner.names.learn(&open.held, &unknown).await?;
    let name = |number: i32| inner.names.here(number).ok_or_else(|| damaged("facet"));
    let mut found: Told = HashMap::new();
    for row in &rows {
        let value = value(row, &name)?;
        found.entry(row.get(0)).or_default().push(text((name(row.get(1))?, name(row.get(2))?), &value));
    }
    Ok(found)
}

fn value(row: &Row, name: &impl Fn(i32) -> Result<machi_store::NameNo, StoreError>) -> Result<Value, StoreError> {
    let bytes = || row.get::<_, Option<&[u8]>>(7).map(<[u8]>::to_vec).ok_or_else(|| damaged("facet"));
    let number = |at: usize| row.get::<_, Option<f64>>(at).ok_or_else(|| damaged("facet"));
    let tag = || row.get::<_, Option<i32>>(4).ok_or_else(|| damaged("facet"));
    Ok(match row.get::<_, i16>(3) {
        kind::EXISTS => Value::Exists,
        kind::TAG => Value::Tag(name(tag()?)?),
        kind::FLAG => Value::Flag(tag()? != 0),
        kind::NUMBER => Value::Number(number(5)?),
        kind::TIME => Value::Time(row.get::<_, Option<i64>>(6).ok_or_else(|| damaged("facet"))?),
        kind::TEXT => Value::Text(bytes()?),
        kind::LINK => Value::Link(bytes()?),
        kind::PLACE => {
            Value::Place(BoundingBox { west: number(8)?, south: number(9)?, east: number(10)?, north: number(11)? })
        }
        _ => return Err(damaged("facet")),
    })
}

/// A facet as what it is compared by.
fn text(about: About, value: &Value) -> String {
    // Of a box that crosses the 180th meridian the database keeps the edges in order.
    let value = match value {
        Value::Place(area) if area.west > area.east => {
            Value::Place(BoundingBox { west: area.east, east: area.west, ..*area })
        }
        other => other.clone(),
    };
    format!("{about:?} {value:?}")
}

fn not_told((tenant, collection): &SpaceKey, number: i64) -> StoreError {
    StoreError::Damaged {
        file: "the table machi.facet".to_owned(),
        detail: format!("its rows are not those of document {number} of {}/{}", tenant.word(), collection.0),
    }
}
