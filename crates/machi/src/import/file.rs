//! One file on its way into the city, from its first byte to its totals.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use machi_connect::{Encoding, EncodingDetector, Format, Mapping, OpenError, Rows, Source, propose};
use machi_http::Language;
use machi_types::Iri;
use xxhash_rust::xxh3::Xxh3;

use super::city::{City, CityError};
use super::intake::{Bad, Book, Counts, Halt, Kind, take_in};
use super::progress::Progress;
use super::report::Report;
use super::state::State;

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
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let survey = survey(path, settings).map_err(read)?;
    let mark = format!("{:016x} {} {} {}", survey.hash, survey.size, city.server(), settings.sameness);
    let mut books = Books::open(path, settings, &mark, survey.size)?;
    let done_before = books.state.counts;
    let file = BufReader::with_capacity(1 << 16, books.progress.count(File::open(path).map_err(read)?));
    let mapping = settings.mapping.clone();
    let context = settings.context.clone().or_else(|| mapping.as_ref()?.context.clone());
    let kind = Kind::by(mapping.as_ref());
    let source = Source { format: survey.format, encoding: Some(survey.encoding), mapping };
    let rows =
        Rows::open(Box::new(file), source).map_err(|source| FileError::Open { path: path.to_owned(), source })?;
    let rows = rows.skip(usize::try_from(done_before.rows).unwrap_or(usize::MAX));
    let mut counts = done_before;
    let ended = take_in(rows, kind, &city.way(context), &mut books, &mut counts);
    books.progress.clear();
    match ended {
        Ok(()) => Ok(books.close(counts, done_before.rows)),
        Err(Halt::Reading(source)) => Err(read(source)),
        Err(Halt::City(source)) => Err(FileError::City { path: path.to_owned(), row: counts.rows, source }),
        Err(Halt::Book(source)) => Err(FileError::Report { path: books.report_path, source }),
    }
}

/// A mapping to begin with, for a file.
pub fn proposal(path: &Path, encoding: Option<Encoding>) -> Result<String, FileError> {
    let read = |source| FileError::Read { path: path.to_owned(), source };
    let settings = Settings { encoding, ..Settings::default() };
    let survey = survey(path, &settings).map_err(read)?;
    let file = BufReader::new(File::open(path).map_err(read)?);
    propose(Box::new(file), survey.format, Some(survey.encoding))
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
        head.extend(read.iter().take(Format::HEAD.saturating_sub(head.len())));
        size += length as u64;
    }
    let told = settings.encoding.or(settings.mapping.as_ref().and_then(|mapping| mapping.encoding));
    let encoding = told.unwrap_or_else(|| detector.finish());
    Ok(Survey { format: Format::of(path, &head), encoding, size, hash: hash.digest() })
}

/// What is written down of a file half-way, beside it: its rejected rows, and how far it has come.
struct Books {
    name: String,
    report: Report,
    report_path: PathBuf,
    state_path: PathBuf,
    /// What is durable.
    state: State,
    progress: Progress,
}

impl Books {
    fn open(path: &Path, settings: &Settings, mark: &str, size: u64) -> Result<Self, FileError> {
        let report_path = settings.report.clone().unwrap_or_else(|| beside(path));
        let state_path = State::path(&report_path);
        let known = if settings.restart { None } else { State::load(&state_path, mark) };
        let state = known.unwrap_or_else(|| State { mark: mark.to_owned(), ..State::default() });
        let report = Report::open(&report_path, state.report_bytes, settings.language)
            .map_err(|source| FileError::Report { path: report_path.clone(), source })?;
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
        let progress = Progress::new(&name, size, settings.language);
        Ok(Self { name, report, report_path, state_path, state, progress })
    }

    fn close(self, counts: Counts, done_before: u64) -> Totals {
        // Nothing is left to go on with; a file that stays behind would only be an import that begins at its end.
        let _ = std::fs::remove_file(&self.state_path);
        let Counts { rows, taken, rejected } = counts;
        Totals { rows, taken, rejected, done_before, report: self.report.path().map(Path::to_owned) }
    }
}

impl Book for Books {
    type Error = io::Error;

    fn enter(&mut self, counts: &Counts, bad: Vec<Bad>) -> io::Result<()> {
        for bad in bad {
            self.report.add(&self.name, bad.row, &bad.id, &bad.error)?;
        }
        self.state.counts = *counts;
        self.state.report_bytes = self.report.length();
        self.state.save(&self.state_path)?;
        self.progress.show(counts.taken, counts.rejected);
        Ok(())
    }
}

/// The report of a file that says nothing else: `aed.csv.rejected.csv`.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".rejected.csv");
    path.with_file_name(name)
}
