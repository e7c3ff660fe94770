//! Hands what was taken from the feed to the archive, and lets the feed forget it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use machi_archive::{Delivery, Head, Origin};
use machi_face::ENTITIES;
use machi_http::Shutdown;
use machi_model::entity::{HeadRef, NameRef};
use machi_store::{Budget, Change, Commit, Decision, Document, Filter, Find, Position, Refusal, StoreError};
use machi_types::{Name, TenantId, Timestamp};
use tokio::sync::MutexGuard;
use tokio::time::{Instant, sleep, timeout_at};
use tracing::info;

use crate::amendment::AMENDMENTS;
use crate::blocking;
use crate::collections::MARKS;
use crate::error::HistoryError;
use crate::history::{CONSUMER, History, Leaving};
use crate::hot::Hot;
use crate::past::Stretch;
use crate::taking;

/// How long it rests after a failure.
const REST: Duration = Duration::from_secs(5);
/// How often at most the feed is looked at while it moves.
const BREATH: Duration = Duration::from_millis(200);
/// The mark that tells since when history knows all.
const BEGINNING: &str = "beginning";
/// What reading the entities of a city may cost.
const UNHURRIED: Budget = Budget { scanned: u64::MAX, documents: u64::MAX, time: Duration::from_mins(10) };
/// How many entities are read at a time where there is no feed to read.
const PAGE: usize = 1000;

impl History {
    /// Takes what the feed brings and hands it on, until the city closes.
    pub async fn keep(&self, mut heard: Shutdown) {
        let mut due = Instant::now() + self.config.archive_after;
        while !heard.is_begun() {
            let kept = tokio::select! {
                biased;
                () = heard.begun() => return,
                kept = self.keep_on(&mut due) => kept,
            };
            if let Err(error) = kept {
                self.note(&error);
                tokio::select! {
                    () = heard.begun() => return,
                    () = sleep(REST) => {}
                }
            }
        }
    }

    async fn keep_on(&self, due: &mut Instant) -> Result<(), HistoryError> {
        self.catch_up().await?;
        if Instant::now() >= *due {
            self.archive_now().await?;
            *due = Instant::now() + self.config.archive_after;
        }
        let taken = self.state.read().taken.clone().unwrap_or_default();
        // Nothing may come for long.
        if let Ok(changed) = timeout_at(*due, self.store().changed(&taken)).await {
            changed?;
        }
        sleep(BREATH).await;
        Ok(())
    }

    /// Archives all that was committed before this was called.
    pub async fn archive_now(&self) -> Result<(), HistoryError> {
        self.catch_up().await?;
        let turn = self.taking.lock().await;
        self.hand_over(&turn).await
    }

    /// Hands all that was taken to the archive. Whoever waits for it may go away at any point: what was not done then is
    /// done the next time.
    pub(crate) async fn hand_over(&self, turn: &MutexGuard<'_, ()>) -> Result<(), HistoryError> {
        if self.is_held_back() {
            return Ok(());
        }
        self.hand_over_all(turn).await?;
        if self.state.write().trouble.take().is_some() {
            info!("history is written again");
        }
        Ok(())
    }

    async fn hand_over_all(&self, _turn: &MutexGuard<'_, ()>) -> Result<(), HistoryError> {
        // What could not leave the last time goes first.
        self.deliver().await?;
        let Some(up_to) = self.freeze() else { return Ok(()) };
        self.deliver().await?;
        let mut amendments = self.state.read().amendments.clone();
        amendments.sort_unstable();
        self.forget(up_to, &amendments).await?;
        // Nothing was taken meanwhile.
        let mut state = self.state.write();
        (state.has_moved, state.amendments) = (false, Vec::new());
        Ok(())
    }

    /// From here on what comes is not among what leaves. Tells up to where that goes, if anything was taken since the place
    /// in the feed was last saved.
    fn freeze(&self) -> Option<Position> {
        let mut state = self.state.write();
        if !state.has_moved {
            return None;
        }
        let up_to = state.taken.clone().unwrap_or_default();
        for held in state.tenants.values_mut().filter(|held| !held.hot.read().is_empty()) {
            let stretch = std::mem::take(&mut held.hot);
            held.leaving = Some(Leaving { stretch, up_to: up_to.clone() });
        }
        state.tenants.retain(|_, held| held.leaving.is_some());
        Some(up_to)
    }

    async fn deliver(&self) -> Result<(), HistoryError> {
        let leaving =
            |(tenant, held): (&TenantId, &crate::history::Held)| Some((tenant.clone(), held.leaving.clone()?));
        let all: Vec<(TenantId, Leaving)> = self.state.read().tenants.iter().filter_map(leaving).collect();
        for (tenant, leaving) in all {
            let up_to = leaving.up_to.clone();
            let types = self.types_of(&tenant, &leaving.stretch).await?;
            let (archive, store, of) = (Arc::clone(&self.archive), Arc::clone(self.store()), tenant.clone());
            let take = move || {
                let stretch = leaving.stretch.read();
                archive.take(&of, Delivery { types, ..stretch.delivery(Some(leaving.up_to), store.names()) })
            };
            blocking(take).await??;
            let mut state = self.state.write();
            state.archived.insert(tenant.clone(), up_to);
            if let Some(held) = state.tenants.get_mut(&tenant) {
                held.leaving = None;
            }
        }
        Ok(())
    }

    /// The types of the entities in a stretch that came without a head, which the city has at hand; the entities ascend.
    async fn types_of(&self, tenant: &TenantId, stretch: &Stretch) -> Result<Vec<(Name, Arc<[Name]>)>, HistoryError> {
        let (mut types, mut unknown) = (Vec::new(), Vec::new());
        {
            let known = self.types.lock();
            for (entity, number) in stretch.read().headless() {
                match number.and_then(|number| known.get(tenant, number)) {
                    Some(list) => types.push((entity.clone(), Arc::clone(list))),
                    None => unknown.push(entity.clone()),
                }
            }
        }
        let view = self.store().view();
        for ids in unknown.chunks(PAGE) {
            for document in view.documents(tenant, ENTITIES, ids).await?.into_iter().flatten() {
                // What cannot be read of it is told where it is asked for.
                let Ok(head) = HeadRef::read(&document.head) else { continue };
                let list = self.types.lock().put(tenant, document.number, head.types().map(NameRef::to_name).collect());
                types.push((document.id.clone(), list));
            }
        }
        types.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        Ok(types)
    }

    /// What is archived needs to be told no more.
    async fn forget(&self, up_to: Position, amendments: &[(TenantId, Name)]) -> Result<(), HistoryError> {
        for amendments in amendments.chunk_by(|one, next| one.0 == next.0) {
            let Some((tenant, _)) = amendments.first() else { continue };
            let remove = |commit: Commit, (_, id): &(TenantId, Name)| {
                commit.with(AMENDMENTS, id.clone(), |_: Option<&Document>| -> Result<Decision, Refusal> {
                    Ok(Decision::Delete)
                })
            };
            self.store().commit(amendments.iter().fold(Commit::new(tenant.clone()), remove)).await?;
        }
        let mut commit = Commit::new(TenantId::default_tenant());
        commit.cursors.push((CONSUMER.into(), up_to.clone()));
        self.store().commit(commit).await?;
        self.store().pin(CONSUMER, Some(&up_to)).await?;
        Ok(())
    }

    /// Finds out where to go on, when it is first asked.
    pub(crate) async fn begin(&self) -> Result<(), HistoryError> {
        if self.state.read().taken.is_some() {
            return Ok(());
        }
        let start = match self.store().cursor(CONSUMER).await? {
            Some(saved) => saved,
            None => self.first_place().await?,
        };
        let begins = self.beginning().await?;
        let mut state = self.state.write();
        (state.taken, state.begins) = (Some(start), begins);
        Ok(())
    }

    /// Where a city begins that has no history yet: before everything, if the feed still tells all, else with the city
    /// as it is now.
    async fn first_place(&self) -> Result<Position, HistoryError> {
        self.store().pin(CONSUMER, Some(&Position::default())).await?;
        match self.store().feed(&Position::default(), 1).await {
            Ok(_) => return Ok(Position::default()),
            Err(StoreError::PositionGone(_)) => {}
            Err(error) => return Err(error.into()),
        }
        let view = self.store().view();
        let start = view.position().await?;
        self.store().pin(CONSUMER, Some(&start)).await?;
        info!("history begins with the city as it is now: the feed does not reach back to its beginning");
        for status in self.store().tenants().await? {
            self.archive_as_it_is(&*view, &status.tenant).await?;
        }
        self.begin_with(self.face.clock.now()).await?;
        self.forget(start.clone(), &[]).await?;
        Ok(start)
    }

    /// Remembers since when history knows all.
    async fn begin_with(&self, time: Timestamp) -> Result<(), HistoryError> {
        let head = Bytes::copy_from_slice(&time.micros().to_le_bytes());
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
            Ok(Decision::Change(Change { head: Some(head.clone()), ..Change::default() }))
        };
        let commit = Commit::new(TenantId::default_tenant()).with(MARKS, Name::from(BEGINNING), decide);
        self.store().commit(commit).await?;
        Ok(())
    }

    /// Since when history knows all, where it did not begin with the city.
    async fn beginning(&self) -> Result<Option<Timestamp>, HistoryError> {
        let mark = self.store().view().document(&TenantId::default_tenant(), MARKS, BEGINNING).await?;
        let bytes = mark.as_ref().and_then(|mark| mark.head.first_chunk::<8>());
        Ok(bytes.map(|bytes| Timestamp::from_micros(i64::from_le_bytes(*bytes))))
    }

    /// Archives the entities of a tenant as they are, each attribute as of its last change.
    async fn archive_as_it_is(&self, view: &dyn machi_store::View, tenant: &TenantId) -> Result<(), HistoryError> {
        self.archive.erase(tenant)?;
        let mut find = Find { limit: PAGE, budget: UNHURRIED, ..Find::new(tenant.clone(), ENTITIES, Filter::All) };
        let mut hot = Hot::default();
        loop {
            let found = view.find(find.clone()).await?;
            for row in &found.rows {
                self.take_as_it_is(&mut hot, &row.document)?;
            }
            find.after = found.rows.last().map(|row| row.cursor.clone());
            let is_last = !found.more;
            if is_last || hot.bytes() >= self.config.memory {
                let up_to = if is_last { Some(view.position().await?) } else { None };
                let full = std::mem::take(&mut hot);
                let (archive, store, of) = (Arc::clone(&self.archive), Arc::clone(self.store()), tenant.clone());
                blocking(move || archive.take(&of, full.delivery(up_to, store.names()))).await??;
            }
            if is_last {
                return Ok(());
            }
        }
    }

    fn take_as_it_is(&self, hot: &mut Hot, document: &Document) -> Result<(), HistoryError> {
        let head = HeadRef::read(&document.head)?;
        let types = head.types().map(NameRef::to_name).collect();
        let (modified_at, created_at, expires_at) = (document.modified, document.created, head.expires_at());
        hot.add_head(
            &document.id,
            Head { modified_at, created_at, deleted_at: None, expires_at, origin: Origin::Change, types },
        );
        if let Some(scope) = taking::scope_as_it_is(document.modified, &head) {
            hot.add(&document.id, taking::scope_key(self.store().names()), scope);
        }
        for section in &document.sections {
            hot.add(&document.id, section.key, taking::written(section)?);
        }
        Ok(())
    }
}
