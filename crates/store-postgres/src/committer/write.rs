//! Writing a batch: statements over sets of rows, sent off together and committed.

use std::collections::BTreeMap;

use machi_store::{Document, NameNo, StoreError};
use machi_types::Timestamp;
use machi_types::geo::BoundingBox;
use rustc_hash::FxHashMap;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Error};

use super::columns::columns;
use super::decide::{Fed, State, Written};
use crate::BUCKET;
use crate::coded::{put_body, put_step};
use crate::error::{damaged, engine};
use crate::facets::{self, About, Difference, Value, kind};
use crate::names::CityNames;
use crate::spaces::SpaceKey;
use crate::store::Inner;
use crate::view::Open;

const DOCUMENTS: &str = "INSERT INTO machi.document (bucket, space, id, no, version, created, modified, body) \
    SELECT $1, * FROM unnest($2::integer[], $3::bytea[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], \
    $8::bytea[]) ON CONFLICT (bucket, space, id) DO UPDATE SET version = excluded.version, \
    created = excluded.created, modified = excluded.modified, body = excluded.body";

const FACETS_GONE: &str = "DELETE FROM machi.facet f \
    USING unnest($2::integer[], $3::bigint[], $4::integer[], $5::integer[]) AS gone(space, no, name, instance) \
    WHERE f.bucket = $1 AND f.space = gone.space AND f.no = gone.no AND f.name = gone.name \
    AND f.instance = gone.instance";

const FACETS: &str = "INSERT INTO machi.facet (bucket, space, no, name, instance, kind, tag, number, instant, text, place) \
    SELECT $1, space, no, name, instance, kind, tag, number, instant, text, \
    CASE WHEN kind = 6 THEN ST_MakeEnvelope(west, south, east, north, 4326) END \
    FROM unnest($2::integer[], $3::bigint[], $4::integer[], $5::integer[], $6::smallint[], $7::integer[], $8::float8[], \
    $9::bigint[], $10::bytea[], $11::float8[], $12::float8[], $13::float8[], $14::float8[]) \
    AS new(space, no, name, instance, kind, tag, number, instant, text, west, south, east, north)";

const FEED: &str = "INSERT INTO machi.feed (bucket, commit, seq, time, space, no, id, body) SELECT $1, * FROM \
    unnest($2::bigint[], $3::integer[], $4::bigint[], $5::integer[], $6::bigint[], $7::bytea[], $8::bytea[])";

const HEAD: &str = "UPDATE machi.head SET commit = $2, time = $3, epoch = epoch + $4 WHERE bucket = $1";

const NEXT: &str = "UPDATE machi.space s SET next = new.next FROM unnest($1::integer[], $2::bigint[]) AS new(no, next) \
    WHERE s.no = new.no";

const CURSORS: &str = "INSERT INTO machi.consumer (name, cursor) SELECT * FROM unnest($1::text[], $2::text[]) \
    ON CONFLICT (name) DO UPDATE SET cursor = excluded.cursor";

const NEW_SPACES: &str = "INSERT INTO machi.space (tenant, collection) SELECT * FROM unnest($1::text[], $2::text[]) \
    RETURNING no, tenant, collection";

/// Writes what a batch comes to, and commits.
pub(super) async fn all(inner: &Inner, open: Open, written: &Written) -> Result<(), StoreError> {
    if written.fed.is_empty() && written.cursors.is_empty() {
        return Ok(());
    }
    let (spaces, created) = spaces(&open, written).await?;
    let mut changed = Vec::new();
    for ((key, id), state) in &written.states {
        let (Some(number), true) = (state.number, state.changed > 0) else { continue };
        let derive = inner.derive(key.1);
        let before = facets::of(state.before.as_deref(), &*derive, &inner.names);
        let after = facets::of(state.now.as_deref(), &*derive, &inner.names);
        let space = *spaces.get(key).ok_or_else(|| damaged("space"))?;
        changed.push((space, number.0, id, state, facets::difference(&before, after)));
    }
    number_names(inner, written, changed.iter().map(|(.., difference)| difference)).await?;
    let (mut documents, mut gone, mut new) = (Documents::default(), Gone::default(), New::default());
    for (space, number, id, state, difference) in &changed {
        let place = (*space, i64::from(*number));
        documents.put(place, id.as_bytes(), state, &inner.names);
        for (name, instance) in &difference.gone {
            gone.push((place.0, place.1, self::number(&inner.names, *name), self::number(&inner.names, *instance)));
        }
        difference.new.iter().for_each(|(about, value)| new.put(place, *about, value, &inner.names));
    }
    let feed = Feed::of(&written.fed, &spaces, &inner.names)?;
    let next = Next::of(written, &spaces);
    let cursors = Cursors::of(written);
    let epoch = i64::from(created);
    let bucket = [(&BUCKET as &(dyn ToSql + Sync), Type::INT2)];
    let held = &open.held;
    let has_fed = !written.fed.is_empty();
    tokio::try_join!(biased;
        documents.send(held, DOCUMENTS, &bucket),
        gone.send(held, FACETS_GONE, &bucket),
        new.send(held, FACETS, &bucket),
        feed.send(held, FEED, &bucket),
        next.send(held, NEXT, &[]),
        cursors.send(held, CURSORS, &[]),
        move_on(held, written, epoch, has_fed || created),
        held.commit(),
    )
    .map_err(|error| engine(&error))?;
    open.held.ended();
    Ok(())
}

/// Moves the head of the feed.
async fn move_on(held: &Client, written: &Written, epoch: i64, is_needed: bool) -> Result<(), Error> {
    if is_needed {
        let (commit, time) = (written.commit as i64, written.time.micros());
        let place = [(&BUCKET as &(dyn ToSql + Sync), Type::INT2), (&commit, Type::INT8), (&time, Type::INT8)];
        let parameters = [&place[..], &[(&epoch, Type::INT8)]].concat();
        held.execute_typed(HEAD, &parameters).await?;
    }
    Ok(())
}

/// The numbers of the spaces of a batch; those that are new are made. Whether any was.
async fn spaces(open: &Open, written: &Written) -> Result<(FxHashMap<SpaceKey, i32>, bool), StoreError> {
    let mut numbers = FxHashMap::default();
    let (mut tenants, mut collections) = (Vec::new(), Vec::new());
    for fed in &written.fed {
        let key = &fed.place.0;
        if numbers.contains_key(key) {
            continue;
        }
        numbers.insert(key.clone(), open.spaces.number(key).unwrap_or(0));
        if open.spaces.number(key).is_none() {
            tenants.push(key.0.word());
            collections.push(key.1.0);
        }
    }
    if tenants.is_empty() {
        return Ok((numbers, false));
    }
    let parameters = [(&tenants as _, Type::TEXT_ARRAY), (&collections as _, Type::TEXT_ARRAY)];
    let rows = open.held.query_typed(NEW_SPACES, &parameters).await.map_err(|error| engine(&error))?;
    for row in rows {
        let (tenant, collection): (&str, &str) = (row.get(1), row.get(2));
        let made = numbers.iter_mut().find(|((t, c), _)| t.word() == tenant && c.0 == collection);
        *made.ok_or_else(|| damaged("space"))?.1 = row.get(0);
    }
    Ok((numbers, true))
}

/// Gives numbers to all names that a batch writes.
async fn number_names(
    inner: &Inner,
    written: &Written,
    differences: impl Iterator<Item = &Difference>,
) -> Result<(), StoreError> {
    let changes = written.fed.iter().flat_map(|fed| &fed.step.sections);
    let sections = changes.flat_map(|(change, _)| [&change.old, &change.new]).flatten();
    let kept = written.states.values().filter_map(|state| state.now.as_ref()).flat_map(|document| &document.sections);
    let of_sections = sections.chain(kept).flat_map(|section| [section.key.name, section.key.instance]);
    let mut names: Vec<NameNo> = of_sections.collect();
    names.extend(differences.flat_map(Difference::names));
    names.sort_unstable();
    names.dedup();
    inner.names.number(&inner.connections, &names).await
}

/// The space and the number of a document.
type Place = (i32, i64);

/// The number of a name that was asked for.
fn number(names: &CityNames, name: NameNo) -> i32 {
    names.there(name).expect("the numbers of all names of a batch were asked for")
}

columns! {
    /// Documents as they are after a batch.
    Documents<'a> {
        space: i32,
        id: &'a [u8],
        no: i64,
        version: i64,
        created: i64,
        modified: i64,
        body: Option<Vec<u8>>,
    }
}

impl<'a> Documents<'a> {
    fn put(&mut self, (space, no): Place, id: &'a [u8], state: &State, names: &CityNames) {
        let changed = state.changed as i64;
        let time = |of: fn(&Document) -> Timestamp| state.now.as_ref().map_or(0, |now| of(now).micros());
        let (created, modified) = (time(|document| document.created), time(|document| document.modified));
        let body = state.now.as_ref().map(|document| put_body(document, names));
        self.push((space, id, no, changed, created, modified, body));
    }
}

columns! {
    /// What documents have facets about no longer.
    Gone {
        space: i32,
        no: i64,
        name: i32,
        instance: i32,
    }
}

columns! {
    /// Rows of facets.
    New {
        space: i32,
        no: i64,
        name: i32,
        instance: i32,
        kind: i16,
        tag: Option<i32>,
        number: Option<f64>,
        instant: Option<i64>,
        text: Option<Vec<u8>>,
        west: Option<f64>,
        south: Option<f64>,
        east: Option<f64>,
        north: Option<f64>,
    }
}

impl New {
    fn put(&mut self, (space, no): Place, about: About, value: &Value, names: &CityNames) {
        let (mut tag, mut float, mut instant, mut text, mut area) = (None, None, None, None, None);
        let kind = match value {
            Value::Exists => {
                tag = Some(0);
                kind::EXISTS
            }
            Value::Tag(name) => {
                tag = Some(number(names, *name));
                kind::TAG
            }
            Value::Flag(flag) => {
                tag = Some(i32::from(*flag));
                kind::FLAG
            }
            Value::Number(number) => {
                float = Some(*number);
                kind::NUMBER
            }
            Value::Time(micros) => {
                instant = Some(*micros);
                kind::TIME
            }
            Value::Text(bytes) => {
                text = Some(bytes.clone());
                kind::TEXT
            }
            Value::Place(bounds) => {
                area = Some(bounds);
                kind::PLACE
            }
            Value::Link(bytes) => {
                text = Some(bytes.clone());
                kind::LINK
            }
        };
        let edge = |of: fn(&BoundingBox) -> f64| area.map(of);
        let edges = (edge(|area| area.west), edge(|area| area.south), edge(|area| area.east), edge(|area| area.north));
        let (name, instance) = (number(names, about.0), number(names, about.1));
        let (west, south, east, north) = edges;
        self.push((space, no, name, instance, kind, tag, float, instant, text, west, south, east, north));
    }
}

columns! {
    /// What the feed tells of a batch.
    Feed<'a> {
        commit: i64,
        seq: i32,
        time: i64,
        space: i32,
        no: i64,
        id: &'a [u8],
        body: Vec<u8>,
    }
}

impl<'a> Feed<'a> {
    fn of(fed: &'a [Fed], spaces: &FxHashMap<SpaceKey, i32>, names: &CityNames) -> Result<Self, StoreError> {
        let mut feed = Self::default();
        for (seq, one) in (0..).zip(fed) {
            let space = *spaces.get(&one.place.0).ok_or_else(|| damaged("space"))?;
            let body = put_step(&one.step, one.time, names);
            feed.push((
                one.commit as i64,
                seq,
                one.time.micros(),
                space,
                i64::from(one.number.0),
                one.place.1.as_bytes(),
                body,
            ));
        }
        Ok(feed)
    }
}

columns! {
    /// The numbers that spaces give next.
    Next {
        space: i32,
        next: i64,
    }
}

impl Next {
    fn of(written: &Written, spaces: &FxHashMap<SpaceKey, i32>) -> Self {
        let mut all = Self::default();
        for (key, next) in &written.next {
            spaces.get(key).into_iter().for_each(|space| all.push((*space, *next as i64)));
        }
        all
    }
}

columns! {
    /// How far consumers have come, the last that was said of each.
    Cursors {
        name: String,
        position: String,
    }
}

impl Cursors {
    fn of(written: &Written) -> Self {
        let last: BTreeMap<_, _> = written.cursors.iter().map(|(name, at)| (name, at)).collect();
        let mut all = Self::default();
        last.into_iter().for_each(|(name, at)| all.push((name.to_string(), at.to_string())));
        all
    }
}
