//! Notifications over MQTT (ETSI GS CIM 009 §7): a client that only publishes, in versions 3.1.1 and 5.
//!
//! A notification counts as delivered once the broker has acknowledged it; at most once, when it is written.
//! What was not acknowledged when a connection broke has failed, and is tried again like any other.

mod message;
pub(crate) mod packet;
mod session;
mod terms;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use machi_http::client::Client;
use machi_types::TenantId;
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::domain::endpoint::{MqttTarget, MqttVersion};
use super::domain::payload::Payload;
use super::send::{Blame, Refusal};
use message::message;
use session::Job;

/// How many messages may wait for one connection.
const QUEUE: usize = 64;

/// Whom we are connected to, and as whom.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Place {
    host: String,
    port: u16,
    is_encrypted: bool,
    version: MqttVersion,
    user: Option<String>,
    password: Option<String>,
}

/// The connections to MQTT brokers.
pub(crate) struct MqttClients {
    client: Client,
    /// Names our connections, so that no broker takes two of them for one.
    name: u64,
    opened: AtomicU64,
    open: Mutex<Connections>,
}

#[derive(Default)]
struct Connections {
    sessions: FxHashMap<Place, Session>,
    /// Ends with this value, and all connections with it.
    tasks: JoinSet<()>,
}

/// A connection, as those who publish have it.
#[derive(Clone)]
struct Session {
    jobs: mpsc::Sender<Job>,
    /// Why it ended, from before it takes no more jobs.
    end: Arc<OnceLock<Refusal>>,
}

impl Session {
    /// Publishes a message and waits until it has arrived. Whoever comes too late is told why it ended.
    async fn publish(&self, job: Job, answered: oneshot::Receiver<Result<(), Refusal>>) -> Result<(), Refusal> {
        let ended = || self.end.get().cloned().unwrap_or_else(broken);
        self.jobs.send(job).await.map_err(|_| ended())?;
        answered.await.map_err(|_| ended())?
    }
}

impl MqttClients {
    pub(crate) fn new(client: Client) -> Self {
        // Only to differ from other runs of this program; a guess would gain nobody anything.
        let name = std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), 0);
        Self { client, name, opened: AtomicU64::new(0), open: Mutex::default() }
    }

    /// Publishes a notification and waits until it has arrived.
    pub(crate) async fn publish(
        &self,
        target: &MqttTarget,
        tenant: &TenantId,
        payload: &Payload,
        patience: Duration,
    ) -> Result<(), Refusal> {
        let (answer, answered) = oneshot::channel();
        let job = Job {
            topic: target.address.topic.clone(),
            message: message(&target.metadata, tenant, payload),
            quality: target.quality,
            answer,
        };
        let session = self.session(target);
        timeout(patience, session.publish(job, answered)).await.unwrap_or_else(|_| {
            Err(Refusal {
                reason: format!("no acknowledgement within {} ms", patience.as_millis()),
                blame: Blame::Silence,
            })
        })
    }

    /// The connection to a broker, opened now if there is none.
    fn session(&self, target: &MqttTarget) -> Session {
        let address = &target.address;
        let place = Place {
            host: address.host.clone(),
            port: address.port,
            is_encrypted: address.is_encrypted,
            version: target.version,
            user: address.user.clone(),
            password: address.password.clone(),
        };
        let mut open = self.open.lock();
        while open.tasks.try_join_next().is_some() {}
        if let Some(session) = open.sessions.get(&place).filter(|session| !session.jobs.is_closed()) {
            return session.clone();
        }
        open.sessions.retain(|_, session| !session.jobs.is_closed());
        let (sender, jobs) = mpsc::channel(QUEUE);
        let session = Session { jobs: sender, end: Arc::default() };
        let ways = session::Ways { jobs, end: Arc::clone(&session.end) };
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        let client_id = format!("machi{:016x}{number}", self.name);
        open.tasks.spawn(session::run(self.client.clone(), address.clone(), target.version, client_id, ways));
        open.sessions.insert(place, session.clone());
        session
    }
}

fn broken() -> Refusal {
    Refusal { reason: "the connection to the MQTT broker broke".to_owned(), blame: Blame::Host }
}

impl fmt::Debug for MqttClients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MqttClients({} connections)", self.open.lock().sessions.len())
    }
}

#[cfg(test)]
mod tests;
