//! A body that did not come together with its head. While it waits for bytes it has no turn.
//!
//! What begins to come waits on the porch until there is a good piece of it, or all. Then it has a turn, under which
//! it must come quickly; when it does not, it gives the turn back and waits on the porch again, a body for one thing
//! until all of it is there. So a client that is slow holds memory for what it has sent, and nothing else.

use std::collections::VecDeque;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::{Duration, Instant};

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::stream;
use http_body_util::BodyExt;
use tokio::time::timeout;

use super::doors::Visit;
use super::room::Announced;
use crate::request::{Stopped, broken_body};
use crate::{Problem, Text};

/// So much of a body has come before it has a turn.
const PIECE: u64 = 64 << 10;
/// What comes in smaller pieces is copied together into such ones.
const BLOCK: usize = 16 << 10;
/// How long a body may keep a turn waiting.
const HURRY: Duration = Duration::from_millis(100);
/// What comes faster than this many bytes in a second keeps its turn.
const QUICK: u64 = 1 << 20;
/// The slowest average rate, after the first allowance of time is used up.
const BYTES_PER_SECOND: u64 = 1024;

/// What of a body has come with the head.
pub(super) enum Begun {
    Not,
    Partly(Bytes),
    Wholly(Bytes),
}

/// Takes what is there of a body.
pub(super) async fn begun<B>(body: &mut B) -> Result<Begun, Problem>
where
    B: http_body::Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    if body.is_end_stream() {
        return Ok(Begun::Wholly(Bytes::new()));
    }
    let mut first = poll_once(body).await;
    if first.is_pending() {
        // The connection hands a body over only after it was asked for.
        tokio::task::yield_now().await;
        first = poll_once(body).await;
    }
    match first {
        Poll::Pending => Ok(Begun::Not),
        Poll::Ready(None) => Ok(Begun::Wholly(Bytes::new())),
        Poll::Ready(Some(Err(cause))) => Err(broken_body(cause.into())),
        Poll::Ready(Some(Ok(frame))) => {
            let bytes = frame.into_data().unwrap_or_default();
            Ok(if body.is_end_stream() { Begun::Wholly(bytes) } else { Begun::Partly(bytes) })
        }
    }
}

type Frame<B> = Poll<Option<Result<http_body::Frame<Bytes>, <B as http_body::Body>::Error>>>;

async fn poll_once<B>(body: &mut B) -> Frame<B>
where
    B: http_body::Body<Data = Bytes> + Unpin,
{
    std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *body).poll_frame(cx))).await
}

/// A body on its way to its handler.
pub(super) struct Arriving {
    body: Body,
    announced: Announced,
    visit: Arc<Visit>,
    /// What has come and is not handed over.
    here: VecDeque<Bytes>,
    /// The block that small pieces are copied into.
    block: BytesMut,
    since: Instant,
    received: u64,
    handed_over: u64,
    /// For how long this body was waited for, in all.
    waited: Duration,
    /// For how long it may still keep its turn waiting; nothing while it has none.
    hurry: Option<Duration>,
    /// Whether it has had a turn and lost it.
    was_slow: bool,
    has_ended: bool,
}

impl Arriving {
    pub(super) fn new(body: Body, first: Bytes, announced: Announced, visit: Arc<Visit>) -> Self {
        let mut arriving = Self {
            body,
            announced,
            visit,
            here: VecDeque::new(),
            block: BytesMut::new(),
            since: Instant::now(),
            received: 0,
            handed_over: 0,
            waited: Duration::ZERO,
            hurry: None,
            was_slow: false,
            has_ended: false,
        };
        arriving.keep(first);
        arriving
    }

    /// The body as handlers read it; where it cannot go on, it ends with the problem.
    pub(super) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, |mut arriving| async move {
            let piece = arriving.next().await.inspect_err(|_| arriving.has_ended = true);
            Some((piece.map_err(Stopped).transpose()?, arriving))
        }))
    }

    /// The next piece; none at the end.
    async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.here.is_empty() && !self.has_ended && !self.hurries().await? {
            self.hurry = None;
            self.visit.step_back();
            self.wait().await?;
        }
        let piece = self.here.pop_front();
        self.handed_over += piece.as_ref().map_or(0, Bytes::len) as u64;
        Ok(piece)
    }

    /// Receives the next piece under the turn; false where there is none, or it does not come in time.
    async fn hurries(&mut self) -> Result<bool, Problem> {
        let Some(hurry) = self.hurry else { return Ok(false) };
        let began = Instant::now();
        let Ok(piece) = timeout(hurry, self.receive()).await else {
            self.was_slow = true;
            return Ok(false);
        };
        if let Some(piece) = piece? {
            let earned = Duration::from_secs_f64(piece.len() as f64 / QUICK as f64);
            self.hurry = Some((hurry.saturating_sub(began.elapsed()) + earned).min(HURRY));
            self.received += piece.len() as u64;
            self.here.push_back(piece);
        }
        Ok(true)
    }

    /// Receives a good part without a turn, and takes one for it.
    async fn wait(&mut self) -> Result<(), Problem> {
        let visit = Arc::clone(&self.visit);
        let held = self.announced.in_memory().min(self.received);
        let mut place = visit.doors.porch.place(&visit.tenant, self.since, self.received, held)?;
        let enough = self.enough();
        while !self.has_ended && self.received < enough {
            let piece = tokio::select! {
                biased;
                problem = place.sent_away() => return Err(problem),
                piece = self.receive() => piece?,
            };
            if let Some(piece) = piece {
                place.take(piece.len() as u64)?;
                self.keep(piece);
            }
        }
        self.close_block();
        place.rest();
        let has_begun = self.announced.is_stream() && self.handed_over > 0;
        visit.step_in(self.announced, has_begun).await?;
        self.hurry = Some(HURRY);
        Ok(())
    }

    /// How much has to have come before there is a turn for it.
    fn enough(&self) -> u64 {
        let is_awaited_whole = self.was_slow && !self.announced.is_stream();
        if is_awaited_whole { u64::MAX } else { self.handed_over + PIECE }
    }

    /// The next bytes, which come in time.
    async fn receive(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if http_body::Body::is_end_stream(&self.body) {
                self.has_ended = true;
                return Ok(None);
            }
            let began = Instant::now();
            let frame = timeout(self.patience(), self.body.frame()).await;
            self.waited += began.elapsed();
            match frame {
                Err(_) => return Err(too_slow(self.visit.doors.body_patience)),
                Ok(Some(Err(cause))) => return Err(broken_body(cause.into())),
                Ok(None) => {
                    self.has_ended = true;
                    return Ok(None);
                }
                // Trailers carry nothing that any operation reads.
                Ok(Some(Ok(frame))) => match frame.into_data() {
                    Ok(piece) if !piece.is_empty() => {
                        self.has_ended = http_body::Body::is_end_stream(&self.body);
                        return Ok(Some(piece));
                    }
                    _ => {}
                },
            }
        }
    }

    /// A piece must come within the patience, and all of them at a rate that is no drip feed.
    fn patience(&self) -> Duration {
        let patience = self.visit.doors.body_patience;
        let earned = Duration::from_secs(self.received / BYTES_PER_SECOND);
        patience.min((patience + earned).saturating_sub(self.waited))
    }

    /// Small pieces are copied, for each of them would keep alive all of the buffer that it came in.
    fn keep(&mut self, piece: Bytes) {
        self.received += piece.len() as u64;
        if piece.len() >= BLOCK {
            self.close_block();
            self.here.push_back(piece);
        } else {
            self.block.extend_from_slice(&piece);
            if self.block.len() >= BLOCK {
                self.close_block();
            }
        }
    }

    fn close_block(&mut self) {
        if !self.block.is_empty() {
            self.here.push_back(std::mem::take(&mut self.block).freeze());
        }
    }
}

fn too_slow(patience: Duration) -> Problem {
    let seconds = patience.as_secs();
    Problem::request_timeout(Text::both(
        format!(
            "the body stood still for {seconds} s, or came slower than {BYTES_PER_SECOND} bytes per second ([server] body_timeout)"
        ),
        format!("リクエスト本文の受信が{seconds}秒間停止したか、遅すぎます([server] body_timeout)"),
    ))
}
