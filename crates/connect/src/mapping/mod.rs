//! How the columns of a CSV or the properties of a GeoJSON become entities.

mod attribute;
mod read;
mod template;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use machi_types::json::Members;
use machi_types::{Iri, Json, japanese};

pub(crate) use attribute::{Attribute, Origin, recognised};
pub use read::MappingError;
pub(crate) use template::{Template, escape};

use crate::cells::{Cells, Columns};
use crate::{Encoding, RowError};

/// A mapping: what a row is, and which attributes it has.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapping {
    pub(crate) id: Template,
    pub(crate) kind: Template,
    pub(crate) scope: Option<Template>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) delimiter: Option<u8>,
    pub(crate) settings: Settings,
    /// Whether each row is a moment of its entity, and its rows together are its past.
    pub(crate) is_series: bool,
    /// The @context in whose words it is written.
    pub context: Option<Iri>,
    /// The encoding of its files, where it is known.
    pub encoding: Option<Encoding>,
}

/// How cells are read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Cells that say nothing.
    pub(crate) empty: Vec<String>,
}

impl Mapping {
    /// Reads a mapping file (TOML).
    pub fn parse(text: &str) -> Result<Self, MappingError> {
        read::parse(text)
    }

    /// The first column that it names and a file has not.
    pub(crate) fn missing_column(&self, columns: &Columns) -> Option<&str> {
        let of_head = self.id.columns().chain(self.kind.columns()).chain(self.scope.iter().flat_map(Template::columns));
        let mut all = of_head.chain(self.attributes.iter().filter(|it| !it.is_optional).flat_map(Attribute::columns));
        all.find(|column| !columns.has(column))
    }

    /// Whether each row is a moment of its entity, to be told of its past, rather than all that the entity is.
    pub fn is_series(&self) -> bool {
        self.is_series
    }

    /// The entity of a row.
    pub(crate) fn entity(&self, cells: &Cells<'_>) -> Result<Json<'static>, RowError> {
        let mut members: Members<'static> = vec![
            (Cow::Borrowed("id"), Json::from(self.id(cells)?)),
            (Cow::Borrowed("type"), Json::from(self.filled(&self.kind, cells, "type")?)),
        ];
        if let Some(scope) = self.scope.as_ref() {
            members.push((Cow::Borrowed("scope"), Json::from(self.filled(scope, cells, "scope")?)));
        }
        for attribute in &self.attributes {
            let value = attribute.of(cells, &self.settings)?;
            members.extend(value.map(|value| (Cow::Owned(attribute.name.clone()), value)));
        }
        let has_geometry = self.attributes.iter().any(|it| it.origin == Origin::Geometry || it.name == "location");
        if let Some(geometry) = cells.geometry().filter(|_| !has_geometry) {
            let value = vec![
                (Cow::Borrowed("type"), Json::from("GeoProperty")),
                (Cow::Borrowed("value"), geometry.clone().into_owned()),
            ];
            members.push((Cow::Borrowed("location"), Json::Object(value)));
        }
        Ok(Json::Object(members))
    }

    fn id(&self, cells: &Cells<'_>) -> Result<String, RowError> {
        let id = self.filled(&self.id, cells, "id")?;
        match Iri::check(&id) {
            Ok(()) => Ok(id),
            Err(error) => Err(RowError::new(
                (format!("the id is no IRI: {error}"), format!("IDがIRIではありません({})", japanese::iri(&error))),
                (
                    "an id template that gives one, such as urn:ngsi-ld:Aed:{ID}",
                    "IRIになるidの書式(例: urn:ngsi-ld:Aed:{ID})",
                ),
            )),
        }
    }

    fn filled(&self, template: &Template, cells: &Cells<'_>, what: &str) -> Result<String, RowError> {
        template.fill(cells, |text| self.settings.is_empty(text))?.ok_or_else(|| {
            let columns: Vec<&str> = template.columns().collect();
            RowError::new(
                (
                    format!("column \"{}\" is empty", columns.join("\" or \"")),
                    format!("列\"{}\"が空です", columns.join("\"または\"")),
                ),
                (
                    format!("a value: the entity's {what} is made from it"),
                    format!("値が必要です(エンティティの{what}になります)"),
                ),
            )
        })
    }
}
