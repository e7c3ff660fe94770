//! One connection to an MQTT broker, shared by all notifications that go there.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use machi_http::client::{Client, Connection};
use rustc_hash::FxHashMap;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, interval, timeout};

use super::packet::{self, Connect, Garbled, Heard, Publish, hear};
use super::terms::Terms;
use crate::subscriptions::domain::endpoint::{MqttVersion, Quality};
use crate::subscriptions::domain::mqtt_address::MqttAddress;
use crate::subscriptions::send::{Blame, Refusal};

const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// A connection that nobody used for so long is closed.
const IDLE: Duration = Duration::from_mins(1);
/// How long a broker may take to greet.
const GREETING: Duration = Duration::from_secs(10);
/// How long a broker may take what is sent to it.
const WRITING: Duration = Duration::from_secs(10);

/// How long is listened to a broker that takes no more, for what it said before it went.
const LAST_WORDS: Duration = Duration::from_millis(100);
/// How much of that is listened to.
const LAST_BYTES: usize = 64 << 10;

/// Messages that are not acknowledged yet.
const AT_ONCE: usize = 1000;

/// A message to be published, and who waits for its acknowledgement.
pub(super) struct Job {
    pub(super) topic: String,
    pub(super) message: Vec<u8>,
    pub(super) quality: Quality,
    pub(super) answer: oneshot::Sender<Result<(), Refusal>>,
}

/// How a connection and those who publish reach each other.
pub(super) struct Ways {
    pub(super) jobs: mpsc::Receiver<Job>,
    pub(super) end: Arc<OnceLock<Refusal>>,
}

/// Publishes what comes until the connection breaks, idles, or nobody is left to send.
pub(super) async fn run(client: Client, address: MqttAddress, version: MqttVersion, client_id: String, mut ways: Ways) {
    let opened = timeout(GREETING, open(&client, &address, version, &client_id)).await;
    let opened = opened.unwrap_or_else(|_| Err(unreachable(&address, "it took too long")));
    let (connection, received, terms) = match opened {
        Ok(opened) => opened,
        Err(refusal) => return ways.refuse_all(&refusal).await,
    };
    let mut session = Session {
        connection,
        received,
        version,
        terms,
        next_id: 0,
        waiting: FxHashMap::default(),
        used: Instant::now(),
    };
    let end = session.serve(&mut ways.jobs).await;
    let refusal = unreachable(&address, &end);
    for (_, answer) in session.waiting.drain() {
        let _ = answer.send(Err(refusal.clone()));
    }
    ways.refuse_all(&refusal).await;
    let _ = timeout(Duration::from_millis(100), session.connection.write_all(&packet::disconnect())).await;
}

impl Ways {
    /// Takes no more jobs, and refuses those that came; whoever comes too late finds the reason.
    async fn refuse_all(&mut self, refusal: &Refusal) {
        let _ = self.end.set(refusal.clone());
        self.jobs.close();
        // Somebody may be just about to hand over a job; that is waited for.
        while let Some(job) = self.jobs.recv().await {
            let _ = job.answer.send(Err(refusal.clone()));
        }
    }
}

fn unreachable(address: &MqttAddress, reason: &str) -> Refusal {
    Refusal {
        reason: format!("the MQTT broker {}:{} cannot be used: {reason}", address.host, address.port),
        blame: Blame::Host,
    }
}

async fn open(
    client: &Client,
    address: &MqttAddress,
    version: MqttVersion,
    client_id: &str,
) -> Result<(Connection, Vec<u8>, Terms), Refusal> {
    let connected = client.connect(&address.host, address.port, address.is_encrypted).await;
    let mut connection = connected.map_err(|error| unreachable(address, &error.to_string()))?;
    let connect = Connect {
        version,
        client_id,
        user: address.user.as_deref(),
        password: address.password.as_deref(),
        keep_alive_seconds: KEEP_ALIVE.as_secs() as u16,
    };
    // A broker may refuse and go before all of this is written: what it said is told, not that it went.
    let written = connection.write_all(&connect.encode()).await;
    let mut received = Vec::new();
    loop {
        match hear(&mut received) {
            Ok(Some(Heard::ConnAck(0, terms))) => return Ok((connection, received, terms)),
            Ok(Some(Heard::ConnAck(reason, _))) => return Err(unreachable(address, &refuses(reason))),
            Ok(Some(_)) => {}
            Ok(None) => {
                let went = match connection.read_buf(&mut received).await {
                    Ok(0) => written.as_ref().err().map_or_else(closed, ToString::to_string),
                    Ok(_) => continue,
                    Err(error) => error.to_string(),
                };
                return Err(unreachable(address, &told(&received).unwrap_or(went)));
            }
            Err(Garbled) => return Err(unreachable(address, "it does not speak MQTT")),
        }
    }
}

fn refuses(reason: u8) -> String {
    format!("it refuses the connection with reason {reason}")
}

fn ends(reason: u8) -> String {
    format!("it ends the connection with reason {reason}")
}

fn closed() -> String {
    "it closed the connection".to_owned()
}

/// The reason in a packet that was cut off.
fn told(received: &[u8]) -> Option<String> {
    match packet::cut_off(received)? {
        Heard::ConnAck(reason, _) if reason != 0 => Some(refuses(reason)),
        Heard::Disconnect(reason) => Some(ends(reason)),
        _ => None,
    }
}

struct Session {
    connection: Connection,
    received: Vec<u8>,
    version: MqttVersion,
    terms: Terms,
    next_id: u16,
    /// Who waits for which message to be acknowledged.
    waiting: FxHashMap<u16, oneshot::Sender<Result<(), Refusal>>>,
    used: Instant,
}

impl Session {
    /// Says why it ended.
    async fn serve(&mut self, jobs: &mut mpsc::Receiver<Job>) -> String {
        // MQTT 5 §3.2.2.3.14: a broker that names a time is to be heeded.
        let wished = self.terms.keep_alive_seconds.filter(|seconds| *seconds > 0);
        let keep_alive = wished.map_or(KEEP_ALIVE, |seconds| KEEP_ALIVE.min(Duration::from_secs(seconds.into())));
        let mut beat = interval(keep_alive / 2);
        beat.tick().await;
        let mut awaits_pong = false;
        let at_once = usize::from(self.terms.receive_maximum).min(AT_ONCE);
        loop {
            let ended = tokio::select! {
                job = jobs.recv(), if self.waiting.len() < at_once => match job {
                    Some(job) => self.publish(job).await,
                    None => Err("it is no longer needed".to_owned()),
                },
                read = self.connection.read_buf(&mut self.received) => match read {
                    Ok(0) => Err(told(&self.received).unwrap_or_else(closed)),
                    Ok(_) => {
                        awaits_pong = false;
                        self.listen().await
                    }
                    Err(error) => Err(told(&self.received).unwrap_or_else(|| error.to_string())),
                },
                _ = beat.tick() => {
                    let is_idle = self.waiting.is_empty() && self.used.elapsed() > IDLE;
                    if is_idle || std::mem::replace(&mut awaits_pong, true) {
                        Err("it is silent".to_owned())
                    } else {
                        self.write(&packet::pingreq()).await
                    }
                }
            };
            if let Err(reason) = ended {
                return reason;
            }
        }
    }

    async fn publish(&mut self, job: Job) -> Result<(), String> {
        self.used = Instant::now();
        let quality = job.quality.min(self.best_quality());
        let id = self.free_id();
        let publish = Publish { version: self.version, quality, id, topic: &job.topic, payload: &job.message };
        let bytes = publish.encode();
        if bytes.len() as u64 > u64::from(self.terms.packet_maximum) {
            let reason = format!("the MQTT broker takes at most {} bytes at once", self.terms.packet_maximum);
            let _ = job.answer.send(Err(Refusal { reason, blame: Blame::Answer }));
            return Ok(());
        }
        if quality != Quality::Fleeting {
            self.waiting.insert(id, job.answer);
            return self.write(&bytes).await;
        }
        // At most once: there will be no acknowledgement.
        let written = self.write(&bytes).await;
        let answer = written.clone().map_err(|reason| Refusal { reason, blame: Blame::Host });
        let _ = job.answer.send(answer);
        written
    }

    /// MQTT 5 §3.2.2.3.4: a broker may not take every quality; the best that it takes is what there is.
    fn best_quality(&self) -> Quality {
        match self.terms.maximum_quality {
            0 => Quality::Fleeting,
            1 => Quality::Acknowledged,
            _ => Quality::Assured,
        }
    }

    /// A number that no message under way has.
    fn free_id(&mut self) -> u16 {
        loop {
            self.next_id = self.next_id.checked_add(1).unwrap_or(1);
            if !self.waiting.contains_key(&self.next_id) {
                return self.next_id;
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> Result<(), String> {
        match timeout(WRITING, self.connection.write_all(bytes)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.last_words().await.unwrap_or_else(|| error.to_string())),
            Err(_) => Err("it takes nothing".to_owned()),
        }
    }

    /// Why a broker went that takes no more, if it said so. What it has acknowledged before is acknowledged.
    async fn last_words(&mut self) -> Option<String> {
        let listening = async {
            let (connection, received) = (&mut self.connection, &mut self.received);
            while received.len() < LAST_BYTES && connection.read_buf(received).await.is_ok_and(|read| read > 0) {}
        };
        let _ = timeout(LAST_WORDS, listening).await;
        while let Ok(Some(heard)) = hear(&mut self.received) {
            match heard {
                Heard::PubAck(id, reason) => self.answer(id, reason),
                Heard::PubComp(id) => self.answer(id, 0),
                Heard::Disconnect(reason) => return Some(ends(reason)),
                _ => {}
            }
        }
        told(&self.received)
    }

    async fn listen(&mut self) -> Result<(), String> {
        while let Some(heard) = hear(&mut self.received).map_err(|error| error.to_string())? {
            match heard {
                Heard::PubAck(id, reason) => self.answer(id, reason),
                // MQTT 5 §4.3.3: a reason of 0x80 or more ends it here.
                Heard::PubRec(id, reason) if reason >= 0x80 => self.answer(id, reason),
                Heard::PubRec(id, _) => self.write(&packet::pubrel(id)).await?,
                Heard::PubComp(id) => self.answer(id, 0),
                Heard::Disconnect(reason) => return Err(ends(reason)),
                Heard::ConnAck(..) | Heard::PingResp | Heard::Other => {}
            }
        }
        Ok(())
    }

    fn answer(&mut self, id: u16, reason: u8) {
        let Some(answer) = self.waiting.remove(&id) else { return };
        let result = if reason < 0x80 {
            Ok(())
        } else {
            Err(Refusal {
                reason: format!("the MQTT broker refuses the message with reason {reason}"),
                blame: Blame::Answer,
            })
        };
        let _ = answer.send(result);
    }
}
