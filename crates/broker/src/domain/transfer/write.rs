//! Writes the lines, each with its line break.

use machi_model::entity::Corrupt;
use machi_model::entity::FullNames;
use machi_model::entity::render::{Output, write_entity};
use machi_store::{Document, NameNo, Names, Section};
use machi_types::{Json, TenantId, Timestamp, json};

use super::{Counted, FORMAT, content};
use crate::domain::reading::Reading;

/// The first line.
pub(crate) fn header(tenant: &TenantId, position: &str, now: Timestamp) -> Vec<u8> {
    let header = Json::Object(vec![
        ("machi".into(), "tenant".into()),
        ("format".into(), FORMAT.into()),
        ("tenant".into(), tenant.as_str().into()),
        ("position".into(), position.into()),
        ("exportedAt".into(), now.to_string().into()),
    ]);
    with_break(&header)
}

/// The line of an entity: normalized, with `sysAttrs` and full names.
pub(crate) fn entity(reading: &Reading, out: &mut Vec<u8>) -> Result<(), Corrupt> {
    let sections = reading.sections();
    let output = Output { sys_attrs: true, ..Output::new(&FullNames) };
    out.extend_from_slice(b"{\"entity\":");
    write_entity(&reading.document(&sections), &output, out)?;
    out.extend_from_slice(b"}\n");
    Ok(())
}

/// The line of any other document.
pub(crate) fn document(collection: &str, document: &Document, names: &dyn Names, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"collection\":");
    json::write_string(collection, out);
    out.extend_from_slice(b",\"id\":");
    json::write_string(&document.id, out);
    times(document.created, document.modified, out);
    out.extend_from_slice(b",\"head\":");
    content::write(&document.head, out);
    out.extend_from_slice(b",\"sections\":[");
    for (place, one) in document.sections.iter().enumerate() {
        if place > 0 {
            out.push(b',');
        }
        section(one, names, out);
    }
    out.extend_from_slice(b"]}\n");
}

fn section(section: &Section, names: &dyn Names, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"name\":");
    json::write_string(&names.text(section.key.name), out);
    if section.key.instance != NameNo::NONE {
        out.extend_from_slice(b",\"instance\":");
        json::write_string(&names.text(section.key.instance), out);
    }
    times(section.created, section.modified, out);
    out.extend_from_slice(b",\"body\":");
    content::write(&section.body, out);
    out.push(b'}');
}

fn times(created: Timestamp, modified: Timestamp, out: &mut Vec<u8>) {
    for (name, time) in [("createdAt", created), ("modifiedAt", modified)] {
        out.push(b',');
        json::write_string(name, out);
        out.push(b':');
        json::write_string(&time.to_string(), out);
    }
}

/// The last line.
pub(crate) fn end(counted: Counted, crc: u32) -> Vec<u8> {
    let end = Json::Object(vec![
        ("entities".into(), counted.entities.into()),
        ("others".into(), counted.others.into()),
        ("crc32".into(), format!("{crc:08x}").into()),
    ]);
    with_break(&Json::Object(vec![("end".into(), end)]))
}

fn with_break(json: &Json<'_>) -> Vec<u8> {
    let mut out = Vec::with_capacity(160);
    json.write(&mut out);
    out.push(b'\n');
    out
}
