//! The forms of an answer: JSON, CSV, and Arrow's stream of batches.

use std::io::{self, Write};
use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv;
use datafusion::arrow::datatypes::Schema;
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::ipc::writer::StreamWriter;
use datafusion::arrow::json::WriterBuilder as JsonBuilder;
use datafusion::arrow::json::writer::{JsonArray, Writer as JsonWriter};
use http::header::ACCEPT;
use http::{HeaderMap, HeaderValue};
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, Json};
use parking_lot::Mutex;

/// A form of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Csv,
    Arrow,
}

impl Format {
    const ALL: [Self; 3] = [Self::Json, Self::Csv, Self::Arrow];

    pub(super) const fn media(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv",
            Self::Arrow => "application/vnd.apache.arrow.stream",
        }
    }

    pub(super) const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Json | Self::Arrow => self.media(),
        })
    }

    /// The form that the client names first among those that there are; JSON where it takes anything.
    pub(super) fn wanted(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut is_asked = false;
        for value in headers.get_all(ACCEPT) {
            for range in value.to_str().unwrap_or_default().split(',') {
                let mut parts = range.split(';').map(str::trim);
                let media = parts.next().unwrap_or_default().to_ascii_lowercase();
                is_asked |= !media.is_empty();
                if parts.any(|part| part.strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0))) {
                    continue;
                }
                let found = Self::ALL.into_iter().find(|format| format.admitted_by(&media));
                if let Some(format) = found {
                    return Ok(format);
                }
            }
        }
        if is_asked { Err(not_acceptable()) } else { Ok(Self::Json) }
    }

    fn admitted_by(self, media: &str) -> bool {
        let any_of_kind = self.media().split_once('/').map(|(kind, _)| [kind, "/*"].concat());
        media == self.media() || media == "*/*" || any_of_kind.is_some_and(|any| media == any)
    }
}

fn not_acceptable() -> Problem {
    let names = Format::ALL.map(Format::media);
    let list = names.join(", ");
    let detail = Text::both(
        format!("the Accept header admits none of the forms of an answer: {list}"),
        format!("Acceptヘッダーが、結果の形式({list})のいずれも許可していません"),
    );
    Problem::new(ErrorKind::NotAcceptable, detail).with_member("available", Json::Array(names.map(Json::from).to_vec()))
}

/// Writes batches in a form.
pub(super) struct Writer {
    to: Shared,
    by: By,
}

enum By {
    Json(Box<JsonWriter<Shared, JsonArray>>),
    Csv(Box<csv::Writer<Shared>>),
    Arrow(Box<StreamWriter<Shared>>),
}

impl Writer {
    pub(super) fn new(format: Format, schema: &Schema) -> Result<Self, ArrowError> {
        let to = Shared::default();
        let by = match format {
            Format::Json => {
                By::Json(Box::new(JsonBuilder::new().with_explicit_nulls(true).build::<_, JsonArray>(to.clone())))
            }
            Format::Csv => {
                let mut writer = csv::WriterBuilder::new().with_header(true).build(to.clone());
                // An answer without rows has its head all the same.
                writer.write(&RecordBatch::new_empty(Arc::new(schema.clone())))?;
                By::Csv(Box::new(writer))
            }
            Format::Arrow => By::Arrow(Box::new(StreamWriter::try_new(to.clone(), schema)?)),
        };
        Ok(Self { to, by })
    }

    pub(super) fn write(&mut self, batch: &RecordBatch) -> Result<(), ArrowError> {
        match &mut self.by {
            By::Json(writer) => writer.write(batch),
            By::Csv(writer) => writer.write(batch),
            By::Arrow(writer) => writer.write(batch),
        }
    }

    pub(super) fn finish(&mut self) -> Result<(), ArrowError> {
        match &mut self.by {
            By::Json(writer) => writer.finish(),
            By::Csv(_) => Ok(()),
            By::Arrow(writer) => writer.finish(),
        }
    }

    /// What was written since this was last asked.
    pub(super) fn take(&self) -> Vec<u8> {
        std::mem::take(&mut self.to.0.lock())
    }

    /// How much was written since then.
    pub(super) fn len(&self) -> usize {
        self.to.0.lock().len()
    }
}

/// Bytes that a writer writes and another takes.
#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<Vec<u8>>>);

impl Write for Shared {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use datafusion::arrow::array::{ArrayRef, Float64Array, StringArray};

    use super::*;

    fn wanted(accept: &str) -> Option<Format> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_str(accept).expect("a header"))]);
        Format::wanted(&headers).ok()
    }

    #[test]
    fn a_client_gets_the_form_that_it_names_first() {
        assert_eq!(Format::wanted(&HeaderMap::new()).ok(), Some(Format::Json));
        for (accept, expected) in [
            ("*/*", Some(Format::Json)),
            ("", Some(Format::Json)),
            ("text/csv", Some(Format::Csv)),
            ("text/*", Some(Format::Csv)),
            ("Application/Vnd.Apache.Arrow.Stream", Some(Format::Arrow)),
            ("image/png, text/csv;q=0.5", Some(Format::Csv)),
            ("text/csv;q=0, application/json", Some(Format::Json)),
            ("image/png", None),
        ] {
            assert_eq!(wanted(accept), expected, "{accept}");
        }
    }

    #[test]
    fn answers_without_rows_are_whole() {
        let schema = Schema::new(vec![datafusion::arrow::datatypes::Field::new(
            "a",
            datafusion::arrow::datatypes::DataType::Float64,
            true,
        )]);
        for (format, expected) in [(Format::Json, "[]"), (Format::Csv, "a\n")] {
            let mut writer = Writer::new(format, &schema).expect("it begins");
            writer.finish().expect("it ends");
            assert_eq!(String::from_utf8(writer.take()).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn rows_are_written_with_their_nulls() {
        let columns: [(&str, ArrayRef); 2] = [
            ("name", Arc::new(StringArray::from(vec![Some("a,b"), None]))),
            ("number", Arc::new(Float64Array::from(vec![None, Some(1.5)]))),
        ];
        let batch = RecordBatch::try_from_iter_with_nullable(columns.map(|(name, of)| (name, of, true))).expect("rows");
        for (format, expected) in [
            (Format::Json, "[{\"name\":\"a,b\",\"number\":null},{\"name\":null,\"number\":1.5}]"),
            (Format::Csv, "name,number\n\"a,b\",\n,1.5\n"),
        ] {
            let mut writer = Writer::new(format, &batch.schema()).expect("it begins");
            writer.write(&batch).expect("rows");
            writer.finish().expect("it ends");
            assert_eq!(String::from_utf8(writer.take()).as_deref(), Ok(expected));
        }
    }
}
