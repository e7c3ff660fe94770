//! Views: one instant, fixed by the first read, with documents and indexes of the same commit.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use machi_store::{
    Answer, Collection, Document, Find, Found, Names, Position, Seen, StoreError, Survey, Surveyed, Term, TermKind,
    View, at_once,
};
use machi_types::geo::BoundingBox;
use machi_types::{Name, TenantId};

use crate::engine::{Engine, Root};
use crate::find::{Give, Scan, survey};

/// How long a search may hold up the thread that asks; then it goes on in one that nobody else needs.
const PATIENCE: Duration = Duration::from_micros(500);

/// A position that is kept from being cleaned up.
struct Pin {
    engine: Arc<Engine>,
    position: u64,
}

impl Drop for Pin {
    fn drop(&mut self) {
        self.engine.close_view(self.position);
    }
}

/// A view of an embedded store.
pub(crate) struct EmbeddedView {
    engine: Arc<Engine>,
    /// The position; the indexes come with it where a find was the first to ask.
    position: OnceLock<(Arc<Pin>, Option<Arc<Root>>)>,
    /// The indexes of a find that came after a read of documents.
    later: OnceLock<(Arc<Pin>, Arc<Root>)>,
}

impl EmbeddedView {
    pub(crate) fn now(engine: Arc<Engine>) -> Self {
        Self { engine, position: OnceLock::new(), later: OnceLock::new() }
    }

    pub(crate) fn at(engine: Arc<Engine>, position: u64) -> Result<Self, StoreError> {
        engine.open_view_at(position)?;
        let pin = Arc::new(Pin { engine: Arc::clone(&engine), position });
        Ok(Self { engine, position: OnceLock::from((pin, None)), later: OnceLock::new() })
    }

    fn pin(&self, position: u64) -> Arc<Pin> {
        Arc::new(Pin { engine: Arc::clone(&self.engine), position })
    }

    fn position(&self) -> u64 {
        self.position.get_or_init(|| (self.pin(self.engine.open_view()), None)).0.position
    }

    fn root(&self) -> (&Arc<Pin>, &Arc<Root>) {
        let open = || {
            let root = self.engine.open_root();
            (self.pin(root.position), root)
        };
        let first = || {
            let (pin, root) = open();
            (pin, Some(root))
        };
        let (pin, root) = match self.position.get_or_init(first) {
            (pin, Some(root)) => return (pin, root),
            (_, None) => self.later.get_or_init(open),
        };
        (pin, root)
    }

    /// Runs a search here for a moment, and to its end where it holds up nobody.
    fn run<D: Give + Send + 'static, T: Send + 'static>(
        &self,
        scan: Result<Scan<D>, StoreError>,
        finish: impl FnOnce(Scan<D>) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'_, T> {
        let begin = || {
            let mut scan = scan?;
            let is_done = scan.has_few_rows() && scan.run(Some(PATIENCE))?;
            Ok((scan, is_done))
        };
        let mut scan = match begin() {
            Err(error) => return at_once(Err(error)),
            Ok((scan, true)) => return at_once(finish(scan)),
            Ok((scan, false)) => scan,
        };
        let pin = Arc::clone(self.root().0);
        Box::pin(async move {
            let rest = move || {
                scan.run(None)?;
                let finished = finish(scan);
                drop(pin);
                finished
            };
            tokio::task::spawn_blocking(rest).await.map_err(|error| StoreError::Engine(error.to_string()))?
        })
    }

    /// Looks at the indexes where that holds up nobody.
    fn look<T: Send + 'static>(
        &self,
        at: impl FnOnce(&Arc<Engine>, &Root) -> Result<T, StoreError> + Send + 'static,
    ) -> Answer<'_, T> {
        let (pin, root) = self.root();
        let (engine, pin, root) = (Arc::clone(&self.engine), Arc::clone(pin), Arc::clone(root));
        Box::pin(async move {
            let work = move || {
                let seen = at(&engine, &root);
                drop(pin);
                seen
            };
            tokio::task::spawn_blocking(work).await.map_err(|error| StoreError::Engine(error.to_string()))?
        })
    }

    fn read(&self, tenant: &TenantId, collection: Collection, id: &str) -> Result<Option<Arc<Document>>, StoreError> {
        match self.engine.space(tenant, collection) {
            Some(space) => self.engine.find_document(&space, id, self.position()),
            None => Ok(None),
        }
    }

    fn terms(&self, tenant: &TenantId, collection: Collection) -> Vec<Term> {
        let (_, root) = self.root();
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
    fn position(&self) -> Answer<'_, Position> {
        at_once(Ok(Position::single(self.position())))
    }

    fn documents<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        ids: &'a [Name],
    ) -> Answer<'a, Vec<Option<Arc<Document>>>> {
        let documents = ids.iter().map(|id| self.read(tenant, collection, id)).collect();
        at_once(documents)
    }

    fn document<'a>(
        &'a self,
        tenant: &'a TenantId,
        collection: Collection,
        id: &'a str,
    ) -> Answer<'a, Option<Arc<Document>>> {
        at_once(self.read(tenant, collection, id))
    }

    fn find(&self, find: Find) -> Answer<'_, Found> {
        self.run(Scan::find(&self.engine, self.root().1, find), Scan::found)
    }

    fn find_noted(&self, find: Find) -> Answer<'_, Found<Seen>> {
        self.run(Scan::find(&self.engine, self.root().1, find), Scan::found)
    }

    fn count(&self, find: Find) -> Answer<'_, u64> {
        self.run(Ok(Scan::<Arc<Document>>::count(&self.engine, self.root().1, find)), |scan| Ok(scan.counted()))
    }

    fn survey(&self, survey: Survey) -> Answer<'_, Surveyed> {
        self.look(move |engine, root| survey::survey(engine, root, &survey))
    }

    fn extent(&self, survey: Survey) -> Answer<'_, Option<BoundingBox>> {
        self.look(move |engine, root| Ok(survey::extent(engine, root, &survey)))
    }

    fn terms<'a>(&'a self, tenant: &'a TenantId, collection: Collection) -> Answer<'a, Vec<Term>> {
        at_once(Ok(self.terms(tenant, collection)))
    }
}

impl std::fmt::Debug for EmbeddedView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedView")
            .field("position", &self.position.get().map(|(pin, _)| pin.position))
            .finish_non_exhaustive()
    }
}
