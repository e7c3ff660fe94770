//! `POST /machi/v1/import`

use std::io;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::header::CONTENT_LANGUAGE;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode};
use machi_connect::{Encoding, EncodingDetector, Format, OpenError, Rows, Source};
use machi_http::answer::representation;
use machi_http::openapi::{Content, Operation, Schema};
use machi_http::request::{Arrival, MediaType};
use machi_http::{Language, Problem, Shutdown, Text};
use machi_types::{ErrorKind, Json};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::arriving::{Arriving, Piece};
use super::asked::Asked;
use super::inside::Inside;
use super::listed::{self, Listed};
use super::places::Place;
use super::upload::{Told, Upload};
use super::{Importing, taking_a_file};
use crate::import::intake::{Counts, Halt, Kind, take_in};
use crate::import::upsert::Manner;

const PARAMETERS: &[&str] = &["encoding", "options"];

pub(super) fn operation() -> Operation {
    let report = || Some(Content::json(listed::schema(), listed::example()));
    let operation = Operation::new(Method::POST, "/machi/v1/import", "importFile", "Import a file")
        .description("Each row of the file becomes an entity, as with `machi import`: created where it does not exist, replaced where it does. The file is read as it comes, within the limit [limits] import_body; what the report counts as taken is durable. A row that is wrong is left out, and the others go on. Where the import ends before the file does, the problem has a member \"report\" that tells how far it came; sent again, the file gives the same entities. A CSV and a GeoJSON may need a mapping, which comes with the file in a form: `curl -F mapping=@MAPPING -F file=@FILE`; without it, and where the columns do not tell the entities' ids and types, the problem has a member \"proposal\", a mapping to begin with.")
        .in_query("options", Schema::one_of(&["replace", "update"]), "With update, attributes that a row does not name stay as they are.")
        .in_header("Link", Schema::string(), "The @context of entities that carry none; it goes before that of the mapping.")
        .in_header("NGSILD-Tenant", Schema::string(), "The tenant into which entities go.");
    taking_a_file(operation)
        .answers(StatusCode::OK, "All rows were taken.", report())
        .answers(StatusCode::MULTI_STATUS, "Some rows were rejected.", report())
        .answers(StatusCode::BAD_REQUEST, "The file, the mapping or a parameter is not as it should be.", None)
        .answers(StatusCode::PAYLOAD_TOO_LARGE, "The file is longer than [limits] import_body.", None)
        .answers(StatusCode::UNSUPPORTED_MEDIA_TYPE, "The file is of a type that is not taken.", None)
        .answers(StatusCode::SERVICE_UNAVAILABLE, "Too many imports are at work, or the city cannot write now.", None)
}

pub(super) async fn handle(State(importing): State<Arc<Importing>>, request: Request) -> Result<Response, Problem> {
    let (parts, body) = request.into_parts();
    let mut upload = Upload::new(&parts.headers, body, importing.largest)?;
    match load(&importing, &parts, &mut upload).await {
        Ok(response) => Ok(response),
        Err(problem) => Err(upload.leave(problem).await),
    }
}

async fn load(importing: &Arc<Importing>, parts: &Parts, upload: &mut Upload) -> Result<Response, Problem> {
    let asked = Asked::of(parts, PARAMETERS)?;
    let place = importing.places.take(&asked.tenant)?;
    let file = upload.file().await?;
    let (sender, work) = begin(importing, parts, &asked, file, place);
    let fed = feed(upload, sender, importing.heard.clone()).await;
    let done = work.await.map_err(Problem::internal)?;
    done.answer(fed, asked.language)
}

/// Begins to read rows, on a thread of its own, as it waits for the body and for the city by turns.
fn begin(
    importing: &Importing,
    parts: &Parts,
    asked: &Asked,
    file: Told,
    place: Place,
) -> (mpsc::Sender<Piece>, tokio::task::JoinHandle<Done>) {
    let Told { media, mapping, head } = file;
    let context = asked.context.clone().or_else(|| mapping.as_ref()?.context.clone());
    let told = asked.encoding.or(media.encoding).or(mapping.as_ref().and_then(|mapping| mapping.encoding));
    let source = Source { format: media.format(&head), encoding: told.or_else(|| encoding_of(&head)), mapping };
    let door = Inside {
        doors: importing.doors.clone(),
        manner: Manner::new(Some(&asked.tenant), asked.update, asked.language),
        context,
        arrival: parts.extensions.get::<Arrival>().copied(),
        runtime: Handle::current(),
    };
    let listed = Listed::new(importing.report, asked.language);
    let (sender, arriving) = Arriving::after(head);
    let work = tokio::task::spawn_blocking(move || {
        let _place = place;
        work(arriving, source, &door, listed)
    });
    (sender, work)
}

/// The encoding, as far as the beginning of a file tells it.
pub(super) fn encoding_of(head: &[u8]) -> Option<Encoding> {
    let mut detector = EncodingDetector::default();
    detector.push(head);
    detector.so_far()
}

/// Hands the body over, piece by piece, as long as anybody takes it.
async fn feed(upload: &mut Upload, sender: mpsc::Sender<Piece>, mut heard: Shutdown) -> Result<(), Problem> {
    loop {
        let piece = tokio::select! {
            biased;
            () = heard.begun() => return Err(closing()),
            piece = upload.next() => piece?,
        };
        let is_end = piece.is_none();
        let taken = sender.send(piece.map_or(Piece::End, Piece::Some)).await;
        if is_end || taken.is_err() {
            return Ok(());
        }
    }
}

fn work(arriving: Arriving, source: Source, door: &Inside, mut listed: Listed) -> Done {
    let format = source.format;
    let kind = Kind::by(source.mapping.as_ref());
    let mut rows = match Rows::open(Box::new(arriving), source) {
        Ok(rows) => rows,
        Err(error) => return Done { format, encoding: None, listed, ended: Err(Broken::Opening(error)) },
    };
    let mut counts = Counts::default();
    let ended = take_in(&mut rows, kind, door, &mut listed, &mut counts).map_err(|halt| match halt {
        Halt::Reading(error) => Broken::Reading(error),
        Halt::City(problem) => Broken::City(problem),
        Halt::Book(never) => match never {},
    });
    Done { format, encoding: rows.encoding(), listed, ended }
}

/// What became of an import.
struct Done {
    format: Format,
    encoding: Option<Encoding>,
    listed: Listed,
    ended: Result<(), Broken>,
}

/// Why an import ended before its file did.
enum Broken {
    Opening(OpenError),
    Reading(io::Error),
    City(Problem),
}

impl Done {
    fn answer(self, fed: Result<(), Problem>, language: Language) -> Result<Response, Problem> {
        let has_rejected = self.listed.has_rejected();
        let mut file = vec![("format", Json::from(self.format.name()))];
        file.extend(self.encoding.map(|encoding| ("encoding", Json::from(name_of(encoding)))));
        let report = self.listed.into_json(file);
        match (self.ended, fed) {
            (Ok(()), Ok(())) => Ok(told(&report, has_rejected, language)),
            (Err(Broken::City(problem)), _) | (_, Err(problem)) => Err(problem.with_member("report", report)),
            (Err(Broken::Opening(error)), Ok(())) => Err(unreadable(&error)),
            (Err(Broken::Reading(error)), Ok(())) => Err(Problem::internal(error)),
        }
    }
}

fn told(report: &Json<'static>, has_rejected: bool, language: Language) -> Response {
    let mut response = representation(MediaType::Json, Bytes::from(report.to_text()));
    if has_rejected {
        *response.status_mut() = StatusCode::MULTI_STATUS;
    }
    response.headers_mut().insert(CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response
}

fn name_of(encoding: Encoding) -> &'static str {
    match encoding {
        Encoding::Utf8 => "utf8",
        Encoding::Cp932 => "cp932",
    }
}

/// A file that is no table, or whose columns need a mapping.
pub(super) fn unreadable(error: &OpenError) -> Problem {
    match error {
        OpenError::Header(text) => Problem::new(ErrorKind::BadRequestData, text.clone()),
        OpenError::NeedsMapping { proposal } => Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                "the columns do not tell an entity's id and type; say them in a mapping, which comes with the file in a form (curl -F mapping=@MAPPING -F file=@FILE); \"proposal\" is one to begin with",
                "列だけではエンティティのIDと型が分かりません。対応表をファイルとともにフォームで送ってください(curl -F mapping=@対応表 -F file=@ファイル)。\"proposal\"がひな形です",
            ),
        )
        .with_member("proposal", Json::from(proposal.clone())),
        OpenError::Io(error) => Problem::internal(error.to_string()),
    }
}

fn closing() -> Problem {
    Problem::new(
        ErrorKind::Unavailable,
        Text::both(
            "the city closes, and the import ends here; send the file again when it is back",
            "都市が終了するため、取り込みを中断しました。再開後にもう一度送信してください",
        ),
    )
}
