//! `machi import`: files full of entities.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use machi_connect::{Mapping, OpenError};
use machi_http::{Language, Text};
use machi_types::{Iri, TenantId};

use super::{print, print_line};
use crate::import::{City, FileError, Settings, Totals, import_file, proposal};
use crate::said::{Told, in_language};

/// Which files are loaded, and how.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub struct ImportArgs {
    /// NGSI-LD JSON or NDJSON, GeoJSON or CSV
    #[arg(value_name = "FILE", required = true)]
    pub files: Vec<PathBuf>,
    /// How the columns of a CSV or the properties of a GeoJSON become attributes
    #[arg(long, value_name = "FILE")]
    pub mapping: Option<PathBuf>,
    /// Print a mapping to begin with, and import nothing
    #[arg(long)]
    pub propose: bool,
    /// The encoding of CSV files, where it is not recognised
    #[arg(long, value_enum)]
    pub encoding: Option<Encoding>,
    /// The @context of entities that carry none
    #[arg(long, value_name = "URL")]
    pub context: Option<Iri>,
    /// Into which tenant
    #[arg(long, value_name = "TENANT")]
    pub tenant: Option<TenantId>,
    /// Leave attributes as they are that a row does not name
    #[arg(long)]
    pub update: bool,
    /// Where the running city listens
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8080")]
    pub server: String,
    /// Where the report of refused rows is written [default: FILE.rejected.csv]
    #[arg(long, value_name = "FILE")]
    pub report: Option<PathBuf>,
    /// Begin anew, even if an earlier run was interrupted
    #[arg(long)]
    pub restart: bool,
}

pub(super) const EXAMPLES: &str = "\
Examples:
  machi import --propose aed.csv > aed.toml
      write a mapping to begin with
  machi import --mapping aed.toml aed.csv
      import the file; UTF-8 and CP932 are recognised
  machi import entities.ndjson roads.jsonld
      import what is NGSI-LD already

The code is 0 if all rows were taken, 3 if some were refused (the report says why), and 1 if the import
did not come to its end; then the same command goes on where it stopped.";

/// An encoding of text files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Encoding {
    /// UTF-8, with or without a byte order mark
    Utf8,
    /// Shift JIS as Windows writes it
    Cp932,
}

/// All files were read to their end, and some rows were refused.
#[derive(Debug, thiserror::Error)]
#[error("rows refused: {0}; the report says what is wrong with each, and what would be right")]
pub struct RowsRefused(pub(crate) u64);

impl From<Encoding> for machi_connect::Encoding {
    fn from(encoding: Encoding) -> Self {
        match encoding {
            Encoding::Utf8 => Self::Utf8,
            Encoding::Cp932 => Self::Cp932,
        }
    }
}

pub(super) fn run(arguments: &ImportArgs, language: Language) -> Result<(), Box<dyn Error>> {
    if arguments.propose {
        return propose(arguments);
    }
    if arguments.report.is_some() && arguments.files.len() > 1 {
        return Err(Box::new(Told::new(
            "--report takes the rows of one file; without it each file has a report of its own",
            "--reportは1つのファイルにだけ使えます。省くと、ファイルごとに記録を作ります",
        )));
    }
    let settings = settings(arguments, language)?;
    let city = City::new(&arguments.server, arguments.tenant.as_ref(), arguments.update, language)?;
    let mut refused = 0;
    for file in &arguments.files {
        let totals = import_file(file, &settings, &city).map_err(|error| explained(error, language))?;
        refused += totals.rejected;
        print_line(&format!("{}: {}", file.display(), told(&totals).in_language(language)))?;
    }
    if refused == 0 { Ok(()) } else { Err(Box::new(RowsRefused(refused))) }
}

fn propose(arguments: &ImportArgs) -> Result<(), Box<dyn Error>> {
    for file in &arguments.files {
        print(&proposal(file, arguments.encoding.map(Into::into))?)?;
    }
    Ok(())
}

fn settings(arguments: &ImportArgs, language: Language) -> Result<Settings, Box<dyn Error>> {
    let (mut mapping, mut mapping_text) = (None, String::new());
    if let Some(path) = &arguments.mapping {
        let fail = |error: &(dyn Error + 'static)| {
            let [en, ja] = [Language::English, Language::Japanese].map(|language| in_language(error, language));
            let path = path.display();
            Told::new(format!("the mapping {path} cannot be used: {en}"), format!("対応表{path}を使用できません: {ja}"))
        };
        mapping_text = fs::read_to_string(path).map_err(|error| fail(&error))?;
        mapping = Some(Mapping::parse(&mapping_text).map_err(|error| fail(&error))?);
    }
    let ImportArgs { encoding, context, tenant, update, .. } = arguments;
    let mapping_hash = xxhash_rust::xxh3::xxh3_64(mapping_text.as_bytes());
    Ok(Settings {
        mapping,
        encoding: encoding.map(Into::into),
        context: context.clone(),
        report: arguments.report.clone(),
        restart: arguments.restart,
        language,
        sameness: format!("{encoding:?} {context:?} {tenant:?} {update} {mapping_hash:016x}"),
    })
}

/// Where a mapping is what is missing, the error ends with one to begin with.
fn explained(error: FileError, language: Language) -> Box<dyn Error> {
    match error {
        FileError::Open { path, source: source @ OpenError::NeedsMapping { .. } } => {
            let OpenError::NeedsMapping { proposal } = &source else { return source.into() };
            let path = path.display();
            let command = format!("machi import --propose {path}");
            let what = in_language(&source, language);
            Box::new(Told::new(
                format!("{path}: {what}. This is one to begin with ({command} prints it too):\n\n{proposal}"),
                format!("{path}: {what}。ひな形は次のとおりです({command}でも表示できます):\n\n{proposal}"),
            ))
        }
        other => other.into(),
    }
}

fn told(totals: &Totals) -> Text {
    let Totals { rows, taken, rejected, done_before, report } = totals;
    let mut en = format!("{rows} rows, {taken} taken, {rejected} rejected");
    let mut ja = format!("{rows}行のうち、取り込み{taken}、除外{rejected}");
    if *done_before > 0 {
        let _ = write!(en, ", {done_before} of them in an earlier run");
        let _ = write!(ja, "(前回までに{done_before}行)");
    }
    if let Some(report) = report {
        let _ = write!(en, "; the report is {}", report.display());
        let _ = write!(ja, "。記録は{}", report.display());
    }
    Text::both(en, ja)
}
