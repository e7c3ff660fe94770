//! Reading a batch: pieces of the body become chunks of items, which are parsed on the blocking pool while the
//! next ones arrive. The items come out in their order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use machi_face::FaceError;
use machi_face::contexts::ContextRef;
use machi_http::{Problem, Text};
use machi_types::{ErrorKind, json};
use tokio::task::JoinHandle;

use super::arriving::Arriving;
use super::item::{self, Item};
use super::items::{BrokenArray, Items};
use super::{GROUP, GROUP_BYTES, SHARED_GROUP, Shared};

/// Items that are parsed by one task.
const CHUNK_ITEMS: usize = 250;
/// Bytes that are parsed by one task, if the items are large.
const CHUNK_BYTES: usize = 256 << 10;
/// Tasks that parse at once.
const TASKS: usize = 2;
/// How many contexts of one batch may fail to load before no further one is tried.
const MOST_CONTEXT_FAILURES: usize = 8;

/// The items of a batch as they arrive.
pub(super) struct Intake {
    shared: Arc<Shared>,
    body: Arriving,
    cutter: Items,
    /// Cut out, not parsed yet.
    cut: VecDeque<Bytes>,
    parsing: VecDeque<JoinHandle<Option<Parsed>>>,
    items: usize,
    has_ended: bool,
    /// Why there is no more, told once all items are out.
    broken: Option<Broken>,
    context_failures: usize,
}

/// Items that were parsed.
struct Parsed {
    items: Vec<Item>,
    took: Duration,
}

/// Parses the items of a chunk when it is its turn; nothing if the task died.
async fn parse_in_turn(shared: Arc<Shared>, first: usize, chunk: Vec<Bytes>) -> Option<Parsed> {
    let turn = shared.broker.turns.to_read(shared.is_in_a_crowd()).await;
    let parse = move || {
        let _turn = turn;
        let began = Instant::now();
        let items = chunk.into_iter().zip(first..).map(|(text, place)| item::read(&shared, place, text)).collect();
        Parsed { items, took: began.elapsed() }
    };
    tokio::task::spawn_blocking(parse).await.ok()
}

/// Why a batch cannot be read on.
#[derive(Debug)]
pub(super) enum Broken {
    /// It is no array.
    Array(BrokenArray),
    /// The body did not come, or is too long.
    Body(Box<Problem>),
    /// It has too many items.
    TooMany {
        /// What is allowed.
        limit: usize,
    },
    /// A parsing task died.
    Task,
}

impl Intake {
    pub(super) fn new(shared: Arc<Shared>, body: Arriving) -> Self {
        let limits = &shared.broker.face.config.limits;
        let cutter = Items::new(limits.body_bytes, limits.nesting);
        Self {
            shared,
            body,
            cutter,
            cut: VecDeque::new(),
            parsing: VecDeque::new(),
            items: 0,
            has_ended: false,
            broken: None,
            context_failures: 0,
        }
    }

    /// How many bytes of the body have come.
    pub(super) fn bytes_read(&self) -> u64 {
        self.body.received()
    }

    /// The hash of the body, where it has a key and came to its end.
    pub(super) fn hash(&self) -> Option<u128> {
        self.body.hash()
    }

    /// How many items have come.
    pub(super) fn items_read(&self) -> usize {
        self.items
    }

    /// The next items, about as many as one commit takes; none at the end. What came before a break still comes out.
    pub(super) async fn next_items(&mut self) -> Result<Vec<Item>, Broken> {
        let mut items: Vec<Item> = Vec::new();
        let mut bytes = 0;
        while items.len() < GROUP && bytes < GROUP_BYTES {
            let tasks = if self.shared.is_in_a_crowd() { 1 } else { TASKS };
            while self.parsing.len() < tasks && self.start_task().await {}
            let Some(task) = self.parsing.pop_front() else { break };
            let parsed = task.await.ok().flatten().ok_or(Broken::Task)?;
            self.shared.rest(parsed.took).await;
            bytes += parsed.items.iter().map(Item::size).sum::<usize>();
            items.extend(self.with_contexts(parsed.items).await?);
        }
        match self.broken.take() {
            Some(broken) if items.is_empty() => Err(broken),
            broken => {
                self.broken = broken;
                Ok(items)
            }
        }
    }

    /// Hands the next chunk to a task; false at the end.
    async fn start_task(&mut self) -> bool {
        let chunk = self.chunk().await;
        if chunk.is_empty() {
            return false;
        }
        let (first, shared) = (self.items + 1, Arc::clone(&self.shared));
        self.items += chunk.len();
        self.parsing.push_back(tokio::spawn(parse_in_turn(shared, first, chunk)));
        true
    }

    async fn chunk(&mut self) -> Vec<Bytes> {
        let limit = self.shared.broker.face.config.limits.batch_items;
        let most = if self.shared.is_in_a_crowd() { SHARED_GROUP } else { CHUNK_ITEMS };
        let mut chunk = Vec::new();
        let mut bytes = 0;
        while chunk.len() < most && bytes < CHUNK_BYTES {
            if self.items + chunk.len() >= limit && !self.cut.is_empty() {
                self.cut.clear();
                self.stop(Broken::TooMany { limit });
            }
            if let Some(item) = self.cut.pop_front() {
                bytes += item.len();
                chunk.push(item);
                continue;
            }
            if self.has_ended {
                break;
            }
            self.read_piece().await;
        }
        chunk
    }

    async fn read_piece(&mut self) {
        match self.body.next().await {
            Err(problem) => self.stop(Broken::Body(Box::new(problem))),
            Ok(None) => {
                self.has_ended = true;
                if let Err(broken) = self.cutter.finish() {
                    self.stop(Broken::Array(broken));
                }
            }
            Ok(Some(piece)) => {
                let mut items = Vec::new();
                let pushed = self.cutter.push(&piece, &mut items);
                self.cut.extend(items);
                if let Err(broken) = pushed {
                    let broken = self.judged(broken, &piece).await;
                    self.stop(Broken::Array(broken));
                }
            }
        }
    }

    /// §5.5.4: what is no array may be JSON or none, which are two faults; only the whole of it tells.
    async fn judged(&mut self, broken: BrokenArray, first: &[u8]) -> BrokenArray {
        if !matches!(broken, BrokenArray::NoArray(_)) {
            return broken;
        }
        let limits = &self.shared.broker.face.config.limits;
        let mut whole = first.to_vec();
        while whole.len() <= limits.body_bytes {
            match self.body.next().await {
                Ok(Some(piece)) => whole.extend_from_slice(&piece),
                Ok(None) => {
                    return match json::parse(&whole, limits.nesting) {
                        Err(error) if error.is_syntax() => BrokenArray::NoJson(error),
                        _ => broken,
                    };
                }
                Err(_) => return broken,
            }
        }
        broken
    }

    fn stop(&mut self, broken: Broken) {
        self.has_ended = true;
        self.broken = Some(broken);
    }

    /// Reads those items again whose context was not held.
    async fn with_contexts(&mut self, parsed: Vec<Item>) -> Result<Vec<Item>, Broken> {
        if !parsed.iter().any(|item| matches!(item, Item::NeedsContext { .. })) {
            return Ok(parsed);
        }
        let mut items = Vec::with_capacity(parsed.len());
        for item in parsed {
            match item {
                Item::NeedsContext { place, text } => items.push(self.with_context(place, text).await?),
                other => items.push(other),
            }
        }
        Ok(items)
    }

    async fn with_context(&mut self, place: usize, text: Bytes) -> Result<Item, Broken> {
        let tenant = self.shared.caller.tenant();
        let Some(context) = item::context_of(&self.shared, &text) else { return Err(Broken::Task) };
        if self.context_failures >= MOST_CONTEXT_FAILURES {
            return Ok(item::without_context(place, &text, &self.shared, too_many_failures()));
        }
        match self.shared.broker.face.contexts.resolve(tenant, ContextRef::Inline(&context)).await {
            Ok(context) => {
                let shared = Arc::clone(&self.shared);
                let read = move || item::read_with(&shared, place, &text, &context);
                tokio::task::spawn_blocking(read).await.map_err(|_| Broken::Task)
            }
            Err(error) => {
                self.context_failures += 1;
                Ok(item::without_context(place, &text, &self.shared, error))
            }
        }
    }
}

fn too_many_failures() -> FaceError {
    FaceError::Refused {
        kind: ErrorKind::LdContextNotAvailable,
        detail: Text::both(
            format!(
                "{MOST_CONTEXT_FAILURES} other @contexts of this batch could not be loaded, so this one was not tried"
            ),
            format!(
                "このバッチでは{MOST_CONTEXT_FAILURES}件の@contextを取得できなかったため、この@contextは取得していません"
            ),
        ),
    }
}

impl Broken {
    pub(super) fn into_error(self) -> FaceError {
        match self {
            Self::Body(problem) => FaceError::Problem(problem),
            Self::Task => FaceError::Bug("a task that parses a batch did not end well"),
            Self::TooMany { limit } => FaceError::Refused {
                kind: ErrorKind::RequestEntityTooLarge,
                detail: Text::both(
                    format!("the batch has more than {limit} items ([limits] batch_entities); send several batches"),
                    format!("要素数が上限({limit}件、[limits] batch_entities)を超えています。分割して送信してください"),
                ),
            },
            Self::Array(error @ BrokenArray::NoArray(_)) => {
                FaceError::bad_data(Text::both(error.to_string(), error.in_japanese()))
            }
            // §5.5.4: what was read so far is JSON; it is only more than is taken.
            Self::Array(error @ (BrokenArray::TooDeep { .. } | BrokenArray::TooLong { .. })) => {
                FaceError::bad_data(Text::both(
                    format!("the body holds more than is taken: {error}"),
                    format!("リクエスト本文が上限を超えています: {}", error.in_japanese()),
                ))
            }
            Self::Array(error) => FaceError::invalid(Text::both(
                format!("the body is not valid JSON: {error}"),
                format!("リクエスト本文が正しいJSONではありません: {}", error.in_japanese()),
            )),
        }
    }
}
