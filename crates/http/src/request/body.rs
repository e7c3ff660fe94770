//! Request bodies: read whole or piece by piece, never longer than allowed. How slow they may be is the edge's.

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, TRANSFER_ENCODING};
use http_body_util::BodyExt;
use machi_types::ErrorKind;
use thiserror::Error;

use crate::{Language, Problem, Text};

/// Why the edge gives a body no further: it ends with this instead of its next piece.
#[derive(Debug, Error)]
#[error("{}", .0.detail(Language::English))]
pub(crate) struct Stopped(pub(crate) Problem);

/// How long a body may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BodyLimits {
    /// The most bytes.
    pub largest: u64,
    /// The key of the configuration that sets it.
    pub key: &'static str,
}

/// Reads the whole body, whose length the headers tell.
pub async fn read_body(headers: &HeaderMap, body: Body, limits: &BodyLimits) -> Result<Bytes, Problem> {
    if !headers.contains_key(CONTENT_LENGTH) {
        return Err(length_required());
    }
    let mut stream = BodyStream::new(headers, body, limits)?;
    let Some(first) = stream.next().await? else {
        return Ok(Bytes::new());
    };
    let Some(second) = stream.next().await? else {
        return Ok(first);
    };
    let expected = stream.declared.unwrap_or(0).min(limits.largest) as usize;
    let mut whole = BytesMut::with_capacity(expected.max(first.len() + second.len()));
    whole.extend_from_slice(&first);
    whole.extend_from_slice(&second);
    while let Some(piece) = stream.next().await? {
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

/// A body as it arrives; one that is sent chunk by chunk tells its length with each chunk.
#[derive(Debug)]
pub struct BodyStream {
    body: Body,
    limits: BodyLimits,
    declared: Option<u64>,
    received: u64,
    /// Whether it has come to its end, or was given up.
    has_ended: bool,
}

impl BodyStream {
    /// Checks what the headers say of the body; nothing is read yet.
    pub fn new(headers: &HeaderMap, body: Body, limits: &BodyLimits) -> Result<Self, Problem> {
        check_coding(headers)?;
        let declared = declared_length(headers)?;
        if declared.is_some_and(|length| length > limits.largest) {
            return Err(too_large(limits));
        }
        Ok(Self { body, limits: *limits, declared, received: 0, has_ended: false })
    }

    /// The bytes read so far.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// The next piece; none at the end, nor behind an error.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        if self.has_ended || http_body::Body::is_end_stream(&self.body) {
            return Ok(None);
        }
        let piece = self.receive().await;
        self.has_ended = !matches!(piece, Ok(Some(_)));
        piece
    }

    async fn receive(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            let Some(frame) = self.body.frame().await else { return Ok(None) };
            let frame = frame.map_err(stopped)?;
            // Trailers carry nothing that any operation reads.
            let Ok(piece) = frame.into_data() else {
                continue;
            };
            self.received += piece.len() as u64;
            if self.received > self.limits.largest {
                return Err(too_large(&self.limits));
            }
            if !piece.is_empty() {
                return Ok(Some(piece));
            }
        }
    }
}

/// The length that `Content-Length` tells; none where it comes chunk by chunk, as what is streamed does
/// (docs/api-design.md names this choice).
fn declared_length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    if let Some(length) = headers.get(CONTENT_LENGTH) {
        return Ok(length.to_str().ok().and_then(|text| text.parse().ok()));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        return Ok(None);
    }
    Err(length_required())
}

/// ETSI GS CIM 009 §6.3.4: a request without `Content-Length` is answered 411.
fn length_required() -> Problem {
    Problem::new(
        ErrorKind::LengthRequired,
        Text::both(
            "there is no Content-Length header; a request with a body states its length",
            "Content-Lengthヘッダーがありません",
        ),
    )
}

/// RFC 9110 §8.4, §15.5.16: a body that is compressed is refused, and never taken for what it holds.
fn check_coding(headers: &HeaderMap) -> Result<(), Problem> {
    let is_identity = |coding: &http::HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"identity");
    if headers.get_all(CONTENT_ENCODING).iter().all(is_identity) {
        return Ok(());
    }
    Err(Problem::new(
        ErrorKind::UnsupportedMediaType,
        Text::both(
            "bodies are taken as they are, without any Content-Encoding",
            "Content-Encodingで圧縮されたリクエスト本文は受け付けません",
        ),
    )
    .with_header(ACCEPT_ENCODING, http::HeaderValue::from_static("identity")))
}

fn too_large(limits: &BodyLimits) -> Problem {
    let BodyLimits { largest, key, .. } = limits;
    Problem::new(
        ErrorKind::RequestEntityTooLarge,
        Text::both(
            format!(
                "the body is longer than {largest} bytes, the most that is taken here ({key}); send it in smaller parts"
            ),
            format!("リクエスト本文が上限({largest}バイト、{key})を超えています。分割して送信してください"),
        ),
    )
    .with_header(http::header::CONNECTION, http::HeaderValue::from_static("close"))
}

/// What the edge says of it, or that the client broke it off.
fn stopped(cause: axum::Error) -> Problem {
    let mut cause = cause.into_inner();
    // Each body around another one wraps what it ended with.
    loop {
        cause = match cause.downcast::<axum::Error>() {
            Ok(wrapped) => wrapped.into_inner(),
            Err(cause) => break cause.downcast::<Stopped>().map_or_else(broken_body, |stopped| stopped.0),
        };
    }
}

/// The body was broken off by the client.
pub(crate) fn broken_body(cause: axum::BoxError) -> Problem {
    Problem::new(
        ErrorKind::InvalidRequest,
        Text::both("the body ended before it was complete", "リクエスト本文が途中で終わっています"),
    )
    .because(cause)
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::stream;

    const LIMITS: BodyLimits = BodyLimits { largest: 10, key: "[limits] body" };

    fn headers(name: &'static str, value: &'static str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(name, http::HeaderValue::from_static(value));
        headers
    }

    fn pieces(pieces: &'static [&'static str]) -> Body {
        Body::from_stream(stream::iter(
            pieces.iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from_static(piece.as_bytes()))),
        ))
    }

    #[tokio::test]
    async fn bodies_within_the_limit_come_whole() {
        for (length, body, expected) in [
            ("0", pieces(&[]), ""),
            ("3", pieces(&["abc"]), "abc"),
            ("10", pieces(&["a", "", "bc", "defghij"]), "abcdefghij"),
            ("3", Body::from("abc"), "abc"),
        ] {
            assert_eq!(read_body(&headers("content-length", length), body, &LIMITS).await.unwrap(), expected);
        }
    }

    #[tokio::test]
    async fn only_a_stream_may_come_chunk_by_chunk() {
        let chunked = headers("transfer-encoding", "chunked");
        assert_eq!(read_body(&chunked, pieces(&["abc"]), &LIMITS).await.unwrap_err().status(), 411);
        let mut stream = BodyStream::new(&chunked, pieces(&["a", "", "bc"]), &LIMITS).unwrap();
        assert_eq!(stream.next().await.unwrap().unwrap(), "a");
        assert_eq!(stream.next().await.unwrap().unwrap(), "bc");
        assert_eq!(stream.next().await.unwrap(), None);
        assert_eq!(stream.next().await.unwrap(), None);
    }

    #[tokio::test]
    async fn longer_bodies_are_refused_as_declared_or_as_received() {
        let declared = read_body(&headers("content-length", "11"), Body::empty(), &LIMITS).await;
        assert_eq!(declared.unwrap_err().status(), 413);
        let chunked = headers("transfer-encoding", "chunked");
        let mut received = BodyStream::new(&chunked, pieces(&["abcdefghij", "k"]), &LIMITS).unwrap();
        assert_eq!(received.next().await.unwrap().unwrap(), "abcdefghij");
        assert_eq!(received.next().await.unwrap_err().status(), 413);
        assert_eq!(received.next().await.unwrap(), None, "what is given up is not read on");
    }

    #[tokio::test]
    async fn a_compressed_body_is_refused() {
        for (coding, is_taken) in [("identity", true), ("Identity", true), ("gzip", false), ("br", false), ("", false)]
        {
            let mut headers = headers("content-length", "3");
            headers.insert(CONTENT_ENCODING, coding.parse().unwrap());
            let read = read_body(&headers, Body::from("abc"), &LIMITS).await;
            assert_eq!(read.is_ok(), is_taken, "{coding}");
        }
    }

    #[tokio::test]
    async fn a_body_of_unknown_length_is_refused() {
        assert_eq!(read_body(&HeaderMap::new(), Body::empty(), &LIMITS).await.unwrap_err().status(), 411);
    }
}
