//! Orders of places that readers have asked for: one for each tag and name of places, made when a map first asks, and
//! from then on brought up to date by the pages that have changed since it was last asked.
//!
//! They are no part of the indexes: whoever writes pays nothing for them, and they are made anew after a start.

use std::sync::Arc;

use machi_store::{NameNo, SectionKey};
use machi_types::geo::MapPosition;
use parking_lot::Mutex;

use crate::index::order::{Entry, Order};
use crate::index::page::{Mask, Values};
use crate::index::space::{Attribute, SpaceIndex, Spot, TagKey};

/// How many entries all orders may have together, at sixteen bytes each; the one that was last asked for stays.
const MOST_ENTRIES: usize = 8 << 20;
/// How many orders there may be.
const MOST: usize = 256;

/// What an order is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct OrderKey {
    pub(crate) space: u32,
    pub(crate) place: SectionKey,
    pub(crate) tagged: (NameNo, NameNo),
}

/// All orders, the one that was last asked for at the end.
#[derive(Debug, Default)]
pub(crate) struct Orders(Mutex<Vec<(OrderKey, Arc<Mutex<Held>>)>>);

/// An order, and the pages that it was made from.
#[derive(Debug, Default)]
struct Held {
    pages: Vec<Seen>,
    order: Arc<Places>,
}

/// The places of one tag.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    pub(crate) order: Order,
    /// The pages in which some place is no point, with those documents.
    pub(crate) shapes: Vec<(u32, Mask)>,
}

/// A page as it was.
#[derive(Clone, Debug, Default)]
struct Seen {
    spots: Option<Arc<Values<Spot>>>,
    tagged: Option<Arc<Mask>>,
}

impl Orders {
    /// The places of an index, in order.
    pub(crate) fn places(&self, key: OrderKey, index: &SpaceIndex) -> Arc<Places> {
        let held = self.held(key);
        let places = held.lock().update(key, index);
        self.evict();
        places
    }

    /// Forgets what is known of a space.
    pub(crate) fn forget(&self, space: u32) {
        self.0.lock().retain(|(key, _)| key.space != space);
    }

    fn held(&self, key: OrderKey) -> Arc<Mutex<Held>> {
        let mut all = self.0.lock();
        let known = all.iter().position(|(known, _)| *known == key).map(|at| all.remove(at).1);
        let held = known.unwrap_or_default();
        all.push((key, Arc::clone(&held)));
        held
    }

    /// Drops those that were not asked for the longest, until the others are few enough.
    fn evict(&self) {
        let mut all = self.0.lock();
        // One that is being made counts once it is made.
        let size = |held: &Mutex<Held>| held.try_lock().map_or(0, |held| held.order.order.len());
        let mut entries: usize = all.iter().map(|(_, held)| size(held)).sum();
        let mut dropped = 0;
        while (entries > MOST_ENTRIES || all.len() - dropped > MOST) && dropped + 1 < all.len() {
            entries -= size(&all[dropped].1).min(entries);
            dropped += 1;
        }
        all.drain(..dropped);
    }
}

impl Held {
    fn update(&mut self, key: OrderKey, index: &SpaceIndex) -> Arc<Places> {
        let (name, tag) = key.tagged;
        let attribute = index.attribute(key.place.name, key.place.instance);
        let tags = index.tags.get(&TagKey { name, instance: NameNo::NONE, tag });
        let (mut gone, mut come) = (Vec::new(), Vec::new());
        let mut is_same = true;
        let count = (index.page_count() as usize).max(self.pages.len());
        self.pages.resize(count, Seen::default());
        for (number, before) in (0..).zip(&mut self.pages) {
            let spots = attribute.and_then(|attribute| spots_of(attribute, number));
            let now = Seen { spots, tagged: tags.and_then(|tags| tags.page(number).cloned()) };
            if !before.is(&now) {
                is_same = false;
                changes(number, before, &now, &mut gone, &mut come);
                *before = now;
            }
        }
        if !is_same {
            let places = Arc::make_mut(&mut self.order);
            places.order.change(&gone, come);
            places.shapes =
                (0..).zip(&self.pages).filter_map(|(number, page)| Some((number, page.shapes()?))).collect();
        }
        Arc::clone(&self.order)
    }
}

fn spots_of(attribute: &Arc<Attribute>, page: u32) -> Option<Arc<Values<Spot>>> {
    attribute.places.page(page).cloned()
}

impl Seen {
    fn is(&self, other: &Self) -> bool {
        same(self.spots.as_ref(), other.spots.as_ref()) && same(self.tagged.as_ref(), other.tagged.as_ref())
    }

    /// The place of a document, if it is tagged and has one.
    fn spot(&self, slot: u16) -> Option<Spot> {
        let is_tagged = self.tagged.as_ref().is_some_and(|tagged| tagged.has(slot));
        self.spots.as_ref().filter(|_| is_tagged)?.of(slot).next()
    }

    fn present(&self) -> Mask {
        match (&self.spots, &self.tagged) {
            (Some(spots), Some(tagged)) => spots.present().and(tagged),
            _ => Mask::NONE,
        }
    }

    /// Those whose place is no point, where there are any.
    fn shapes(&self) -> Option<Mask> {
        let tagged = self.tagged.as_ref()?;
        let shapes = self.spots.as_ref()?.test(|spot| matches!(spot, Spot::Box(_))).and(tagged);
        (!shapes.is_empty()).then_some(shapes)
    }
}

fn same<T>(a: Option<&Arc<T>>, b: Option<&Arc<T>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => Arc::ptr_eq(a, b),
        (None, None) => true,
        _ => false,
    }
}

/// What has changed of the places of a page.
fn changes(page: u32, before: &Seen, now: &Seen, gone: &mut Vec<Entry>, come: &mut Vec<Entry>) {
    for slot in before.present().or(&now.present()).slots() {
        let (old, new) = (before.spot(slot), now.spot(slot));
        if old == new {
            continue;
        }
        let number = crate::index::column::document(page, slot).0;
        gone.extend(old.and_then(position).map(|position| (position.code(), number)));
        come.extend(new.and_then(position).map(|position| (position.code(), number)));
    }
}

/// Where a place is counted; `None` for a point near the poles.
pub(crate) fn position(spot: Spot) -> Option<MapPosition> {
    match spot {
        Spot::Point(longitude, latitude) => MapPosition::of(longitude, latitude),
        Spot::Box(bounds) => Some(MapPosition::middle_of(bounds)),
    }
}
