//! A socket that gives up on clients who are too slow.
//!
//! One lazy timer serves a whole connection: it is set for the farthest of the deadlines that matter and looks
//! at what happened meanwhile when it fires, so that a busy connection never touches it.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep};

use super::ServerLimits;
use super::farewell::{self, Clue};
use super::figures::Figures;
use super::phase::{Phase, SharedPhase};

/// How long a client that was refused may go on sending.
const LONGEST_PARTING: Duration = Duration::from_secs(2);

pub(super) struct Guarded {
    stream: TcpStream,
    phase: Arc<SharedPhase>,
    limits: Arc<ServerLimits>,
    figures: Arc<Figures>,
    timer: Pin<Box<Sleep>>,
    /// Whether a byte moved since the timer was last set.
    is_active: bool,
    head_deadline: Option<Instant>,
    write_deadline: Option<Instant>,
    parting_deadline: Option<Instant>,
    /// What is known of the head that is being read, if it turns out to be none.
    clue: Clue,
    /// What is written in place of hyper's own last words.
    farewell: Bytes,
}

impl Guarded {
    pub(super) fn new(
        stream: TcpStream,
        phase: Arc<SharedPhase>,
        limits: Arc<ServerLimits>,
        figures: Arc<Figures>,
    ) -> Self {
        let timer = Box::pin(sleep(limits.idle_timeout));
        Self {
            stream,
            phase,
            limits,
            figures,
            timer,
            is_active: false,
            head_deadline: None,
            write_deadline: None,
            parting_deadline: None,
            clue: Clue::default(),
            farewell: Bytes::new(),
        }
    }

    fn has_read(&mut self, bytes: &[u8]) {
        self.is_active = true;
        if self.phase.now() == Phase::Idle {
            self.phase.set(Phase::Head);
            self.head_deadline = None;
            self.clue = Clue::of(bytes);
        }
    }

    /// Takes note of what is to be written instead, where hyper refuses what is no request: no handler was at work.
    fn replaces(&mut self, first: &[u8]) -> bool {
        if self.phase.now() != Phase::Head {
            return false;
        }
        let Some(answer) = farewell::instead_of(first, self.clue) else { return false };
        self.farewell = Bytes::from(answer);
        self.phase.set(Phase::Parting);
        true
    }

    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.farewell.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.farewell))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.farewell.advance(written);
        }
        Poll::Ready(Ok(()))
    }

    fn has_written(&mut self) {
        self.is_active = true;
        self.write_deadline = None;
    }

    /// A head that did not come in one piece has a deadline from now on.
    fn waits_for_bytes(&mut self) {
        if self.phase.now() == Phase::Head && self.head_deadline.is_none() {
            self.head_deadline = Some(self.alarm_in(self.limits.head_timeout));
        }
    }

    fn waits_for_reader(&mut self) {
        if self.write_deadline.is_none() {
            self.write_deadline = Some(self.alarm_in(self.limits.write_timeout));
        }
    }

    /// Sets the timer to ring after `wait` at the latest.
    fn alarm_in(&mut self, wait: Duration) -> Instant {
        let deadline = Instant::now() + wait;
        if self.timer.deadline() > deadline {
            self.timer.as_mut().reset(deadline);
        }
        deadline
    }

    /// Ready once the client was too slow.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        while self.timer.as_mut().poll(cx).is_ready() {
            let now = Instant::now();
            if let Some(fault) = self.fault(now) {
                return Poll::Ready(fault);
            }
            self.is_active = false;
            let head = self.head_deadline.filter(|_| self.phase.now() == Phase::Head);
            let idle = now + self.limits.idle_timeout;
            let next = [head, self.write_deadline].into_iter().flatten().fold(idle, Instant::min);
            self.timer.as_mut().reset(next);
        }
        Poll::Pending
    }

    fn fault(&self, now: Instant) -> Option<io::Error> {
        let is_past = |deadline: Option<Instant>| deadline.is_some_and(|deadline| deadline <= now);
        let phase = self.phase.now();
        let (counter, text) = if is_past(self.write_deadline) {
            (&self.figures.unread, "the client does not read the answer")
        } else if phase == Phase::Head && is_past(self.head_deadline) {
            self.tell_too_slow();
            (&self.figures.slow_heads, "the head of the request came too slowly")
        } else if phase == Phase::Idle && !self.is_active && self.write_deadline.is_none() {
            (&self.figures.rested, "the connection rested too long")
        } else {
            return None;
        };
        counter.inc();
        Some(io::Error::new(io::ErrorKind::TimedOut, text))
    }

    /// Tells why a head is given up. Where the answer before it is not sent yet, there is no place for another.
    fn tell_too_slow(&self) {
        if self.write_deadline.is_none() {
            // The kernel takes so few bytes at once; a client that is gone needs none.
            let _ = self.stream.try_write(&farewell::too_slow(self.limits.head_timeout, self.clue));
        }
    }

    /// Reads what a refused client still sends and throws it away (RFC 9112 §9.6): a socket that is closed with bytes
    /// unread is reset, and the client would lose the answer that tells why.
    fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let deadline = self.parting_deadline.unwrap_or_else(|| self.alarm_in(LONGEST_PARTING));
        self.parting_deadline = Some(deadline);
        let mut scrap = [0; 16 << 10];
        while Instant::now() < deadline {
            let mut buffer = ReadBuf::new(&mut scrap);
            let read = Pin::new(&mut self.stream).poll_read(cx, &mut buffer);
            match read {
                Poll::Ready(Ok(())) if !buffer.filled().is_empty() => {}
                Poll::Ready(_) => return Poll::Ready(Ok(())),
                Poll::Pending => {
                    ready!(self.timer.as_mut().poll(cx));
                    self.timer.as_mut().reset(deadline);
                }
            }
        }
        Poll::Ready(Ok(()))
    }

    fn settle_read(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<&[u8]>>) -> Poll<io::Result<()>> {
        match result {
            Poll::Ready(Ok(bytes)) => {
                if !bytes.is_empty() {
                    self.has_read(bytes);
                }
                Poll::Ready(Ok(()))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => {
                self.waits_for_bytes();
                self.poll_patience(cx).map(Err)
            }
        }
    }

    fn settle_write(&mut self, cx: &mut Context<'_>, result: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match result {
            Poll::Ready(result) => {
                self.has_written();
                Poll::Ready(result)
            }
            Poll::Pending => {
                self.waits_for_reader();
                self.poll_patience(cx).map(Err)
            }
        }
    }
}

impl AsyncRead for Guarded {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.settle_read(cx, result.map_ok(|()| buffer.filled().get(before..).unwrap_or_default()))
    }
}

impl AsyncWrite for Guarded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.replaces(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.settle_write(cx, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.replaces(pieces.first().map(|first| &**first).unwrap_or_default()) {
            return Poll::Ready(Ok(pieces.iter().map(|piece| piece.len()).sum()));
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(cx, pieces);
        self.settle_write(cx, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_farewell(cx))?;
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_farewell(cx))?;
        ready!(Pin::new(&mut self.stream).poll_shutdown(cx))?;
        if self.phase.now() == Phase::Parting { self.poll_rest(cx) } else { Poll::Ready(Ok(())) }
    }
}
