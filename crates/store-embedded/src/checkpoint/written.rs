//! Which pages the last checkpoint wrote, without keeping them.
//!
//! Pages are written to where they lie as long as nobody else holds them; a checkpoint that held them until the
//! next one would have every page copied that is written to meanwhile, and keep both. A weak pointer tells as
//! well whether a page is still the same: writing moves it away, and the place is not given to another one.

use std::any::Any;
use std::sync::{Arc, Weak};

use rustc_hash::{FxHashMap, FxHashSet};

use super::{ALIVE, ColumnKey, EXISTS, HASHES, IDS, LINKS, NO, NUMBERS, PLACES, TAGS, TEXTS, TIMES, YES};
use crate::engine::Root;
use crate::index::column::Column;
use crate::index::space::SpaceIndex;
use crate::index::stored::StoredPage;
use crate::names;
use machi_store::NameNo;

/// The pages of a checkpoint.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(super) spaces: Vec<u32>,
    pub(super) names: FxHashSet<NameNo>,
    columns: FxHashMap<ColumnKey, Vec<Page>>,
}

#[derive(Debug)]
struct Page {
    number: u32,
    place: Weak<dyn Any + Send + Sync>,
}

/// Looks at the columns of indexes, one after another.
pub(super) trait Visit {
    fn column<P: StoredPage + Any + Send + Sync>(&mut self, key: ColumnKey, column: &Column<P>);
}

impl Written {
    /// All pages of a root, and these names.
    pub(crate) fn of(root: &Root, names: FxHashSet<NameNo>) -> Self {
        let spaces = root.spaces.keys().copied().collect();
        let mut written = Self { spaces, names, columns: FxHashMap::default() };
        visit(root, &mut written);
        written
    }

    /// Whether the page of this number was this very one.
    pub(super) fn has<P: Any + Send + Sync>(&self, key: &ColumnKey, number: u32, page: &Arc<P>) -> bool {
        let known = self.page(key, number);
        known.is_some_and(|known| std::ptr::addr_eq(known.place.as_ptr(), Arc::as_ptr(page)))
    }

    /// The pages that another checkpoint does not have.
    pub(super) fn beyond<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = (&'a ColumnKey, u32)> {
        let pages = self.columns.iter().flat_map(|(key, pages)| pages.iter().map(move |page| (key, page.number)));
        pages.filter(move |(key, number)| other.page(key, *number).is_none())
    }

    fn page(&self, key: &ColumnKey, number: u32) -> Option<&Page> {
        let pages = self.columns.get(key)?;
        pages.binary_search_by_key(&number, |page| page.number).ok().and_then(|at| pages.get(at))
    }
}

impl Visit for Written {
    fn column<P: StoredPage + Any + Send + Sync>(&mut self, key: ColumnKey, column: &Column<P>) {
        let page = |(number, page): &(u32, Arc<P>)| {
            let place: Weak<P> = Arc::downgrade(page);
            Page { number: *number, place }
        };
        self.columns.insert(key, column.pages().iter().map(page).collect());
    }
}

/// The names that a root uses: in sections, and for columns that have pages.
pub(super) fn names_of(root: &Root) -> FxHashSet<NameNo> {
    let mut named = Named::default();
    root.spaces.values().for_each(|index| named.0.extend(index.section_names.iter()));
    visit(root, &mut named);
    named.0.retain(|name| names::is_given(*name));
    named.0
}

#[derive(Default)]
struct Named(FxHashSet<NameNo>);

impl Visit for Named {
    fn column<P: StoredPage + Any + Send + Sync>(&mut self, key: ColumnKey, column: &Column<P>) {
        if !column.pages().is_empty() {
            self.0.extend(key.names);
        }
    }
}

/// Shows all columns of a root.
pub(super) fn visit(root: &Root, visitor: &mut impl Visit) {
    for (space, index) in &root.spaces {
        visit_space(*space, index, visitor);
    }
}

fn visit_space(space: u32, index: &SpaceIndex, visitor: &mut impl Visit) {
    let key = |kind, names| ColumnKey { space, kind, names };
    let none = [NameNo::NONE; 3];
    visitor.column(key(ALIVE, none), &index.alive);
    visitor.column(key(HASHES, none), &index.hashes);
    visitor.column(key(IDS, none), &index.ids);
    for ((name, instance), attribute) in &index.attributes {
        let key = |kind| ColumnKey { space, kind, names: [*name, *instance, NameNo::NONE] };
        visitor.column(key(EXISTS), &attribute.exists);
        visitor.column(key(YES), &attribute.yes);
        visitor.column(key(NO), &attribute.no);
        visitor.column(key(NUMBERS), &attribute.numbers);
        visitor.column(key(TIMES), &attribute.times);
        visitor.column(key(TEXTS), &attribute.texts);
        visitor.column(key(PLACES), &attribute.places);
        visitor.column(key(LINKS), &attribute.links);
    }
    for (tag, column) in &index.tags {
        visitor.column(key(TAGS, [tag.name, tag.instance, tag.tag]), column);
    }
}
