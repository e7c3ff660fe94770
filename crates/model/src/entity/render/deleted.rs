//! Writes attributes that a change has deleted, for notifications (ETSI GS CIM 009 §5.8.6).

use machi_types::json;

use super::attribute::Surrounded;
use super::writer::{Object, put_time};
use super::{Format, Renderer};
use crate::entity::codec::Corrupt;
use crate::entity::document::Section;
use crate::entity::fragment::NULL;
use crate::entity::kind::Kind;

impl Renderer<'_> {
    /// The NGSI-LD Null: bare in the concise representation (§5.5.4), and otherwise, or where there is more to be told, a
    /// dataset, times or the value before, as the value of an attribute (§4.5.2.2).
    pub(super) fn deleted(
        &mut self,
        section: &Section<'_>,
        is_one_of_many: bool,
        out: &mut Vec<u8>,
    ) -> Result<(), Corrupt> {
        let is_plain = self.output.format == Format::Concise
            && !is_one_of_many
            && section.dataset_id.is_none()
            && section.previous.is_none()
            && !self.output.sys_attrs;
        if is_plain {
            json::write_string(NULL, out);
            return Ok(());
        }
        let surrounded = Surrounded::of(section)?;
        let kind = surrounded.instance.kind();
        let mut object = Object::open(out);
        if self.output.format == Format::Normalized {
            object.text("type", kind.as_str(), out);
        }
        object.key(kind.member(), out);
        out.extend_from_slice(null_of(kind).as_bytes());
        if let Some(previous) = &surrounded.previous {
            object.key(previous.kind().previous_member(), out);
            self.value(previous, out);
        }
        if let Some(dataset_id) = section.dataset_id {
            object.text("datasetId", dataset_id, out);
        }
        self.deleted_times(section, &mut object, out);
        object.close(out);
        Ok(())
    }

    fn deleted_times(&self, section: &Section<'_>, object: &mut Object, out: &mut Vec<u8>) {
        if !self.output.sys_attrs {
            return;
        }
        let times =
            [("createdAt", section.created_at), ("modifiedAt", section.modified_at), ("deletedAt", section.deleted_at)];
        for (name, time) in times {
            if let Some(time) = time {
                object.key(name, out);
                put_time(time, out);
            }
        }
    }
}

/// The NGSI-LD Null of each kind (§4.5.0).
pub(super) const fn null_of(kind: Kind) -> &'static str {
    match kind {
        Kind::LanguageProperty => "{\"@none\":\"urn:ngsi-ld:null\"}",
        Kind::ListProperty | Kind::ListRelationship => "[\"urn:ngsi-ld:null\"]",
        _ => "\"urn:ngsi-ld:null\"",
    }
}
