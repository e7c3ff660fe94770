//! The port itself: what every store offers.

use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId};

use crate::{
    Collection, Commit, Document, Entry, Find, Found, IndexStatus, Names, Note, Position, Receipt, Seen, StoreError,
    Survey, Surveyed, Term,
};

/// What every operation of the port answers, in time.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// An answer that is known at once.
pub fn at_once<'a, T: Send + 'a>(answer: Result<T, StoreError>) -> Answer<'a, T> {
    Box::pin(std::future::ready(answer))
}

/// A store of documents.
pub trait Store: Debug + Send + Sync {
    /// The names behind the numbers.
    fn names(&self) -> &dyn Names;

    /// Makes changes durable, then visible, all at once.
    fn commit(&self, commit: Commit) -> Answer<'_, Receipt>;

    /// Reads the newest committed state: as of the first thing that is asked of the view, and from then on unchanged.
    fn view(&self) -> Arc<dyn View>;

    /// The newest committed document of an id, where that can be told without waiting for others; any store may
    /// say no, and then it is for a view to tell.
    fn newest(&self, _tenant: &TenantId, _collection: Collection, _id: &str) -> Option<Arc<Document>> {
        None
    }

    /// The same, or the note that a reader left beside that document, where there is one.
    fn newest_noted(&self, tenant: &TenantId, collection: Collection, id: &str) -> Option<Seen> {
        self.newest(tenant, collection, id).map(Seen::Whole)
    }

    /// Leaves a note beside the document it was made from; any store may pass it over.
    fn leave(&self, _tenant: &TenantId, _collection: Collection, _document: &Document, _note: Arc<dyn Note>) {}

    /// The newest position that is known here without asking anybody; there may be newer ones. For gauges.
    fn known_position(&self) -> Position;

    /// Reads the documents (not the indexes) as of a position that is still kept.
    fn view_at(&self, position: &Position) -> Answer<'_, Arc<dyn View>>;

    /// The entries after a position, whole commits, at least one if there is any, about `limit` at most.
    /// With them comes the position behind the last one.
    fn feed(&self, after: &Position, limit: usize) -> Answer<'_, (Vec<Arc<Entry>>, Position)>;

    /// Resolves as soon as something is committed after the position.
    fn changed(&self, after: &Position) -> Answer<'_, ()>;

    /// How far a consumer of the feed has come: what it last gave in [`Commit::cursors`].
    fn cursor<'a>(&'a self, consumer: &'a str) -> Answer<'a, Option<Position>>;

    /// Keeps the feed and the old documents after a position until it is moved on or dropped:
    /// what a consumer that must lose nothing holds. Replaces the consumer's earlier pin.
    /// When a store is opened, each consumer that has a cursor is pinned there.
    fn pin<'a>(&'a self, consumer: &'a str, position: Option<&'a Position>) -> Answer<'a, ()>;

    /// Whether anything was ever committed for the tenant and it was not erased since.
    fn has_tenant<'a>(&'a self, tenant: &'a TenantId) -> Answer<'a, bool>;

    /// The tenants, with their sizes.
    fn tenants(&self) -> Answer<'_, Vec<TenantStatus>>;

    /// Declares which added indexes a collection of a tenant shall have, each by the text that defines it,
    /// from now until it is declared anew. A declaration does not outlive the process, an index does.
    fn declare_indexes<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        definitions: Vec<Name>,
    ) -> Answer<'a, ()>;

    /// How far the declared indexes are.
    fn indexes<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<IndexStatus>>;

    /// Deletes everything of a tenant, for good, but for these collections. It is a commit without entries, which
    /// wakes the readers of the feed.
    fn erase(&self, tenant: &TenantId, spared: &[Collection]) -> Answer<'_, ()>;
}

/// One instant of a store.
pub trait View: Debug + Send + Sync {
    /// The position of this instant.
    fn position(&self) -> Answer<'_, Position>;

    /// The documents of these ids, in their order.
    fn documents<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        ids: &'a [Name],
    ) -> Answer<'a, Vec<Option<Arc<Document>>>>;

    /// The document of one id.
    fn document<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        id: &'a str,
    ) -> Answer<'a, Option<Arc<Document>>>;

    /// The documents that meet a filter.
    fn find(&self, find: Find) -> Answer<'_, Found>;

    /// As [`find`](Self::find), but instead of documents the notes that readers left beside them, where there are any.
    fn find_noted(&self, find: Find) -> Answer<'_, Found<Seen>> {
        Box::pin(async move { Ok(self.find(find).await?.whole()) })
    }

    /// How many documents meet a filter, exactly; order, cursor and limits are passed over.
    fn count(&self, find: Find) -> Answer<'_, u64>;

    /// What lies in a tile of the map.
    fn survey(&self, survey: Survey) -> Answer<'_, Surveyed>;

    /// A box around the places of all documents with the tag of a survey, whatever else it asks; `None` where there
    /// are none.
    fn extent(&self, survey: Survey) -> Answer<'_, Option<BoundingBox>>;

    /// The facets in use: which names exist, which tags are used, and by how many documents.
    fn terms<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<Term>>;
}

/// What a check of a whole store has seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// The documents that were read.
    pub documents: u64,
    /// The commits of the feed that were read.
    pub commits: u64,
    /// The facets that were compared.
    pub facets: u64,
}

/// How large a tenant is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantStatus {
    /// Its name.
    pub tenant: TenantId,
    /// Its documents, by collection.
    pub documents: Vec<(Name, u64)>,
    /// The bytes of its documents' contents.
    pub bytes: u64,
}
