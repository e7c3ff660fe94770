//! Surveys: what lies in a tile is found in an order of places, tested page by page where more is asked than the tag,
//! and told by columns.

use std::ops::Range;
use std::sync::Arc;

use machi_store::{
    Choose, DocumentNo, Filter, Find, NameNo, Names, SURVEY_BYTES, SectionKey, StoreError, Survey, SurveyCell,
    SurveyColumn, SurveyRow, Surveyed, Told,
};
use machi_types::Name;
use machi_types::geo::{BoundingBox, MapPosition};

use super::Search;
use super::plan::{Plan, Planner};
use crate::engine::{Engine, Root};
use crate::index::column::{Column, document, place};
use crate::index::keys;
use crate::index::order::Entry;
use crate::index::page::Mask;
use crate::index::space::{Attribute, SpaceIndex, Spot, TagKey};
use crate::orders::{self, OrderKey, Places};
use crate::spaces::Space;

/// A survey at work.
struct Surveyor<'s> {
    survey: &'s Survey,
    search: &'s Search,
    space: &'s Arc<Space>,
    index: &'s Arc<SpaceIndex>,
    places: Arc<Places>,
    doubtful: Plan,
    columns: Vec<ToldColumn>,
    reach: BoundingBox,
}

/// The columns of one wanted value.
struct ToldColumn {
    attribute: Option<Arc<Attribute>>,
    unless: Vec<Arc<Column<Mask>>>,
    /// The documents of which one text is wanted, and its place.
    chosen: Vec<(Arc<Column<Mask>>, usize)>,
}

/// Documents, by page.
#[derive(Default)]
struct Pages(Vec<Mask>);

impl Pages {
    fn set(&mut self, page: u32, slot: u16) {
        self.page_mut(page).set(slot);
    }

    fn add(&mut self, number: u32) {
        let (page, slot) = place(DocumentNo(number));
        self.set(page, slot);
    }

    fn page_mut(&mut self, page: u32) -> &mut Mask {
        let at = page as usize;
        if at >= self.0.len() {
            self.0.resize(at + 1, Mask::NONE);
        }
        &mut self.0[at]
    }

    fn has(&self, number: u32) -> bool {
        let (page, slot) = place(DocumentNo(number));
        self.0.get(page as usize).is_some_and(|mask| mask.has(slot))
    }

    fn count(&self) -> usize {
        self.0.iter().map(|mask| mask.count() as usize).sum()
    }

    /// The pages with something in them.
    fn iter(&self) -> impl Iterator<Item = (u32, &Mask)> {
        (0..).zip(&self.0).filter(|(_, mask)| !mask.is_empty())
    }
}

/// Answers a survey.
pub(crate) fn survey(engine: &Arc<Engine>, root: &Root, survey: &Survey) -> Result<Surveyed, StoreError> {
    let find = Find { budget: survey.budget, ..Find::new(survey.tenant.clone(), survey.collection, survey.meant()) };
    let search = Search::new(engine, root, find);
    let Some((space, index)) = &search.place else { return Ok(Surveyed::default()) };
    let key = OrderKey { space: space.number, place: survey.place, tagged: survey.tagged };
    let number_of = |id: &str| engine.number_of(space, id, root.position);
    let surveyor = Surveyor {
        survey,
        search: &search,
        space,
        index,
        places: engine.orders.places(key, index),
        doubtful: Planner { index, seed: engine.seed, number_of: &number_of }.plan(&survey.doubtful),
        columns: survey.columns.iter().map(|column| ToldColumn::of(engine, index, column)).collect(),
        reach: survey.tile.bounds(survey.margin),
    };
    surveyor.answer()
}

/// A box around all places of a tag.
pub(crate) fn extent(engine: &Arc<Engine>, root: &Root, survey: &Survey) -> Option<BoundingBox> {
    let space = engine.space(&survey.tenant, survey.collection)?;
    let index = root.spaces.get(&space.number)?;
    let (name, tag) = survey.tagged;
    let tagged = index.tags.get(&TagKey { name, instance: NameNo::NONE, tag })?;
    let attribute = index.attribute(survey.place.name, survey.place.instance)?;
    let mut all: Option<BoundingBox> = None;
    for (page, spots) in attribute.places.pages() {
        for slot in spots.present().and(&tagged.mask(*page)).slots() {
            let bounds = spots.of(slot).next().map(|spot| match spot {
                Spot::Point(x, y) => BoundingBox { west: x, south: y, east: x, north: y },
                Spot::Box(bounds) => BoundingBox::of_single(bounds),
            });
            all = [all, bounds].into_iter().flatten().reduce(|all, one| all.joined(&one));
        }
    }
    all
}

impl Surveyor<'_> {
    fn answer(&self) -> Result<Surveyed, StoreError> {
        let order = &self.places.order;
        let range = order.range(&self.survey.tile.codes());
        let beside = self.beside();
        let count = range.len() + beside.count();
        let asks_more = !matches!(self.survey.filter, Filter::All) || self.has_doubtful();
        if !asks_more && count > self.survey.most {
            return self.cells(&range, None);
        }
        self.search.count_scanned(range.len() as u64)?;
        let mut wanted = beside;
        order.iter(range.clone()).for_each(|(_, number)| wanted.add(number));
        if asks_more {
            wanted = self.tested(&wanted)?;
        }
        match wanted.count() <= self.survey.most {
            true => Ok(Surveyed { rows: self.rows(&wanted)?, cells: Vec::new() }),
            false => self.cells(&range, Some(&wanted)),
        }
    }

    /// Whether there is any document of which the indexes cannot be believed.
    fn has_doubtful(&self) -> bool {
        let alive = &self.index.alive;
        (0..self.index.page_count()).any(|page| !self.doubtful.test(page, &alive.mask(page)).any().is_empty())
    }

    /// What is no point and has its middle beside the tile, and yet reaches into it.
    fn beside(&self) -> Pages {
        let mut pages = Pages::default();
        for (number, shapes) in &self.places.shapes {
            for slot in shapes.slots() {
                let Some(spot @ Spot::Box(bounds)) = self.spot(*number, slot) else { continue };
                let is_inside = || orders::position(spot).is_some_and(|middle| self.survey.tile.holds(middle));
                if self.reach.meets_single(bounds) && !is_inside() {
                    pages.set(*number, slot);
                }
            }
        }
        pages
    }

    /// Those that meet the filter.
    fn tested(&self, wanted: &Pages) -> Result<Pages, StoreError> {
        let mut met = Pages::default();
        for (page, within) in wanted.iter() {
            self.search.check_time()?;
            let verdicts = self.search.test(self.index, page, *within)?;
            let mut yes = verdicts.yes;
            for slot in verdicts.perhaps.slots() {
                if self.search.recheck(self.space, document(page, slot))?.is_some() {
                    yes.set(slot);
                }
            }
            *met.page_mut(page) = yes;
        }
        Ok(met)
    }

    /// What lies in the tile, cell by cell; of it, only what is wanted.
    fn cells(&self, range: &Range<usize>, wanted: Option<&Pages>) -> Result<Surveyed, StoreError> {
        let order = &self.places.order;
        self.search.count_scanned(if wanted.is_some() { 2 * range.len() as u64 } else { 0 })?;
        let (mut alone, mut cells) = (Pages::default(), Vec::new());
        for codes in self.survey.tile.cells(self.survey.halvings) {
            self.search.check_time()?;
            let within = order.range(&codes);
            let meant = || order.iter(within.clone()).filter(|(_, number)| wanted.is_none_or(|all| all.has(*number)));
            let count = if wanted.is_some() { meant().count() } else { within.len() };
            match count {
                0 => {}
                1 => meant().for_each(|(_, number)| alone.add(number)),
                _ if wanted.is_some() => {
                    let (mut entries, mut passed) = (meant(), 0);
                    cells.push(SurveyCell::of(*codes.start(), count, |nth| {
                        let skipped = nth - std::mem::replace(&mut passed, nth + 1);
                        position(entries.nth(skipped))
                    }));
                }
                _ => cells.push(SurveyCell::of(*codes.start(), count, |nth| position(order.at(within.start + nth)))),
            }
        }
        Ok(Surveyed { rows: self.rows(&alone)?, cells })
    }

    fn rows(&self, wanted: &Pages) -> Result<Vec<SurveyRow>, StoreError> {
        let mut rows = Vec::new();
        let mut bytes = 0;
        for (page, within) in wanted.iter() {
            self.search.check_time()?;
            let doubtful = self.doubtful.test(page, within).any();
            for slot in within.slots() {
                let Some(row) = self.row(page, slot, doubtful.has(slot))? else { continue };
                bytes += row.document.as_ref().map_or(0, |document| document.size());
                if bytes > SURVEY_BYTES {
                    return Err(StoreError::too_many_bytes(SURVEY_BYTES));
                }
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn row(&self, page: u32, slot: u16, is_doubtful: bool) -> Result<Option<SurveyRow>, StoreError> {
        let Some(spot) = self.spot(page, slot) else { return Ok(None) };
        let (Some(position), Some(ids)) = (orders::position(spot), self.index.ids.page(page)) else { return Ok(None) };
        let values: Vec<Told> = self.columns.iter().map(|column| column.told(page, slot)).collect();
        let is_read = is_doubtful || matches!(spot, Spot::Box(_)) || values.contains(&Told::Unsaid);
        let number = document(page, slot);
        let document = if is_read { Some(self.search.document(self.space, number)?) } else { None };
        Ok(Some(SurveyRow { number, id: Name::from(ids.text(slot)), position, values, document }))
    }

    fn spot(&self, page: u32, slot: u16) -> Option<Spot> {
        let attribute = self.index.attribute(self.survey.place.name, self.survey.place.instance)?;
        attribute.places.page(page)?.of(slot).next()
    }
}

/// Where an entry lies; every place that is asked for has one.
fn position(entry: Option<Entry>) -> MapPosition {
    MapPosition::of_code(entry.map_or(0, |(code, _)| code))
}

/// The sets of documents whose tags tell which of their texts is wanted.
fn chosen(
    engine: &Engine,
    index: &SpaceIndex,
    column: &SurveyColumn,
    choice: &dyn Choose,
) -> Vec<(Arc<Column<Mask>>, usize)> {
    let under = index.tags.iter().filter(|(key, _)| SectionKey::new(key.name, key.instance) == column.key);
    under.filter_map(|(key, set)| Some((Arc::clone(set), choice.place(&engine.names.text(key.tag))?))).collect()
}

impl ToldColumn {
    fn of(engine: &Engine, index: &SpaceIndex, column: &SurveyColumn) -> Self {
        let tagged = |tag: &NameNo| {
            let key = TagKey { name: column.key.name, instance: column.key.instance, tag: *tag };
            index.tags.get(&key).cloned()
        };
        Self {
            attribute: index.attribute(column.key.name, column.key.instance).cloned(),
            unless: column.unless.iter().filter_map(tagged).collect(),
            chosen: column.choice.as_ref().map_or_else(Vec::new, |choice| chosen(engine, index, column, &**choice)),
        }
    }

    fn told(&self, page: u32, slot: u16) -> Told {
        let Some(attribute) = &self.attribute else { return Told::Nothing };
        let has = |column: &Column<Mask>| column.page(page).is_some_and(|mask| mask.has(slot));
        let mut places = self.chosen.iter().filter(|(tagged, _)| has(tagged)).map(|(_, place)| *place);
        if let Some(place) = places.next() {
            let text = attribute.texts.page(page).and_then(|texts| texts.of(slot).nth(place));
            return match text.filter(|kept| !kept.is_cut && places.next().is_none()) {
                Some(kept) => Told::Text(Name::from(kept.text)),
                None => Told::Unsaid,
            };
        }
        if self.unless.iter().any(|tagged| has(tagged)) {
            return Told::Unsaid;
        }
        let flags = [(&attribute.no, false), (&attribute.yes, true)];
        let flags = flags.into_iter().filter(|(column, _)| has(column)).map(|(_, flag)| Told::Flag(flag));
        let numbers = attribute.numbers.page(page).into_iter().flat_map(|values| values.of(slot));
        let numbers = numbers.map(|key| Told::Number(keys::number_of(key)));
        let times = attribute.times.page(page).into_iter().flat_map(|values| values.of(slot)).map(|_| Told::Unsaid);
        let texts = attribute.texts.page(page).into_iter().flat_map(|texts| texts.of(slot));
        let texts = texts.map(|kept| if kept.is_cut { Told::Unsaid } else { Told::Text(Name::from(kept.text)) });
        let mut all = flags.chain(numbers).chain(times).chain(texts);
        match all.next() {
            None => Told::Nothing,
            Some(first) if all.all(|other| other == first) => first,
            Some(_) => Told::Unsaid,
        }
    }
}
