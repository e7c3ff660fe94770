//! The body of a batch as it arrives, with the hash of what has come: it tells whether a batch that is sent again
//! under its `Idempotency-Key` is the same.

use bytes::Bytes;
use machi_face::StableHash;
use machi_http::Problem;
use machi_http::request::BodyStream;

/// A body that is hashed as it is read.
#[derive(Debug)]
pub(super) struct Arriving {
    body: BodyStream,
    /// Kept only for a batch that has a key.
    hash: Option<StableHash>,
    has_ended: bool,
}

impl Arriving {
    /// Nothing is read yet.
    pub(super) fn new(body: BodyStream, has_key: bool) -> Self {
        Self { body, hash: has_key.then(StableHash::new), has_ended: false }
    }

    /// How many bytes have come.
    pub(super) fn received(&self) -> u64 {
        self.body.received()
    }

    /// The next piece; none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        let piece = self.body.next().await?;
        match (&piece, &mut self.hash) {
            (Some(piece), Some(hash)) => hash.take(piece),
            (Some(_), None) => {}
            (None, _) => self.has_ended = true,
        }
        Ok(piece)
    }

    /// The hash of the whole body, once it has come to its end.
    pub(super) fn hash(&self) -> Option<u128> {
        self.hash.filter(|_| self.has_ended).map(StableHash::finish)
    }

    /// Reads what is left, and keeps none of it.
    pub(super) async fn pass_over(&mut self) -> Result<(), Problem> {
        while self.next().await?.is_some() {}
        Ok(())
    }
}
