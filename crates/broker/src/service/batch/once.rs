//! Batches under an `Idempotency-Key`. A batch takes several commits, so its answer is stored once all are
//! done: repeated while it runs, it is refused; repeated after a crash or a broken connection, it is done again.

use machi_types::{Caller, Name, TenantId};

use crate::collections::ANSWERS;
use crate::service::answers::RequestKey;
use crate::service::effect::{BatchResult, Effect};
use crate::{Broker, BrokerError};

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
    pub(super) fn take_key(&self, caller: &Caller, key: &RequestKey) -> Result<AtWork<'_>, BrokerError> {
        let name = (caller.tenant().clone(), key.key.clone());
        if !self.at_work.lock().insert(name.clone()) {
            return Err(key.at_work());
        }
        Ok(AtWork { broker: self, key: name })
    }

    /// The answer, if the batch was done before.
    pub(super) async fn earlier_batch(
        &self,
        caller: &Caller,
        key: &RequestKey,
    ) -> Result<Option<BatchResult>, BrokerError> {
        let stored = self.store.view().document(caller.tenant(), ANSWERS, &key.key).await?;
        match key.earlier(stored.as_deref(), self.clock.now())? {
            None => Ok(None),
            Some((Effect::Batch(result), _)) => Ok(Some(result)),
            Some(_) => Err(BrokerError::Bug("a batch has the answer of another operation")),
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
