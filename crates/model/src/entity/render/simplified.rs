//! Writes attributes in the simplified representation (ETSI GS CIM 009 §4.5.4).

use machi_types::json;

use super::Renderer;
use super::writer::{Object, put_array};
use crate::entity::codec::{Corrupt, InstanceRef};
use crate::entity::document::Section;
use crate::entity::fragment::NULL;
use crate::entity::json_text::iris_of;
use crate::entity::kind::Kind;

impl Renderer<'_> {
    /// One instance.
    pub(super) fn simplified(&mut self, section: &Section<'_>, out: &mut Vec<u8>) -> Result<(), Corrupt> {
        if section.deleted_at.is_some() {
            json::write_string(NULL, out);
            return Ok(());
        }
        let instance = section.instance()?;
        match instance.kind() {
            Kind::LanguageProperty => match self.in_language(&instance) {
                Some(chosen) => out.extend_from_slice(chosen.text.as_bytes()),
                None => self.wrapped(&instance, out),
            },
            Kind::VocabProperty | Kind::JsonProperty => self.wrapped(&instance, out),
            Kind::Relationship | Kind::ListRelationship => self.simplified_link(section.name, &instance, out),
            Kind::Property | Kind::GeoProperty | Kind::ListProperty => {
                out.extend_from_slice(instance.value().as_bytes());
            }
        }
        Ok(())
    }

    /// Several instances, by their datasets.
    pub(super) fn simplified_datasets(&mut self, sections: &[Section<'_>], out: &mut Vec<u8>) -> Result<(), Corrupt> {
        let mut object = Object::open(out);
        object.key("dataset", out);
        let mut datasets = Object::open(out);
        for section in sections.iter().filter(|section| self.output.shows(section)) {
            // INVARIANT: a dataset is an IRI, which needs no escapes.
            datasets.key(section.dataset_id.unwrap_or("@none"), out);
            self.simplified(section, out)?;
        }
        datasets.close(out);
        object.close(out);
        Ok(())
    }

    /// `{"languageMap": …}`, `{"json": …}`, `{"vocab": …}`
    fn wrapped(&mut self, instance: &InstanceRef<'_>, out: &mut Vec<u8>) {
        let mut object = Object::open(out);
        object.key(instance.kind().member(), out);
        self.value(instance, out);
        object.close(out);
    }

    /// The targets, each as the entity itself where it is shown inline.
    fn simplified_link(&self, attribute: &str, instance: &InstanceRef<'_>, out: &mut Vec<u8>) {
        let Some(links) = self.output.links else {
            return out.extend_from_slice(instance.value().as_bytes());
        };
        let put = |target: &str, out: &mut Vec<u8>| {
            let length = out.len();
            if !links.write_entity(attribute, target, out) {
                out.truncate(length);
                json::write_string(target, out);
            }
        };
        if instance.value().starts_with('[') {
            put_array(iris_of(instance.value()), out, put);
        } else {
            iris_of(instance.value()).for_each(|target| put(target, out));
        }
    }
}
