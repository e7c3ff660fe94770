//! Many entities in one request, streamed: items are cut out of the body as it arrives, read on both cores,
//! and committed in groups, with a verdict for each (ETSI GS CIM 009 §5.6.7 to §5.6.10, §5.6.20).
//!
//! A batch of moderate size is read as a whole before anything of it is done, so that a body that is no JSON
//! changes nothing. A larger one is done as it comes: what is told as done is durable, whatever follows it.

mod arriving;
mod commit;
mod intake;
mod item;
mod items;
mod once;
mod turns;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join;
use machi_face::{FaceError, RequestKey};
use machi_http::request::{BodyStream, BodyType};
use machi_http::{Language, Problem, Text};
use machi_model::context::Context;
use machi_types::{Caller, Iri, Name};

use crate::Broker;
use machi_face::once::BatchResult;

use arriving::Arriving;
use intake::{Broken, Intake};
use item::{Item, Trouble};
pub(crate) use turns::Turns;

/// How many entities one commit writes.
const GROUP: usize = 1000;
/// The same while several tenants ask: others' commits come in between.
const SHARED_GROUP: usize = 15;
/// The longest rest between two pieces of a batch while several tenants ask.
const LONGEST_REST: Duration = Duration::from_millis(100);
/// How many times as long as it took a piece rests: the disk writes it to tables later, and merges those.
const RESTS: u32 = 3;
/// How much text the entities of one commit come from, if they are large.
const GROUP_BYTES: usize = 4 << 20;
/// How much is read ahead at most, where an @context makes much of little text.
const AHEAD_BYTES: usize = 32 << 20;

/// What is to be done with the items.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchKind {
    /// Create entities.
    Create,
    /// Create entities, or replace those that exist.
    UpsertReplace,
    /// Create entities, or update the attributes of those that exist.
    UpsertUpdate,
    /// Create entities, or update those attributes of existing ones that were observed earlier.
    UpsertNewer,
    /// Append attributes to entities that exist.
    Update {
        /// Whether attributes that exist are replaced.
        overwrite: bool,
    },
    /// Merge into entities that exist.
    Merge,
    /// Delete entities.
    Delete,
}

impl BatchKind {
    /// Whether the batch may be the first write of a tenant.
    pub(crate) fn creates(self) -> bool {
        matches!(self, Self::Create | Self::UpsertReplace | Self::UpsertUpdate | Self::UpsertNewer)
    }
}

/// A batch, its body not read yet.
#[derive(Debug)]
pub(crate) struct Batch {
    /// What is to be done.
    pub(crate) kind: BatchKind,
    /// The form of the body.
    pub(crate) form: BodyType,
    /// The @context of the Link header.
    pub(crate) link: Option<Iri>,
    /// The language of the verdicts.
    pub(crate) language: Language,
    /// The key under which the request may be repeated.
    pub(crate) key: Option<RequestKey>,
}

/// What all items of a batch have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    broker: Arc<Broker>,
    caller: Caller,
    kind: BatchKind,
    form: BodyType,
    /// The context of items that carry none.
    context: Option<Arc<Context>>,
    language: Language,
}

impl Shared {
    /// How many entities the next commit writes.
    fn group(&self) -> usize {
        if self.is_in_a_crowd() { SHARED_GROUP } else { GROUP }
    }

    /// Whether other tenants ask too, so that a batch must not take all there is.
    fn is_in_a_crowd(&self) -> bool {
        self.broker.face.others_ask(self.caller.tenant())
    }

    /// Leaves more time to the others than was taken from them.
    async fn rest(&self, taken: Duration) {
        if self.is_in_a_crowd() {
            tokio::time::sleep((taken * RESTS).min(LONGEST_REST)).await;
        }
    }
}

impl Broker {
    /// Does a batch; the error is one of the whole, of which nothing was done.
    pub(crate) async fn batch(
        self: &Arc<Self>,
        caller: &Caller,
        batch: Batch,
        body: BodyStream,
    ) -> Result<BatchResult, FaceError> {
        if batch.kind.creates() {
            self.face.check_tenant_or_create(caller).await?;
        } else {
            self.face.check_tenant(caller).await?;
        }
        let mut body = Arriving::new(body, batch.key.is_some());
        let Some(key) = batch.key.clone() else { return Ok(self.batch_anew(caller, batch, body).await?.result) };
        let _at_work = self.take_key(caller, &key)?;
        if let Some(result) = self.earlier_batch(caller, &key, &mut body).await? {
            return Ok(result);
        }
        let Done { result, hash } = self.batch_anew(caller, batch, body).await?;
        if let Some(hash) = hash {
            self.keep_batch(caller, &key.with_body(hash), &result).await;
        }
        Ok(result)
    }

    async fn batch_anew(self: &Arc<Self>, caller: &Caller, batch: Batch, body: Arriving) -> Result<Done, FaceError> {
        let context = match (batch.form, &batch.link) {
            (BodyType::JsonLd, _) => None,
            (BodyType::Json, link) => {
                let link = link
                    .as_deref()
                    .map_or(machi_face::contexts::ContextRef::Core, machi_face::contexts::ContextRef::Url);
                Some(self.face.contexts.resolve(caller.tenant(), link).await?)
            }
        };
        let shared = Arc::new(Shared {
            broker: Arc::clone(self),
            caller: caller.clone(),
            kind: batch.kind,
            form: batch.form,
            context,
            language: batch.language,
        });
        Run::new(shared, body).finish().await
    }
}

/// What came of a batch.
struct Done {
    result: BatchResult,
    /// The hash of its body, where it has a key and all of it came and was tried.
    hash: Option<u128>,
}

/// A batch at work.
struct Run {
    shared: Arc<Shared>,
    intake: Intake,
    /// Items that are read and wait for their commit.
    waiting: VecDeque<Item>,
    result: BatchResult,
    /// Why reading ended before the array did.
    broken: Option<Broken>,
    has_ended: bool,
    /// Whether the store failed before the end.
    has_failed: bool,
}

impl Run {
    fn new(shared: Arc<Shared>, body: Arriving) -> Self {
        let intake = Intake::new(Arc::clone(&shared), body);
        let result = BatchResult { language: shared.language, ..BatchResult::default() };
        Self { shared, intake, waiting: VecDeque::new(), result, broken: None, has_ended: false, has_failed: false }
    }

    async fn finish(mut self) -> Result<Done, FaceError> {
        self.read_ahead().await?;
        while !self.waiting.is_empty() {
            let group = self.next_group();
            let reads_on = !self.has_ended && self.waiting.is_empty();
            let ((committed, took), read) = join(commit_in_turn(&self.shared, group), async {
                if reads_on { self.intake.next_items().await } else { Ok(Vec::new()) }
            })
            .await;
            self.take_read(read, reads_on);
            self.take_committed(committed)?;
            self.shared.rest(took).await;
        }
        // Sent again, a batch that was cut short is to be done, not told of.
        let is_whole = self.broken.is_none() && !self.has_failed;
        let hash = self.intake.hash().filter(|_| is_whole);
        if let Some(broken) = self.broken.take() {
            let name = Name::from(format!("urn:machi:batch:item:{}", self.intake.items_read() + 1));
            self.add_error(&name, broken.into_error());
        }
        Ok(Done { result: self.result, hash })
    }

    /// The items of the next commit.
    fn next_group(&mut self) -> Vec<Item> {
        let mut group = Vec::with_capacity(self.waiting.len().min(GROUP));
        let most = self.shared.group();
        let mut bytes = 0;
        while group.len() < most && bytes < GROUP_BYTES {
            let Some(item) = self.waiting.pop_front() else { break };
            bytes += item.size();
            group.push(item);
        }
        group
    }

    /// Reads all of a moderate batch, and the beginning of a large one; broken JSON in it ends everything.
    async fn read_ahead(&mut self) -> Result<(), FaceError> {
        let checked = self.shared.broker.face.config.limits.batch_checked_bytes as u64;
        let mut bytes = 0;
        while !self.has_ended && self.intake.bytes_read() <= checked && bytes < AHEAD_BYTES {
            let items = self.intake.next_items().await.map_err(Broken::into_error)?;
            self.has_ended = items.is_empty();
            bytes += items.iter().map(Item::size).sum::<usize>();
            for item in items {
                if let Item::Bad { place, trouble: Trouble::NotJson | Trouble::Null, error, .. } = item {
                    return Err(of_whole(place, error));
                }
                self.waiting.push_back(item);
            }
        }
        if self.waiting.is_empty() {
            return Err(FaceError::bad_data(Text::both(
                "the array is empty; a batch has at least one item",
                "配列が空です。1つ以上の要素が必要です",
            )));
        }
        Ok(())
    }

    fn take_read(&mut self, read: Result<Vec<Item>, Broken>, reads_on: bool) {
        match read {
            Ok(items) => {
                self.has_ended |= reads_on && items.is_empty();
                self.waiting.extend(items);
            }
            Err(broken) => {
                self.has_ended = true;
                self.broken = Some(broken);
            }
        }
    }

    /// A failing store ends the batch: the items it holds get that verdict, later ones are not read.
    fn take_committed(&mut self, committed: commit::Committed) -> Result<(), FaceError> {
        let commit::Committed { verdicts, failure } = committed;
        if let Some((error, ids)) = failure {
            if self.result.is_empty() {
                return Err(error);
            }
            let problem = Problem::from(error);
            let rest = self.waiting.drain(..).map(|item| item.name().clone());
            let names: Vec<Name> = ids.into_iter().chain(rest).collect();
            let rendered = problem.to_json(self.shared.language);
            self.result.errors.extend(names.iter().map(|name| commit::error_entry(name, &rendered)));
            self.has_ended = true;
            self.has_failed = true;
            return Ok(());
        }
        for verdict in verdicts {
            match verdict {
                commit::Verdict::Created(id) => self.result.created.push(id),
                commit::Verdict::Changed(id) => self.result.changed.push(id),
                commit::Verdict::Failed(id, error) => self.add_error(&id, *error),
            }
        }
        Ok(())
    }

    fn add_error(&mut self, name: &Name, error: FaceError) {
        let rendered = Problem::from(error).to_json(self.shared.language);
        self.result.errors.push(commit::error_entry(name, &rendered));
    }
}

/// Commits a group when it is its turn. With what came of it comes how long it took.
async fn commit_in_turn(shared: &Shared, group: Vec<Item>) -> (commit::Committed, Duration) {
    let _turn = shared.broker.turns.to_commit(shared.is_in_a_crowd()).await;
    let began = Instant::now();
    (commit::commit(shared, group).await, began.elapsed())
}

/// The error of one item as that of the whole batch.
fn of_whole(place: usize, error: FaceError) -> FaceError {
    match error {
        FaceError::Refused { kind, detail } => FaceError::Refused {
            kind,
            detail: Text::both(
                format!("item {place} of the array: {}", detail.in_language(Language::English)),
                format!("配列の{place}番目の要素: {}", detail.in_language(Language::Japanese)),
            ),
        },
        other => other,
    }
}
