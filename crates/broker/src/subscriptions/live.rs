//! The live feed: each reader follows the change feed from its own place, so that one who is slow costs no memory
//! and holds nobody up; who falls too far behind is told and goes on from now.

use std::sync::Arc;
use std::time::Duration;

use machi_face::FaceError;
use machi_http::live::{LiveEvent, LiveSource};
use machi_http::{Problem, Shutdown, Text};
use machi_model::context::Context;
use machi_model::entity::render::{Format, Output, write_entity};
use machi_model::entity::{HeadRef, Terms};
use machi_store::{ChangeKind, Entry, Position, StoreError};
use machi_types::{ErrorKind, Json, Name, TenantId};
use tokio::sync::mpsc;

use super::domain::changes::Changes;
use super::hub::Seat;
use crate::Broker;
use crate::collections::ENTITIES;
use crate::domain::reading::Reading;

/// Events that wait for a reader. The feed keeps the others, so that few will do.
const BUFFER: usize = 16;
/// When a reader who found no place may try again.
const COME_BACK: Duration = Duration::from_secs(5);
/// Entries that are read at once.
const CHUNK: usize = 256;
/// A reader who is this many commits behind is too slow.
const FARTHEST: u64 = 10_000;

/// What a reader wants to hear of; an empty list is no condition.
#[derive(Clone, Debug)]
pub(crate) struct LiveFilter {
    pub(crate) tenant: TenantId,
    /// Types, by their full names.
    pub(crate) types: Vec<Name>,
    pub(crate) ids: Vec<Name>,
    /// Attributes, by their full names.
    pub(crate) attributes: Vec<Name>,
    /// Shortens what is told.
    pub(crate) context: Arc<Context>,
}

impl Broker {
    /// Follows the changes of entities, from now on or from behind the event that was last seen.
    pub(crate) async fn follow(
        self: &Arc<Self>,
        filter: LiveFilter,
        last: Option<&str>,
        mut shutdown: Shutdown,
    ) -> Result<LiveSource, FaceError> {
        let Some(seat) = self.hub.take_seat(self.config.subscriptions.live_readers) else {
            return Err(FaceError::Problem(Box::new(too_many_readers())));
        };
        let reader = Reader { broker: Arc::clone(self), filter, _seat: seat };
        let newest = self.store.view().position().await?;
        // A place that is not reached yet is one of a city that was restored to an earlier one.
        let seen = last.and_then(|last| last.parse::<Position>().ok()).filter(|seen| newest.reaches(seen));
        let after = seen.unwrap_or(newest);
        let (events, source) = mpsc::channel(BUFFER);
        // The reader ends with its source, which belongs to the answer, and with the city.
        self.hub.follow(async move {
            tokio::select! {
                () = shutdown.begun() => {}
                () = events.closed() => {}
                () = reader.run(after, &events) => {}
            }
        });
        Ok(source)
    }
}

fn too_many_readers() -> Problem {
    let detail =
        Text::both("too many readers follow the live feed already", "ライブフィードの接続数が上限に達しています");
    Problem::new(ErrorKind::Unavailable, detail).retry_after(COME_BACK)
}

struct Reader {
    broker: Arc<Broker>,
    filter: LiveFilter,
    _seat: Seat,
}

impl Reader {
    async fn run(&self, mut after: Position, events: &mpsc::Sender<LiveEvent>) {
        let store = &self.broker.store;
        loop {
            if store.changed(&after).await.is_err() {
                return;
            }
            let Ok(newest) = store.view().position().await else { return };
            let is_behind = newest.bucket(0).saturating_sub(after.bucket(0)) > FARTHEST;
            let read = if is_behind {
                Err(StoreError::PositionGone(after.to_string()))
            } else {
                store.feed(&after, CHUNK).await
            };
            let (entries, end) = match read {
                Ok(read) => read,
                Err(StoreError::PositionGone(_)) => {
                    if !send(events, lagged(&newest)).await {
                        return;
                    }
                    after = newest;
                    continue;
                }
                Err(_) => return,
            };
            for commit in entries.chunk_by(|one, next| one.commit == next.commit) {
                if !self.tell(commit, events).await {
                    return;
                }
            }
            after = end;
        }
    }

    /// Tells of a commit; whether the reader is still there.
    ///
    /// Only the last event has the commit's own place: a reader who breaks off before it hears all of them again.
    async fn tell(&self, entries: &[Arc<Entry>], events: &mpsc::Sender<LiveEvent>) -> bool {
        let mut last: Option<LiveEvent> = None;
        for entry in entries {
            let Some(event) = self.event(entry).await else { continue };
            if let Some(earlier) = last.replace(event) {
                let before = Position::single(entry.commit.saturating_sub(1));
                if !send(events, LiveEvent { id: Some(before.to_string()), ..earlier }).await {
                    return false;
                }
            }
        }
        match last {
            Some(last) => send(events, last).await,
            None => true,
        }
    }

    /// The event of an entry that the reader wants to hear of.
    async fn event(&self, entry: &Entry) -> Option<LiveEvent> {
        let is_wanted = entry.collection == ENTITIES
            && entry.tenant == self.filter.tenant
            && (self.filter.ids.is_empty() || self.filter.ids.contains(&entry.id));
        if !is_wanted {
            return None;
        }
        let changes = Changes::of(entry);
        let names = self.broker.store.names();
        let mut attributes: Vec<Name> = changes.instances.iter().map(|change| names.text(change.key.name)).collect();
        attributes.dedup();
        let hears =
            self.filter.attributes.is_empty() || attributes.iter().any(|name| self.filter.attributes.contains(name));
        if !hears {
            return None;
        }
        let reading = if entry.kind == ChangeKind::Deleted { None } else { self.reading(entry).await };
        if !self.filter.types.is_empty() && !self.is_of_type(entry, reading.as_ref()) {
            return None;
        }
        let data = self.data(entry, &attributes, reading.as_ref());
        Some(LiveEvent { id: Some(entry.commit.to_string()), name: "change", data: data.to_text() })
    }

    /// The entity as of the entry's commit, or as it is now where that is no longer kept.
    async fn reading(&self, entry: &Entry) -> Option<Reading> {
        let store = &self.broker.store;
        let view = store.view_at(&Position::single(entry.commit)).await.unwrap_or_else(|_| store.view());
        let document = view.document(&entry.tenant, ENTITIES, &entry.id).await.ok().flatten()?;
        Reading::of(document, store.names(), entry.time).ok().flatten()
    }

    fn is_of_type(&self, entry: &Entry, reading: Option<&Reading>) -> bool {
        let head = match reading {
            Some(reading) => reading.document(&[]).head.to_vec(),
            None => entry.old_head.as_ref().map(|head| head.to_vec()).unwrap_or_default(),
        };
        let Ok(head) = HeadRef::read(&head) else { return false };
        head.types().any(|name| self.filter.types.iter().any(|wanted| name.is(wanted)))
    }

    /// The types that an entity had which is gone.
    fn types_before(&self, entry: &Entry) -> Option<Json<'static>> {
        let terms: &dyn Terms = &self.filter.context;
        let head = HeadRef::read(entry.old_head.as_ref()?).ok()?;
        Some(Json::Array(head.types().map(|name| Json::from(terms.name(&name.to_name()).into_owned())).collect()))
    }

    fn data(&self, entry: &Entry, attributes: &[Name], reading: Option<&Reading>) -> Json<'static> {
        let terms: &dyn Terms = &self.filter.context;
        let change = match entry.kind {
            ChangeKind::Created => "created",
            ChangeKind::Changed => "changed",
            ChangeKind::Deleted => "deleted",
        };
        let short = |name: &Name| Json::from(terms.name(name).into_owned());
        let mut members = vec![
            ("change".into(), Json::from(change)),
            ("id".into(), Json::from(entry.id.as_str().to_owned())),
            ("at".into(), entry.time.to_string().into()),
            ("attributes".into(), Json::Array(attributes.iter().map(short).collect())),
        ];
        if entry.kind == ChangeKind::Deleted
            && let Some(types) = self.types_before(entry)
        {
            members.push(("types".into(), types));
        }
        if let Some(reading) = reading {
            let (sections, mut out) = (reading.sections(), Vec::new());
            let output = Output { format: Format::Concise, ..Output::new(terms) };
            if write_entity(&reading.document(&sections), &output, &mut out).is_ok()
                && let Ok(entity) = machi_types::json::parse(&out, 128)
            {
                members.push(("entity".into(), entity.into_owned()));
            }
        }
        Json::Object(members)
    }
}

fn lagged(newest: &Position) -> LiveEvent {
    let data =
        Json::Object(vec![("reason".into(), "events were left out because this reader is too far behind".into())]);
    LiveEvent { id: Some(newest.to_string()), name: "lagged", data: data.to_text() }
}

/// Whether the reader is still there.
async fn send(events: &mpsc::Sender<LiveEvent>, event: LiveEvent) -> bool {
    events.send(event).await.is_ok()
}
