//! The report of an import as the answer tells it: counts, and rejected rows as long as there is room for them.

use std::convert::Infallible;

use machi_http::Language;
use machi_http::openapi::Schema;
use machi_types::Json;

use crate::import::intake::{Bad, Book, Counts};

/// What a row costs beside its texts.
const OVERHEAD: u64 = 256;

/// A report that grows.
#[derive(Debug)]
pub(super) struct Listed {
    counts: Counts,
    rows: Vec<Json<'static>>,
    /// Rejected rows that came when there was no more room.
    unlisted: u64,
    /// How many bytes there is room for.
    room: u64,
    language: Language,
}

impl Listed {
    /// A report of so many bytes at most.
    pub(super) fn new(room: u64, language: Language) -> Self {
        Self { counts: Counts::default(), rows: Vec::new(), unlisted: 0, room, language }
    }

    /// Whether any row was rejected.
    pub(super) fn has_rejected(&self) -> bool {
        self.counts.rejected > 0
    }

    fn list(&mut self, bad: Bad) {
        let [wrong, right] =
            [&bad.error.wrong, &bad.error.right].map(|text| text.in_language(self.language).to_owned());
        let size = OVERHEAD + (bad.id.len() + wrong.len() + right.len()) as u64;
        // What is listed is the beginning without a gap, so that it is known from where on rows are missing.
        let Some(left) = self.room.checked_sub(size).filter(|_| self.unlisted == 0) else {
            self.unlisted += 1;
            return;
        };
        self.room = left;
        let mut members = vec![("row".into(), Json::from(bad.row))];
        members.extend((!bad.id.is_empty()).then(|| ("id".into(), Json::from(bad.id))));
        members.extend([("wrong".into(), Json::from(wrong)), ("right".into(), Json::from(right))]);
        self.rows.push(Json::Object(members));
    }

    /// The report, after what is told of the file.
    pub(super) fn into_json(self, file: Vec<(&'static str, Json<'static>)>) -> Json<'static> {
        let Counts { rows, taken, rejected } = self.counts;
        let counts = [
            ("rows", Json::from(rows)),
            ("taken", Json::from(taken)),
            ("rejected", Json::from(rejected)),
            ("rejectedRows", Json::Array(self.rows)),
            ("unlisted", Json::from(self.unlisted)),
        ];
        Json::Object(file.into_iter().chain(counts).map(|(name, value)| (name.into(), value)).collect())
    }
}

impl Book for Listed {
    type Error = Infallible;

    fn enter(&mut self, counts: &Counts, bad: Vec<Bad>) -> Result<(), Infallible> {
        self.counts = *counts;
        bad.into_iter().for_each(|bad| self.list(bad));
        Ok(())
    }
}

/// The shape of a report.
pub(super) fn schema() -> Schema {
    let row = Schema::object(vec![
        (
            "row",
            Schema::integer().described(
                "The line on which it begins (CSV, NDJSON), or its place in the array (JSON, GeoJSON), from 1.",
            ),
        ),
        ("wrong", Schema::string().described("What is wrong, in the language of Accept-Language.")),
        ("right", Schema::string().described("What would be right.")),
    ])
    .and_maybe("id", Schema::string().described("The id of its entity, where that is known."));
    Schema::object(vec![
        ("format", Schema::one_of(&["json", "ndjson", "geojson", "csv"]).described("As what the file was read.")),
        ("rows", Schema::integer().described("Rows whose fate is known.")),
        ("taken", Schema::integer().described("Those that are durable entities now.")),
        ("rejected", Schema::integer().described("Those that are not.")),
        (
            "rejectedRows",
            Schema::array(row).described("The rejected rows, as many as [limits] import_report has room for."),
        ),
        ("unlisted", Schema::integer().described("Rejected rows behind the last one that is listed.")),
    ])
    .and_maybe("encoding", Schema::one_of(&["utf8", "cp932"]).described("The encoding in which a CSV was read."))
}

/// A report.
pub(super) fn example() -> Json<'static> {
    let row = vec![
        ("row".into(), Json::from(4)),
        ("wrong".into(), Json::from("column \"capacity\": \"three\" is no number")),
        ("right".into(), Json::from("a number such as 12 or 3.5")),
    ];
    let mut listed = Listed::new(0, Language::English);
    listed.counts = Counts { rows: 3, taken: 2, rejected: 1 };
    listed.rows.push(Json::Object(row));
    listed.into_json(vec![("format", Json::from("csv")), ("encoding", Json::from("utf8"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_connect::RowError;

    #[test]
    fn what_has_no_room_is_counted() {
        let mut listed = Listed::new(2 * OVERHEAD + 40, Language::Japanese);
        let bad =
            |row, id: &str| Bad { row, id: id.to_owned(), error: RowError::new(("bad", "誤り"), ("good", "正解")) };
        let counts = Counts { rows: 9, taken: 5, rejected: 4 };
        let long = "x".repeat(100);
        let Ok(()) = listed.enter(&counts, vec![bad(2, "urn:x:1"), bad(3, &long), bad(5, ""), bad(6, "")]);
        let text = listed.into_json(vec![("format", Json::from("csv"))]).to_text();
        assert_eq!(
            text,
            r#"{"format":"csv","rows":9,"taken":5,"rejected":4,"rejectedRows":[{"row":2,"id":"urn:x:1","wrong":"誤り","right":"正解"}],"unlisted":3}"#
        );
    }
}
