//! Batches under an `Idempotency-Key`. A batch takes several commits, so its answer is stored once all are
//! done: repeated while it runs, it is refused; repeated after a crash or a broken connection, it is done again.
//!
//! A key stands for one body. What a batch holds is known only when it has been read, so one that comes under a key
//! that has an answer is read to its end before it gets that answer, and nothing of it is done.

use machi_face::{FaceError, RequestKey};
use machi_types::{Caller, Name, TenantId};

use crate::Broker;
use crate::collections::ANSWERS;
use machi_face::once::{BatchResult, Effect};
use machi_face::once::{earlier, is_answer};

use super::arriving::Arriving;

/// A key whose batch is at work, until this is dropped.
#[derive(Debug)]
pub(super) struct AtWork<'b> {
    broker: &'b Broker,
    key: (TenantId, Name),
}

impl Drop for AtWork<'_> {
    fn drop(&mut self) {
        self.broker.at_work.lock().remove(&self.key);
    }
}

impl Broker {
    /// Takes the key for a batch, unless one is at work under it.
    pub(super) fn take_key(&self, caller: &Caller, key: &RequestKey) -> Result<AtWork<'_>, FaceError> {
        let name = (caller.tenant().clone(), key.key.clone());
        if !self.at_work.lock().insert(name.clone()) {
            return Err(key.at_work());
        }
        Ok(AtWork { broker: self, key: name })
    }

    /// The answer, if the batch was done before; then its body is read to the end.
    pub(super) async fn earlier_batch(
        &self,
        caller: &Caller,
        key: &RequestKey,
        body: &mut Arriving,
    ) -> Result<Option<BatchResult>, FaceError> {
        let now = self.clock.now();
        let stored = self.store.view().document(caller.tenant(), ANSWERS, &key.key).await?;
        if !is_answer(stored.as_deref(), now)? {
            return Ok(None);
        }
        body.pass_over().await?;
        let hash = body.hash().ok_or(FaceError::Bug("a body was read to its end and has no hash"))?;
        match earlier(&key.with_body(hash), stored.as_deref(), now)? {
            None => Ok(None),
            Some((Effect::Batch(result), _)) => Ok(Some(result)),
            Some(_) => Err(FaceError::Bug("a batch has the answer of another operation")),
        }
    }

    /// Stores the answer. The batch is done in any case; only its repetition would be done again.
    pub(super) async fn keep_batch(&self, caller: &Caller, key: &RequestKey, result: &BatchResult) {
        let effect = Effect::Batch(result.clone());
        if let Err(error) = self.store_answer(caller, key, effect, self.clock.now()).await {
            tracing::warn!(key = %key.key, %error, "the answer to a batch could not be stored");
        }
    }
}
