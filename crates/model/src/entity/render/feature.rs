//! Writes entities as GeoJSON features (ETSI GS CIM 009 §4.5.16, §4.5.17, §5.2.29 to §5.2.31).

use super::writer::{Object, put_array};
use super::{Output, Renderer};
use crate::entity::codec::Corrupt;
use crate::entity::document::{Document, Section};
use crate::entity::kind::Kind;

/// The attribute that gives a feature its geometry.
#[derive(Clone, Copy, Debug)]
pub struct GeometrySource<'g> {
    /// Its expanded name.
    pub property: &'g str,
}

impl Default for GeometrySource<'_> {
    fn default() -> Self {
        Self { property: "https://uri.etsi.org/ngsi-ld/location" }
    }
}

/// Appends an entity as a Feature. On an error, what was appended is of no use.
pub fn write_feature(
    document: &Document<'_>,
    output: &Output<'_>,
    geometry: GeometrySource<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    let mut renderer = Renderer::new(output);
    let mut object = Object::open(out);
    renderer.feature_members(document, geometry, &mut object, out)?;
    renderer.context(&mut object, out);
    object.close(out);
    Ok(())
}

/// Appends entities as a `FeatureCollection`, the @context once for all.
pub fn write_feature_collection<'d>(
    documents: impl IntoIterator<Item = Document<'d>>,
    output: &Output<'_>,
    geometry: GeometrySource<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Corrupt> {
    let mut renderer = Renderer::new(output);
    let mut collection = Object::open(out);
    collection.text("type", "FeatureCollection", out);
    collection.key("features", out);
    let mut result = Ok(());
    put_array(documents, out, |document, out| {
        let mut object = Object::open(out);
        if result.is_ok() {
            result = renderer.feature_members(&document, geometry, &mut object, out);
        }
        object.close(out);
    });
    renderer.context(&mut collection, out);
    collection.close(out);
    result
}

impl Renderer<'_> {
    fn feature_members(
        &mut self,
        document: &Document<'_>,
        geometry: GeometrySource<'_>,
        object: &mut Object,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        object.text("id", document.id, out);
        object.text("type", "Feature", out);
        object.key("geometry", out);
        let source = self.selected(document, geometry);
        let geometry =
            source.map(Section::instance).transpose()?.filter(|instance| instance.kind() == Kind::GeoProperty);
        out.extend_from_slice(geometry.map_or("null", |instance| instance.value()).as_bytes());
        object.key("properties", out);
        let mut properties = Object::open(out);
        self.head_members(document, &mut properties, out)?;
        self.attributes(document, &mut properties, out)?;
        properties.close(out);
        Ok(())
    }

    /// §4.5.16.1: the default instance, or the one that the wanted datasets leave.
    fn selected<'d, 'a>(&self, document: &'d Document<'a>, geometry: GeometrySource<'_>) -> Option<&'d Section<'a>> {
        let is_candidate = |section: &&Section<'_>| {
            section.name == geometry.property && section.deleted_at.is_none() && self.output.shows(section)
        };
        let mut candidates = document.sections.iter().filter(is_candidate);
        let default = candidates.clone().find(|section| section.dataset_id.is_none());
        match (default, candidates.next(), candidates.next()) {
            (Some(default), ..) => Some(default),
            (None, Some(only), None) if self.output.datasets.is_some() => Some(only),
            _ => None,
        }
    }
}
