//! The two sides of a connection: messages that come in, one after the other, and messages on their way out.
//!
//! Nothing that a client sends is believed before it is there: a message may not be longer than it could have to be,
//! and one that has begun must be complete in time.

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::{Instant, timeout_at};

use super::failure::Failure;
use super::messages::{Asked, FULL, Telling};

/// The longest message: a query may be 32 KiB long, and its parameters more.
const LONGEST: usize = 256 << 10;
/// The longest message before the client is let in.
const LONGEST_FIRST: usize = 10_000;
/// How long a message may take once it has begun, and how long one to the client may lie unread.
const PATIENCE: Duration = Duration::from_secs(30);
/// How much of what comes next is read while a query runs.
const AHEAD: usize = 64 << 10;

/// Why nothing more comes.
#[derive(Debug, thiserror::Error)]
pub(super) enum Broken {
    #[error("the client closed the connection")]
    Closed,
    #[error("a message is malformed")]
    Malformed,
    #[error("a message of {0} bytes is longer than any may be")]
    TooLong(usize),
    #[error("a message was not complete in time")]
    Slow,
    #[error("the connection broke")]
    Io(#[from] io::Error),
}

impl Broken {
    /// What a client is told that may still be there.
    pub(super) fn farewell(&self) -> Option<Failure> {
        match self {
            Self::Closed | Self::Io(_) => None,
            Self::Malformed => Some(Failure::protocol(
                "a message is malformed; the connection is closed",
                "メッセージの形式が正しくありません。接続を終了します",
            )),
            Self::TooLong(length) => Some(Failure::protocol(
                format!("a message of {length} bytes is longer than any may be; the connection is closed"),
                format!("メッセージの長さ({length}バイト)が上限を超えています。接続を終了します"),
            )),
            Self::Slow => Some(Failure::protocol(
                "a message was not complete in time; the connection is closed",
                "メッセージが時間内に届きませんでした。接続を終了します",
            )),
        }
    }
}

/// What comes from a client.
#[derive(Debug)]
pub(super) struct Inbox {
    from: OwnedReadHalf,
    read: BytesMut,
    /// When the message that has begun must be complete.
    due: Option<Instant>,
}

/// What goes to a client.
#[derive(Debug)]
pub(super) struct Outbox {
    to: OwnedWriteHalf,
    pub(super) telling: Telling,
}

pub(super) fn halves(stream: TcpStream) -> (Inbox, Outbox) {
    let (from, to) = stream.into_split();
    (Inbox { from, read: BytesMut::new(), due: None }, Outbox { to, telling: Telling::default() })
}

impl Inbox {
    /// The first message, which has no kind.
    pub(super) async fn first(&mut self) -> Result<Bytes, Broken> {
        self.frame(0, LONGEST_FIRST).await
    }

    /// The next message.
    pub(super) async fn next(&mut self) -> Result<Asked, Broken> {
        let mut message = self.frame(1, LONGEST).await?;
        let kind = message.get_u8();
        message.advance(4);
        Asked::read(kind, message).map_err(|_| Broken::Malformed)
    }

    /// A message with so many bytes before its length. What is read stays where it is if this is given up.
    async fn frame(&mut self, before: usize, longest: usize) -> Result<Bytes, Broken> {
        loop {
            let length = match self.read.get(before..before + 4) {
                Some(bytes) => bytes.try_into().map(u32::from_be_bytes).unwrap_or_default() as usize,
                None => 4,
            };
            if length < 4 {
                return Err(Broken::Malformed);
            }
            if length > longest {
                return Err(Broken::TooLong(length));
            }
            if self.read.len() >= before + 4 && self.read.len() >= before + length {
                self.due = None;
                return Ok(self.read.split_to(before + length).freeze());
            }
            if self.read.is_empty() {
                self.more().await?;
            } else {
                let due = *self.due.get_or_insert_with(|| Instant::now() + PATIENCE);
                timeout_at(due, self.more()).await.map_err(|_| Broken::Slow)??;
            }
        }
    }

    async fn more(&mut self) -> Result<(), Broken> {
        match self.from.read_buf(&mut self.read).await? {
            0 => Err(Broken::Closed),
            _ => Ok(()),
        }
    }

    /// Waits until the client is gone. It may send what comes next meanwhile; while much of it waits, nobody looks.
    pub(super) async fn gone(&mut self) {
        while self.read.len() < AHEAD {
            if self.more().await.is_err() {
                return;
            }
        }
        std::future::pending::<()>().await;
    }
}

impl Outbox {
    pub(super) fn is_full(&self) -> bool {
        self.telling.is_full()
    }

    /// Sends what is told so far, until a time, or in the time that every client has.
    pub(super) async fn send(&mut self, by: Option<Instant>) -> Result<(), Broken> {
        let by = by.unwrap_or_else(|| Instant::now() + PATIENCE);
        let sent = timeout_at(by, self.to.write_all_buf(&mut self.telling.0)).await;
        // What was told once in large pieces need not be held for ever.
        if self.telling.0.capacity() > 2 * FULL {
            self.telling = Telling::default();
        }
        sent.map_err(|_| Broken::Slow)?.map_err(Broken::Io)
    }

    /// A single byte, before there are messages.
    pub(super) async fn byte(&mut self, byte: u8) -> Result<(), Broken> {
        self.telling.0.extend_from_slice(&[byte]);
        self.send(None).await
    }
}
