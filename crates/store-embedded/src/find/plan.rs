//! A filter with its columns looked up: what can be tested on a page of documents at once.

use std::cmp::Ordering;
use std::ops::Bound;
use std::sync::Arc;

use machi_store::{Condition, DocumentNo, Filter, GeoCondition, Range, Test, TextCondition};
use machi_types::geo::{BoundingBox, Geometry};
use regex::Regex;

use crate::index::column::{Column, place};
use crate::index::id_page::IdPage;
use crate::index::keys;
use crate::index::page::{Mask, PAGE};
use crate::index::space::{Attribute, SpaceIndex, Spot, TagKey};
use crate::index::texts::{Kept, Verdict};

/// A condition on the documents of a page.
#[derive(Debug)]
pub(crate) enum Plan {
    All,
    Nothing,
    And(Vec<Plan>),
    Or(Vec<Plan>),
    Not(Box<Plan>),
    Tagged(Arc<Column<Mask>>),
    Exists(Vec<Arc<Attribute>>),
    Flag(Vec<Arc<Attribute>>, bool),
    Numbers(Vec<Arc<Attribute>>, u64, u64),
    Times(Vec<Arc<Attribute>>, u64, u64),
    Texts(Vec<Arc<Attribute>>, TextCondition),
    Places(Vec<Arc<Attribute>>, Box<PlaceTest>),
    Links(Vec<Arc<Attribute>>, Vec<u64>),
    Numbered(Column<Mask>),
    IdMatches(Arc<Column<IdPage>>, Arc<Regex>),
    /// Only the document can tell.
    Read,
}

/// A condition on places, with the box outside of which nothing meets it, and the one inside of which every point does.
#[derive(Debug)]
pub(crate) struct PlaceTest {
    condition: Arc<GeoCondition>,
    /// `None`: there is no such box.
    reach: Option<BoundingBox>,
    /// `None`: there is no such box.
    core: Option<BoundingBox>,
}

/// What is known of the documents of a page: those that meet the filter, and those that must be read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Verdicts {
    pub(crate) yes: Mask,
    pub(crate) perhaps: Mask,
}

impl Verdicts {
    const NONE: Self = Self { yes: Mask::NONE, perhaps: Mask::NONE };

    fn sure(yes: Mask) -> Self {
        Self { yes, perhaps: Mask::NONE }
    }

    pub(crate) fn any(&self) -> Mask {
        self.yes.or(&self.perhaps)
    }
}

/// What a plan is made with.
pub(crate) struct Planner<'a> {
    pub(crate) index: &'a SpaceIndex,
    pub(crate) seed: u64,
    /// The number of an id, where it has one.
    pub(crate) number_of: &'a dyn Fn(&str) -> Option<DocumentNo>,
}

impl Planner<'_> {
    pub(crate) fn plan(&self, filter: &Filter) -> Plan {
        match filter {
            Filter::All => Plan::All,
            Filter::And(parts) => {
                let mut parts: Vec<Plan> = parts.iter().map(|part| self.plan(part)).collect();
                parts.sort_by_key(Plan::cost);
                Plan::And(parts)
            }
            Filter::Or(parts) => Plan::Or(parts.iter().map(|part| self.plan(part)).collect()),
            Filter::Not(part) => Plan::Not(Box::new(self.plan(part))),
            Filter::Ids(ids) => {
                let mut numbered = Column::default();
                ids.iter().filter_map(|id| (self.number_of)(id)).for_each(|number| numbered.set(number));
                Plan::Numbered(numbered)
            }
            Filter::IdMatches(pattern) => Plan::IdMatches(Arc::clone(&self.index.ids), Arc::clone(pattern)),
            Filter::Check(_) => Plan::Read,
            Filter::Indexed(indexed) => match self.index.has_complete(&indexed.definition) {
                true => self.plan(&indexed.indexed),
                false => self.plan(&indexed.otherwise),
            },
            Filter::Test(test) => self.test(test),
        }
    }

    fn test(&self, test: &Test) -> Plan {
        if let Condition::Tag(tag) = test.condition {
            return self.tagged(test, tag);
        }
        let attributes = self.index.attributes_of(test.name, test.instances);
        if attributes.is_empty() {
            return Plan::Nothing;
        }
        match &test.condition {
            Condition::Tag(_) => Plan::Nothing,
            Condition::Exists => Plan::Exists(attributes),
            Condition::Flag(flag) => Plan::Flag(attributes, *flag),
            Condition::Number(range) => match keys::range(range, keys::number) {
                Some((low, high)) => Plan::Numbers(attributes, low, high),
                None => Plan::Nothing,
            },
            Condition::Time(range) => match keys::range(range, keys::time) {
                Some((low, high)) => Plan::Times(attributes, low, high),
                None => Plan::Nothing,
            },
            Condition::Text(condition) => Plan::Texts(attributes, condition.clone()),
            Condition::Geometry(condition) => {
                let (reach, core) = (condition.reach(), condition.core());
                Plan::Places(attributes, Box::new(PlaceTest { condition: Arc::clone(condition), reach, core }))
            }
            Condition::Link(targets) => {
                let mut hashes: Vec<u64> = targets.iter().map(|target| keys::hash(target, self.seed)).collect();
                hashes.sort_unstable();
                Plan::Links(attributes, hashes)
            }
        }
    }

    fn tagged(&self, test: &Test, tag: machi_store::NameNo) -> Plan {
        let tagged = |instance| {
            let key = TagKey { name: test.name, instance, tag };
            self.index.tags.get(&key).map(|column| Plan::Tagged(Arc::clone(column)))
        };
        match test.instances {
            machi_store::Instances::Only(instance) => tagged(instance).unwrap_or(Plan::Nothing),
            machi_store::Instances::Any => {
                let keys = self.index.tags.keys().filter(|key| key.name == test.name && key.tag == tag);
                Plan::Or(keys.filter_map(|key| tagged(key.instance)).collect())
            }
        }
    }
}

impl Plan {
    /// How dear a page is, to have cheap parts tested first.
    fn cost(&self) -> u32 {
        match self {
            Self::All | Self::Nothing | Self::Numbered(_) => 0,
            Self::Tagged(_) | Self::Exists(_) | Self::Flag(..) => 1,
            Self::Numbers(..) | Self::Times(..) => 2,
            Self::Links(..) => 3,
            Self::Places(..) => 4,
            Self::Texts(_, TextCondition::Range(_)) => 5,
            Self::Texts(_, TextCondition::Matches(_)) | Self::IdMatches(..) => 20,
            Self::Read => 1000,
            Self::Not(part) => part.cost(),
            Self::And(parts) => parts.iter().map(Self::cost).max().unwrap_or(0),
            Self::Or(parts) => parts.iter().map(Self::cost).sum(),
        }
    }

    /// How many conditions a page is tested on.
    pub(crate) fn leaves(&self) -> u64 {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::leaves).sum(),
            Self::Not(part) => part.leaves(),
            _ => 1,
        }
    }

    /// Tests the documents of a page; only those `within` matter.
    pub(crate) fn test(&self, page: u32, within: &Mask) -> Verdicts {
        match self {
            Self::All => Verdicts::sure(*within),
            Self::Nothing => Verdicts::NONE,
            Self::Read => Verdicts { yes: Mask::NONE, perhaps: *within },
            Self::And(parts) => test_all(parts, page, within),
            Self::Or(parts) => test_any(parts, page, within),
            Self::Not(part) => {
                let inner = part.test(page, within);
                Verdicts { yes: within.without(&inner.any()), perhaps: inner.perhaps }
            }
            Self::Tagged(column) => Verdicts::sure(column.mask(page).and(within)),
            Self::Numbered(column) => Verdicts::sure(column.mask(page).and(within)),
            Self::Exists(attributes) => union(attributes, within, |attribute| attribute.exists.mask(page)),
            Self::Flag(attributes, true) => union(attributes, within, |attribute| attribute.yes.mask(page)),
            Self::Flag(attributes, false) => union(attributes, within, |attribute| attribute.no.mask(page)),
            Self::Numbers(attributes, low, high) => union(attributes, within, |attribute| {
                let page = attribute.numbers.page(page);
                page.map_or(Mask::NONE, |values| values.test(|value| value >= low && value <= high))
            }),
            Self::Times(attributes, low, high) => union(attributes, within, |attribute| {
                let page = attribute.times.page(page);
                page.map_or(Mask::NONE, |values| values.test(|value| value >= low && value <= high))
            }),
            Self::Links(attributes, hashes) => union(attributes, within, |attribute| {
                let page = attribute.links.page(page);
                page.map_or(Mask::NONE, |values| match hashes.as_slice() {
                    [only] => values.test(|value| value == only),
                    hashes => values.test(|value| hashes.binary_search(value).is_ok()),
                })
            }),
            Self::IdMatches(ids, pattern) => match ids.page(page) {
                Some(ids) => Verdicts::sure(ids.test(within, |id| pattern.is_match(id))),
                None => Verdicts::NONE,
            },
            Self::Texts(attributes, condition) => test_texts(attributes, condition, page, within),
            Self::Places(attributes, test) => test_places(attributes, test, page, within),
        }
    }
}

fn test_all(parts: &[Plan], page: u32, within: &Mask) -> Verdicts {
    let mut verdicts = Verdicts::sure(*within);
    for part in parts {
        let candidates = verdicts.any();
        if candidates.is_empty() {
            return Verdicts::NONE;
        }
        let next = part.test(page, &candidates);
        let yes = verdicts.yes.and(&next.yes);
        verdicts = Verdicts { yes, perhaps: candidates.and(&next.any()).without(&yes) };
    }
    verdicts
}

fn test_any(parts: &[Plan], page: u32, within: &Mask) -> Verdicts {
    let mut verdicts = Verdicts::NONE;
    for part in parts {
        let undecided = within.without(&verdicts.yes);
        if undecided.is_empty() {
            break;
        }
        let next = part.test(page, &undecided);
        verdicts.yes = verdicts.yes.or(&next.yes);
        verdicts.perhaps = verdicts.perhaps.or(&next.perhaps);
    }
    verdicts.perhaps = verdicts.perhaps.without(&verdicts.yes);
    verdicts
}

fn union(attributes: &[Arc<Attribute>], within: &Mask, mask: impl Fn(&Attribute) -> Mask) -> Verdicts {
    let all = attributes.iter().fold(Mask::NONE, |all, attribute| all.or(&mask(attribute)));
    Verdicts::sure(all.and(within))
}

fn test_texts(attributes: &[Arc<Attribute>], condition: &TextCondition, page: u32, within: &Mask) -> Verdicts {
    let mut verdicts = Verdicts::NONE;
    for texts in attributes.iter().filter_map(|attribute| attribute.texts.page(page)) {
        if texts.present().and(within).is_empty() {
            continue;
        }
        let (yes, perhaps) = match condition {
            TextCondition::Range(Range { low: Bound::Included(low), high: Bound::Included(high) }) if low == high => {
                texts.test_equal(low)
            }
            _ => texts.test(|kept| text_verdict(condition, kept)),
        };
        verdicts.yes = verdicts.yes.or(&yes);
        verdicts.perhaps = verdicts.perhaps.or(&perhaps);
    }
    verdicts.yes = verdicts.yes.and(within);
    verdicts.perhaps = verdicts.perhaps.and(within).without(&verdicts.yes);
    verdicts
}

fn text_verdict(condition: &TextCondition, kept: Kept<'_>) -> Verdict {
    match condition {
        TextCondition::Matches(_) if kept.is_cut => Verdict::Perhaps,
        TextCondition::Matches(pattern) => sure(pattern.is_match(kept.text)),
        TextCondition::Range(range) if !kept.is_cut => sure(
            above(range, |low| Some(kept.text.cmp(low))) == Some(true)
                && below(range, |high| Some(kept.text.cmp(high))) == Some(true),
        ),
        TextCondition::Range(range) => {
            match (above(range, |low| compare_cut(kept.text, low)), below(range, |high| compare_cut(kept.text, high))) {
                (Some(true), Some(true)) => Verdict::Yes,
                (Some(false), _) | (_, Some(false)) => Verdict::No,
                _ => Verdict::Perhaps,
            }
        }
    }
}

fn sure(is_met: bool) -> Verdict {
    if is_met { Verdict::Yes } else { Verdict::No }
}

/// How a text of which only the front is known compares to a whole one.
fn compare_cut(front: &str, whole: &str) -> Option<Ordering> {
    if front >= whole {
        return Some(Ordering::Greater);
    }
    if whole.starts_with(front) { None } else { Some(Ordering::Less) }
}

fn above(range: &Range<Box<str>>, compare: impl Fn(&str) -> Option<Ordering>) -> Option<bool> {
    match &range.low {
        Bound::Unbounded => Some(true),
        Bound::Included(low) => compare(low).map(Ordering::is_ge),
        Bound::Excluded(low) => compare(low).map(Ordering::is_gt),
    }
}

fn below(range: &Range<Box<str>>, compare: impl Fn(&str) -> Option<Ordering>) -> Option<bool> {
    match &range.high {
        Bound::Unbounded => Some(true),
        Bound::Included(high) => compare(high).map(Ordering::is_le),
        Bound::Excluded(high) => compare(high).map(Ordering::is_lt),
    }
}

fn test_places(attributes: &[Arc<Attribute>], test: &PlaceTest, page: u32, within: &Mask) -> Verdicts {
    let mut verdicts = Verdicts::NONE;
    for values in attributes.iter().filter_map(|attribute| attribute.places.page(page)) {
        let near = values.test(|spot| test.may_meet(spot)).and(within);
        for slot in near.slots() {
            for spot in values.of(slot) {
                match test.verdict(&spot) {
                    Verdict::Yes => verdicts.yes.set(slot),
                    Verdict::Perhaps => verdicts.perhaps.set(slot),
                    Verdict::No => {}
                }
            }
        }
    }
    verdicts.perhaps = verdicts.perhaps.without(&verdicts.yes);
    verdicts
}

impl PlaceTest {
    /// A quick test that passes everything that may meet the condition.
    fn may_meet(&self, spot: &Spot) -> bool {
        self.reach.is_none_or(|reach| is_within(spot, &reach))
    }

    fn verdict(&self, spot: &Spot) -> Verdict {
        let Spot::Point(longitude, latitude) = *spot else {
            return if self.may_meet(spot) { Verdict::Perhaps } else { Verdict::No };
        };
        if self.core.is_some_and(|core| touches(spot, &core)) {
            return Verdict::Yes;
        }
        let holds = Geometry::point(longitude, latitude).ok().map(|place| self.condition.holds(&place));
        match holds {
            Some(Ok(holds)) => sure(holds),
            // Reading the document says why it cannot be decided.
            Some(Err(_)) | None => Verdict::Perhaps,
        }
    }
}

/// Whether a place touches a box, which may lie across the antimeridian.
pub(crate) fn is_within(spot: &Spot, reach: &BoundingBox) -> bool {
    match reach.parts() {
        (only, None) => touches(spot, &only),
        (west, Some(east)) => touches(spot, &west) || touches(spot, &east),
    }
}

fn touches(spot: &Spot, area: &BoundingBox) -> bool {
    match *spot {
        Spot::Point(x, y) => x >= area.west && x <= area.east && y >= area.south && y <= area.north,
        Spot::Box([west, south, east, north]) => {
            f64::from(west) <= area.east
                && f64::from(east) >= area.west
                && f64::from(south) <= area.north
                && f64::from(north) >= area.south
        }
    }
}

/// The page at which a scan starts, and the documents of it that matter.
pub(crate) fn start_after(after: Option<DocumentNo>) -> (u32, Mask) {
    match after.map(|number| place(DocumentNo(number.0.saturating_add(1)))) {
        Some((page, slot)) => (page, Mask::ALL.starting_at(slot)),
        None => (0, Mask::ALL),
    }
}

/// The entries that testing a page looks at, for the budget.
pub(crate) const ENTRIES: u64 = PAGE as u64;
