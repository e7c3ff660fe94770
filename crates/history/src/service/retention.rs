//! How long the past is kept: what is to be done with it, and doing it.

use std::sync::Arc;

use bytes::Bytes;
use machi_archive::retention::{Level, Retained, Retention};
use machi_archive::{Evolution, Origin, Part, Snapshot, WantedEvolutions};
use machi_face::FaceError;
use machi_http::Text;
use machi_store::{Change, Commit, Decision, Document, Outcome, Refusal};
use machi_types::{Caller, ErrorKind, Name, TenantId, Timestamp};
use rustc_hash::FxHashSet;

use crate::amendment::Amendment;
use crate::blocking;
use crate::collections::MARKS;
use crate::domain::policies::{LegalHold, Policies, Policy};
use crate::error::HistoryError;
use crate::history::History;
use crate::past::with_instances;
use crate::service::tell::{evolution, not_found};

/// The document that holds the policies of a tenant.
const POLICIES: &str = "policies";
/// How many holds, or policies, a tenant may have.
const MOST: usize = 1000;
/// How many evolutions are looked at together.
const AT_ONCE: usize = 1000;

/// What was last done with the past of a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// When.
    pub at: Timestamp,
    /// What.
    pub retained: Retained,
}

/// How long the past of a tenant is kept, and how far that has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// The policies and holds.
    pub policies: Policies,
    /// From when on the city can be told as it was; none where policies have taken nothing.
    pub known_since: Option<Timestamp>,
    /// What this process did the last time that it did anything.
    pub applied: Option<Applied>,
}

impl History {
    /// The policies of a tenant, and what came of them.
    pub async fn kept(&self, caller: &Caller) -> Result<Kept, FaceError> {
        self.face.check_tenant(caller).await?;
        let tenant = caller.tenant();
        let policies = self.policies(tenant).await?;
        let (archive, of) = (Arc::clone(&self.archive), tenant.clone());
        let snapshot = blocking(move || archive.open(&of)).await?.map_err(HistoryError::from)?;
        let applied = self.applied.read().get(tenant).copied();
        Ok(Kept { policies, known_since: snapshot.known_since(), applied })
    }

    /// Sets the policy of a type, or that of all others; says whether it is new.
    pub async fn put_policy(&self, caller: &Caller, policy: Policy) -> Result<bool, FaceError> {
        self.face.check_tenant_or_create(caller).await?;
        self.change(caller, move |policies| {
            let is_new = policies.put(policy.clone());
            if policies.policies.len() > MOST { Err(too_many("policies", "ポリシー")) } else { Ok(is_new) }
        })
        .await
    }

    /// Removes the policy of a type: its past is kept as the policy of all others says, or for ever.
    pub async fn remove_policy(&self, caller: &Caller, of: Option<Name>) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        self.change(caller, move |policies| {
            let before = policies.policies.len();
            policies.policies.retain(|one| one.of != of);
            if policies.policies.len() == before { Err(no_policy()) } else { Ok(false) }
        })
        .await
        .map(drop)
    }

    /// Holds what it names; says whether the hold is new.
    pub async fn put_hold(&self, caller: &Caller, hold: LegalHold) -> Result<bool, FaceError> {
        self.face.check_tenant_or_create(caller).await?;
        self.change(caller, move |policies| {
            let is_new = policies.hold(hold.clone());
            if policies.holds.len() > MOST { Err(too_many("holds", "保全")) } else { Ok(is_new) }
        })
        .await
    }

    /// Lifts a hold.
    pub async fn remove_hold(&self, caller: &Caller, name: Name) -> Result<(), FaceError> {
        self.face.check_tenant(caller).await?;
        self.change(caller, move |policies| {
            let before = policies.holds.len();
            policies.holds.retain(|one| one.name != name);
            if policies.holds.len() == before { Err(no_hold(&name)) } else { Ok(false) }
        })
        .await
        .map(drop)
    }

    /// Applies the policies of a tenant to its past. It may last.
    pub async fn apply_policies(&self, tenant: &TenantId) -> Result<Retained, HistoryError> {
        let policies = self.policies(tenant).await?;
        let retention = policies.at(self.face.clock.now());
        if retention.rules.is_empty() {
            return Ok(Retained::default());
        }
        let (archive, of, wanted) = (Arc::clone(&self.archive), tenant.clone(), retention.clone());
        let retained = blocking(move || archive.retain(&of, &wanted)).await??;
        let is_first = !self.applied.read().contains_key(tenant);
        if is_first || retained != Retained::default() {
            self.applied.write().insert(tenant.clone(), Applied { at: retention.now, retained });
            self.forget_empty(tenant, &retention).await?;
        }
        Ok(retained)
    }

    /// Refuses to delete what is held.
    pub(crate) async fn check_free(&self, caller: &Caller, id: &Name) -> Result<(), FaceError> {
        let policies = self.policies(caller.tenant()).await?;
        if policies.holds.is_empty() {
            return Ok(());
        }
        let (past, of) = (self.past(caller.tenant()).await?, id.clone());
        let types = blocking(move || evolution(&*past, &of)).await??.map(|one| one.types()).unwrap_or_default();
        policies.hold_of(id, &types).map_or(Ok(()), |hold| Err(held(id, hold)))
    }

    async fn policies(&self, tenant: &TenantId) -> Result<Policies, HistoryError> {
        let stored = self.store().view().document(tenant, MARKS, POLICIES).await?;
        stored.map_or_else(|| Ok(Policies::default()), |stored| read(&stored))
    }

    async fn change(
        &self,
        caller: &Caller,
        mut change: impl FnMut(&mut Policies) -> Result<bool, FaceError> + Send + 'static,
    ) -> Result<bool, FaceError> {
        let (sender, receiver) = std::sync::mpsc::channel();
        let decide = move |current: Option<&Document>| -> Result<Decision, Refusal> {
            let mut policies = current.map(read).transpose()?.unwrap_or_default();
            let is_new = change(&mut policies)?;
            let _ = sender.send(is_new);
            Ok(Decision::Change(Change { head: Some(Bytes::from(policies.encode())), ..Change::default() }))
        };
        let commit = Commit::new(caller.tenant().clone()).with(MARKS, Name::from(POLICIES), decide);
        let receipt = self.store().commit(commit).await?;
        match receipt.outcomes.into_iter().next() {
            Some(Outcome::Refused(refusal)) => Err(FaceError::of_refusal(refusal)),
            // It may be decided several times; the last counts.
            _ => Ok(receiver.try_iter().last().unwrap_or(false)),
        }
    }

    /// Evolutions of entities that are no more, and of which nothing is left, go whole.
    async fn forget_empty(&self, tenant: &TenantId, retention: &Retention) -> Result<(), HistoryError> {
        let mut after: Option<Name> = None;
        loop {
            let past = self.past(tenant).await?;
            let (of, behind) = (retention.clone(), after.clone());
            let (empty, last) = blocking(move || empty_behind(&*past, &of, behind.as_deref())).await??;
            for id in empty {
                self.forget_one(tenant, id, retention).await?;
            }
            match last {
                Some(last) => after = Some(last),
                None => return Ok(()),
            }
        }
    }

    /// Forgets an evolution, if still nothing is left of it and there is no such entity.
    async fn forget_one(&self, tenant: &TenantId, id: Name, retention: &Retention) -> Result<(), HistoryError> {
        let _turn = self.turn(tenant, &id).await;
        let past = self.past(tenant).await?;
        let (of, retention) = (id.clone(), retention.clone());
        let is_empty = blocking(move || -> Result<bool, HistoryError> {
            let Some(evolution) = evolution(&*past, &of)? else { return Ok(false) };
            Ok(is_over(&evolution, &retention, past.known_since())
                && !left_of(&*past, std::slice::from_ref(&of))?.contains(&of))
        });
        if !is_empty.await?? {
            return Ok(());
        }
        let amendment = Amendment { entity: id, head: None, removals: vec![(Part::All, false)], instances: Vec::new() };
        self.commit_unless_alive(tenant, &amendment).await
    }
}

/// Of the first evolutions behind an id those of which nothing is left, and the last id that was looked at, if there may be
/// more.
fn empty_behind(
    past: &dyn Snapshot,
    retention: &Retention,
    after: Option<&str>,
) -> Result<(Vec<Name>, Option<Name>), HistoryError> {
    let evolutions = past.evolutions(&WantedEvolutions::After { after, limit: AT_ONCE, types: None })?;
    let last = evolutions.last().filter(|_| evolutions.len() == AT_ONCE).map(|one| one.entity.clone());
    let known_since = past.known_since();
    let over = evolutions.into_iter().filter(|one| is_over(one, retention, known_since));
    let mut ids: Vec<Name> = over.map(|one| one.entity).collect();
    let left = left_of(past, &ids)?;
    ids.retain(|id| !left.contains(id));
    Ok((ids, last))
}

/// Whether there is no such entity, and has been none for as long as anything of it is kept, and as the city is known.
fn is_over(evolution: &Evolution, retention: &Retention, known_since: Option<Timestamp>) -> bool {
    let was_alive = evolution.heads.iter().any(|head| head.origin != Origin::Amendment);
    if was_alive && evolution.deleted_at().is_none() {
        return false;
    }
    let bounds = retention.bounds(&evolution.entity, &evolution.types());
    let Some(last) = evolution.heads.iter().map(|head| head.modified_at).max() else { return false };
    let is_missed = was_alive && known_since.is_none_or(|since| since < last);
    !is_missed && bounds.level(last, Level::Whole) == Level::Gone
}

/// Those of these entities of which anything is left.
fn left_of(past: &dyn Snapshot, ids: &[Name]) -> Result<FxHashSet<Name>, HistoryError> {
    let mut left = with_instances(past, ids)?;
    if !ids.is_empty() {
        left.extend(past.replaced(ids)?.into_iter().map(|one| one.series.entity));
    }
    Ok(left)
}

fn read(stored: &Document) -> Result<Policies, HistoryError> {
    Policies::decode(&stored.head).ok_or_else(|| HistoryError::Broken("the policies cannot be read".to_owned()))
}

fn no_policy() -> FaceError {
    not_found(Text::both(
        "there is no policy for this type; GET /machi/v1/history/policies lists those that there are",
        "このtypeの保存ポリシーはありません。GET /machi/v1/history/policiesで一覧を確認できます",
    ))
}

fn no_hold(name: &Name) -> FaceError {
    not_found(Text::both(
        format!("there is no hold {name}; GET /machi/v1/history/holds lists those that there are"),
        format!("保全{name}はありません。GET /machi/v1/history/holdsで一覧を確認できます"),
    ))
}

fn too_many(what: &str, what_ja: &str) -> FaceError {
    FaceError::bad_data(Text::both(
        format!("a tenant has at most {MOST} {what}"),
        format!("{what_ja}は1テナントにつき{MOST}件までです"),
    ))
}

fn held(id: &Name, hold: &LegalHold) -> FaceError {
    let (name, reason) = (&hold.name, &hold.reason);
    FaceError::Refused {
        kind: ErrorKind::OperationNotSupported,
        detail: Text::both(
            format!(
                "the past of entity {id} is held ({name}: {reason}); nothing of it is deleted until the hold is lifted"
            ),
            format!("エンティティ{id}の履歴は保全中({name}: {reason})です。解除されるまで削除できません"),
        ),
    }
}
