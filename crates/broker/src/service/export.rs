//! A tenant leaves the store as lines of JSON, all of them as of one position.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use machi_face::FaceError;
use machi_face::contexts::CONTEXT_TEXTS;
use machi_store::{Budget, Collection, Cursor, Filter, Find, Position, StoreError, View};
use machi_types::{TenantId, Timestamp};

use crate::Broker;
use crate::collections::{ENTITIES, EXPORTED};
use crate::domain::reading::Reading;
use crate::domain::transfer::{self, Counted};

/// How many documents are read at once.
const PAGE: usize = 200;
/// The same of documents of megabytes.
const PAGE_OF_TEXTS: usize = 4;
/// Whoever exports wants all of it, however long that takes.
const NO_BOUND: Budget = Budget { scanned: u64::MAX, documents: u64::MAX, time: Duration::from_hours(1) };

/// An export under way: it reads one instant, however long it takes.
#[derive(Debug)]
pub struct Export {
    broker: Arc<Broker>,
    tenant: TenantId,
    view: Arc<dyn View>,
    /// What has been written so far, as a sum.
    sum: crc32fast::Hasher,
    counted: Counted,
    next: Next,
}

/// What comes next.
#[derive(Debug)]
enum Next {
    Header,
    Page(usize, Option<Cursor>),
    Nothing,
}

impl Broker {
    /// Begins to export a tenant as it is now.
    pub async fn export_tenant(self: &Arc<Self>, tenant: &TenantId) -> Result<Export, FaceError> {
        self.tenant(tenant).await?;
        self.face.check_at_rest(tenant)?;
        Ok(Export {
            broker: Arc::clone(self),
            tenant: tenant.clone(),
            view: self.store.view(),
            sum: crc32fast::Hasher::new(),
            counted: Counted::default(),
            next: Next::Header,
        })
    }
}

impl Export {
    /// The position of which everything is.
    pub async fn position(&self) -> Result<Position, StoreError> {
        self.view.position().await
    }

    /// What has been written so far.
    pub fn counted(&self) -> Counted {
        self.counted
    }

    /// The next piece, whole lines; nothing at the end.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>, FaceError> {
        loop {
            let piece = match std::mem::replace(&mut self.next, Next::Nothing) {
                Next::Header => {
                    self.next = Next::Page(0, None);
                    transfer::header(&self.tenant, &self.position().await?.to_string(), self.broker.clock.now())
                }
                Next::Page(place, after) => match EXPORTED.get(place) {
                    Some(collection) => self.page(*collection, place, after).await?,
                    None => return Ok(Some(transfer::end(self.counted, self.sum.clone().finalize()).into())),
                },
                Next::Nothing => return Ok(None),
            };
            if !piece.is_empty() {
                self.sum.update(&piece);
                return Ok(Some(piece.into()));
            }
        }
    }

    async fn page(
        &mut self,
        collection: Collection,
        place: usize,
        after: Option<Cursor>,
    ) -> Result<Vec<u8>, FaceError> {
        let limit = if collection == CONTEXT_TEXTS { PAGE_OF_TEXTS } else { PAGE };
        let find = Find { after, limit, budget: NO_BOUND, ..Find::new(self.tenant.clone(), collection, Filter::All) };
        let found = self.view.find(find).await?;
        let more = found.rows.last().filter(|_| found.more).map(|row| row.cursor.clone());
        self.next = if more.is_some() { Next::Page(place, more) } else { Next::Page(place + 1, None) };
        let mut out = Vec::new();
        let names = self.broker.store.names();
        for row in found.rows {
            if collection == ENTITIES {
                // What has expired but was not cleared away yet goes along: its end is told by its expiresAt.
                let ever = Timestamp::from_micros(i64::MIN);
                if let Some(reading) = Reading::of(row.document, names, ever)? {
                    transfer::entity(&reading, &mut out)?;
                    self.counted.entities += 1;
                }
            } else {
                transfer::document(collection.0, &row.document, names, &mut out);
                // A text counts with its context.
                self.counted.others += u64::from(collection != CONTEXT_TEXTS);
            }
        }
        Ok(out)
    }
}
