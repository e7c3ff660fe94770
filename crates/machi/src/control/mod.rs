//! What the command line asks of a city: backup, verify, tenants, contexts, believe the clock.
//!
//! A running city writes its address and a secret to the file `control` in its folder, which only its own
//! user may read. Whoever holds the secret may command it; nobody else, from whichever address.

mod commands;

use std::error::Error;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use axum::body::to_bytes;
use axum::extract::{Path as UrlPath, Request, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderValue, StatusCode, header};
use machi_http::client::{Client, ClientRequest, ClientSettings, Egress};
use machi_http::{Language, Problem, Text, language_of};
use machi_store::StoreError;
use machi_store_embedded::DataFolder;
use machi_types::ErrorKind;
use tokio::runtime::Runtime;

pub use commands::{Asked, Commanded};

use crate::config::{Config, overrides};
use crate::{ground, past, wiring};

/// The file with address and secret.
const FILE: &str = "control";
/// The longest command; a @context travels in one.
const LARGEST: usize = 64 << 20;
/// A backup or a check of a large city takes its time.
const PATIENCE: Duration = Duration::from_hours(24);
/// How long a process may hold the folder without saying where it listens: it reads the data first.
const SETTLING: Duration = Duration::from_secs(10);
/// How soon after that is looked again.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// Why a running city could not be asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// The file cannot be read or written.
    #[error("{}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// The city answered with an error.
    #[error("the running city says: {0}")]
    Refused(String),
    /// No process runs the city, and only a running one can do this.
    #[error("no city runs in {}", data.display())]
    NotRunning {
        /// The folder.
        data: PathBuf,
    },
    /// Nothing lies in the folder.
    #[error("{} holds no city", data.display())]
    NoCity {
        /// The folder.
        data: PathBuf,
    },
    /// The client cannot be made.
    #[error("cannot ask the running city: {0}")]
    Client(String),
}

/// The running city's side.
#[derive(Clone)]
struct Control {
    secret: Arc<str>,
    city: Commanded,
}

/// A file that goes when the city closes.
#[derive(Debug)]
pub struct ControlFile(PathBuf);

impl Drop for ControlFile {
    fn drop(&mut self) {
        // One that stays behind names an address where nobody listens any more.
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes the file of a city that now listens.
pub fn announce(data: &Path, address: SocketAddr, secret: &str) -> Result<ControlFile, ControlError> {
    let path = data.join(FILE);
    let fail = |source| ControlError::File { path: path.clone(), source };
    // One from before may have other rights.
    let _ = fs::remove_file(&path);
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(fail)?;
    writeln!(file, "http://{address} {secret}").map_err(fail)?;
    Ok(ControlFile(path))
}

/// The endpoint behind the file. It is no part of the public API.
pub fn router(city: Commanded, secret: &str) -> axum::Router {
    axum::Router::new()
        .route("/machi/v1/control/{command}", post(answer))
        .with_state(Control { secret: Arc::from(secret), city })
}

async fn answer(
    State(control): State<Control>,
    UrlPath(command): UrlPath<String>,
    request: Request,
) -> Result<Response, Problem> {
    let wanted = HeaderValue::from_str(&format!("Bearer {}", control.secret)).ok();
    if wanted.is_none() || request.headers().get(header::AUTHORIZATION) != wanted.as_ref() {
        return Err(Problem::new(
            ErrorKind::ResourceNotFound,
            Text::both("there is nothing here", "ここには何もありません"),
        ));
    }
    let language = language_of(request.headers());
    // Only now, for strangers' bodies are nobody's business.
    let body = to_bytes(request.into_body(), LARGEST).await.map_err(Problem::internal)?;
    let Some(asked) = Asked::read(&command, &body) else {
        return Err(Problem::new(
            ErrorKind::BadRequestData,
            Text::both(
                "this city does not know the command; use the machi that runs it",
                "稼働中の都市がこのコマンドを知りません。都市を動かしているものと同じmachiを使ってください",
            ),
        ));
    };
    let said = control.city.perform(asked).await?;
    let mut response = Response::new(said.in_language(language).to_owned().into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

/// Asks the city that runs in a folder; `None` where none does.
pub fn ask(data: &Path, asked: &Asked, language: Language) -> Result<Option<String>, ControlError> {
    let path = data.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ControlError::File { path, source }),
    };
    let Some((address, secret)) = text.trim().split_once(' ') else { return Ok(None) };
    runtime()?.block_on(send(address, secret, asked, language))
}

/// Asks the city in a folder, whether a process runs it or not.
pub fn ask_any(data: &Path, asked: Asked, language: Language) -> Result<String, Box<dyn Error>> {
    match find(data, &asked, language, DataFolder::open)? {
        Found::Running(said) => Ok(said),
        Found::Resting(folder) => ask_resting(folder, data, asked, language),
    }
}

/// Checks the city in a folder: one that runs does it itself, and one that rests stays as it is.
pub fn verify(data: &Path, language: Language) -> Result<String, Box<dyn Error>> {
    if ground::is_in_database(data)? {
        return ask_any(data, Asked::Verify, language);
    }
    match find(data, &Asked::Verify, language, wiring::verify_resting)? {
        Found::Running(said) => Ok(said),
        Found::Resting(verified) => {
            let archived = past::verify_resting(data)?;
            Ok(commands::whole(&verified, archived).in_language(language).to_owned())
        }
    }
}

/// A city in a folder.
enum Found<T> {
    /// It runs, and this is what it said.
    Running(String),
    /// It rests, and this is what came of opening it.
    Resting(T),
}

/// Asks the city in a folder, or opens it; one that is about to start or to end is waited for.
fn find<T>(
    data: &Path,
    asked: &Asked,
    language: Language,
    open: impl Fn(&Path) -> Result<T, StoreError>,
) -> Result<Found<T>, Box<dyn Error>> {
    let give_up = Instant::now() + SETTLING;
    loop {
        if let Some(said) = ask(data, asked, language)? {
            return Ok(Found::Running(said));
        }
        if !DataFolder::is_there(data) {
            return Err(ControlError::NoCity { data: data.to_owned() }.into());
        }
        match open(data) {
            Err(StoreError::InUse { .. }) if Instant::now() < give_up => thread::sleep(ASK_AGAIN),
            opened => return Ok(Found::Resting(opened?)),
        }
    }
}

/// Opens a city that no process runs, asks it, and closes it.
fn ask_resting(folder: DataFolder, data: &Path, asked: Asked, language: Language) -> Result<String, Box<dyn Error>> {
    let mut config = past::of_resting(data)?;
    if ground::is_in_database(data)? {
        config.store.url = Config::load(None, &overrides())?.store.url;
    }
    runtime()?.block_on(async {
        let city = wiring::resting(&config, folder).await?;
        city.broker.end_restores().await?;
        let said = city.perform(asked).await;
        city.ground.close().await;
        match said {
            Ok(said) => Ok(said.in_language(language).to_owned()),
            Err(problem) => Err(problem.detail(language).to_owned().into()),
        }
    })
}

fn runtime() -> Result<Runtime, ControlError> {
    let built = tokio::runtime::Builder::new_current_thread().enable_all().build();
    built.map_err(|error| ControlError::Client(error.to_string()))
}

async fn send(address: &str, secret: &str, asked: &Asked, language: Language) -> Result<Option<String>, ControlError> {
    let (command, body) = asked.write();
    let client = client().map_err(ControlError::Client)?;
    let mut request = ClientRequest::post(format!("{address}/machi/v1/control/{command}"), body.to_text());
    request.headers.insert(header::ACCEPT_LANGUAGE, HeaderValue::from_static(language.tag()));
    let bearer = HeaderValue::from_str(&format!("Bearer {secret}"));
    request.headers.insert(header::AUTHORIZATION, bearer.map_err(|error| ControlError::Client(error.to_string()))?);
    request.patience = PATIENCE;
    match client.send(request).await {
        Ok(answer) if answer.status == StatusCode::OK => Ok(Some(String::from_utf8_lossy(&answer.body).into_owned())),
        Ok(answer) => Err(ControlError::Refused(detail(&answer.body))),
        // The file is of a city that ended without clearing up.
        Err(_) => Ok(None),
    }
}

fn client() -> Result<Client, String> {
    let settings = ClientSettings {
        egress: Egress::everywhere(),
        authorities: None,
        connect_patience: Duration::from_secs(2),
        kept_per_host: 1,
        kept_for: Duration::from_secs(1),
    };
    Client::new(settings).map_err(|error| error.to_string())
}

/// The detail of a problem, or whatever was answered instead.
fn detail(body: &[u8]) -> String {
    let problem = machi_types::json::parse(body, 8).ok();
    let detail = problem.as_ref().and_then(|problem| problem.get("detail")?.as_str());
    detail.map_or_else(|| String::from_utf8_lossy(body).into_owned(), str::to_owned)
}

/// A secret for one run, from the system's randomness.
pub fn secret() -> String {
    use std::hash::{BuildHasher, Hasher};
    let word = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
