//! What the command line asks of a running city: backup, verify, believe the clock.
//!
//! A running city writes its address and a secret to the file `control` in its folder, which only its own
//! user may read. Whoever holds the secret may command it; nobody else, from whichever address.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::response::Response;
use axum::routing::post;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use machi_http::client::{Cidr, Client, ClientRequest, ClientSettings, Egress};
use machi_http::{Problem, Text};
use machi_store::StoreError;
use machi_store_embedded::{EmbeddedStore, Verified};
use machi_types::ErrorKind;

/// The file with address and secret.
const FILE: &str = "control";
/// A backup or a check of a large city takes its time.
const PATIENCE: Duration = Duration::from_hours(24);

/// What can be asked.
#[derive(Clone, Debug)]
pub enum Asked {
    /// Write a backup to this folder.
    Backup {
        /// An absolute path.
        to: PathBuf,
    },
    /// Check everything.
    Verify,
    /// Believe a clock that jumped ahead.
    AcceptClock,
}

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
    /// The client cannot be made.
    #[error("cannot ask the running city: {0}")]
    Client(String),
}

/// The running city's side.
#[derive(Clone)]
struct Control {
    secret: Arc<str>,
    store: Arc<EmbeddedStore>,
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
pub fn router(store: Arc<EmbeddedStore>, secret: &str) -> axum::Router {
    axum::Router::new()
        .route("/machi/v1/control/{command}", post(answer))
        .with_state(Control { secret: Arc::from(secret), store })
}

async fn answer(
    State(control): State<Control>,
    UrlPath(command): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Problem> {
    let wanted = HeaderValue::from_str(&format!("Bearer {}", control.secret)).ok();
    if wanted.is_none() || headers.get(header::AUTHORIZATION) != wanted.as_ref() {
        return Err(Problem::new(ErrorKind::ResourceNotFound, Text::en("there is nothing here")));
    }
    if !matches!(&*command, "backup" | "verify" | "clock") {
        return Err(Problem::new(ErrorKind::ResourceNotFound, Text::en("there is no such command")));
    }
    let store = control.store;
    let done = tokio::task::spawn_blocking(move || match &*command {
        "backup" => {
            let to = PathBuf::from(String::from_utf8_lossy(&body).into_owned());
            store.backup(&to).map(|position| position.to_string())
        }
        "verify" => store.verify().map(|verified| describe(&verified)),
        _ => store.accept_clock().map(|()| "the clock is believed".to_owned()),
    });
    let text = done.await.map_err(Problem::internal)?.map_err(refused)?;
    let mut response = Response::new(text.into());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    Ok(response)
}

fn refused(error: StoreError) -> Problem {
    Problem::new(ErrorKind::BadRequestData, Text::en(error.to_string())).because(error)
}

/// Asks the city that runs in a folder; `None` where none does.
pub fn ask(data: &Path, asked: &Asked) -> Result<Option<String>, ControlError> {
    let path = data.join(FILE);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(ControlError::File { path, source }),
    };
    let Some((address, secret)) = text.trim().split_once(' ') else { return Ok(None) };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| ControlError::Client(error.to_string()))?;
    runtime.block_on(send(address, secret, asked))
}

async fn send(address: &str, secret: &str, asked: &Asked) -> Result<Option<String>, ControlError> {
    let (command, body) = match asked {
        Asked::Backup { to } => ("backup", to.to_string_lossy().into_owned()),
        Asked::Verify => ("verify", String::new()),
        Asked::AcceptClock => ("clock", String::new()),
    };
    let client = client().map_err(ControlError::Client)?;
    let mut request = ClientRequest::post(format!("{address}/machi/v1/control/{command}"), body);
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
    let everywhere = ["0.0.0.0/0", "::/0"].map(|cidr| cidr.parse::<Cidr>().expect("both are well formed"));
    let settings = ClientSettings {
        egress: Egress::allowing(everywhere.to_vec()),
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

/// What a check has seen, as a sentence.
pub fn describe(verified: &Verified) -> String {
    format!("{} documents, {} commits, {} facets", verified.documents, verified.commits, verified.facets)
}

/// A secret for one run, from the system's randomness.
pub fn secret() -> String {
    use std::hash::{BuildHasher, Hasher};
    let word = || std::hash::RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", word(), word())
}
