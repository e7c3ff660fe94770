//! Live streams to browsers: the same events over Server-Sent Events or a WebSocket.
//!
//! A stream ends when its source ends, when the client goes away, or when the city closes. Both send a sign of
//! life every [`HEARTBEAT`], shorter than any idle time-out on the way.

mod sse;
mod websocket;

use std::time::Duration;

use tokio::sync::mpsc;

pub use sse::sse;
pub use websocket::websocket;

/// How often a quiet stream shows that it lives.
pub const HEARTBEAT: Duration = Duration::from_secs(15);

/// Something that happened, for a browser.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LiveEvent {
    /// Where a reader who comes back goes on (`Last-Event-ID`).
    pub id: Option<String>,
    /// What kind of event this is.
    pub name: &'static str,
    /// Its content, one JSON text.
    pub data: String,
}

/// Where events come from. The channel is bounded: its sender decides what happens to a reader who is slow.
pub type LiveSource = mpsc::Receiver<LiveEvent>;
