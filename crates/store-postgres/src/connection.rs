//! Connections to PostgreSQL, and transactions that end when nobody holds them any more.

use std::error::Error as _;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use deadpool_postgres::{Connect, Manager, ManagerConfig, Object, Pool, RecyclingMethod, Runtime};
use machi_store::StoreError;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::error;

/// Where PostgreSQL is, and how it is used.
#[derive(Clone, Debug)]
pub struct Options {
    /// The database, as libpq writes it: `postgres://user:password@host/database`, or `host=... dbname=...`.
    pub url: String,
    /// How many connections one process holds at most.
    pub connections: usize,
    /// How long a question waits for a connection.
    pub patience: Duration,
}

impl Options {
    /// The usual ones for a database.
    pub fn new(url: &str) -> Self {
        Self { url: url.to_owned(), connections: 32, patience: Duration::from_secs(5) }
    }

    /// Finds out whether the database is named as it should be, without asking it.
    pub fn check(&self) -> Result<(), StoreError> {
        self.config().map(drop)
    }

    /// A connection beside those of the pool, and what serves it until it ends.
    pub(crate) async fn connect(&self) -> Result<(Client, JoinHandle<()>), StoreError> {
        connect(&self.config()?).await.map_err(|error| error::engine(&error))
    }

    fn config(&self) -> Result<Config, StoreError> {
        let mut config: Config = self.url.parse().map_err(|error: Error| {
            let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            StoreError::Unnamed(reason)
        })?;
        if config.get_hosts().is_empty() {
            return Err(StoreError::Unnamed("it names no host".to_owned()));
        }
        if config.get_application_name().is_none() {
            config.application_name("machi");
        }
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(self.patience);
        }
        Ok(config)
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Purpose {
    /// It reads one instant.
    Read,
    /// It writes what must be durable before it is acknowledged.
    Write,
}

impl Purpose {
    /// How it begins. What is said here ends with the transaction, so that it also holds behind a pooler.
    fn beginning(self) -> &'static str {
        match self {
            Self::Read => {
                "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
                 SET LOCAL idle_in_transaction_session_timeout = '60s'"
            }
            Self::Write => {
                "BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL synchronous_commit = on; \
                 SET LOCAL lock_timeout = '5s'; SET LOCAL idle_in_transaction_session_timeout = '10s'"
            }
        }
    }
}

/// Connections of one process.
#[derive(Clone, Debug)]
pub(crate) struct Connections {
    pool: Pool,
    runtime: Handle,
}

impl Connections {
    pub(crate) fn new(options: &Options) -> Result<Self, StoreError> {
        let recycled = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let runtime = Handle::current();
        let manager = Manager::from_connect(options.config()?, OnRuntime(runtime.clone()), recycled);
        let pool = Pool::builder(manager)
            .max_size(options.connections)
            .runtime(Runtime::Tokio1)
            .wait_timeout(Some(options.patience))
            .create_timeout(Some(options.patience))
            .build();
        let pool = pool.map_err(|error| StoreError::Engine(error.to_string()))?;
        Ok(Self { pool, runtime })
    }

    /// A connection for single statements.
    pub(crate) async fn get(&self) -> Result<Object, StoreError> {
        self.pool.get().await.map_err(|error| error::pool(&error))
    }

    /// A connection on which a transaction may be begun.
    pub(crate) async fn hold(&self) -> Result<Held, StoreError> {
        Ok(Held { object: Some(self.get().await?), runtime: self.runtime.clone() })
    }
}

/// Connects, and serves connections, on one runtime, whoever asks for one: others may be busy or end before.
#[derive(Debug)]
struct OnRuntime(Handle);

impl Connect for OnRuntime {
    fn connect(&self, config: &Config) -> Connecting<'_> {
        let config = config.clone();
        Box::pin(async move {
            match self.0.spawn(async move { connect(&config).await }).await {
                Ok(connected) => connected,
                // The runtime has ended, and whoever waits ends with it.
                Err(_) => std::future::pending().await,
            }
        })
    }
}

/// Connects, and serves the connection on the runtime that this is done on.
async fn connect(config: &Config) -> Result<(Client, JoinHandle<()>), Error> {
    let (client, connection) = config.connect(NoTls).await?;
    let serving = tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(%error, "a connection to PostgreSQL broke off");
        }
    });
    Ok((client, serving))
}

type Connecting<'a> = Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + 'a>>;

/// A connection in a transaction. What is not committed is rolled back when it is dropped.
#[derive(Debug)]
pub(crate) struct Held {
    object: Option<Object>,
    runtime: Handle,
}

impl Held {
    /// Begins the transaction; may be sent off together with what follows.
    pub(crate) async fn begin(&self, purpose: Purpose) -> Result<(), tokio_postgres::Error> {
        self.batch_execute(purpose.beginning()).await
    }

    /// Commits what was written; may be sent off together with what comes before.
    pub(crate) async fn commit(&self) -> Result<(), tokio_postgres::Error> {
        self.batch_execute("COMMIT").await
    }

    /// Gives the connection back: its transaction has ended.
    pub(crate) fn ended(mut self) {
        self.object.take();
    }
}

impl Deref for Held {
    type Target = Client;

    fn deref(&self) -> &Client {
        self.object.as_ref().expect("a held connection is there until it has ended")
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let Some(object) = self.object.take() else { return };
        self.runtime.spawn(async move {
            if object.batch_execute("ROLLBACK").await.is_err() {
                // A connection in an unknown state serves nobody else.
                drop(Object::take(object));
            }
        });
    }
}
