//! Views: one instant, fixed by the first read, with documents and indexes of the same commit.

use std::sync::{Arc, OnceLock};

use machi_store::{Answer, Collection, Document, Find, Found, Names, Position, StoreError, Term, TermKind, View};
use machi_types::{Name, TenantId};

use crate::engine::{Engine, Root};
use crate::find;

/// A view of an embedded store.
pub(crate) struct EmbeddedView {
    engine: Arc<Engine>,
    /// The position; the indexes come with it where a find was the first to ask.
    position: OnceLock<(u64, Option<Arc<Root>>)>,
    /// The indexes of a find that came after a read of documents.
    later: OnceLock<Arc<Root>>,
}

impl EmbeddedView {
    pub(crate) fn now(engine: Arc<Engine>) -> Self {
        Self { engine, position: OnceLock::new(), later: OnceLock::new() }
    }

    pub(crate) fn at(engine: Arc<Engine>, position: u64) -> Result<Self, StoreError> {
        engine.open_view_at(position)?;
        Ok(Self { engine, position: OnceLock::from((position, None)), later: OnceLock::new() })
    }

    fn position(&self) -> u64 {
        self.position.get_or_init(|| (self.engine.open_view(), None)).0
    }

    fn root(&self) -> &Arc<Root> {
        let open = || {
            let root = self.engine.open_root();
            (root.position, Some(root))
        };
        match &self.position.get_or_init(open).1 {
            Some(root) => root,
            None => self.later.get_or_init(|| self.engine.open_root()),
        }
    }

    fn read(&self, tenant: &TenantId, collection: Collection, id: &str) -> Result<Option<Arc<Document>>, StoreError> {
        match self.engine.space(tenant, collection) {
            Some(space) => self.engine.find_document(&space, id, self.position()),
            None => Ok(None),
        }
    }

    fn terms(&self, tenant: &TenantId, collection: Collection) -> Vec<Term> {
        let root = self.root();
        let space = self.engine.space(tenant, collection);
        let Some(index) = space.and_then(|space| root.spaces.get(&space.number)) else { return Vec::new() };
        let text = |number| self.engine.names.text(number);
        let existing = index.attributes.iter().map(|((name, instance), attribute)| Term {
            name: text(*name),
            instance: text(*instance),
            kind: TermKind::Exists,
            documents: attribute.exists.count(),
        });
        let tagged = index.tags.iter().map(|(key, column)| Term {
            name: text(key.name),
            instance: text(key.instance),
            kind: TermKind::Tag(text(key.tag)),
            documents: column.count(),
        });
        let mut terms: Vec<Term> = existing.chain(tagged).filter(|term| term.documents > 0).collect();
        terms.sort_by(|a, b| (&a.name, &a.instance).cmp(&(&b.name, &b.instance)));
        terms
    }
}

impl View for EmbeddedView {
    fn position(&self) -> Position {
        Position::single(self.position())
    }

    fn documents<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        ids: &'a [Name],
    ) -> Answer<'a, Vec<Option<Arc<Document>>>> {
        let documents = ids.iter().map(|id| self.read(tenant, collection, id)).collect();
        Box::pin(std::future::ready(documents))
    }

    fn document<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        id: &'a str,
    ) -> Answer<'a, Option<Arc<Document>>> {
        Box::pin(std::future::ready(self.read(tenant, collection, id)))
    }

    fn find(&self, find: Find) -> Answer<'_, Found> {
        let found = find::Search::new(&self.engine, self.root(), &find).and_then(|search| search.find());
        Box::pin(std::future::ready(found))
    }

    fn count(&self, find: Find) -> Answer<'_, u64> {
        let count = find::Search::new(&self.engine, self.root(), &find).and_then(|search| search.count());
        Box::pin(std::future::ready(count))
    }

    fn terms<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<Term>> {
        Box::pin(std::future::ready(Ok(self.terms(tenant, collection))))
    }
}

impl Drop for EmbeddedView {
    fn drop(&mut self) {
        if let Some((position, _)) = self.position.get() {
            self.engine.close_view(*position);
        }
        if let Some(root) = self.later.get() {
            self.engine.close_view(root.position);
        }
    }
}

impl std::fmt::Debug for EmbeddedView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedView").field("position", &self.position.get().map(|(at, _)| at)).finish_non_exhaustive()
    }
}
