//! One file on its way into the city, from its first byte to its totals.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use machi_connect::{Encoding, EncodingDetector, Format, Mapping, OpenError, Row, RowError, Rows, Source, propose};
use machi_http::Language;
use machi_types::Iri;
use xxhash_rust::xxh3::Xxh3;

use super::batch::Batch;
use super::city::{City, CityError};
use super::progress::Progress;
use super::report::Report;
use super::state::State;

/// How many rows are read before what was done is noted, even if none of them can be sent.
const WINDOW: u64 = 1000;
/// How much of a file is looked at to know its format.
const HEAD: usize = 64 << 10;

/// How files are imported.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How columns become attributes.
    pub mapping: Option<Mapping>,
    /// The encoding, where it is said.
    pub encoding: Option<Encoding>,
    /// The @context of entities that carry none.
    pub context: Option<Iri>,
    /// Where the report goes; beside the file where nothing is said.
    pub report: Option<PathBuf>,
    /// Whether to begin anew after an interruption.
    pub restart: bool,
    /// The language of the report.
    pub language: Language,
    /// All that makes an import the same as an interrupted one, beside the file's content.
    pub sameness: String,
}

/// What became of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Rows of the file.
    pub rows: u64,
    /// Rows that are entities of the city now.
    pub taken: u64,
    /// Rows that are not.
    pub rejected: u64,
    /// Rows that an interrupted run had done.
    pub done_before: u64,
    /// The report, if any row was rejected.
    pub report: Option<PathBuf>,
}

/// Why a file was not imported to its end.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The file cannot be read.
    #[error("{} cannot be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The file is no table, or its columns need a mapping.
    #[error("{}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// The report, or the note of what is done, cannot be written.
    #[error("the report {} cannot be written; say where it may be with --report", path.display())]
    Report {
        /// Where it should be.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The city did not take it.
    #[error("{} is imported up to row {row} only; the same command goes on from there", path.display())]
    City {
        /// The file.
        path: PathBuf,
        /// How many rows are done.
        row: u64,
        /// Why.
        #[source]
        source: CityError,
    },
}

/// What one look at the whole file tells.
struct Survey {
    format: Format,
    encoding: Encoding,
    size: u64,
    hash: u64,
}

/// Imports one file.
pub fn import_file(path: &Path, settings: &Settings, city: &City) -> Result<Totals, FileError> {
    let survey = survey(path, settings).map_err(|source| FileError::Read { path: path.to_owned(), source })?;
    let mark = format!("{:016x} {} {} {}", survey.hash, survey.size, city.server(), settings.sameness);
    let mut import = Import::begin(path, settings, city, &mark, survey.size)?;
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let file = BufReader::with_capacity(1 << 16, import.progress.count(File::open(path).map_err(read)?));
    let source = Source { format: survey.format, encoding: survey.encoding, mapping: settings.mapping.clone() };
    let rows =
        Rows::open(Box::new(file), source).map_err(|source| FileError::Open { path: path.to_owned(), source })?;
    for row in rows.skip(usize::try_from(import.state.rows).unwrap_or(usize::MAX)) {
        import.add(row.map_err(read)?)?;
    }
    import.finish()
}

/// A mapping to begin with, for a file.
pub fn proposal(path: &Path, encoding: Option<Encoding>) -> Result<String, FileError> {
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let settings = Settings { encoding, ..Settings::default() };
    let survey = survey(path, &settings).map_err(read)?;
    let file = BufReader::new(File::open(path).map_err(read)?);
    propose(Box::new(file), survey.format, survey.encoding)
        .map_err(|source| FileError::Open { path: path.to_owned(), source })
}

fn survey(path: &Path, settings: &Settings) -> io::Result<Survey> {
    let mut file = File::open(path)?;
    let (mut hash, mut detector) = (Xxh3::new(), EncodingDetector::default());
    let mut head = Vec::new();
    let mut size = 0;
    let mut piece = vec![0; 1 << 16];
    loop {
        let length = file.read(&mut piece)?;
        let Some(read) = piece.get(..length).filter(|read| !read.is_empty()) else { break };
        hash.update(read);
        detector.push(read);
        head.extend(read.iter().take(HEAD.saturating_sub(head.len())));
        size += length as u64;
    }
    let told = settings.encoding.or(settings.mapping.as_ref().and_then(|mapping| mapping.encoding));
    let encoding = told.unwrap_or_else(|| detector.finish());
    Ok(Survey { format: Format::of(path, &head), encoding, size, hash: hash.digest() })
}

/// A file half-way.
struct Import<'a> {
    path: &'a Path,
    name: String,
    city: &'a City,
    context: Option<Iri>,
    report: Report,
    report_path: PathBuf,
    state_path: PathBuf,
    /// What is durable.
    state: State,
    done_before: u64,
    progress: Progress,
    batch: Batch,
    /// Rows read since the last note, and those of them that cannot be sent.
    window: u64,
    bad: Vec<Bad>,
}

/// A row for the report.
struct Bad {
    row: u64,
    id: String,
    error: RowError,
}

impl<'a> Import<'a> {
    fn begin(path: &'a Path, settings: &Settings, city: &'a City, mark: &str, size: u64) -> Result<Self, FileError> {
        let report_path = settings.report.clone().unwrap_or_else(|| beside(path));
        let state_path = State::path(&report_path);
        let known = if settings.restart { None } else { State::load(&state_path, mark) };
        let state = known.unwrap_or_else(|| State { mark: mark.to_owned(), ..State::default() });
        let report = Report::open(&report_path, state.report_bytes, settings.language)
            .map_err(|source| FileError::Report { path: report_path.clone(), source })?;
        let of_mapping = settings.mapping.as_ref().and_then(|mapping| mapping.context.clone());
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        Ok(Self {
            path,
            city,
            context: settings.context.clone().or(of_mapping),
            report,
            report_path,
            state_path,
            done_before: state.rows,
            state,
            progress: Progress::new(&name, size, settings.language),
            name,
            batch: Batch::default(),
            window: 0,
            bad: Vec::new(),
        })
    }

    fn add(&mut self, row: Row) -> Result<(), FileError> {
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

    /// Sends what waits, reports what was refused, and notes what is done.
    fn send(&mut self) -> Result<(), FileError> {
        let batch = std::mem::take(&mut self.batch);
        if !batch.items.is_empty() {
            let refused = self.city.upsert(&batch.items, batch.has_contexts, self.context.as_ref());
            let refused = refused.map_err(|source| {
                self.progress.clear();
                FileError::City { path: self.path.to_owned(), row: self.state.rows, source }
            })?;
            let bad = refused.into_iter().map(|it| Bad { row: it.row, id: it.id, error: said(&it.detail) });
            self.bad.extend(bad);
        }
        let rejected = self.bad.len() as u64;
        self.state.rows += self.window;
        self.state.taken += self.window.saturating_sub(rejected);
        self.state.rejected += rejected;
        self.window = 0;
        self.note().map_err(|source| FileError::Report { path: self.report_path.clone(), source })?;
        self.progress.show(self.state.taken, self.state.rejected);
        Ok(())
    }

    fn note(&mut self) -> io::Result<()> {
        self.bad.sort_by_key(|bad| bad.row);
        for bad in self.bad.drain(..) {
            self.report.add(&self.name, bad.row, &bad.id, &bad.error)?;
        }
        self.state.report_bytes = self.report.length();
        self.state.save(&self.state_path)
    }

    fn finish(mut self) -> Result<Totals, FileError> {
        if self.window > 0 {
            self.send()?;
        }
        self.progress.clear();
        // Nothing is left to go on with; a file that stays behind would only be an import that begins at its end.
        let _ = std::fs::remove_file(&self.state_path);
        Ok(Totals {
            rows: self.state.rows,
            taken: self.state.taken,
            rejected: self.state.rejected,
            done_before: self.done_before,
            report: self.report.path().map(Path::to_owned),
        })
    }
}

/// The report of a file that says nothing else: `aed.csv.rejected.csv`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".rejected.csv");
    path.with_file_name(name)
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
