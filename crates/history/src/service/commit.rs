//! The one way in which the past is written: an amendment is committed, together with the answer where the client may
//! repeat the request.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use machi_face::once::{ANSWERS, Answer, Effect, earlier};
use machi_face::{ENTITIES, FaceError, RequestKey};
use machi_store::{Change, Commit, Decision, Document, Outcome, Refusal};
use machi_types::{Caller, Name, TenantId};

use crate::amendment::{AMENDMENTS, Amendment};
use crate::error::HistoryError;
use crate::history::History;

/// Stands for the answer that is stored already.
#[derive(Debug, thiserror::Error)]
#[error("the request was answered already")]
struct Repeated(Effect);

impl History {
    /// What the request came to when it was made before.
    pub(crate) async fn earlier(&self, caller: &Caller, key: Option<&RequestKey>) -> Result<Option<Effect>, FaceError> {
        let Some(key) = key else { return Ok(None) };
        let stored = self.store().view().document(caller.tenant(), ANSWERS, &key.key).await?;
        Ok(earlier(key, stored.as_deref(), self.face.clock.now())?.map(|(effect, _)| effect))
    }

    /// Commits amendments of different entities; what they tell is in the past when this returns. It gives the effect
    /// back, or that of the same request where that was made meanwhile.
    pub(crate) async fn commit(
        &self,
        caller: &Caller,
        amendments: &[Amendment],
        effect: Effect,
        key: Option<RequestKey>,
    ) -> Result<Effect, FaceError> {
        let heads: Vec<Bytes> = amendments.iter().map(|amendment| amendment.encode().into()).collect();
        if heads.is_empty() && key.is_none() {
            return Ok(effect);
        }
        loop {
            let mut commit = Commit::new(caller.tenant().clone());
            commit.all_or_nothing = true;
            if let Some(key) = &key {
                commit = commit.with(ANSWERS, key.key.clone(), self.answering(key.clone(), effect.clone()));
            }
            for head in &heads {
                commit = commit.with(AMENDMENTS, self.name_amendment(), storing(head.clone()));
            }
            let mut outcomes = self.store().commit(commit).await?.outcomes.into_iter();
            if key.is_some()
                && let Some(Outcome::Refused(refusal)) = outcomes.next()
            {
                return refusal.downcast::<Repeated>().map(|repeated| repeated.0).map_err(FaceError::of_refusal);
            }
            // A clock that was set back may give a name again.
            if !outcomes.any(|outcome| matches!(outcome, Outcome::Refused(_))) {
                return Ok(effect);
            }
        }
    }

    /// Commits an amendment of our own, unless there is such an entity by then.
    pub(crate) async fn commit_unless_alive(
        &self,
        tenant: &TenantId,
        amendment: &Amendment,
    ) -> Result<(), HistoryError> {
        let stays_away = |current: Option<&Document>| -> Result<Decision, Refusal> {
            if current.is_some() { Err("the entity is there again".into()) } else { Ok(Decision::Keep) }
        };
        let mut commit = Commit::new(tenant.clone());
        commit.all_or_nothing = true;
        let commit = commit.with(ENTITIES, amendment.entity.clone(), stays_away).with(
            AMENDMENTS,
            self.name_amendment(),
            storing(Bytes::from(amendment.encode())),
        );
        // Where it was refused, the next round looks again.
        self.store().commit(commit).await?;
        Ok(())
    }

    fn name_amendment(&self) -> Name {
        let number = self.amendments.fetch_add(1, Ordering::Relaxed);
        Name::from(format!("{:x}-{number:x}", self.face.clock.now().micros()))
    }

    fn answering(
        &self,
        key: RequestKey,
        effect: Effect,
    ) -> impl FnMut(Option<&Document>) -> Result<Decision, Refusal> + Send + 'static {
        let now = self.face.clock.now();
        let answer = Answer { expires: self.face.answers_expire(now), fingerprint: key.fingerprint, effect };
        move |stored| match earlier(&key, stored, now)? {
            Some((effect, _)) => Err(Box::new(Repeated(effect))),
            None => Ok(answer.store()),
        }
    }
}

fn storing(head: Bytes) -> impl FnMut(Option<&Document>) -> Result<Decision, Refusal> + Send + 'static {
    move |current| match current {
        Some(_) => Err("there is an amendment of this name".into()),
        None => Ok(Decision::Change(Change { head: Some(head.clone()), ..Change::default() })),
    }
}
