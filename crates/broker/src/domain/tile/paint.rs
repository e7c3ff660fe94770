//! From what a survey found to a tile: which properties a feature has, and what it looks like.

use std::borrow::Cow;
use std::sync::Arc;

use machi_model::context::Context;
use machi_model::entity::render::Languages;
use machi_model::entity::{Corrupt, InstanceRef, Kind, iris_of, string_of, value_of};
use machi_store::{NameNo, SectionKey, SurveyCell, SurveyRow, Surveyed, Told};
use machi_types::geo::{Geometry, Tile};
use machi_types::{Json, Name, Timestamp};

use super::mvt::{Layer, Shape, Tags, Value};
use super::{CLUSTERS_LAYER, ENTITIES_LAYER, HALVINGS, shape};

/// An attribute whose values become a property.
#[derive(Clone, Debug)]
pub(crate) struct TileAttribute {
    /// Its expanded name.
    pub(crate) name: Name,
    /// The property.
    pub(crate) shown: String,
}

/// Paints one tile.
#[derive(Debug)]
pub(crate) struct Painter {
    pub(crate) tile: Tile,
    pub(crate) now: Timestamp,
    /// The attribute that tells where entities are.
    pub(crate) place: NameNo,
    pub(crate) attributes: Vec<TileAttribute>,
    /// The numbers of the attributes' names; none where no entity has the attribute.
    pub(crate) numbers: Vec<Option<NameNo>>,
    pub(crate) languages: Languages,
    pub(crate) context: Arc<Context>,
}

impl Painter {
    /// The tile.
    pub(crate) fn paint(&self, surveyed: &Surveyed) -> Result<Vec<u8>, Corrupt> {
        let keys = std::iter::once("id".to_owned()).chain(self.attributes.iter().map(|one| one.shown.clone()));
        let mut entities = Layer::new(ENTITIES_LAYER, keys.collect());
        for row in &surveyed.rows {
            self.entity(row, &mut entities)?;
        }
        let mut clusters = Layer::new(CLUSTERS_LAYER, vec!["count".to_owned()]);
        surveyed.cells.iter().for_each(|cell| self.cluster(cell, &mut clusters));
        let mut tile = Vec::new();
        entities.finish(&mut tile);
        clusters.finish(&mut tile);
        Ok(tile)
    }

    fn cluster(&self, cell: &SurveyCell, layer: &mut Layer) {
        let Some(shape) = shape::point(cell.position, self.tile) else { return };
        // A cell has the same number in every tile of its zoom, and each time it is asked for.
        let id = cell.code >> (64 - 2 * (u32::from(self.tile.zoom()) + u32::from(HALVINGS)));
        let mut tags = Tags::default();
        layer.tag(&mut tags, 0, &Value::Number(cell.count as f64));
        layer.feature(Some(id), &tags, &shape);
    }

    fn entity(&self, row: &SurveyRow, layer: &mut Layer) -> Result<(), Corrupt> {
        let Some(shape) = self.shape(row)? else { return Ok(()) };
        let mut tags = Tags::default();
        layer.tag_unique(&mut tags, 0, &Value::Text(&row.id));
        for nth in 0..self.attributes.len() {
            let value = match &row.document {
                Some(_) => self.read(row, nth)?,
                None => row.values.get(nth).and_then(told),
            };
            if let Some(value) = value {
                layer.tag(&mut tags, nth + 1, &borrowed(&value));
            }
        }
        layer.feature(None, &tags, &shape);
        Ok(())
    }

    fn shape(&self, row: &SurveyRow) -> Result<Option<Shape>, Corrupt> {
        if row.document.is_none() {
            return Ok(shape::point(row.position, self.tile));
        }
        let Some(instance) = self.living(row, self.place)?.filter(|one| one.kind() == Kind::GeoProperty) else {
            return Ok(None);
        };
        let geometry = value_of(instance.value()).ok().and_then(|json| Geometry::from_json(&json).ok());
        Ok(geometry.and_then(|geometry| shape::draw(&geometry, self.tile)))
    }

    /// The default instance of an attribute, unless it has expired (ETSI GS CIM 009 §4.22).
    fn living<'r>(&self, row: &'r SurveyRow, name: NameNo) -> Result<Option<InstanceRef<'r>>, Corrupt> {
        let key = SectionKey::new(name, NameNo::NONE);
        let Some(section) = row.document.as_ref().and_then(|document| document.section(key)) else { return Ok(None) };
        let instance = InstanceRef::read(&section.body)?;
        Ok(Some(instance).filter(|instance| instance.expires_at().is_none_or(|time| time > self.now)))
    }

    fn read<'r>(&self, row: &'r SurveyRow, nth: usize) -> Result<Option<Read<'r>>, Corrupt> {
        let Some(name) = self.numbers.get(nth).copied().flatten() else { return Ok(None) };
        Ok(self.living(row, name)?.and_then(|instance| self.value(instance)))
    }

    /// A value that is a number, a text or a truth value.
    fn value<'r>(&self, instance: InstanceRef<'r>) -> Option<Read<'r>> {
        let value = instance.value();
        match instance.kind() {
            Kind::Property | Kind::JsonProperty => plain(value),
            Kind::LanguageProperty => {
                let json = value_of(value).ok()?;
                let (_, text) = self.languages.choose(json.as_object()?)?;
                Some(Read::Text(text.as_str()?.to_owned().into()))
            }
            Kind::VocabProperty => {
                let mut terms = iris_of(value);
                let only = terms.next().filter(|_| terms.next().is_none())?;
                Some(Read::Text(self.context.compact_name(only).into_owned().into()))
            }
            Kind::GeoProperty | Kind::ListProperty | Kind::Relationship | Kind::ListRelationship => None,
        }
    }
}

/// A value of a property.
enum Read<'r> {
    Text(Cow<'r, str>),
    Number(f64),
    Flag(bool),
}

fn borrowed<'v>(value: &'v Read<'_>) -> Value<'v> {
    match value {
        Read::Text(text) => Value::Text(text),
        Read::Number(number) => Value::Number(*number),
        Read::Flag(flag) => Value::Flag(*flag),
    }
}

fn told(told: &Told) -> Option<Read<'_>> {
    match told {
        Told::Text(text) => Some(Read::Text(Cow::Borrowed(text))),
        Told::Number(number) => Some(Read::Number(*number)),
        Told::Flag(flag) => Some(Read::Flag(*flag)),
        Told::Nothing | Told::Unsaid => None,
    }
}

/// A JSON value, or the one of a typed value `{"@type": …, "@value": …}`.
fn plain(value: &str) -> Option<Read<'_>> {
    match value.as_bytes().first()? {
        b'"' => string_of(value).map(Read::Text),
        b't' => Some(Read::Flag(true)),
        b'f' => Some(Read::Flag(false)),
        b'{' => match value_of(value).ok()?.get("@value")? {
            Json::String(text) => Some(Read::Text(Cow::Owned(text.to_string()))),
            Json::Number(number) => number.as_f64().map(Read::Number),
            Json::Bool(flag) => Some(Read::Flag(*flag)),
            _ => None,
        },
        _ => value.parse().ok().map(Read::Number),
    }
}
