//! Forms with files: what a client sends as `multipart/form-data`, read part by part, however it comes in pieces.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use http_body::Frame;
use machi_http::request::{BodyLimits, BodyStream, Form, Parameterized};
use tokio::runtime::Runtime;

use crate::planted;
use crate::target::{Target, texts};

pub(crate) const TARGET: Target = Target {
    name: "form",
    run,
    seeds,
    words: &[
        "--bound",
        "--bound--",
        "\r\n",
        "\r\n\r\n",
        "\r\n--bound\r\n",
        "Content-Disposition: form-data; name=",
        "; filename=",
        "Content-Type: text/csv; charset=shift_jis",
        "\"file\"",
        "\"mapping\"",
        "\\\"",
    ],
};

thread_local! {
    static RUNTIME: Runtime =
        tokio::runtime::Builder::new_current_thread().build().expect("a runtime without a reactor");
}

/// A body in pieces of the same length.
struct Pieces(VecDeque<Bytes>);

impl http_body::Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|piece| Ok(Frame::data(piece))))
    }
}

/// The names of the parts and how long each is; none where it is no form.
fn parts(bytes: &[u8], length: usize) -> Option<Vec<(String, usize)>> {
    let pieces = bytes.chunks(length).map(Bytes::copy_from_slice).collect();
    let mut headers = HeaderMap::new();
    headers.insert("transfer-encoding", HeaderValue::from_static("chunked"));
    let limits = BodyLimits { largest: u64::MAX, key: "" };
    let body = BodyStream::new(&headers, Body::new(Pieces(pieces)), &limits).ok()?;
    let mut form = Form::new(&Parameterized::parse("multipart/form-data; boundary=bound"), body).ok()?;
    let read = async {
        let mut parts = Vec::new();
        while let Some(part) = form.next_part().await.ok()? {
            let _ = Parameterized::parse(part.content_type.as_deref().unwrap_or_default()).get("charset");
            let mut length = 0;
            while let Some(piece) = form.next_piece().await.ok()? {
                length += piece.len();
            }
            parts.push((part.name, length));
        }
        Some(parts)
    };
    RUNTIME.with(|runtime| runtime.block_on(read))
}

fn run(bytes: &[u8]) {
    let whole = parts(bytes, bytes.len().max(1));
    assert_eq!(whole, parts(bytes, 3), "how it is cut into pieces does not matter");
    planted::fault(whole.is_some_and(|parts| parts.len() == 3 && parts.iter().any(|(name, _)| name == "file")));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "--bound\r\nContent-Disposition: form-data; name=\"mapping\"; filename=\"a.toml\"\r\n\r\nid = 1\r\n--bound\r\nContent-Disposition: form-data; name=\"file\"\r\nContent-Type: text/csv\r\n\r\na,b\r\n1,2\r\n--bound--\r\n",
        "--bound\r\nContent-Disposition: form-data; name=file\r\n\r\n\r\n--bound--",
        "--bound\r\nContent-Disposition: form-data; name=a\r\n\r\n\r\n--bound\r\nContent-Disposition: form-data; name=filE\r\n\r\n\r\n--bound\r\nContent-Disposition: form-data; name=b\r\n\r\n\r\n--bound--",
        "before\r\n--bound \r\nContent-Disposition: form-data; name=\"a\\\"b\"\r\n\r\n--boun\r\n--bound--after",
    ])
}
