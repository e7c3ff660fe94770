//! The one way in which an entity is written: check the tenant, decide under the store's lock, remember the
//! answer where the client asked for that, and say what happened.

use std::sync::Arc;

use machi_face::{FaceError, RequestKey};
use machi_model::entity::Document as Entity;
use machi_model::laws::{self, Changes};
use machi_store::{Commit, Decision, Document, Outcome, Receipt, Refusal, Store};
use machi_types::{Caller, Name, Timestamp};
use parking_lot::Mutex;

use crate::Broker;
use crate::collections::{ANSWERS, ENTITIES};
use crate::domain::change::Plan;
use crate::domain::current::{Wanted, with_entity};
use crate::domain::guard::{self, Guard};
use machi_face::once::Effect;
use machi_face::once::{Answer, earlier};

/// Which entity is meant, and what it must be like for the write to be done.
#[derive(Debug, Default)]
pub struct Target {
    /// What the entity must be like.
    pub guard: Guard,
    /// The key under which the request may be repeated.
    pub key: Option<RequestKey>,
}

/// What a write came to, durably.
#[derive(Debug)]
pub struct Written {
    /// What was done.
    pub effect: Effect,
    /// The version of the entity, where it was changed and still exists.
    pub version: Option<u64>,
}

/// What a decision on one entity may come to.
pub(crate) type Decided = Result<(Plan, Effect), FaceError>;

/// Decides on one entity, given as it is.
pub(crate) type Decider = Box<dyn FnMut(Now<'_>) -> Decided + Send>;

/// What an operation needs to know when it decides.
pub(crate) struct Now<'a> {
    /// The entity as it is, unless there is none or it has expired.
    pub(crate) document: Option<&'a Document>,
    /// The time of the request, by which instances expire.
    pub(crate) time: Timestamp,
    /// For the names behind the numbers.
    pub(crate) store: &'a dyn Store,
}

impl Now<'_> {
    /// What a law makes of the entity; `id` names it in the error where there is none.
    pub(crate) fn apply(
        &self,
        id: &Name,
        wanted: Wanted<'_>,
        law: impl FnOnce(&Entity<'_>) -> Result<Changes, laws::Refusal>,
    ) -> Result<Changes, FaceError> {
        let Some(document) = self.document else { return Err(FaceError::EntityNotFound { id: id.clone() }) };
        let changes = with_entity(document, self.store.names(), self.time, wanted, law)?;
        changes.map_err(|refusal| FaceError::of_law(id, refusal))
    }
}

/// The plan that does what a law decided, and its effect.
pub(crate) fn decided(changes: Changes) -> (Plan, Effect) {
    let effect = Effect::of(&changes);
    let plan = if changes.is_empty() { Plan::Keep } else { Plan::Parts(changes) };
    (plan, effect)
}

impl Broker {
    /// Refuses where there is no such entity, or no such tenant.
    pub(crate) async fn check_exists(&self, caller: &Caller, id: &Name) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        let document = self.store.view().document(caller.tenant(), ENTITIES, id).await?;
        match guard::living(document.as_deref(), self.clock.now())? {
            Some(_) => Ok(()),
            None => Err(FaceError::EntityNotFound { id: id.clone() }),
        }
    }

    /// Writes one entity, deciding by `decide`, which may be called more than once.
    pub(crate) async fn write_entity(
        &self,
        caller: &Caller,
        id: &Name,
        target: Target,
        mut decide: Decider,
    ) -> Result<Written, FaceError> {
        let time = self.clock.now();
        let effect: Arc<Mutex<Option<Effect>>> = Arc::default();
        let most = self.face.config.limits.attributes;
        let (store, guard, found) = (Arc::clone(&self.store), target.guard, Arc::clone(&effect));
        let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            let document = guard::living(current, time)?;
            guard.check_types(document)?;
            let (plan, came_to) = decide(Now { document, time, store: &*store })?;
            guard.check_version(document)?;
            guard::check_size(&plan, document, store.names(), most)?;
            *found.lock() = Some(came_to);
            Ok(guard::over_expired(plan.decision(store.names()), current, document))
        };
        let commit = Commit::new(caller.tenant().clone()).with(ENTITIES, id.clone(), decide);
        match target.key {
            None => {
                let receipt = self.store.commit(commit).await?;
                let version = version_of(receipt)?;
                let effect = effect.lock().take().ok_or(FaceError::Bug("a commit was made without a decision"))?;
                Ok(Written { effect, version })
            }
            Some(key) => self.write_once(caller, commit, key, &effect, time).await,
        }
    }

    /// Commits together with the answer, or gives the answer that is stored.
    async fn write_once(
        &self,
        caller: &Caller,
        mut commit: Commit,
        key: RequestKey,
        effect: &Arc<Mutex<Option<Effect>>>,
        time: Timestamp,
    ) -> Result<Written, FaceError> {
        // What is refused, or done already, by its key alone leaves no names behind.
        let stored = self.store.newest(caller.tenant(), ANSWERS, &key.key);
        if let Some((effect, version)) = earlier(&key, stored.as_deref(), time)? {
            return Ok(Written { effect, version: Some(version) });
        }
        let expires = self.face.answers_expire(time);
        let (found, remembered) = (Arc::clone(effect), Arc::<Mutex<Option<Effect>>>::default());
        let (written, stored_key) = (Arc::clone(&remembered), key.clone());
        commit = commit.with(ANSWERS, key.key.clone(), move |stored: Option<&Document>| -> Result<Decision, Refusal> {
            if let Some((effect, version)) = earlier(&stored_key, stored, time)? {
                return Err(Box::new(Repeated(effect, version)));
            }
            // Where the entity was refused there is nothing to remember, and the whole commit is turned down.
            let Some(effect) = found.lock().clone() else { return Ok(Decision::Keep) };
            *written.lock() = Some(effect.clone());
            Ok(Answer { expires, fingerprint: stored_key.fingerprint, effect }.store())
        });
        commit.all_or_nothing = true;
        let receipt = self.store.commit(commit).await?;
        let mut outcomes = receipt.outcomes.into_iter();
        let (entity, answer) = (outcomes.next(), outcomes.next());
        if let Some(Outcome::Refused(refusal)) = answer {
            return match refusal.downcast::<Repeated>() {
                Ok(repeated) => Ok(Written { effect: repeated.0, version: Some(repeated.1) }),
                Err(other) => Err(FaceError::of_refusal(other)),
            };
        }
        let version = version_of_outcome(entity)?;
        let effect = effect.lock().take().ok_or(FaceError::Bug("a commit was made without a decision"))?;
        let remembered = remembered.lock().take();
        self.correct_answer(caller, &key, remembered, &effect, time).await?;
        Ok(Written { effect, version })
    }

    /// The entity may have been decided on again after its answer was; then the answer is written anew.
    async fn correct_answer(
        &self,
        caller: &Caller,
        key: &RequestKey,
        remembered: Option<Effect>,
        effect: &Effect,
        time: Timestamp,
    ) -> Result<(), FaceError> {
        if remembered.as_ref() == Some(effect) {
            return Ok(());
        }
        self.store_answer(caller, key, effect.clone(), time).await
    }

    /// Stores an answer in a commit of its own.
    pub(crate) async fn store_answer(
        &self,
        caller: &Caller,
        key: &RequestKey,
        effect: Effect,
        time: Timestamp,
    ) -> Result<(), FaceError> {
        let answer = Answer { expires: self.face.answers_expire(time), fingerprint: key.fingerprint, effect };
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(answer.store()) };
        let commit = Commit::new(caller.tenant().clone()).with(ANSWERS, key.key.clone(), decide);
        self.store.commit(commit).await?;
        Ok(())
    }
}

/// The answer that is stored already, with the number of its commit.
#[derive(Debug, thiserror::Error)]
#[error("the request was answered already")]
struct Repeated(Effect, u64);

fn version_of(receipt: Receipt) -> Result<Option<u64>, FaceError> {
    version_of_outcome(receipt.outcomes.into_iter().next())
}

fn version_of_outcome(outcome: Option<Outcome>) -> Result<Option<u64>, FaceError> {
    match outcome {
        Some(Outcome::Created { version } | Outcome::Changed { version }) => Ok(Some(version)),
        Some(Outcome::Deleted | Outcome::Kept) => Ok(None),
        Some(Outcome::Refused(refusal)) => Err(FaceError::of_refusal(refusal)),
        Some(Outcome::NotTried) | None => Err(FaceError::Bug("the store gave no verdict on the only proposal")),
    }
}
