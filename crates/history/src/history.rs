//! The block as one value: what was taken from the feed, and what of it is archived.

use std::collections::BTreeSet;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use machi_archive::{Archive, Snapshot};
use machi_face::{ENTITIES, Face, Keeper};
use machi_model::entity::Corrupt;
use machi_store::{Derive, Entry, Position, Store};
use machi_types::{Name, TenantId, Text, Timestamp};
use parking_lot::{Mutex, RwLock};
use rustc_hash::{FxBuildHasher, FxHashMap};
use tokio::sync::MutexGuard;
use tracing::{error, warn};

use crate::amendment::{AMENDMENTS, Amendment};
use crate::as_of::Remembered;
use crate::blocking;
use crate::config::Config;
use crate::error::{HistoryError, told, trouble};
use crate::hot::Hot;
use crate::past::{Past, Stretch};
use crate::service::retention::Applied;
use crate::taking::{self, Bodies};
use crate::types::KnownTypes;

/// The name under which the feed is kept for this block.
pub const CONSUMER: &str = "history";
/// How many entities can be written to at once.
const TURNS: usize = 64;
/// How many times the memory that it should take history takes while it cannot be written.
const BEARABLE: usize = 4;
/// How many entries of the feed are taken at a time.
const AT_ONCE: usize = 250;

/// The history of a city.
#[derive(Debug)]
pub struct History {
    /// What it shares with other blocks.
    pub(crate) face: Arc<Face>,
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) config: Config,
    /// Tells what filters ask of an entity.
    pub(crate) derive: Arc<dyn Derive>,
    pub(crate) state: RwLock<State>,
    /// Held by who takes from the feed or hands to the archive.
    pub(crate) taking: tokio::sync::Mutex<()>,
    /// Held by who writes to the past of an entity, one of many for each.
    turns: [tokio::sync::Mutex<()>; TURNS],
    /// How many want the archive and the place in the feed to stay where they are.
    pub(crate) held_back: AtomicU64,
    /// Makes the names of amendments.
    pub(crate) amendments: AtomicU64,
    /// The types of entities that were written lately.
    pub(crate) types: Mutex<KnownTypes>,
    /// What was found out for instants that were asked for lately.
    pub(crate) remembered: Arc<Remembered>,
    /// What policies last did, by tenant.
    pub(crate) applied: RwLock<FxHashMap<TenantId, Applied>>,
}

/// Holds back what would go to the archive.
#[derive(Debug)]
pub struct HeldBack(Arc<History>);

impl Drop for HeldBack {
    fn drop(&mut self) {
        self.0.held_back.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How far history has come, and what it holds in memory.
///
/// Whoever holds a stretch of a tenant never waits for this: others read their stretches while they hold this, and each
/// would wait for the other.
#[derive(Debug)]
pub(crate) struct State {
    /// Up to where the feed was taken; none until that is known.
    pub(crate) taken: Option<Position>,
    /// The time of the last commit that was taken.
    pub(crate) until: Timestamp,
    /// Since when history knows all; none where it knows all from the beginning.
    pub(crate) begins: Option<Timestamp>,
    pub(crate) tenants: FxHashMap<TenantId, Held>,
    /// Up to where the feed is in the archive, by tenant: a process may have ended before it could save its place.
    pub(crate) archived: FxHashMap<TenantId, Position>,
    /// Amendments that were taken and stand in the store until they are archived.
    pub(crate) amendments: Vec<(TenantId, Name)>,
    /// What keeps it from being written.
    pub(crate) trouble: Option<Text>,
    /// Whether anything was taken since the place in the feed was last saved.
    pub(crate) has_moved: bool,
}

/// What is held of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// What came last.
    pub(crate) hot: Arc<Stretch>,
    /// What is on its way to the archive.
    pub(crate) leaving: Option<Leaving>,
}

/// What is on its way to the archive.
#[derive(Clone, Debug)]
pub(crate) struct Leaving {
    pub(crate) stretch: Arc<Stretch>,
    /// Up to where in the feed it goes.
    pub(crate) up_to: Position,
}

impl Default for State {
    /// Nothing was taken yet.
    fn default() -> Self {
        let until = Timestamp::from_micros(i64::MIN);
        Self {
            taken: None,
            until,
            begins: None,
            tenants: FxHashMap::default(),
            archived: FxHashMap::default(),
            amendments: Vec::new(),
            trouble: None,
            has_moved: false,
        }
    }
}

impl History {
    /// The history of a city whose store was opened with the collections of [`crate::collections`].
    /// `derive` tells what filters ask of an entity.
    pub fn new(face: Arc<Face>, archive: Arc<dyn Archive>, derive: Arc<dyn Derive>, config: Config) -> Arc<Self> {
        let history = Arc::new(Self {
            face,
            archive,
            config,
            derive,
            state: RwLock::default(),
            taking: tokio::sync::Mutex::default(),
            turns: std::array::from_fn(|_| tokio::sync::Mutex::default()),
            held_back: AtomicU64::default(),
            amendments: AtomicU64::default(),
            types: Mutex::default(),
            remembered: Arc::default(),
            applied: RwLock::default(),
        });
        let keeper: Weak<Self> = Arc::downgrade(&history);
        history.face.keep_with(Weak::clone(&keeper) as Weak<dyn Keeper>);
        history.face.remember_by(keeper);
        history
    }

    /// Keeps the archive and the place in the feed where they are, until what this gives goes: for a backup, which takes one
    /// after the other. What comes meanwhile is told from memory, or waits in the feed.
    pub async fn hold_back(self: &Arc<Self>) -> HeldBack {
        self.held_back.fetch_add(1, Ordering::SeqCst);
        let held = HeldBack(Arc::clone(self));
        // Who is at it ends first.
        drop(self.taking.lock().await);
        held
    }

    /// Lets one at a time read the past of an entity and write to it.
    pub(crate) async fn turn(&self, tenant: &TenantId, id: &Name) -> MutexGuard<'_, ()> {
        self.turns[place(tenant, id)].lock().await
    }

    /// The same for several entities, whose turns come in one order: so nobody waits for who waits for them.
    pub(crate) async fn turns(
        &self,
        tenant: &TenantId,
        ids: impl Iterator<Item = &Name> + Send,
    ) -> Vec<MutexGuard<'_, ()>> {
        let places: BTreeSet<usize> = ids.map(|id| place(tenant, id)).collect();
        let mut turns = Vec::with_capacity(places.len());
        for place in places {
            turns.push(self.turns[place].lock().await);
        }
        turns
    }

    pub(crate) fn is_held_back(&self) -> bool {
        self.held_back.load(Ordering::SeqCst) > 0
    }

    /// What keeps history from being written, if anything does: an operator must look at it.
    pub fn trouble(&self) -> Option<Text> {
        self.state.read().trouble.clone()
    }

    /// How many commits of the city it has not taken yet.
    pub fn commits_behind(&self) -> u64 {
        let newest = self.store().known_position().bucket(0);
        let taken = self.state.read().taken.as_ref().map_or(0, |taken| taken.bucket(0));
        newest.saturating_sub(taken)
    }

    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.face.store
    }

    /// The past of a tenant up to now: what was acknowledged before this was called is in it.
    pub async fn past(&self, tenant: &TenantId) -> Result<Arc<dyn Snapshot>, HistoryError> {
        Ok(Arc::new(self.past_up_to_now(tenant).await?))
    }

    /// The same for who asks what there was: entities of which the past was erased lived on.
    pub(crate) async fn past_of_all(&self, tenant: &TenantId) -> Result<Arc<dyn Snapshot>, HistoryError> {
        let past = self.past_up_to_now(tenant).await?;
        Ok(Arc::new(Past { with_forgotten: true, ..past }))
    }

    async fn past_up_to_now(&self, tenant: &TenantId) -> Result<Past, HistoryError> {
        self.catch_up().await?;
        let state = self.state.read();
        let archive = self.archive.open(tenant)?;
        let position = state.taken.clone().unwrap_or_default();
        let mut stretches = Vec::new();
        if let Some(held) = state.tenants.get(tenant) {
            // It may be in the archive already, and not have left yet.
            let leaving = held.leaving.as_ref().filter(|leaving| !archive.position().reaches(&leaving.up_to));
            stretches.extend(leaving.map(|leaving| Arc::clone(&leaving.stretch)));
            stretches.push(Arc::clone(&held.hot));
        }
        let (store, until) = (Arc::clone(self.store()), state.until);
        Ok(Past { store, archive, stretches, until, position, with_forgotten: false })
    }

    /// Takes from the feed what was committed before this was called.
    pub(crate) async fn catch_up(&self) -> Result<(), HistoryError> {
        let goal = self.store().view().position().await?;
        if self.has_taken(&goal) {
            return Ok(());
        }
        let turn = self.taking.lock().await;
        self.begin().await?;
        while !self.has_taken(&goal) {
            let after = self.state.read().taken.clone().unwrap_or_default();
            let (entries, last) = self.store().feed(&after, AT_ONCE).await?;
            if last == after {
                break;
            }
            self.learn_of(&entries).await?;
            self.take(&entries, last);
            // They are not needed while what was taken is handed over.
            drop(entries);
            if self.bytes() >= self.config.memory {
                self.make_room(&turn).await?;
            }
        }
        Ok(())
    }

    /// What cannot be archived now stays in memory, as long as that is no more than it can bear.
    async fn make_room(&self, turn: &MutexGuard<'_, ()>) -> Result<(), HistoryError> {
        let error = if self.is_held_back() {
            HistoryError::HeldBack
        } else {
            let Err(error) = self.hand_over(turn).await else { return Ok(()) };
            error
        };
        self.note(&error);
        if self.bytes() < BEARABLE * self.config.memory { Ok(()) } else { Err(error) }
    }

    /// Tells the log of a trouble that it has not told of yet, and whoever asks from now on.
    pub(crate) fn note(&self, error: &HistoryError) {
        if matches!(error, HistoryError::HeldBack) {
            // That passes by itself.
            return;
        }
        let trouble = Some(trouble(error));
        let mut state = self.state.write();
        if state.trouble != trouble {
            warn!(error = told(error), "history cannot be written; changes wait in the journal, and it is tried again");
            state.trouble = trouble;
        }
    }

    fn has_taken(&self, goal: &Position) -> bool {
        self.state.read().taken.as_ref().is_some_and(|taken| taken.reaches(goal))
    }

    /// Finds out what the archive has of tenants that come for the first time.
    async fn learn_of(&self, entries: &[Arc<Entry>]) -> Result<(), HistoryError> {
        for entries in entries.chunk_by(|one, next| one.tenant == next.tenant) {
            let Some(tenant) = entries.first().map(|first| &first.tenant) else { continue };
            if self.state.read().archived.contains_key(tenant) {
                continue;
            }
            let (archive, of) = (Arc::clone(&self.archive), tenant.clone());
            let position = blocking(move || archive.open(&of)).await??.position();
            self.state.write().archived.insert(tenant.clone(), position);
        }
        Ok(())
    }

    /// How much memory is taken by what is not on its way to the archive.
    pub fn bytes(&self) -> usize {
        self.state.read().tenants.values().map(|held| held.hot.read().bytes()).sum()
    }

    /// Takes whole commits.
    fn take(&self, entries: &[Arc<Entry>], last: Position) {
        for entries in entries.chunk_by(|one, next| one.tenant == next.tenant) {
            if let Some(first) = entries.first() {
                let mut state = self.state.write();
                state.amendments.extend(entries.iter().filter_map(|entry| name_of_amendment(entry)));
                let archived = state.archived.get(&first.tenant).cloned().unwrap_or_default();
                let stretch = Arc::clone(&state.tenants.entry(first.tenant.clone()).or_default().hot);
                drop(state);
                self.take_of_tenant(&stretch, &archived, entries);
            }
        }
        let mut state = self.state.write();
        if let Some(entry) = entries.last() {
            state.until = entry.time;
            state.has_moved = true;
        }
        // What was taken is seen from here on.
        state.taken = Some(last);
    }

    fn take_of_tenant(&self, stretch: &Stretch, archived: &Position, entries: &[Arc<Entry>]) {
        let names = self.store().names();
        let is_archived = |entry: &Entry| archived.reaches(&Position::single(entry.commit));
        let is_new = |entry: &&Entry| entry.collection == ENTITIES && !is_archived(entry);
        let mut bodies = Bodies::of(entries.iter().map(|entry| &**entry).filter(is_new));
        let mut hot = stretch.write();
        for entry in entries {
            if entry.collection == ENTITIES && (entry.old_head.is_some() || entry.new_head.is_some()) {
                self.types.lock().forget(&entry.tenant, entry.number);
            }
            let is_archived = is_archived(entry);
            let taken = match entry.collection {
                ENTITIES | AMENDMENTS if is_archived => continue,
                ENTITIES => taking::take(&mut hot, entry, names, &mut bodies),
                AMENDMENTS => self.take_amendment(&mut hot, entry),
                _ => continue,
            };
            if let Err(error) = taken {
                error!(%error, entity = %entry.id, commit = entry.commit, "a change is not all in history: some of it cannot be read");
            }
        }
    }

    fn take_amendment(&self, hot: &mut Hot, entry: &Entry) -> Result<(), Corrupt> {
        let Some(bytes) = &entry.new_head else { return Ok(()) };
        let amendment = Amendment::decode(bytes)?;
        let erases = !amendment.removals.is_empty();
        let taken = amendment.take(hot, entry.time, self.store().names());
        if erases {
            self.remembered.forget(&entry.tenant);
        }
        taken
    }
}

/// The amendment that an entry brings, if it brings one.
fn name_of_amendment(entry: &Entry) -> Option<(TenantId, Name)> {
    let brings = entry.collection == AMENDMENTS && entry.new_head.is_some();
    brings.then(|| (entry.tenant.clone(), entry.id.clone()))
}

/// Where the turn of an entity is.
fn place(tenant: &TenantId, id: &Name) -> usize {
    FxBuildHasher.hash_one((tenant, id)) as usize % TURNS
}
