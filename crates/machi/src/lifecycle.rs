//! The life of a city: start, one line when ready, work, and an orderly end.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use machi_http::client::TrustError;
use machi_http::edge::Peers;
use machi_http::server::Server;
use machi_http::{ShutdownTrigger, shutdown};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{info, warn};

use crate::config::Config;
use crate::control::{self, ControlError};
use crate::data_folder::{DataFolder, DataFolderError};
use crate::wiring;

/// How long the runtime may take to end what the grace has left over.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// What a city is started with.
#[derive(Debug)]
pub struct Start {
    /// Its settings, command line included.
    pub config: Config,
    /// Who may come in.
    pub peers: Peers,
}

/// Why a city does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Its folder cannot be used.
    #[error(transparent)]
    DataFolder(#[from] DataFolderError),
    /// Its store cannot be opened.
    #[error("the city's data cannot be opened")]
    Store(#[from] machi_store::StoreError),
    /// The file for the command line cannot be written.
    #[error("the file by which the command line finds the city cannot be written")]
    Control(#[from] ControlError),
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
    /// The certification authorities cannot be used.
    #[error("[egress] authorities cannot be used")]
    Trust(#[from] TrustError),
    /// An origin is no origin.
    #[error("[server] origins holds \"{0}\", which is no origin; one looks like https://portal.example.jp")]
    Origin(String),
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
    let Start { config, peers } = start;
    // Before anything else, so that a signal during the start is not lost.
    let signals = Signals::listen().map_err(StartError::Runtime)?;
    raise_file_limit();
    let data = DataFolder::open(&config.store.path)?;
    let (trigger, heard) = shutdown();
    let store = wiring::open_store(&config)?;
    let city = wiring::assemble(&config, peers, store, &heard).await?;
    let server = bind(&config, &city)?;
    let address = server.address().map_err(StartError::Runtime)?;
    let ended = tokio::spawn(end_on_signal(signals, trigger));
    let _control = control::announce(data.path(), address, &city.secret)?;
    say_ready(address, data.path());
    server.run(Arc::clone(&city.edge), heard).await;
    city.close().await;
    ended.abort();
    info!("the city is closed");
    Ok(())
}

fn bind(config: &Config, city: &wiring::City) -> Result<Server, StartError> {
    let listen = config.server.listen;
    Server::bind(listen, wiring::server_limits(&config.server), &city.registry).map_err(|source| match source.kind() {
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

/// The signals that end a city.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())? })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

async fn end_on_signal(mut signals: Signals, trigger: ShutdownTrigger) {
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
