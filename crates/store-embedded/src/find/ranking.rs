//! The best so many documents of an order, kept while all candidates pass by.

use std::cmp::Ordering;
use std::sync::Arc;

use machi_store::evaluate::{Place, SortKey};
use machi_store::{DocumentNo, Order, OrderBy};
use machi_types::geo::Geometry;

use super::plan::is_within;
use crate::index::column::Column;
use crate::index::id_page::IdPage;
use crate::index::keys;
use crate::index::page::{Mask, Values};
use crate::index::space::{Attribute, SpaceIndex, Spot};
use crate::index::texts::{Kept, TextPage, Verdict};

/// Keeps the first `wanted` places of an order that lie after a given one.
#[derive(Debug)]
pub(crate) struct Ranking {
    order: Vec<Order>,
    after: Option<Place>,
    wanted: usize,
    best: Vec<Place>,
    /// Nothing behind this place is wanted any more.
    limit: Option<Place>,
}

impl Ranking {
    pub(crate) fn new(order: Vec<Order>, after: Option<Place>, wanted: usize) -> Self {
        Self { order, after, wanted, best: Vec::new(), limit: None }
    }

    pub(crate) fn wanted(&self) -> usize {
        self.wanted
    }

    /// Whether its first part puts large values first.
    pub(crate) fn is_descending(&self) -> bool {
        self.order.first().is_some_and(|part| part.descending)
    }

    /// Whether a document at this place would be kept.
    pub(crate) fn wants(&self, place: &Place) -> bool {
        let is_new = self.after.as_ref().is_none_or(|after| place.compare(after, &self.order).is_gt());
        is_new && self.limit.as_ref().is_none_or(|limit| place.compare(limit, &self.order).is_lt())
    }

    pub(crate) fn keep(&mut self, place: Place) {
        self.best.push(place);
        if self.best.len() >= self.wanted.saturating_mul(2).saturating_add(64) {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.wanted == 0 {
            self.best.clear();
            return;
        }
        if self.best.len() > self.wanted {
            let order = &self.order;
            self.best.select_nth_unstable_by(self.wanted - 1, |a, b| a.compare(b, order));
            self.best.truncate(self.wanted);
            self.limit = self.best.iter().max_by(|a, b| a.compare(b, order)).cloned();
        }
    }

    pub(crate) fn finish(mut self) -> Vec<Place> {
        self.prune();
        let order = &self.order;
        self.best.sort_by(|a, b| a.compare(b, order));
        self.best
    }
}

/// Where the keys of an order come from.
#[derive(Debug)]
pub(crate) struct KeySource {
    parts: Vec<(Order, Columns)>,
}

/// The columns of one part of an order.
#[derive(Debug)]
enum Columns {
    Ids(Arc<Column<IdPage>>),
    Attributes(Vec<Arc<Attribute>>),
}

impl KeySource {
    pub(crate) fn new(order: &[Order], index: &SpaceIndex) -> Self {
        let columns = |part: &Order| match &part.by {
            OrderBy::Facet { name, instances } | OrderBy::Distance { name, instances, .. } => {
                Columns::Attributes(index.attributes_of(*name, *instances))
            }
            OrderBy::Id => Columns::Ids(Arc::clone(&index.ids)),
        };
        Self { parts: order.iter().map(|part| (part.clone(), columns(part))).collect() }
    }

    /// The documents of a page whose keys show at a glance that they may be wanted; `None` where a glance tells
    /// nothing.
    pub(crate) fn in_time(&self, page: u32, ranking: &Ranking) -> Option<Mask> {
        let early = ranking.limit.as_ref().and_then(|limit| up_to(&self.parts, page, &limit.keys, Way::Forward));
        if early.is_some_and(|early| early.is_empty()) {
            return early;
        }
        let late = ranking.after.as_ref().and_then(|after| up_to(&self.parts, page, &after.keys, Way::Back));
        match (early, late) {
            (Some(early), Some(late)) => Some(early.and(&late)),
            (one, other) => one.or(other),
        }
    }

    /// The place of a document; `None` where only the document can tell.
    pub(crate) fn place(&self, number: DocumentNo, page: u32, slot: u16) -> Option<Place> {
        let keys = self.parts.iter().map(|(part, columns)| key(part, columns, page, slot));
        Some(Place { keys: keys.collect::<Option<_>>()?, number })
    }
}

/// In which direction of an order a place is looked from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// What comes before it.
    Forward,
    /// What comes after it.
    Back,
}

/// The documents of a page that do not lie behind these keys, and perhaps others; `None` where that cannot be told.
///
/// Where the first keys are equal, the next ones decide: whatever lies before by its first key is among them, and of
/// those with the same first key just what its other keys let in.
fn up_to(parts: &[(Order, Columns)], page: u32, place: &[SortKey], way: Way) -> Option<Mask> {
    let ((part, columns), more) = parts.split_first()?;
    let (key, next) = place.split_first()?;
    let glances = Glance::all(columns, page, &part.by)?;
    // What has no key comes last, whichever way the others go.
    let keyless = match way {
        Way::Forward => Mask::NONE,
        Way::Back => Mask::ALL.without(&glances.iter().fold(Mask::NONE, |all, glance| all.or(&glance.present()))),
    };
    let is_descending = part.descending == (way == Way::Forward);
    // Of several instances any may give the key.
    let reach = |with_equal: bool| {
        let mut masks = glances.iter().map(|glance| glance.reach(key, part, is_descending, with_equal));
        masks.try_fold(keyless, |all, mask| Some(all.or(&mask?)))
    };
    let all = reach(true)?;
    if more.is_empty() || all.is_empty() {
        return Some(all);
    }
    let Some(next) = up_to(more, page, next, way) else { return Some(all) };
    Some(reach(false)?.or(&all.and(&next)))
}

/// The only column of a page that an order needs to look at for one instance.
enum Glance<'p> {
    Nothing,
    Ids(&'p IdPage),
    Numbers(&'p Values<u64>),
    Times(&'p Values<u64>),
    Texts(&'p TextPage),
    Places(&'p Values<Spot>, &'p Geometry),
}

impl<'p> Glance<'p> {
    /// What each instance of an attribute has in a page; `None` where that is not told at a glance.
    fn all(columns: &'p Columns, page: u32, by: &'p OrderBy) -> Option<Vec<Self>> {
        match columns {
            Columns::Ids(ids) => Some(vec![ids.page(page).map_or(Self::Nothing, |ids| Self::Ids(ids))]),
            Columns::Attributes(attributes) if attributes.is_empty() => None,
            Columns::Attributes(attributes) => {
                attributes.iter().map(|attribute| Self::at(attribute, page, by)).collect()
            }
        }
    }

    fn at(attribute: &'p Attribute, page: u32, by: &'p OrderBy) -> Option<Self> {
        if let OrderBy::Distance { from, .. } = by {
            return Some(attribute.places.page(page).map_or(Self::Nothing, |places| Self::Places(places, from)));
        }
        if attribute.yes.page(page).is_some() || attribute.no.page(page).is_some() {
            return None;
        }
        match (attribute.numbers.page(page), attribute.times.page(page), attribute.texts.page(page)) {
            (None, None, None) => Some(Self::Nothing),
            (Some(values), None, None) => Some(Self::Numbers(values)),
            (None, Some(values), None) => Some(Self::Times(values)),
            (None, None, Some(texts)) => Some(Self::Texts(texts)),
            _ => None,
        }
    }

    /// The documents with a key before this one, or with an equal one, too, and perhaps others; `None` where that
    /// cannot be told.
    fn reach(&self, key: &SortKey, part: &Order, is_descending: bool, with_equal: bool) -> Option<Mask> {
        let is_reached = |ordering: Ordering| match ordering {
            Ordering::Equal => with_equal,
            Ordering::Less => !is_descending,
            Ordering::Greater => is_descending,
        };
        let numbers = |values: &Values<u64>, limit: u64| values.test(|key| is_reached(key.cmp(&limit)));
        Some(match (self, key) {
            (_, SortKey::Missing) => return None,
            (Self::Nothing, _) => Mask::NONE,
            (Self::Ids(ids), SortKey::Text(limit)) if part.texts.is_none() => ids.up_to(limit, is_descending),
            (Self::Numbers(values), SortKey::Number(number)) => numbers(values, keys::number(*number)),
            (Self::Times(values), SortKey::Time(time)) => numbers(values, keys::time(*time)),
            (Self::Texts(texts), SortKey::Text(limit)) => {
                if lies_behind(texts, limit, part, is_descending) {
                    return Some(Mask::NONE);
                }
                let is_open = |kept: Kept<'_>| kept.is_cut && (is_descending || part.texts.is_some());
                let (yes, _) = texts.test(|kept| {
                    // The front of a text is never larger than the text, by code points; of another order nothing
                    // is known.
                    let ordering = || part.compare_texts(kept.text, limit);
                    let is_in = is_open(kept) || if kept.is_cut { ordering().is_le() } else { is_reached(ordering()) };
                    if is_in { Verdict::Yes } else { Verdict::No }
                });
                yes
            }
            (Self::Places(places, from), SortKey::Number(metres)) if !is_descending => {
                let reach = from.bounding_box().widened(*metres);
                places.test(|spot| is_within(spot, &reach))
            }
            _ => return None,
        })
    }

    fn present(&self) -> Mask {
        match self {
            Self::Nothing => Mask::NONE,
            Self::Ids(_) => Mask::ALL,
            Self::Numbers(values) | Self::Times(values) => values.present(),
            Self::Texts(texts) => texts.present(),
            Self::Places(places, _) => places.present(),
        }
    }
}

/// Whether even the nearest text of a page lies behind a limit.
fn lies_behind(texts: &TextPage, limit: &str, part: &Order, is_descending: bool) -> bool {
    let extremes = texts.extremes(part.name_of_texts(), |a, b| part.compare_texts(a, b));
    extremes.is_some_and(|(first, last)| match is_descending {
        true => part.compare_texts(last, limit).is_lt(),
        false => part.compare_texts(first, limit).is_gt(),
    })
}

fn key(part: &Order, columns: &Columns, page: u32, slot: u16) -> Option<SortKey> {
    let attributes = match columns {
        Columns::Ids(ids) => return Some(SortKey::Text(ids.page(page)?.text(slot).into())),
        Columns::Attributes(attributes) => attributes,
    };
    let mut keys = Vec::new();
    for attribute in attributes {
        match &part.by {
            OrderBy::Id => {}
            OrderBy::Facet { .. } => scalar_keys(attribute, page, slot, &mut keys)?,
            OrderBy::Distance { from, .. } => distances(attribute, page, slot, from, &mut keys)?,
        }
    }
    let chosen = match &part.by {
        OrderBy::Facet { .. } if part.descending => keys.into_iter().max_by(|a, b| a.ascending(b, part)),
        _ => keys.into_iter().min_by(|a, b| a.ascending(b, part)),
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
