//! The index of one collection of one tenant: columns of facets by document number.

use std::sync::Arc;

use machi_store::{DocumentNo, Facet, FacetValue, Instances, NameNo, SectionKey};
use machi_types::Timestamp;
use machi_types::geo::Geometry;
use rustc_hash::{FxHashMap, FxHashSet};

use super::added::Added;
use super::column::{Column, place};
use super::id_page::IdPage;
use super::keys;
use super::page::{Mask, Values};
use super::texts::{KEPT, KEPT_WHOLE, TextPage};

/// A place as a column keeps it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Spot {
    /// The geometry is this point.
    Point(f64, f64),
    /// The geometry lies within: west, south, east, north, rounded outwards.
    Box([f32; 4]),
}

impl Default for Spot {
    fn default() -> Self {
        Self::Point(0.0, 0.0)
    }
}

/// The facets of one instance of one name, a column for each kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Attribute {
    pub(crate) exists: Column<Mask>,
    pub(crate) yes: Column<Mask>,
    pub(crate) no: Column<Mask>,
    pub(crate) numbers: Column<Values<u64>>,
    pub(crate) times: Column<Values<u64>>,
    pub(crate) texts: Column<TextPage>,
    pub(crate) places: Column<Values<Spot>>,
    pub(crate) links: Column<Values<u64>>,
}

/// Names one set of tagged documents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct TagKey {
    pub(crate) name: NameNo,
    pub(crate) instance: NameNo,
    pub(crate) tag: NameNo,
}

/// All columns of a space. Cloning shares them; writing copies what a clone still looks at.
#[derive(Clone, Debug, Default)]
pub(crate) struct SpaceIndex {
    /// The documents that exist.
    pub(crate) alive: Arc<Column<Mask>>,
    /// The hash of the id behind each number that was ever given.
    pub(crate) hashes: Arc<Column<Values<u64>>>,
    /// That id itself.
    pub(crate) ids: Arc<Column<IdPage>>,
    pub(crate) attributes: FxHashMap<(NameNo, NameNo), Arc<Attribute>>,
    pub(crate) tags: FxHashMap<TagKey, Arc<Column<Mask>>>,
    /// The instances of each name.
    pub(crate) instances: FxHashMap<NameNo, Vec<NameNo>>,
    /// The indexes that somebody has asked for; their facets lie among the others.
    pub(crate) added: Vec<Added>,
    /// The bytes of the documents' contents.
    pub(crate) bytes: u64,
    /// The names that sections have or had: whoever reads old versions or the feed meets the latter, too.
    pub(crate) section_names: Arc<FxHashSet<NameNo>>,
}

impl SpaceIndex {
    /// Takes note of the number that an id was given.
    pub(crate) fn number(&mut self, number: DocumentNo, hash: u64, id: &str) {
        let (page, slot) = place(number);
        Arc::make_mut(&mut self.ids).page_mut(page).set(slot, id);
        Arc::make_mut(&mut self.hashes).page_mut(page).add(slot, hash);
    }

    /// Takes note of the names of a section.
    pub(crate) fn note_section(&mut self, key: SectionKey) {
        for name in [key.name, key.instance] {
            if !self.section_names.contains(&name) {
                Arc::make_mut(&mut self.section_names).insert(name);
            }
        }
    }

    pub(crate) fn set_alive(&mut self, number: DocumentNo, is_alive: bool) {
        let alive = Arc::make_mut(&mut self.alive);
        if is_alive { alive.set(number) } else { alive.clear(number) }
    }

    /// Sets the times that the store itself keeps.
    pub(crate) fn set_times(&mut self, number: DocumentNo, created: Timestamp, modified: Timestamp) {
        self.set_time(NameNo::CREATED, number, Some(created));
        self.set_time(NameNo::MODIFIED, number, Some(modified));
    }

    pub(crate) fn clear_times(&mut self, number: DocumentNo) {
        self.set_time(NameNo::CREATED, number, None);
        self.set_time(NameNo::MODIFIED, number, None);
    }

    fn set_time(&mut self, name: NameNo, number: DocumentNo, time: Option<Timestamp>) {
        let (page, slot) = place(number);
        let times = &mut self.attribute_mut(name, NameNo::NONE).times;
        let page = times.page_mut(page);
        page.remove(slot);
        if let Some(time) = time {
            page.add(slot, keys::time(time));
        }
    }

    /// Adds a facet of a document.
    pub(crate) fn add(&mut self, number: DocumentNo, facet: &Facet<'_>, seed: u64) {
        let (page, slot) = place(number);
        if let FacetValue::Tag(tag) = facet.value {
            let key = TagKey { name: facet.name, instance: facet.instance, tag };
            Arc::make_mut(self.tags.entry(key).or_default()).set(number);
            return;
        }
        let attribute = self.attribute_mut(facet.name, facet.instance);
        match &facet.value {
            FacetValue::Tag(_) => {}
            FacetValue::Exists => attribute.exists.page_mut(page).set(slot),
            FacetValue::Flag(true) => attribute.yes.page_mut(page).set(slot),
            FacetValue::Flag(false) => attribute.no.page_mut(page).set(slot),
            FacetValue::Number(value) => attribute.numbers.page_mut(page).add(slot, keys::number(*value)),
            FacetValue::Time(time) => attribute.times.page_mut(page).add(slot, keys::time(*time)),
            FacetValue::Text(text) => attribute.texts.page_mut(page).add(slot, text, KEPT),
            FacetValue::Whole(text) => attribute.texts.page_mut(page).add(slot, text, KEPT_WHOLE),
            FacetValue::Geometry(geometry) => attribute.places.page_mut(page).add(slot, spot(geometry)),
            FacetValue::Link(target) => attribute.links.page_mut(page).add(slot, keys::hash(target, seed)),
        }
    }

    /// Removes what [`add`](Self::add) added: all values of the facet's name, instance and kind.
    pub(crate) fn remove(&mut self, number: DocumentNo, facet: &Facet<'_>) {
        let (page, slot) = place(number);
        if let FacetValue::Tag(tag) = facet.value {
            let key = TagKey { name: facet.name, instance: facet.instance, tag };
            if let Some(column) = self.tags.get_mut(&key) {
                Arc::make_mut(column).clear(number);
            }
            return;
        }
        let Some(attribute) = self.attributes.get_mut(&(facet.name, facet.instance)) else { return };
        let attribute = Arc::make_mut(attribute);
        match &facet.value {
            FacetValue::Tag(_) => {}
            FacetValue::Exists => attribute.exists.clear(number),
            FacetValue::Flag(true) => attribute.yes.clear(number),
            FacetValue::Flag(false) => attribute.no.clear(number),
            FacetValue::Number(_) => remove_values(&mut attribute.numbers, page, slot),
            FacetValue::Time(_) => remove_values(&mut attribute.times, page, slot),
            FacetValue::Geometry(_) => remove_values(&mut attribute.places, page, slot),
            FacetValue::Link(_) => remove_values(&mut attribute.links, page, slot),
            FacetValue::Text(_) | FacetValue::Whole(_) => {
                if let Some(texts) = attribute.texts.existing_page_mut(page) {
                    texts.remove(slot);
                    if texts.is_empty() {
                        attribute.texts.drop_page(page);
                    }
                }
            }
        }
    }

    /// When a document was changed last: no two of its changes have the same time.
    pub(crate) fn modified(&self, number: DocumentNo) -> Option<Timestamp> {
        let (page, slot) = place(number);
        let attribute = self.attribute(NameNo::MODIFIED, NameNo::NONE)?;
        attribute.times.page(page)?.of(slot).next().map(keys::time_of)
    }

    pub(crate) fn attribute(&self, name: NameNo, instance: NameNo) -> Option<&Arc<Attribute>> {
        self.attributes.get(&(name, instance))
    }

    /// The attributes that the instances mean.
    pub(crate) fn attributes_of(&self, name: NameNo, instances: Instances) -> Vec<Arc<Attribute>> {
        match instances {
            Instances::Only(instance) => self.attribute(name, instance).cloned().into_iter().collect(),
            Instances::Any => self
                .instances
                .get(&name)
                .into_iter()
                .flatten()
                .filter_map(|instance| self.attribute(name, *instance).cloned())
                .collect(),
        }
    }

    /// The attribute to write to, made if there is none.
    pub(crate) fn attribute_mut(&mut self, name: NameNo, instance: NameNo) -> &mut Attribute {
        let attribute = self.attributes.entry((name, instance)).or_insert_with(|| {
            self.instances.entry(name).or_default().push(instance);
            Arc::default()
        });
        Arc::make_mut(attribute)
    }

    /// How many pages the numbers reach over.
    pub(crate) fn page_count(&self) -> u32 {
        self.hashes.pages().last().map_or(0, |(page, _)| page + 1)
    }
}

fn remove_values<T: Copy + Default + PartialEq>(column: &mut Column<Values<T>>, page: u32, slot: u16) {
    let Some(values) = column.existing_page_mut(page) else { return };
    values.remove(slot);
    if values.is_empty() {
        column.drop_page(page);
    }
}

fn spot(geometry: &Geometry) -> Spot {
    if let Some(position) = geometry.as_point() {
        return Spot::Point(position.longitude(), position.latitude());
    }
    Spot::Box(geometry.bounding_box().outward())
}
