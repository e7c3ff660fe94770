//! Server-Sent Events (the HTML standard §9.2), over a plain HTTP answer.

use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use http::{HeaderValue, header};
use http_body::Frame;
use tokio::time::{Interval, MissedTickBehavior, interval_at};

use super::{HEARTBEAT, LiveEvent, LiveSource};
use crate::{Shutdown, answer};

/// An answer that lasts as long as its source.
pub fn sse(source: LiveSource, mut shutdown: Shutdown) -> Response {
    let mut heartbeat = interval_at(tokio::time::Instant::now() + HEARTBEAT, HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let closing = Box::pin(async move { shutdown.begun().await });
    let body = Body::new(Events { source, heartbeat, closing, has_greeted: false });
    let mut response = answer::status(http::StatusCode::OK);
    *response.body_mut() = body;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    // Proxies that collect answers would hold events back.
    headers.insert("x-accel-buffering", HeaderValue::from_static("no"));
    response
}

struct Events {
    source: LiveSource,
    heartbeat: Interval,
    closing: BoxFuture<'static, ()>,
    has_greeted: bool,
}

impl http_body::Body for Events {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let this = self.get_mut();
        let send = |bytes: Bytes| Poll::Ready(Some(Ok(Frame::data(bytes))));
        if !this.has_greeted {
            this.has_greeted = true;
            // The first bytes tell the browser that the stream is open, and when to come back if it breaks.
            return send(Bytes::from_static(b"retry: 2000\n\n"));
        }
        if this.closing.as_mut().poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        match this.source.poll_recv(cx) {
            Poll::Ready(Some(event)) => return send(write(&event)),
            Poll::Ready(None) => return Poll::Ready(None),
            Poll::Pending => {}
        }
        match this.heartbeat.poll_tick(cx) {
            Poll::Ready(_) => send(Bytes::from_static(b":\n\n")),
            Poll::Pending => Poll::Pending,
        }
    }
}

/// A line break inside a field would end it, so data goes line by line and ids lose theirs.
fn write(event: &LiveEvent) -> Bytes {
    let mut text = String::with_capacity(event.data.len() + 64);
    if let Some(id) = &event.id {
        text.push_str("id: ");
        text.extend(id.chars().filter(|c| !matches!(c, '\r' | '\n' | '\0')));
        text.push('\n');
    }
    text.push_str("event: ");
    text.push_str(event.name);
    text.push('\n');
    for line in event.data.split(['\r', '\n']) {
        text.push_str("data: ");
        text.push_str(line);
        text.push('\n');
    }
    text.push('\n');
    Bytes::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shutdown;
    use http_body_util::BodyExt;
    use tokio::sync::mpsc;

    fn event(id: &str, data: &str) -> LiveEvent {
        LiveEvent { id: Some(id.to_owned()), name: "change", data: data.to_owned() }
    }

    #[test]
    fn events_are_written_line_by_line() {
        assert_eq!(write(&event("7", "{}")), "id: 7\nevent: change\ndata: {}\n\n");
        assert_eq!(write(&event("7\n8", "a\nb")), "id: 78\nevent: change\ndata: a\ndata: b\n\n");
    }

    #[tokio::test]
    async fn a_stream_ends_with_its_source() {
        let (sender, source) = mpsc::channel(4);
        let (_trigger, heard) = shutdown();
        sender.send(event("1", "{}")).await.unwrap();
        drop(sender);
        let text = sse(source, heard).into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, "retry: 2000\n\nid: 1\nevent: change\ndata: {}\n\n");
    }

    #[tokio::test]
    async fn a_stream_ends_when_the_city_closes() {
        let (_sender, source) = mpsc::channel(4);
        let (trigger, heard) = shutdown();
        trigger.begin();
        let text = sse(source, heard).into_body().collect().await.unwrap().to_bytes();
        assert_eq!(text, "retry: 2000\n\n");
    }
}
