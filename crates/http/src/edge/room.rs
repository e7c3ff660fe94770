//! How many bytes of large bodies, and of large answers that nobody has read yet, may be in memory at once.
//!
//! Requests at work are counted by the gate; but a few hundred of the largest bodies, or as many connections that
//! do not read what they asked for, would still fill the memory. Small ones are not worth the counting.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body::{Frame, SizeHint};
use machi_types::ErrorKind;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::metrics::{Counter, Registry};
use crate::{Problem, Text};

/// What is shorter is not counted.
const SMALL: u64 = 16 << 10;
/// Longer bodies are read in pieces, and no more of them is in memory.
const LARGEST: u64 = 8 << 20;
/// Permits are counted in units of this many bytes.
const UNIT: u64 = 1 << 10;

/// Memory for something, counted.
#[derive(Debug)]
pub(super) struct Room {
    units: Arc<Semaphore>,
    all: u64,
    turned_away: Counter,
}

/// A part of the room, given back when it is dropped.
pub(super) type Taken = Option<OwnedSemaphorePermit>;

impl Room {
    /// Room for so many bytes of bodies.
    pub(super) fn for_bodies(bytes: u64, registry: &Registry) -> Self {
        Self::new(bytes, "bodies", registry)
    }

    /// Room for so many bytes of answers.
    pub(super) fn for_answers(bytes: u64, registry: &Registry) -> Self {
        Self::new(bytes, "answers", registry)
    }

    fn new(bytes: u64, what: &str, registry: &Registry) -> Self {
        let all = (bytes / UNIT).clamp(1, u64::from(u32::MAX)).min(Semaphore::MAX_PERMITS as u64);
        let turned_away = registry.counter(
            "machi_http_memory_refusals",
            "Requests answered 503 because too many bytes were in memory.",
            &[("what", what)],
        );
        Self { units: Arc::new(Semaphore::new(all as usize)), all, turned_away }
    }

    /// Waits until there is room for a body, without end where no patience is told.
    pub(super) async fn enter(&self, body: Announced, patience: Option<Duration>) -> Result<Taken, Problem> {
        let Some(units) = self.units_of(body.in_memory()) else { return Ok(None) };
        let taken = Arc::clone(&self.units).acquire_many_owned(units);
        let taken = match patience {
            Some(patience) => timeout(patience, taken).await.ok(),
            None => Some(taken.await),
        };
        // The semaphore is never closed; patience that ran out is the one way to go without.
        taken.and_then(Result::ok).map(Some).ok_or_else(|| self.turn_away())
    }

    /// The answer, which keeps its part of the room until it is sent; a refusal where there is none left.
    pub(super) fn hold(&self, response: Response) -> Response {
        // A stream has no exact size: it is made as it is read.
        let size = http_body::Body::size_hint(response.body()).exact().unwrap_or(0);
        let Some(units) = self.units_of(size) else { return response };
        match Arc::clone(&self.units).try_acquire_many_owned(units) {
            Ok(taken) => response.map(|body| Body::new(Held { body, taken: Arc::new(taken) })),
            Err(_) => self.turn_away().into_response(),
        }
    }

    /// What larger things than the room take is all of it.
    fn units_of(&self, bytes: u64) -> Option<u32> {
        (bytes > SMALL).then(|| bytes.div_ceil(UNIT).min(self.all) as u32)
    }

    fn turn_away(&self) -> Problem {
        self.turned_away.inc();
        Problem::new(
            ErrorKind::Unavailable,
            Text::both(
                "too many large requests or answers are in memory ([server] bodies, answers); try again after the time in Retry-After",
                "大きなリクエストまたは応答が多すぎます([server] bodies, answers)。Retry-Afterの時間が経ってから再試行してください",
            ),
        )
        .retry_after(Duration::from_secs(1))
    }
}

/// How long a body is to be; nothing for one that comes chunk by chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Announced(Option<u64>);

impl Announced {
    /// A body of this length.
    pub(super) fn exactly(length: u64) -> Self {
        Self(Some(length))
    }

    /// What the headers of a request with a body say.
    pub(super) fn by(headers: &HeaderMap) -> Self {
        Self(headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok()))
    }

    /// The length, as far as it is known.
    pub(super) fn length(self) -> u64 {
        self.0.unwrap_or(0)
    }

    /// Whether it is read piece by piece, and never in memory as a whole.
    pub(super) fn is_stream(self) -> bool {
        self.0.is_none_or(|length| length > LARGEST)
    }

    /// The most bytes of it that will be in memory.
    pub(super) fn in_memory(self) -> u64 {
        self.0.unwrap_or(LARGEST).min(LARGEST)
    }
}

/// A body that keeps its part of the room.
struct Held {
    body: Body,
    taken: Arc<OwnedSemaphorePermit>,
}

/// Bytes on their way to a reader. The connection takes them out of the body long before they are sent, and lets
/// the body go: it is these that keep the room.
struct Unread {
    bytes: Bytes,
    _taken: Arc<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Unread {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl http_body::Body for Held {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let taken = Arc::clone(&self.taken);
        let keep = |bytes| Bytes::from_owner(Unread { bytes, _taken: taken });
        Pin::new(&mut self.body).poll_frame(cx).map(|frame| frame.map(|frame| Ok(frame?.map_data(keep))))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::StatusCode;
    use http_body_util::BodyExt;

    #[tokio::test]
    async fn large_bodies_wait_for_room_and_small_ones_do_not() {
        let room = Room::for_bodies(100 << 10, &Registry::new());
        let patience = Some(Duration::from_millis(20));
        let first = room.enter(Announced::exactly(80 << 10), patience).await.unwrap();
        assert_eq!(room.enter(Announced::exactly(80 << 10), patience).await.unwrap_err().status(), 503);
        assert!(room.enter(Announced::exactly(SMALL), patience).await.unwrap().is_none());
        drop(first);
        let whole = room.enter(Announced::exactly(1 << 30), patience).await.unwrap();
        assert!(whole.is_some(), "what is larger than the room takes all of it");
        let chunked = Announced::by(&HeaderMap::new());
        assert!(chunked.is_stream() && !Announced::exactly(LARGEST).is_stream());
        assert_eq!(room.enter(chunked, patience).await.unwrap_err().status(), 503);
        assert_eq!(room.turned_away.value(), 2);
    }

    #[tokio::test]
    async fn large_answers_keep_their_room_until_they_are_gone() {
        let room = Room::for_answers(100 << 10, &Registry::new());
        let large = || Response::new(Body::from(vec![b'x'; 80 << 10]));
        let first = room.hold(large());
        assert_eq!(first.status(), 200);
        assert_eq!(http_body::Body::size_hint(first.body()).exact(), Some(80 << 10));
        assert_eq!(room.hold(large()).status(), 503);
        assert_eq!(room.hold(Response::new(Body::from("small"))).status(), 200);
        let bytes = first.into_body().collect().await.unwrap().to_bytes();
        assert_eq!((bytes.len(), room.hold(large()).status()), (80 << 10, StatusCode::SERVICE_UNAVAILABLE));
        drop(bytes);
        assert_eq!(room.hold(large()).status(), 200);
    }
}
