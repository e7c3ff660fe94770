//! `/machi/v1/inboxes/{inbox}`: a browser has no address that a notification could be sent to, so it reads one here.
//!
//! An inbox is there as long as somebody reads it. What is posted to it goes to that reader and is kept nowhere; the
//! notifier tries again what an inbox could not take.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::Response;
use http::{Method, StatusCode};
use machi_face::Asked;
use machi_http::answer::no_content;
use machi_http::live::{LiveEvent, sse};
use machi_http::openapi::{Api, Content, Operation, Schema};
use machi_http::{Problem, Shutdown, Text};
use machi_types::{ErrorKind, Json};
use parking_lot::Mutex;
use rustc_hash::FxHashMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use crate::Broker;

const PATH: &str = "/machi/v1/inboxes/{inbox}";
/// The largest notification that an inbox takes.
const LARGEST: usize = 256 << 10;
/// What may wait for a reader who takes its time: bytes, and notifications however short they are. What finds no room
/// is sent again later.
const WAITING_BYTES: usize = 4 * LARGEST;
const WAITING: usize = 1024;
/// A name is a secret between its reader and the subscription, so it is too long to be guessed.
const NAME_LENGTHS: std::ops::RangeInclusive<usize> = 16..=64;

/// What the inboxes need.
#[derive(Clone, Debug)]
pub(super) struct Inboxes {
    broker: Arc<Broker>,
    shutdown: Shutdown,
    readers: Arc<Mutex<FxHashMap<String, Inbox>>>,
}

/// An open inbox, from the side of those who post to it.
#[derive(Clone, Debug)]
struct Inbox {
    letters: mpsc::Sender<Letter>,
    /// Tells whether the reader is still there.
    events: mpsc::Sender<LiveEvent>,
    /// In bytes.
    room: Arc<Semaphore>,
}

/// A notification that waits for its reader.
#[derive(Debug)]
struct Letter {
    event: LiveEvent,
    _room: OwnedSemaphorePermit,
}

impl Inboxes {
    pub(super) fn new(broker: Arc<Broker>, shutdown: Shutdown) -> Self {
        Self { broker, shutdown, readers: Arc::default() }
    }

    /// Opens an inbox until its reader goes; one of the same name that is still open ends.
    fn open(&self, name: String) -> Result<mpsc::Receiver<LiveEvent>, Problem> {
        let most = self.broker.config.subscriptions.live_readers;
        let seat = self.broker.hub.take_seat(most).ok_or_else(too_many)?;
        let (events, source) = mpsc::channel(1);
        let (letters, waiting) = mpsc::channel(WAITING);
        let room = Arc::new(Semaphore::new(WAITING_BYTES));
        let inbox = Inbox { letters, events: events.clone(), room: Arc::clone(&room) };
        self.readers.lock().insert(name.clone(), inbox);
        let readers = Arc::clone(&self.readers);
        let mut shutdown = self.shutdown.clone();
        self.broker.hub.follow(async move {
            tokio::select! {
                () = shutdown.begun() => {}
                () = events.closed() => {}
                () = hand_over(waiting, &events) => {}
            }
            let mut readers = readers.lock();
            if readers.get(&name).is_some_and(|open| Arc::ptr_eq(&open.room, &room)) {
                readers.remove(&name);
            }
            drop(seat);
        });
        Ok(source)
    }

    fn put(&self, name: &str, data: String) -> Result<(), Problem> {
        let open = self.readers.lock().get(name).cloned().filter(|inbox| !inbox.events.is_closed());
        let Inbox { letters, room, .. } = open.ok_or_else(nobody)?;
        let bytes = u32::try_from(data.len()).unwrap_or(u32::MAX);
        let room = room.try_acquire_many_owned(bytes).map_err(|_| full())?;
        let event = LiveEvent { id: None, name: "notification", data };
        letters.try_send(Letter { event, _room: room }).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => full(),
            mpsc::error::TrySendError::Closed(_) => nobody(),
        })
    }
}

/// Gives a reader one letter after the other, each when the one before is taken, until either side is gone.
async fn hand_over(mut waiting: mpsc::Receiver<Letter>, events: &mpsc::Sender<LiveEvent>) {
    while let Some(letter) = waiting.recv().await {
        if events.send(letter.event).await.is_err() {
            return;
        }
    }
}

pub(super) fn api() -> Api<Inboxes> {
    Api::new().route(reading(), read).route(posting(), post)
}

fn reading() -> Operation {
    Operation::new(Method::GET, PATH, "readInbox", "Notifications as they arrive, for browsers")
        .tag("live")
        .description("Server-Sent Events named `notification`. The inbox is open as long as it is read; a subscription whose endpoint is its address notifies into it. Whoever knows its name may post to it, so choose one that nobody guesses.")
        .in_path("inbox", Schema::string(), "A name of 16 to 64 letters and digits.")
        .answers(StatusCode::OK, "A stream of events.", Some(Content::of("text/event-stream", Schema::any())))
        .answers(StatusCode::SERVICE_UNAVAILABLE, "Too many readers already.", None)
}

fn posting() -> Operation {
    Operation::new(Method::POST, PATH, "postToInbox", "Notify whoever reads an inbox")
        .tag("live")
        .description("For the notifier: the body goes to the reader as it is.")
        .in_path("inbox", Schema::string(), "Its name.")
        .takes(Content::json(Schema::any(), Json::Object(vec![("type".into(), "Notification".into())])))
        .answers(StatusCode::NO_CONTENT, "The reader gets it.", None)
        .answers(StatusCode::NOT_FOUND, "Nobody reads this inbox.", None)
        .answers(StatusCode::SERVICE_UNAVAILABLE, "The reader has not taken the earlier ones yet.", None)
}

async fn read(State(inboxes): State<Inboxes>, asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let source = inboxes.open(name_of(&asked)?)?;
    Ok(sse(source, inboxes.shutdown))
}

async fn post(State(inboxes): State<Inboxes>, mut asked: Asked) -> Result<Response, Problem> {
    asked.parameters(&[])?;
    let name = name_of(&asked)?;
    let body = asked.bytes(&inboxes.broker.face).await?;
    if body.len() > LARGEST {
        return Err(too_large());
    }
    let data = String::from_utf8(body.into()).map_err(|_| not_text())?;
    inboxes.put(&name, data)?;
    Ok(no_content())
}

fn name_of(asked: &Asked) -> Result<String, Problem> {
    let name = asked.piece("inbox");
    let is_name = NAME_LENGTHS.contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if is_name { Ok(name.to_owned()) } else { Err(no_name()) }
}

fn no_name() -> Problem {
    Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            "the name of an inbox has 16 to 64 letters and digits (ASCII)",
            "受信箱の名前は16～64文字のASCII英数字でなければなりません",
        ),
    )
}

fn nobody() -> Problem {
    Problem::new(ErrorKind::ResourceNotFound, Text::both("nobody reads this inbox", "この受信箱は読まれていません"))
}

fn full() -> Problem {
    let detail = Text::both(
        "the reader of this inbox has not taken the earlier notifications yet",
        "この受信箱の読み手は、以前の通知をまだ受け取っていません",
    );
    Problem::new(ErrorKind::Unavailable, detail).retry_after(Duration::from_secs(1))
}

fn too_many() -> Problem {
    Problem::new(
        ErrorKind::Unavailable,
        Text::both("too many readers follow the city already", "ライブ配信の接続数が上限に達しています"),
    )
}

fn too_large() -> Problem {
    Problem::new(
        ErrorKind::RequestEntityTooLarge,
        Text::both(
            format!("an inbox takes notifications of up to {LARGEST} bytes"),
            format!("受信箱が受け取れる通知は{LARGEST}バイトまでです"),
        ),
    )
}

fn not_text() -> Problem {
    Problem::new(ErrorKind::InvalidRequest, Text::both("the body is not UTF-8", "本文がUTF-8ではありません"))
}
