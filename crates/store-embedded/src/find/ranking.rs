//! The best so many documents of an order, kept while all candidates pass by.

use std::sync::Arc;

use machi_store::evaluate::{Place, SortKey};
use machi_store::{DocumentNo, Order, OrderBy};
use machi_types::geo::Geometry;

use crate::index::keys;
use crate::index::page::{Mask, Values};
use crate::index::space::{Attribute, SpaceIndex, Spot};
use crate::index::texts::{Kept, Verdict};

/// Keeps the first `wanted` places of an order that lie after a given one.
#[derive(Debug)]
pub(crate) struct Ranking<'a> {
    order: &'a [Order],
    after: Option<Place>,
    wanted: usize,
    best: Vec<Place>,
    /// Nothing behind this place is wanted any more.
    limit: Option<Place>,
}

impl<'a> Ranking<'a> {
    pub(crate) fn new(order: &'a [Order], after: Option<Place>, wanted: usize) -> Self {
        Self { order, after, wanted, best: Vec::new(), limit: None }
    }

    /// Whether a document at this place would be kept.
    pub(crate) fn wants(&self, place: &Place) -> bool {
        let is_new = self.after.as_ref().is_none_or(|after| place.compare(after, self.order).is_gt());
        is_new && self.limit.as_ref().is_none_or(|limit| place.compare(limit, self.order).is_lt())
    }

    pub(crate) fn keep(&mut self, place: Place) {
        self.best.push(place);
        if self.best.len() >= self.wanted * 2 + 64 {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.wanted == 0 {
            self.best.clear();
            return;
        }
        if self.best.len() > self.wanted {
            let order = self.order;
            self.best.select_nth_unstable_by(self.wanted - 1, |a, b| a.compare(b, order));
            self.best.truncate(self.wanted);
            self.limit = self.best.iter().max_by(|a, b| a.compare(b, order)).cloned();
        }
    }

    /// The only key of a one-part order behind which nothing is wanted.
    pub(crate) fn limit(&self) -> Option<&SortKey> {
        match self.limit.as_ref()?.keys.as_slice() {
            [only] => Some(only),
            _ => None,
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Place> {
        self.prune();
        let order = self.order;
        self.best.sort_by(|a, b| a.compare(b, order));
        self.best
    }
}

/// Where the keys of an order come from.
#[derive(Debug)]
pub(crate) struct KeySource<'a> {
    parts: Vec<(&'a Order, Vec<Arc<Attribute>>)>,
}

impl<'a> KeySource<'a> {
    pub(crate) fn new(order: &'a [Order], index: &SpaceIndex) -> Self {
        let attributes = |part: &Order| match &part.by {
            OrderBy::Facet { name, instances } | OrderBy::Distance { name, instances, .. } => {
                index.attributes_of(*name, *instances)
            }
            OrderBy::Id => Vec::new(),
        };
        Self { parts: order.iter().map(|part| (part, attributes(part))).collect() }
    }

    /// The documents of a page that may come before a limit of a one-part order, told at a glance;
    /// `None` where a glance tells nothing.
    pub(crate) fn in_time(&self, page: u32, limit: &SortKey) -> Option<Mask> {
        let [(part, attributes)] = self.parts.as_slice() else { return None };
        let (OrderBy::Facet { .. }, [attribute]) = (&part.by, attributes.as_slice()) else { return None };
        if attribute.yes.page(page).is_some() || attribute.no.page(page).is_some() {
            return None;
        }
        let columns = (attribute.numbers.page(page), attribute.times.page(page), attribute.texts.page(page));
        match (columns, limit) {
            ((Some(values), None, None), SortKey::Number(number)) => {
                Some(numbers_in_time(values, keys::number(*number), part.descending))
            }
            ((None, Some(values), None), SortKey::Time(time)) => {
                Some(numbers_in_time(values, keys::time(*time), part.descending))
            }
            ((None, None, Some(texts)), SortKey::Text(limit)) => {
                let (yes, perhaps) = texts.test(|kept| text_in_time(kept, limit, part.descending));
                Some(yes.or(&perhaps))
            }
            _ => None,
        }
    }

    /// The place of a document; `None` where only the document can tell.
    pub(crate) fn place(&self, number: DocumentNo, page: u32, slot: u16) -> Option<Place> {
        let keys = self.parts.iter().map(|(part, attributes)| key(part, attributes, page, slot));
        Some(Place { keys: keys.collect::<Option<_>>()?, number })
    }
}

/// What is missing comes last, so where the limit is a value it is never in time.
fn numbers_in_time(values: &Values<u64>, limit: u64, is_descending: bool) -> Mask {
    match is_descending {
        true => values.test(|key| *key >= limit),
        false => values.test(|key| *key <= limit),
    }
}

fn text_in_time(kept: Kept<'_>, limit: &str, is_descending: bool) -> Verdict {
    let is_in_time = match is_descending {
        true => kept.is_cut || kept.text >= limit,
        // The front of a text is never larger than the text.
        false => kept.text <= limit,
    };
    if is_in_time { Verdict::Yes } else { Verdict::No }
}

fn key(part: &Order, attributes: &[Arc<Attribute>], page: u32, slot: u16) -> Option<SortKey> {
    let mut keys = Vec::new();
    for attribute in attributes {
        match &part.by {
            OrderBy::Id => {}
            OrderBy::Facet { .. } => scalar_keys(attribute, page, slot, &mut keys)?,
            OrderBy::Distance { from, .. } => distances(attribute, page, slot, from, &mut keys)?,
        }
    }
    let chosen = match &part.by {
        OrderBy::Id => return None,
        OrderBy::Facet { .. } if part.descending => keys.into_iter().max_by(SortKey::ascending),
        _ => keys.into_iter().min_by(SortKey::ascending),
    };
    Some(chosen.unwrap_or(SortKey::Missing))
}

fn scalar_keys(attribute: &Attribute, page: u32, slot: u16, keys: &mut Vec<SortKey>) -> Option<()> {
    for (column, flag) in [(&attribute.no, false), (&attribute.yes, true)] {
        if column.page(page).is_some_and(|mask| mask.has(slot)) {
            keys.push(SortKey::Flag(flag));
        }
    }
    if let Some(numbers) = attribute.numbers.page(page) {
        keys.extend(numbers.of(slot).map(|key| SortKey::Number(keys::number_of(key))));
    }
    if let Some(times) = attribute.times.page(page) {
        keys.extend(times.of(slot).map(|key| SortKey::Time(keys::time_of(key))));
    }
    if let Some(texts) = attribute.texts.page(page) {
        for kept in texts.of(slot) {
            if kept.is_cut {
                return None;
            }
            keys.push(SortKey::Text(kept.text.into()));
        }
    }
    Some(())
}

fn distances(attribute: &Attribute, page: u32, slot: u16, from: &Geometry, keys: &mut Vec<SortKey>) -> Option<()> {
    let Some(places) = attribute.places.page(page) else { return Some(()) };
    for spot in places.of(slot) {
        match spot {
            Spot::Point(x, y) => {
                let distance = Geometry::point(x, y).ok()?.distance(from).ok()?;
                keys.push(SortKey::Number(distance));
            }
            Spot::Box(_) => return None,
        }
    }
    Some(())
}
