//! A file as a stream of rows, whatever its format.

use std::io::{self, BufRead};

use machi_types::json::{self, DEFAULT_DEPTH};
use machi_types::{Json, Language, Text, japanese};

use crate::cells::{Cells, Columns};
use crate::csv::{self, Record, Records};
use crate::encoding::Judged;
use crate::flattened::Paths;
use crate::items::{Items, ItemsError, Shape};
use crate::lines::{Line, Lines};
use crate::propose::Header;
use crate::{Encoding, Format, Mapping, Row, RowError, feature, ngsiv2};

/// The marks with which files in UTF-16 begin; spreadsheets call them "Unicode text".
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// How a file is to be read.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its format.
    pub format: Format,
    /// Its encoding, which matters for CSV alone: JSON is UTF-8. Where it is not told, the first record with more than
    /// ASCII tells it.
    pub encoding: Option<Encoding>,
    /// How its columns become attributes; none for JSON, and where a header tells.
    pub mapping: Option<Mapping>,
}

/// Why a file cannot be read at all.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It cannot be read.
    #[error("the file cannot be read")]
    Io(#[from] io::Error),
    /// Its header is not as it should be.
    #[error("{}", .0.in_language(Language::English))]
    Header(Text),
    /// Its header does not say which type the rows have, or which column names them.
    #[error("the columns do not tell an entity's id and type; say them in a mapping file (--mapping)")]
    NeedsMapping {
        /// A mapping to begin with.
        proposal: String,
    },
}

/// What is known of a CSV before its first row.
struct CsvHeader {
    width: usize,
    encoding: Judged,
    reading: Reading,
}

/// How a record of a CSV becomes an entity.
enum Reading {
    Mapped { columns: Columns, mapping: Mapping },
    Flattened(Paths),
}

/// The rows of a file.
pub struct Rows {
    cutter: Cutter,
    place: u64,
    mapping: Option<Mapping>,
}

impl std::fmt::Debug for Rows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows").field("place", &self.place).finish_non_exhaustive()
    }
}

enum Cutter {
    Csv { records: Records, header: Box<CsvHeader> },
    Lines(Lines),
    Items(Items),
}

impl Rows {
    /// Opens a file; a CSV's header is read and compared with the mapping.
    pub fn open(mut reader: Box<dyn BufRead>, source: Source) -> Result<Self, OpenError> {
        if UTF_16.iter().any(|mark| reader.fill_buf().is_ok_and(|head| head.starts_with(mark))) {
            return Err(OpenError::Header(Text::both(
                "the file is UTF-16; save it as UTF-8 and import it again",
                "ファイルがUTF-16です。UTF-8で保存し直してください",
            )));
        }
        let Source { format, encoding, mapping } = source;
        match format {
            Format::Csv => Self::open_csv(reader, Judged(encoding), mapping),
            Format::Ndjson => Ok(Self { cutter: Cutter::Lines(Lines::new(reader)), place: 0, mapping }),
            Format::Json => Ok(Self::of_items(reader, Shape::Whole, mapping)),
            Format::GeoJson => Ok(Self::of_items(reader, Shape::Collection, mapping)),
        }
    }

    fn of_items(reader: Box<dyn BufRead>, shape: Shape, mapping: Option<Mapping>) -> Self {
        Self { cutter: Cutter::Items(Items::new(reader, shape)), place: 0, mapping }
    }

    fn open_csv(reader: Box<dyn BufRead>, mut encoding: Judged, mapping: Option<Mapping>) -> Result<Self, OpenError> {
        let mut lines = Lines::of_csv(reader);
        let first = lines.next()?.ok_or_else(|| {
            OpenError::Header(
                ("the file is empty; a CSV begins with a header", "ファイルが空です。CSVには見出しの行が必要です")
                    .into(),
            )
        })?;
        let told = mapping.as_ref().and_then(|mapping| mapping.delimiter);
        let delimiter = told.unwrap_or_else(|| csv::delimiter_of(&first.bytes));
        lines.put_back(vec![first]);
        let mut records = Records::new(lines, delimiter);
        let header = Header::read(&mut records, &mut encoding)?;
        let reading = Self::reading(&header, mapping, &mut records, encoding)?;
        let header = Box::new(CsvHeader { width: header.names.len(), encoding, reading });
        Ok(Self { cutter: Cutter::Csv { records, header }, place: 0, mapping: None })
    }

    fn reading(
        header: &Header,
        mapping: Option<Mapping>,
        records: &mut Records,
        encoding: Judged,
    ) -> Result<Reading, OpenError> {
        let paths = Paths::of(&header.written).filter(|_| mapping.is_none());
        if let Some(paths) = paths {
            return Ok(Reading::Flattened(paths));
        }
        let needs_mapping = || OpenError::NeedsMapping { proposal: header.proposal(records, encoding) };
        let mapping = mapping.or_else(|| header.mapping()).ok_or_else(needs_mapping)?;
        let columns = Columns::new(&header.names);
        match mapping.missing_column(&columns) {
            None => Ok(Reading::Mapped { columns, mapping }),
            Some(column) => {
                let names = header.names.join("\", \"");
                Err(OpenError::Header(Text::both(
                    format!("the mapping names the column \"{column}\"; the file has \"{names}\""),
                    format!("対応表の列\"{column}\"がファイルにありません(ファイルの列: \"{names}\")"),
                )))
            }
        }
    }

    /// The encoding of a CSV as far as it is known; none for what is UTF-8 by its format.
    pub fn encoding(&self) -> Option<Encoding> {
        match &self.cutter {
            Cutter::Csv { header, .. } => Some(header.encoding.0.unwrap_or_default()),
            Cutter::Lines(_) | Cutter::Items(_) => None,
        }
    }

    fn step(&mut self) -> io::Result<Option<Row>> {
        self.place += 1;
        let mapping = self.mapping.as_ref();
        match &mut self.cutter {
            Cutter::Csv { records, header } => {
                let Some(Record { line, fields }) = records.next()? else { return Ok(None) };
                Ok(Some(Row { number: line, entity: fields.and_then(|fields| header.entity(&fields, line)) }))
            }
            Cutter::Lines(lines) => loop {
                let Some(Line { number, bytes, is_cut, .. }) = lines.next()? else { return Ok(None) };
                if bytes.trim_ascii().is_empty() {
                    continue;
                }
                let entity = if is_cut { Err(too_long()) } else { read(&bytes, mapping, number) };
                return Ok(Some(Row { number, entity }));
            },
            Cutter::Items(items) => match items.next() {
                None => Ok(None),
                Some(Ok(text)) => Ok(Some(Row { number: self.place, entity: read(&text, mapping, self.place) })),
                Some(Err(ItemsError::Io(error))) => Err(error),
                Some(Err(ItemsError::Broken(wrong))) => {
                    let right = (
                        "JSON from the beginning of the file to its end; nothing after this row was read",
                        "ファイルの最初から最後まで正しいJSON(この行より後は読んでいません)",
                    );
                    Ok(Some(Row { number: self.place, entity: Err(RowError::new(wrong, right)) }))
                }
            },
        }
    }
}

impl CsvHeader {
    fn entity(&mut self, fields: &[Vec<u8>], number: u64) -> Result<Json<'static>, RowError> {
        check_width(fields, self.width)?;
        let encoding = self.encoding.by(fields);
        match &self.reading {
            Reading::Mapped { columns, mapping } => {
                mapping.entity(&Cells::Record { columns, fields, encoding, number })
            }
            Reading::Flattened(paths) => understood(paths.entity(fields, encoding)?, None, number),
        }
    }
}

/// The features of a collection that can be read.
pub(crate) fn parsed_features(reader: Box<dyn BufRead>) -> impl Iterator<Item = Json<'static>> {
    let mut items = Items::new(reader, Shape::Collection);
    let texts = std::iter::from_fn(move || items.next()).filter_map(Result::ok);
    texts.filter_map(|text| json::parse(&text, DEFAULT_DEPTH).map(Json::into_owned).ok())
}

impl Iterator for Rows {
    type Item = io::Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step().transpose()
    }
}

/// Reads an entity, or a feature, from its text.
fn read(text: &[u8], mapping: Option<&Mapping>, number: u64) -> Result<Json<'static>, RowError> {
    let parsed = json::parse(text, DEFAULT_DEPTH).map_err(|error| {
        let wrong = (
            format!("this is no JSON that can be read: {error}"),
            format!("JSONとして読めません({})", japanese::json(&error)),
        );
        RowError::new(wrong, ("one JSON object", "1つのJSONオブジェクト"))
    })?;
    if parsed.as_object().is_none() {
        return Err(RowError::new(
            (format!("this is {}", parsed.kind()), "オブジェクトではありません"),
            ("an entity, which is an object", "エンティティを表すオブジェクト"),
        ));
    }
    understood(parsed.into_owned(), mapping, number)
}

/// The entity that an object is, in whichever representation.
fn understood(object: Json<'static>, mapping: Option<&Mapping>, number: u64) -> Result<Json<'static>, RowError> {
    if feature::is_feature(&object) {
        return match mapping {
            Some(mapping) => mapping.entity(&Cells::Feature { feature: &object, number }),
            None => feature::entity(&object).map(whole),
        };
    }
    if mapping.is_some_and(Mapping::is_series) {
        return Err(no_row_of_series());
    }
    let is_normalized = ngsiv2::is_normalized(&object);
    Ok(whole(if is_normalized { ngsiv2::to_ngsi_ld(object) } else { object }))
}

/// An entity as NGSI-LD takes it; one that it takes already stays as it is.
fn whole(entity: Json<'static>) -> Json<'static> {
    ngsiv2::with_iri(ngsiv2::with_values(entity))
}

/// A mapping has nothing to say of what is an entity already.
fn no_row_of_series() -> RowError {
    RowError::new(
        (
            "this is an entity, and the mapping is one of a series",
            "これはエンティティですが、対応表は時系列(series)のものです",
        ),
        (
            "rows of a table; the instances of an entity are told by POST /ngsi-ld/v1/temporal/entities",
            "表の行。エンティティの履歴はPOST /ngsi-ld/v1/temporal/entitiesで登録します",
        ),
    )
}

/// A row that is longer than the header by empty cells alone is as long as it.
fn check_width(fields: &[Vec<u8>], width: usize) -> Result<(), RowError> {
    let is_padded = fields.iter().skip(width).all(|field| field.trim_ascii().is_empty());
    if fields.len() >= width && is_padded {
        return Ok(());
    }
    let count = fields.len();
    Err(RowError::new(
        (
            format!("the row has {count} columns, the header {width}"),
            format!("列の数が{count}で、見出しの{width}と合いません"),
        ),
        (
            format!("{width} columns; a value that holds a comma stands in quotes"),
            format!("{width}列。コンマを含む値は引用符で囲みます"),
        ),
    ))
}

fn too_long() -> RowError {
    RowError::new(
        ("the line is longer than 16 MiB", "行が16 MiBを超えています"),
        ("one entity per line, with a line end after each", "1行に1エンティティずつ、行末で改行してください"),
    )
}

#[cfg(test)]
mod tests;
