//! A tenant comes back from its export: as a whole or not at all, while the rest of the city goes on.
//!
//! As long as it is under way the tenant answers nothing, and a row in the tenant says so, by which a city that
//! crashed meanwhile finds what to clear away. Subscriptions come last, so that nothing that comes back notifies
//! anybody. The copies of remote contexts that the default tenant brings to the city have rows beside that one.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use machi_face::FaceError;
use machi_face::contexts::{CONTEXT_TEXTS, CONTEXTS, is_copy};
use machi_http::Text;
use machi_store::{Change, Collection, Commit, Decision, Document, Filter, Find, Outcome, Refusal};
use machi_types::{ErrorKind, Name, TenantId, Timestamp};
use rustc_hash::{FxHashMap, FxHashSet};

use super::fit;

use crate::Broker;
use crate::collections::{DELIVERIES, EXPORTED, RESTORES, SUBSCRIPTIONS};
use crate::domain::transfer::{self, Counted, Fault, Item, Line, Lines};
use crate::subscriptions::{SubscriptionKey, subscription_of_row};

/// How much is put into one commit.
const ITEMS: usize = 500;
const BYTES: usize = 4 << 20;
/// The id of the row that says that a restore is under way.
const MARK: &str = "under-way";

/// Where an export comes from, piece by piece.
pub trait Pieces: Send {
    /// The next piece; nothing at the end.
    fn next_piece(&mut self) -> Pin<Box<dyn Future<Output = Result<Option<Bytes>, FaceError>> + Send + '_>>;
}

impl Broker {
    /// Brings a tenant back that holds nothing now.
    pub async fn restore_tenant(
        self: &Arc<Self>,
        tenant: &TenantId,
        pieces: &mut dyn Pieces,
    ) -> Result<Counted, FaceError> {
        let _under_way = self.face.begin_restore(tenant)?;
        self.check_empty(tenant).await?;
        self.mark(tenant, true).await?;
        let taken = self.take_in(tenant, pieces).await;
        match taken {
            Ok(taken) => {
                self.mark(tenant, false).await?;
                self.forget_copies(tenant).await;
                self.declare_indexes(tenant).await?;
                let kept = taken.kept();
                taken.waiting.into_iter().for_each(|id| self.hub.wake(SubscriptionKey { tenant: tenant.clone(), id }));
                Ok(kept)
            }
            Err(error) => {
                self.clear_tenant(tenant).await?;
                Err(error)
            }
        }
    }

    /// Clears away what was being restored when the city ended.
    pub async fn end_restores(&self) -> Result<(), FaceError> {
        for status in self.store.tenants().await? {
            let mark = self.store.view().document(&status.tenant, RESTORES, MARK).await?;
            if mark.is_some() {
                tracing::warn!(
                    tenant = status.tenant.as_str(),
                    "a restore was broken off; what it left is cleared away"
                );
                self.clear_tenant(&status.tenant).await?;
            } else {
                self.forget_copies(&status.tenant).await;
            }
        }
        Ok(())
    }

    async fn check_empty(&self, tenant: &TenantId) -> Result<(), FaceError> {
        let status = self.store.tenants().await?.into_iter().find(|status| status.tenant == *tenant);
        // Texts of contexts count with their contexts.
        let counts = |(collection, _): &&(Name, u64)| **collection != *CONTEXT_TEXTS.0;
        let mut documents: u64 =
            status.iter().flat_map(|status| &status.documents).filter(counts).map(|(_, n)| n).sum();
        if tenant.is_default() {
            // Copies of remote contexts lie there whatever else does.
            documents = documents.saturating_sub(self.face.contexts.count_copies().await?);
        }
        if documents == 0 {
            return Ok(());
        }
        let name = tenant.word();
        Err(FaceError::Refused {
            kind: ErrorKind::AlreadyExists,
            detail: Text::both(
                format!(
                    "tenant {name} holds {documents} documents; erase it before it is restored, or restore it under another name"
                ),
                format!("テナント{name}には{documents}件の文書があります。消去するか、別の名前で復元してください"),
            ),
        })
    }

    async fn mark(&self, tenant: &TenantId, is_under_way: bool) -> Result<(), FaceError> {
        let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
            Ok(if is_under_way { Decision::Change(Change::default()) } else { Decision::Delete })
        };
        self.store.commit(Commit::new(tenant.clone()).with(RESTORES, Name::from(MARK), decide)).await?;
        Ok(())
    }

    /// The copies of remote contexts that a restore has put and may have to take back.
    async fn copies_put(&self, tenant: &TenantId) -> Result<Vec<Name>, FaceError> {
        let (view, mut ids, mut after) = (self.store.view(), Vec::new(), None);
        loop {
            let find = Find { after, ..Find::new(tenant.clone(), RESTORES, Filter::All) };
            let found = view.find(find).await?;
            ids.extend(found.rows.iter().map(|row| row.document.id.clone()).filter(|id| **id != *MARK));
            after = found.rows.last().filter(|_| found.more).map(|row| row.cursor.clone());
            if after.is_none() {
                return Ok(ids);
            }
        }
    }

    /// The copies that a restore has put are the city's from now on. Where that cannot be noted, the next start does.
    async fn forget_copies(&self, tenant: &TenantId) {
        let delete = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Delete) };
        let forgotten = async {
            for ids in self.copies_put(tenant).await?.chunks(ITEMS) {
                let commit = Commit::new(tenant.clone());
                let commit = ids.iter().fold(commit, |commit, id| commit.with(RESTORES, id.clone(), delete));
                self.store.commit(commit).await?;
            }
            Ok::<(), FaceError>(())
        };
        if let Err(error) = forgotten.await {
            tracing::warn!(tenant = tenant.word(), %error, "the notes of a restore could not be cleared away");
        }
    }

    async fn take_in(&self, tenant: &TenantId, pieces: &mut dyn Pieces) -> Result<TakenIn, FaceError> {
        let mut lines = Lines::default();
        let mut taken = TakenIn::default();
        let mut waiting: Vec<(u64, Bytes)> = Vec::new();
        let mut bytes = 0;
        let mut end = None;
        while let Some(piece) = pieces.next_piece().await? {
            lines.take(&piece)?;
            while let Some((number, text, sum)) = lines.next_line() {
                let line = transfer::line(&text).map_err(|reason| Fault { line: number, reason })?;
                match line {
                    Line::Header if number == 1 => {}
                    Line::Item if number > 1 && end.is_none() => {
                        bytes += text.len();
                        waiting.push((number, text));
                    }
                    Line::End(counted, crc) if end.is_none() && number > 1 => end = Some((number, counted, crc, sum)),
                    _ => return Err(Fault { line: number, reason: out_of_place() }.into()),
                }
                if waiting.len() >= ITEMS || bytes >= BYTES {
                    self.put(tenant, std::mem::take(&mut waiting), &mut taken).await?;
                    bytes = 0;
                }
            }
        }
        self.put(tenant, waiting, &mut taken).await?;
        match end {
            Some((_, counted, crc, sum)) if !lines.has_rest() && counted == taken.counted && crc == sum => {
                taken.check_texts()?;
                Ok(taken)
            }
            Some((line, ..)) => Err(Fault { line, reason: other_than_written() }.into()),
            None => Err(lines.fault(cut_off()).into()),
        }
    }

    /// Puts some lines into one commit.
    async fn put(&self, tenant: &TenantId, lines: Vec<(u64, Bytes)>, taken: &mut TakenIn) -> Result<(), FaceError> {
        let (store, now) = (Arc::clone(&self.store), self.clock.now());
        let first = taken.has_subscriptions;
        let read = tokio::task::spawn_blocking(move || read(&lines, &*store, now, first));
        let items = read.await.map_err(|_| FaceError::Bug("reading an export broke off"))??;
        let mut commit = Commit::new(tenant.clone());
        for (line, collection, item) in items {
            taken.note(line, collection, &item);
            if !tenant.is_default() && taken.leaves_out(collection, &item) {
                continue;
            }
            if collection == CONTEXTS && is_copy(&item.restored.head) && !self.has_copy(&item.id).await? {
                commit = commit.with(RESTORES, item.id.clone(), |_: Option<&Document>| -> Result<Decision, Refusal> {
                    Ok(Decision::Change(Change::default()))
                });
            }
            let mut restored = Some(item.restored);
            let mut again = restored.clone();
            let decide = move |_: Option<&Document>| -> Result<Decision, Refusal> {
                let restored = restored.take().or_else(|| again.take());
                Ok(restored.map_or(Decision::Keep, Decision::Restore))
            };
            commit = commit.with(collection, item.id, decide);
        }
        if commit.proposals.is_empty() {
            return Ok(());
        }
        for outcome in self.store.commit(commit).await?.outcomes {
            if let Outcome::Refused(refusal) = outcome {
                return Err(FaceError::of_refusal(refusal));
            }
        }
        Ok(())
    }

    /// Whether the city has a copy already, which then stays as it is.
    async fn has_copy(&self, id: &Name) -> Result<bool, FaceError> {
        Ok(self.store.view().document(&TenantId::default_tenant(), CONTEXTS, id).await?.is_some())
    }

    /// Leaves nothing of a tenant but the copies of contexts that the city shares, without those that a restore which
    /// has not ended brought.
    pub(super) async fn clear_tenant(&self, tenant: &TenantId) -> Result<(), FaceError> {
        self.face.contexts.forget_tenant(tenant).await?;
        if tenant.is_default() {
            self.face.contexts.remove_own(tenant).await?;
            self.face.contexts.remove_copies(&self.copies_put(tenant).await?).await?;
            self.face.erase(tenant, &[CONTEXTS, CONTEXT_TEXTS]).await?;
        } else {
            self.face.erase(tenant, &[]).await?;
        }
        self.hub.forget_tenant(tenant);
        Ok(())
    }
}

/// What has come back so far.
#[derive(Default)]
struct TakenIn {
    /// What was read.
    counted: Counted,
    /// The contexts that were not put into the tenant.
    left_out: FxHashSet<Name>,
    /// The contexts whose texts have not come yet, with their lines.
    without_text: FxHashMap<Name, u64>,
    has_subscriptions: bool,
    /// Subscriptions that something waits for.
    waiting: Vec<Name>,
}

impl TakenIn {
    fn kept(&self) -> Counted {
        Counted { others: self.counted.others.saturating_sub(self.left_out.len() as u64), ..self.counted }
    }

    /// Refuses a context whose text has not come.
    fn check_texts(&self) -> Result<(), Fault> {
        match self.without_text.iter().min_by_key(|(_, line)| **line) {
            None => Ok(()),
            Some((id, line)) => Err(Fault { line: *line, reason: fit::without_text(id) }),
        }
    }

    /// The copies of remote contexts are the city's, and no tenant's export replaces them for the others.
    fn leaves_out(&mut self, collection: Collection, item: &Item) -> bool {
        if collection == CONTEXTS && is_copy(&item.restored.head) {
            self.left_out.insert(item.id.clone());
        }
        [CONTEXTS, CONTEXT_TEXTS].contains(&collection) && self.left_out.contains(&item.id)
    }

    fn note(&mut self, line: u64, collection: Collection, item: &Item) {
        if collection == CONTEXTS {
            self.without_text.insert(item.id.clone(), line);
        } else if collection == CONTEXT_TEXTS {
            self.without_text.remove(&item.id);
        }
        if collection == crate::collections::ENTITIES {
            self.counted.entities += 1;
        } else {
            self.counted.others += u64::from(collection != CONTEXT_TEXTS);
        }
        self.has_subscriptions |= collection == SUBSCRIPTIONS;
        if collection == DELIVERIES
            && let Some(subscription) = subscription_of_row(&item.restored.head)
            && !self.waiting.contains(&subscription)
        {
            self.waiting.push(subscription);
        }
    }
}

/// Reads lines; subscriptions may be followed by subscriptions only.
fn read(
    lines: &[(u64, Bytes)],
    store: &dyn machi_store::Store,
    now: Timestamp,
    mut has_subscriptions: bool,
) -> Result<Vec<(u64, Collection, Item)>, FaceError> {
    let mut items = Vec::with_capacity(lines.len());
    for (line, text) in lines {
        let fault = |reason| Fault { line: *line, reason };
        let item = transfer::item(text, store.names(), now).map_err(fault)?;
        let known = EXPORTED.into_iter().find(|collection| *collection.0 == *item.collection);
        let collection = known.ok_or_else(|| fault(unknown(&item.collection)))?;
        if has_subscriptions && collection != SUBSCRIPTIONS {
            return Err(fault(out_of_place()).into());
        }
        has_subscriptions |= collection == SUBSCRIPTIONS;
        fit::check(collection, &item, store.names()).map_err(fault)?;
        items.push((*line, collection, item));
    }
    Ok(items)
}

impl From<Fault> for FaceError {
    fn from(fault: Fault) -> Self {
        use machi_http::Language::{English, Japanese};
        let (line, reason) = (fault.line, fault.reason);
        Self::bad_data(Text::both(
            format!("line {line}: {}", reason.in_language(English)),
            format!("{line}行目: {}", reason.in_language(Japanese)),
        ))
    }
}

fn out_of_place() -> Text {
    Text::both(
        "this line stands in the wrong place; an export has one first line, subscriptions behind all else, and one last line",
        "行の順序が正しくありません",
    )
}

fn other_than_written() -> Text {
    Text::both(
        "the export is not what was written: count or checksum differ",
        "エクスポートの内容が書き出されたものと異なります(件数またはチェックサム)",
    )
}

fn cut_off() -> Text {
    Text::both("the export ends before its last line", "エクスポートが途中で終わっています")
}

fn unknown(collection: &str) -> Text {
    Text::both(
        format!("this Machi knows no collection {collection}"),
        format!("コレクション{collection}は、このMachiでは扱えません"),
    )
}
