//! The same events over a WebSocket (RFC 6455), each as one JSON text message.

use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use machi_types::json::write_string;
use tokio::time::{Instant, timeout};

use super::{HEARTBEAT, LiveEvent, LiveSource};
use crate::Shutdown;

/// Readers send next to nothing; a larger message is a mistake or worse.
const LARGEST_MESSAGE: usize = 4096;
/// RFC 6455 §7.4.1: the endpoint goes away.
const GOING_AWAY: u16 = 1001;

/// Upgrades a request; the socket lasts as long as its source.
pub fn websocket(upgrade: WebSocketUpgrade, source: LiveSource, shutdown: Shutdown) -> Response {
    upgrade
        .max_message_size(LARGEST_MESSAGE)
        .max_frame_size(LARGEST_MESSAGE)
        .on_upgrade(move |socket| stream(socket, source, shutdown))
}

/// Ends when the source, the client or the city does; a client that is silent for three heartbeats is gone.
async fn stream(mut socket: WebSocket, mut source: LiveSource, mut shutdown: Shutdown) {
    let mut heard = Instant::now();
    let mut beat = Instant::now() + HEARTBEAT;
    loop {
        let outgoing = tokio::select! {
            () = shutdown.begun() => break,
            event = source.recv() => match event {
                Some(event) => Message::Text(write(&event).into()),
                None => break,
            },
            incoming = socket.recv() => match incoming {
                Some(Ok(Message::Close(_)) | Err(_)) | None => return,
                // Pings are answered by the library; what readers say is not asked for.
                Some(Ok(_)) => {
                    heard = Instant::now();
                    continue;
                }
            },
            () = tokio::time::sleep_until(beat) => {
                if heard.elapsed() > HEARTBEAT * 3 {
                    return;
                }
                beat = Instant::now() + HEARTBEAT;
                Message::Ping(Vec::new().into())
            }
        };
        if !send(&mut socket, outgoing).await {
            return;
        }
    }
    let farewell = CloseFrame { code: GOING_AWAY, reason: "the stream ends here".into() };
    send(&mut socket, Message::Close(Some(farewell))).await;
}

/// A reader who does not read for a heartbeat is not waited for.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(HEARTBEAT, socket.send(message)).await, Ok(Ok(())))
}

fn write(event: &LiveEvent) -> String {
    let mut out = Vec::with_capacity(event.data.len() + 64);
    out.extend_from_slice(b"{\"event\":");
    write_string(event.name, &mut out);
    if let Some(id) = &event.id {
        out.extend_from_slice(b",\"id\":");
        write_string(id, &mut out);
    }
    out.extend_from_slice(b",\"data\":");
    out.extend_from_slice(event.data.as_bytes());
    out.push(b'}');
    String::from_utf8(out).expect("all pieces are UTF-8")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_hold_the_event_as_json() {
        let event = LiveEvent { id: Some("7".to_owned()), name: "change", data: r#"{"a":1}"#.to_owned() };
        assert_eq!(write(&event), r#"{"event":"change","id":"7","data":{"a":1}}"#);
    }
}
