//! Answers compressed with gzip, piece by piece, for clients that ask for it.

use std::io::Write;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use http_body::{Body as _, Frame};

use crate::language::quality;
use crate::request::Etag;

/// How much is compressed before other requests get a turn: about a millisecond's work.
const PIECE: usize = 64 * 1024;

/// Whether the client takes gzip (RFC 9110 §12.5.3).
pub(super) fn is_taken(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    let mut any = false;
    for coding in value.split(',') {
        let mut parts = coding.split(';');
        let name = parts.next().unwrap_or_default().trim();
        let is_wanted = quality(parts) > 0;
        if name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip") {
            return is_wanted;
        }
        any |= name == "*" && is_wanted;
    }
    any
}

/// Compresses an answer that is worth it.
pub(super) fn apply(response: Response, from: u64) -> Response {
    if !is_worth_it(&response, from) {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let headers = &mut parts.headers;
    headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    headers.remove(header::CONTENT_LENGTH);
    if let Some(marked) = headers.get(header::ETAG).and_then(Etag::mark_gzip) {
        headers.insert(header::ETAG, marked);
    }
    Response::from_parts(parts, Body::new(Gzip::new(body)))
}

fn is_worth_it(response: &Response, from: u64) -> bool {
    let headers = response.headers();
    let is_large = response.body().size_hint().exact().is_none_or(|size| size >= from);
    let is_whole = response.status() != StatusCode::PARTIAL_CONTENT && !headers.contains_key(header::CONTENT_RANGE);
    let is_plain = !headers.contains_key(header::CONTENT_ENCODING);
    is_large && is_whole && is_plain && headers.get(header::CONTENT_TYPE).is_some_and(shrinks)
}

/// A live stream is text too, but each of its events must leave at once.
fn shrinks(content_type: &HeaderValue) -> bool {
    let text = content_type.to_str().unwrap_or_default();
    let essence = text.split(';').next().unwrap_or_default().trim();
    let is_textual = essence.starts_with("text/")
        || essence.ends_with("json")
        || essence.ends_with("openmetrics-text")
        || matches!(
            essence,
            "application/vnd.mapbox-vector-tile"
                | "application/javascript"
                | "application/xml"
                | "image/svg+xml"
                | "application/x-ndjson"
        );
    is_textual && essence != "text/event-stream"
}

/// A body whose pieces are compressed as they pass.
struct Gzip {
    inner: Body,
    /// What came and is not compressed yet.
    pending: Bytes,
    /// None once the last piece is out.
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Gzip {
    fn new(inner: Body) -> Self {
        // The fastest level: answers are sent once, and JSON shrinks well with any level.
        Self { inner, pending: Bytes::new(), encoder: Some(GzEncoder::new(Vec::new(), Compression::fast())) }
    }

    fn compress_piece(&mut self) -> std::io::Result<Option<Bytes>> {
        let Some(encoder) = &mut self.encoder else {
            return Ok(None);
        };
        let piece = self.pending.split_to(self.pending.len().min(PIECE));
        encoder.write_all(&piece)?;
        Ok(take_output(encoder.get_mut()))
    }

    fn end(&mut self) -> std::io::Result<Option<Bytes>> {
        match self.encoder.take() {
            Some(encoder) => Ok(Some(Bytes::from(encoder.finish()?))),
            None => Ok(None),
        }
    }
}

fn take_output(buffer: &mut Vec<u8>) -> Option<Bytes> {
    (!buffer.is_empty()).then(|| Bytes::from(std::mem::take(buffer)))
}

impl http_body::Body for Gzip {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        loop {
            if !this.pending.is_empty() {
                match this.compress_piece().map_err(axum::Error::new)? {
                    Some(out) => return Poll::Ready(Some(Ok(Frame::data(out)))),
                    None => continue,
                }
            }
            if this.encoder.is_none() {
                return Poll::Ready(None);
            }
            let Some(frame) = ready!(Pin::new(&mut this.inner).poll_frame(cx)?) else {
                let last = this.end().map_err(axum::Error::new)?;
                return Poll::Ready(last.map(|bytes| Ok(Frame::data(bytes))));
            };
            // Answers have no trailers.
            this.pending = frame.into_data().unwrap_or_default();
        }
    }

    fn is_end_stream(&self) -> bool {
        self.encoder.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use http_body_util::BodyExt;
    use std::io::Read;

    fn taken(value: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
        is_taken(&headers)
    }

    fn answer(content_type: &'static str, text: String) -> Response {
        crate::answer::of_type(HeaderValue::from_static(content_type), text)
    }

    #[test]
    fn gzip_is_taken_when_it_is_named() {
        for (value, expected) in [
            ("gzip", true),
            ("deflate, gzip;q=0.5", true),
            ("*", true),
            ("gzip;q=0, *", false),
            ("br", false),
            ("identity", false),
            ("", false),
        ] {
            assert_eq!(taken(value), expected, "{value}");
        }
        assert!(!is_taken(&HeaderMap::new()));
    }

    #[tokio::test]
    async fn large_texts_are_compressed_and_come_back_whole() {
        let text = "街の記録 ".repeat(50_000);
        let mut response = answer("application/ld+json", text.clone());
        response.headers_mut().insert(header::ETAG, HeaderValue::from_static("\"1\""));
        let response = apply(response, 1000);
        assert_eq!(response.headers()["content-encoding"], "gzip");
        assert_eq!(response.headers()["etag"], "\"1-gzip\"");
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let mut back = String::new();
        GzDecoder::new(&*bytes).read_to_string(&mut back).unwrap();
        assert!(bytes.len() * 10 < text.len() && back == text);
    }

    #[test]
    fn small_live_and_binary_answers_stay_as_they_are() {
        for (content_type, size) in [("application/json", 10), ("text/event-stream", 5000), ("image/png", 5000)] {
            let response = apply(answer(content_type, "x".repeat(size)), 1000);
            assert!(!response.headers().contains_key("content-encoding"), "{content_type}");
        }
    }
}
