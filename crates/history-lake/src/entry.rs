//! What the log knows of a file: enough to open it, and to tell whether it need be opened.

use std::collections::BTreeMap;

use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_types::{Name, Timestamp};
use serde_json::{Map, Value, json};

use crate::cell::Cell;
use crate::columns::{Shape, at};
use crate::log::{Add, now};

/// What the log knows of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its length.
    pub(crate) size: u64,
    pub(crate) rows: u32,
    /// How long its directory is, where the index of that begins, how long this is, and the checksum of all from there on.
    pub(crate) blocks: u64,
    pub(crate) tail: u64,
    pub(crate) section: u64,
    pub(crate) sum: u32,
    pub(crate) extent: Extent,
    /// Until when policies change nothing of it; none where that is not known.
    pub(crate) settled: Option<Settled>,
}

/// Until when policies change nothing of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// The sum of the policies.
    pub(crate) policies: u32,
    /// In microseconds.
    pub(crate) until: i64,
}

/// Between which ids and times the rows of a file lie.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) entities: Option<(Name, Name)>,
    /// By [`TimeProperty`], in microseconds.
    pub(crate) times: [Option<(i64, i64)>; 4],
}

const TAIL: &str = "machi.tail";
const TIMES: &str = "machi.times";
const SETTLED: &str = "machi.settled";

impl Entry {
    pub(crate) fn to_add(&self, path: &str, shape: &Shape) -> Add {
        let times: Vec<String> = self
            .extent
            .times
            .iter()
            .map(|range| range.map_or(String::new(), |(from, to)| format!("{from}/{to}")))
            .collect();
        let tail = format!("{}/{}/{}/{:08x}", self.blocks, self.tail, self.section, self.sum);
        let mut tags = BTreeMap::from([(TAIL.to_owned(), tail), (TIMES.to_owned(), times.join(","))]);
        if let Some(Settled { policies, until }) = self.settled {
            tags.insert(SETTLED.to_owned(), format!("{policies:08x}/{until}"));
        }
        Add {
            path: path.to_owned(),
            partition_values: BTreeMap::new(),
            size: self.size as i64,
            modification_time: now(),
            data_change: true,
            stats: self.stats(shape),
            tags,
        }
    }

    /// What other engines choose files by.
    fn stats(&self, shape: &Shape) -> String {
        let (mut least, mut most) = (Map::new(), Map::new());
        if let Some((first, last)) = &self.extent.entities {
            least.insert("entity_id".to_owned(), json!(first.as_str()));
            most.insert("entity_id".to_owned(), json!(last.as_str()));
        }
        for (range, column) in self.extent.times.iter().zip(shape.times) {
            // Where it was first written is told only where that differs, so that others must not choose by it.
            let Some(name) = column.map(|column| shape.columns[column].name).filter(|name| *name != "created_at")
            else {
                continue;
            };
            if let Some((from, to)) = range.and_then(|(from, to)| Some((told(from)?, told(to.checked_add(999)?)?))) {
                least.insert(name.to_owned(), json!(from));
                most.insert(name.to_owned(), json!(to));
            }
        }
        json!({"numRecords": self.rows, "minValues": least, "maxValues": most, "nullCount": {"entity_id": 0}})
            .to_string()
    }

    pub(crate) fn of(add: &Add) -> Option<Self> {
        let stats: Value = serde_json::from_str(&add.stats).ok()?;
        let mut tail = add.tags.get(TAIL)?.split('/');
        let mut times = [None; 4];
        for (place, range) in times.iter_mut().zip(add.tags.get(TIMES)?.split(',')) {
            *place = range.split_once('/').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
        }
        let id = |values: &str| stats[values]["entity_id"].as_str().map(Name::from);
        Some(Self {
            size: add.size.try_into().ok()?,
            rows: stats["numRecords"].as_u64()?.try_into().ok()?,
            blocks: tail.next()?.parse().ok()?,
            tail: tail.next()?.parse().ok()?,
            section: tail.next()?.parse().ok()?,
            sum: u32::from_str_radix(tail.next()?, 16).ok()?,
            extent: Extent { entities: id("minValues").zip(id("maxValues")), times },
            settled: add.tags.get(SETTLED).and_then(|text| Settled::read(text)),
        })
    }
}

impl Settled {
    fn read(text: &str) -> Option<Self> {
        let (policies, until) = text.split_once('/')?;
        Some(Self { policies: u32::from_str_radix(policies, 16).ok()?, until: until.parse().ok()? })
    }

    /// Until when nothing changes of several files together.
    pub(crate) fn of_all<'e>(mut entries: impl Iterator<Item = &'e Entry>) -> Option<Self> {
        let first = entries.next()?.settled?;
        entries.try_fold(first, |known, entry| {
            let other = entry.settled.filter(|other| other.policies == known.policies)?;
            Some(Self { until: known.until.min(other.until), ..known })
        })
    }
}

/// A time in whole milliseconds, as the stats of Delta have it; none beyond the years that they can tell.
fn told(micros: i64) -> Option<String> {
    const YEAR_1: i64 = -62_135_596_800_000_000;
    const YEAR_10000: i64 = 253_402_300_800_000_000;
    let whole = micros.div_euclid(1000) * 1000;
    if !(YEAR_1..YEAR_10000).contains(&whole) {
        return None;
    }
    let text = Timestamp::from_micros(whole).to_string();
    Some(if text.contains('.') { text } else { text.replace('Z', ".000Z") })
}

impl Extent {
    /// Takes a row into account.
    pub(crate) fn take(&mut self, entity: &Name, shape: &Shape, row: &[Cell]) {
        match &mut self.entities {
            None => self.entities = Some((entity.clone(), entity.clone())),
            Some((first, _)) if entity < first => *first = entity.clone(),
            Some((_, last)) if entity > last => *last = entity.clone(),
            Some(_) => {}
        }
        for (place, column) in shape.times.iter().enumerate() {
            let cell = column.map_or(&Cell::Null, |column| &row[column]);
            let cell =
                if *column == Some(at::CREATED_AT) && *cell == Cell::Null { &row[at::MODIFIED_AT] } else { cell };
            if let Some(time) = cell.order() {
                let (from, to) = self.times[place].unwrap_or((time, time));
                self.times[place] = Some((from.min(time), to.max(time)));
            }
        }
    }

    /// Whether a row with such a time can be in it.
    pub(crate) fn meets(&self, query: Option<TemporalQuery>) -> bool {
        let Some(query) = query else { return true };
        self.range(query.property).is_some_and(|(from, to)| overlaps(from, to, query.relation))
    }

    pub(crate) fn range(&self, property: TimeProperty) -> Option<(i64, i64)> {
        self.times[match property {
            TimeProperty::ObservedAt => 0,
            TimeProperty::CreatedAt => 1,
            TimeProperty::ModifiedAt => 2,
            TimeProperty::DeletedAt => 3,
        }]
    }

    /// No row counts from an earlier time, by which it is kept.
    pub(crate) fn oldest(&self) -> Option<i64> {
        let from = |property| self.range(property).map(|(from, _)| from);
        [from(TimeProperty::ObservedAt), from(TimeProperty::ModifiedAt)].into_iter().flatten().min()
    }

    /// Whether an instance that was first written then can be in it.
    pub(crate) fn holds_creation(&self, time: Timestamp) -> bool {
        self.range(TimeProperty::CreatedAt).is_some_and(|(from, to)| (from..=to).contains(&time.micros()))
    }

    /// Whether one of these, which ascend, can be in it.
    pub(crate) fn holds_any(&self, entities: &[Name]) -> bool {
        let Some((first, last)) = &self.entities else { return false };
        let from = entities.partition_point(|entity| entity < first);
        entities.get(from).is_some_and(|entity| entity <= last)
    }
}

/// Whether some time from one to another, both included, is asked for.
pub(crate) fn overlaps(from: i64, to: i64, relation: TemporalRelation) -> bool {
    match relation {
        TemporalRelation::Before(end) => from < end.micros(),
        TemporalRelation::After(start) => to >= start.micros(),
        TemporalRelation::Between(start, end) => from < end.micros() && to >= start.micros(),
    }
}
