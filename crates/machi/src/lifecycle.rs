//! The life of a city: start, one line when ready, work, and an orderly end.

use std::fmt;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machi_http::client::TrustError;
use machi_http::edge::Peers;
use machi_http::metrics::Registry;
use machi_http::server::Server;
use machi_http::{Shutdown, ShutdownTrigger, shutdown};
use machi_store_embedded::DataFolder;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tracing::{info, warn};

use crate::config::Config;
use crate::control::{self, ControlError};
use crate::said::Told;
use crate::wiring::{self, City};

/// How long the end may take after the requests at work; what is not written out by then is in the journal.
const WRITING_OUT: Duration = Duration::from_millis(500);
/// How long the runtime may take to end what is left over after that.
const LAST_WORDS: Duration = Duration::from_millis(300);

/// What a city is started with.
#[derive(Debug)]
pub struct Start {
    /// Its settings, command line included.
    pub config: Config,
    /// Who may come in.
    pub peers: Peers,
    /// What begins when the city is ready.
    pub companion: Option<Companion>,
}

/// What runs beside a city from when it is ready until it closes; it is told where the city listens.
pub struct Companion(pub Box<dyn FnOnce(SocketAddr, Shutdown) + Send>);

impl fmt::Debug for Companion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Companion").finish_non_exhaustive()
    }
}

/// Why a city does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its store cannot be opened.
    #[error("the city's data cannot be opened")]
    Store(#[from] machi_store::StoreError),
    /// It lies somewhere else.
    #[error("this is not the place of the city")]
    Elsewhere(#[source] Told),
    /// Its past cannot be opened.
    #[error("the city's past cannot be opened")]
    Archive(#[from] machi_archive::ArchiveError),
    /// The bucket of its past cannot be used.
    #[error("the city's past cannot be opened")]
    Bucket(#[source] Told),
    /// The file for the command line cannot be written.
    #[error("the file by which the command line finds the city cannot be written")]
    Control(#[from] ControlError),
    /// What an unfinished restore left cannot be cleared away.
    #[error("what an unfinished restore of a tenant left cannot be cleared away")]
    Restore(#[from] machi_face::FaceError),
    /// Another program has the port.
    #[error(
        "{listen} is in use by another program; stop that one, or choose another port with --listen (port 0 takes any free one)"
    )]
    PortTaken {
        /// The address.
        listen: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on {listen}; choose an address of this machine, and a port from 1024 on where this user is not root"
    )]
    Listen {
        /// The address.
        listen: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// Another program has the port for clients of PostgreSQL.
    #[error("{address} ([sql] address) is in use by another program; stop that one, or choose another port")]
    SqlPortTaken {
        /// The address.
        address: SocketAddr,
    },
    /// The address for clients of PostgreSQL cannot be listened on.
    #[error(
        "cannot listen on {address} ([sql] address); choose an address of this machine, and a port from 1024 on where this user is not root"
    )]
    SqlListen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: io::Error,
    },
    /// This program does not speak SQL.
    #[error("[sql] address is set, and this program is built without SQL; build it with make up FEATURES=sql")]
    WithoutSql,
    /// The certification authorities cannot be used.
    #[error("[egress] authorities cannot be used")]
    Trust(#[from] TrustError),
    /// The system gives no threads or signals.
    #[error("the runtime cannot start")]
    Runtime(#[source] io::Error),
}

/// Runs a city until SIGTERM or SIGINT.
pub fn run(start: Start) -> Result<(), StartError> {
    let runtime = Builder::new_multi_thread().enable_all().build().map_err(StartError::Runtime)?;
    let result = runtime.block_on(serve(start));
    runtime.shutdown_timeout(LAST_WORDS);
    result
}

async fn serve(start: Start) -> Result<(), StartError> {
    let Start { config, peers, companion } = start;
    // Before anything else, so that a signal during the start is not lost.
    let signals = Signals::listen().map_err(StartError::Runtime)?;
    raise_file_limit();
    // What can be wrong is found out before the data is read, which may take a while.
    wiring::check(&config)?;
    let folder = DataFolder::open(&config.store.path)?;
    let registry = Arc::new(Registry::new());
    let server = bind(&config, &registry)?;
    let address = server.address().map_err(StartError::Runtime)?;
    #[cfg(feature = "sql")]
    let listener = crate::sql::bind(&config, &peers)?;
    let edge = wiring::edge(&config, peers, &registry);
    let (trigger, heard) = shutdown();
    let trigger = Arc::new(trigger);
    let ended = tokio::spawn(end_on_signal(signals, Arc::clone(&trigger)));
    let mut serving = JoinSet::new();
    serving.spawn(server.run(Arc::clone(&edge), heard.clone()));
    let opened = open(&config, folder, &registry, heard.clone()).await;
    if !matches!(opened, Ok(Some(_))) {
        trigger.begin();
    }
    let Some(city) = opened? else { return Ok(()) };
    edge.open(city.router.clone(), Some(Arc::clone(&city.shortcut)));
    #[cfg(feature = "sql")]
    if let Some(listener) = listener {
        serving.spawn(listener.run(Arc::clone(&city.extras.sql), heard.clone()));
    }
    let _control = control::announce(&config.store.path, address, &city.secret)?;
    say_ready(address, &config.store.path);
    if let Some(Companion(begin)) = companion {
        begin(address, heard.clone());
    }
    end(serving, city, heard, config.server.shutdown_grace.0).await;
    ended.abort();
    info!("the city is closed");
    Ok(())
}

/// Reads the data and builds the city on it; nothing if it is told to end before.
async fn open(
    config: &Config,
    folder: DataFolder,
    registry: &Arc<Registry>,
    mut heard: Shutdown,
) -> Result<Option<City>, StartError> {
    let (settings, closing) = (config.clone(), heard.clone());
    let opening = async {
        let ground = wiring::open_ground(&settings, folder).await?;
        wiring::assemble(config, ground, registry, &closing).await
    };
    tokio::select! {
        biased;
        () = heard.begun() => Ok(None),
        opened = opening => opened.map(Some),
    }
}

/// Serves until the end is told, and then ends in time.
async fn end(serving: JoinSet<()>, city: City, mut heard: Shutdown, grace: Duration) {
    heard.begun().await;
    let end_by = Instant::now() + grace + WRITING_OUT;
    let closing = async {
        let mut serving = serving;
        while serving.join_next().await.is_some() {}
        city.close().await;
    };
    if tokio::time::timeout_at(end_by, closing).await.is_err() {
        warn!("not everything was written out in time; the next start reads it from the journal");
    }
}

fn bind(config: &Config, registry: &Registry) -> Result<Server, StartError> {
    let listen = config.server.listen;
    Server::bind(listen, wiring::server_limits(&config.server), registry).map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => StartError::PortTaken { listen },
        _ => StartError::Listen { listen, source },
    })
}

/// The one line on standard output; scripts wait for it and read the port from it.
fn say_ready(address: SocketAddr, data: &Path) {
    let mut out = io::stdout();
    // Nobody may be reading any more; the city runs all the same.
    let _ = writeln!(out, "machi ready on http://{address} data {}", data.display());
    let _ = out.flush();
    info!(server.address = %address, data.path = %data.display(), version = env!("CARGO_PKG_VERSION"), "the city is open");
}

/// The signals that end a city, or what runs beside one.
pub(crate) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(crate) fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    pub(crate) async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn end_on_signal(mut signals: Signals, trigger: Arc<ShutdownTrigger>) {
    signals.next().await;
    info!("the city closes: requests at work are finished, new ones are not taken");
    trigger.begin();
    signals.next().await;
    warn!("told to stop twice; the city ends at once");
    std::process::exit(1);
}

/// Many systems start programs with 1,024 file descriptors; every connection needs one.
fn raise_file_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    if let Err(error) = raised {
        warn!(%error, limit = limit.current, "the limit of open files could not be raised");
    }
}
