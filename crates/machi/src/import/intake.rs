//! Rows on their way into a city, wherever they come from and whoever keeps the books: gathered in batches, sent, and
//! entered once their fate is known. It is the same for `machi import` and for the import over HTTP.

use std::io;

use machi_connect::{Mapping, Row, RowError};
use machi_types::{Clock, SystemClock};

use super::batch::Batch;
use super::series::tell;
use super::upsert::{Door, Errand, upsert};

/// How many rows are read before what was done is entered, even if none of them can be sent.
const WINDOW: u64 = 1000;

/// What rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Each is an entity as it is now.
    Entities,
    /// Each is an entity as it was at some time.
    Series,
}

impl Kind {
    /// What the rows are that a mapping describes.
    pub(crate) fn by(mapping: Option<&Mapping>) -> Self {
        if mapping.is_some_and(Mapping::is_series) { Self::Series } else { Self::Entities }
    }
}

/// What has become of rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Those whose fate is known.
    pub(crate) rows: u64,
    /// Those that are entities of the city now.
    pub(crate) taken: u64,
    /// Those that are not.
    pub(crate) rejected: u64,
}

/// A row for the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bad {
    pub(crate) row: u64,
    /// Its entity, where that is known.
    pub(crate) id: String,
    pub(crate) error: RowError,
}

/// Where it is written down what became of rows.
pub(crate) trait Book {
    /// Why it could not be.
    type Error;

    /// Enters the rows that were rejected since the last time, in their order, and how far the import has come.
    fn enter(&mut self, counts: &Counts, bad: Vec<Bad>) -> Result<(), Self::Error>;
}

/// Why an import ended before its rows did.
#[derive(Debug)]
pub(crate) enum Halt<D, B> {
    /// They cannot be read on.
    Reading(io::Error),
    /// The city does not take them.
    City(D),
    /// The book cannot be kept.
    Book(B),
}

/// Takes rows in until they end; `counts` tells at any time how far it has come.
pub(crate) fn take_in<D: Door, B: Book>(
    rows: impl Iterator<Item = io::Result<Row>>,
    kind: Kind,
    door: &D,
    book: &mut B,
    counts: &mut Counts,
) -> Result<(), Halt<D::Error, B::Error>> {
    let mut intake = Intake { door, book, counts, kind, batch: Batch::of(kind), window: 0, bad: Vec::new() };
    for row in rows {
        intake.add(row.map_err(Halt::Reading)?)?;
    }
    if intake.window > 0 { intake.send() } else { Ok(()) }
}

struct Intake<'a, D, B> {
    door: &'a D,
    book: &'a mut B,
    counts: &'a mut Counts,
    kind: Kind,
    batch: Batch,
    /// Rows read since the last entry, and those of them that cannot be sent.
    window: u64,
    bad: Vec<Bad>,
}

impl<D: Door, B: Book> Intake<'_, D, B> {
    fn add(&mut self, row: Row) -> Result<(), Halt<D::Error, B::Error>> {
        let must_send = row.entity.as_ref().is_ok_and(|entity| !self.batch.takes(entity));
        if must_send || self.window >= WINDOW {
            self.send()?;
        }
        self.window += 1;
        match row.entity {
            Ok(entity) => self.batch.push(row.number, &entity),
            Err(error) => self.bad.push(Bad { row: row.number, id: String::new(), error }),
        }
        Ok(())
    }

    /// Sends what waits, and enters what became of it.
    fn send(&mut self) -> Result<(), Halt<D::Error, B::Error>> {
        let batch = std::mem::replace(&mut self.batch, Batch::of(self.kind));
        if !batch.items.is_empty() {
            let refused = match self.kind {
                Kind::Entities => upsert(self.door, Errand::Take, &batch.items, batch.has_contexts),
                Kind::Series => tell(self.door, &batch.items, SystemClock.now()),
            };
            let refused = refused.map_err(Halt::City)?;
            let bad = refused.into_iter().map(|it| Bad { row: it.row, id: it.id, error: said(&it.detail) });
            self.bad.extend(bad);
        }
        let mut bad = std::mem::take(&mut self.bad);
        bad.sort_by_key(|bad| bad.row);
        let rejected = bad.len() as u64;
        self.counts.rows += self.window;
        self.counts.taken += self.window.saturating_sub(rejected);
        self.counts.rejected += rejected;
        self.window = 0;
        self.book.enter(self.counts, bad).map_err(Halt::Book)
    }
}

/// The city was asked to speak the reader's language, so what it says stands as it is.
fn as_told(text: &str) -> (String, String) {
    (text.to_owned(), text.to_owned())
}

/// What the city says of an entity, in whichever language; it usually ends with what would be right.
fn said(detail: &str) -> RowError {
    let parts = detail.split_once("; ").or_else(|| detail.split_once('。')).filter(|(_, right)| !right.is_empty());
    match parts {
        Some((wrong, right)) => RowError::new(as_told(wrong), as_told(right)),
        None => RowError::new(
            as_told(detail),
            (
                "an entity as the NGSI-LD API takes it; correct the row and import it again",
                "NGSI-LD APIが受け付けるエンティティに直して、もう一度取り込んでください",
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::convert::Infallible;

    use machi_types::{Json, json};

    use super::super::upsert::{Answer, Errand};
    use super::*;

    /// A city that fails from a batch on, and how many entities each batch had.
    struct Failing(usize, RefCell<Vec<usize>>);

    impl Door for Failing {
        type Error = &'static str;

        fn ask(&self, _: Errand, body: Vec<u8>, _: bool) -> Result<Answer, &'static str> {
            let mut batches = self.1.borrow_mut();
            batches.push(json::parse(&body, 8).unwrap().as_array().unwrap().len());
            if batches.len() > self.0 { Err("full") } else { Ok(Answer::Taken) }
        }
    }

    struct Rows(Vec<u64>);

    impl Book for Rows {
        type Error = Infallible;

        fn enter(&mut self, _: &Counts, bad: Vec<Bad>) -> Result<(), Infallible> {
            self.0.extend(bad.iter().map(|bad| bad.row));
            Ok(())
        }
    }

    fn row(number: u64) -> Row {
        let id = Json::from(format!("urn:x:{number}"));
        let entity = match number % 100 {
            99 => Err(RowError::new(("it is bad", "誤り"), ("a good one", "正しい値"))),
            _ => Ok(Json::Object(vec![("id".into(), id)])),
        };
        Row { number, entity }
    }

    fn take(rows: impl Iterator<Item = io::Result<Row>>, good: usize) -> (Counts, Vec<u64>, Vec<usize>, bool) {
        let (mut book, mut counts) = (Rows(Vec::new()), Counts::default());
        let door = Failing(good, RefCell::default());
        let ended = take_in(rows, Kind::Entities, &door, &mut book, &mut counts);
        (counts, book.0, door.1.into_inner(), ended.is_ok())
    }

    #[test]
    fn every_row_is_counted_once_its_fate_is_known() {
        let (counts, bad, batches, is_done) = take((0..2500).map(row).map(Ok), 9);
        assert_eq!(counts, Counts { rows: 2500, taken: 2475, rejected: 25 });
        assert_eq!(bad, (0..25).map(|n| n * 100 + 99).collect::<Vec<_>>());
        assert_eq!((batches, is_done), (vec![990, 990, 495], true));
    }

    #[test]
    fn what_was_not_taken_is_not_counted() {
        let (counts, bad, _, is_done) = take((0..2500).map(row).map(Ok), 1);
        assert_eq!(counts, Counts { rows: 1000, taken: 990, rejected: 10 });
        assert!(bad.len() == 10 && !is_done);
        let broken = (0..1500).map(row).map(Ok).chain([Err(io::Error::other("cut"))]);
        let (counts, _, batches, is_done) = take(broken, 9);
        assert_eq!((counts.rows, batches, is_done), (1000, vec![990], false));
    }

    #[test]
    fn rows_that_are_all_bad_are_entered_as_they_come() {
        let (counts, bad, batches, _) = take((0..1500).map(|n| Ok(row(n * 100 + 99))), 9);
        assert_eq!((counts.rejected, bad.len(), batches.len()), (1500, 1500, 0));
    }
}
