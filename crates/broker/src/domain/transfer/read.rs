//! Reads the lines back.

use bytes::Bytes;
use machi_face::japanese;
use machi_http::Text;
use machi_model::entity::{Entity, Head, encode_instance, parse_with_times};
use machi_store::{Names, Restored, Section};
use machi_types::{Iri, Json, Name, Timestamp, json};

use super::{Counted, FORMAT, Item, content};
use crate::collections::ENTITIES;
use crate::domain::change::key_for;

/// How deep a line may nest.
const DEPTH: usize = 128;

/// What a line is.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    /// The first one.
    Header,
    /// The last one, with what it says of those before it.
    End(Counted, u32),
    /// One in between.
    Item,
}

/// Tells what a line is; only headers and ends are read.
pub(crate) fn line(bytes: &[u8]) -> Result<Line, Text> {
    if bytes.starts_with(b"{\"machi\":") {
        return header(&parse(bytes)?).map(|()| Line::Header);
    }
    if bytes.starts_with(b"{\"end\":") {
        let json = parse(bytes)?;
        let end = json.get("end").and_then(|end| {
            let number = |name: &str| end.get(name).and_then(Json::as_u64);
            let crc = u32::from_str_radix(end.get("crc32")?.as_str()?, 16).ok()?;
            Some(Line::End(Counted { entities: number("entities")?, others: number("others")? }, crc))
        });
        return end.ok_or_else(|| {
            Text::both(
                "the last line must hold \"entities\", \"others\" and \"crc32\"",
                "最後の行に\"entities\"、\"others\"、\"crc32\"が必要です",
            )
        });
    }
    Ok(Line::Item)
}

fn header(json: &Json<'_>) -> Result<(), Text> {
    let is_tenant = json.get("machi").and_then(Json::as_str) == Some("tenant");
    match json.get("format").and_then(Json::as_u64).filter(|_| is_tenant) {
        Some(format) if (1..=FORMAT).contains(&format) => Ok(()),
        Some(format) => Err(Text::both(
            format!(
                "the export has format {format}, and this Machi reads up to {FORMAT}; use the Machi that wrote it, or a newer one"
            ),
            format!("エクスポートの形式は{format}ですが、このMachiが読めるのは{FORMAT}までです"),
        )),
        None => Err(Text::both("this is no export of a tenant", "テナントのエクスポートではありません")),
    }
}

/// Reads a line in between. What has no times gets `now`.
pub(crate) fn item(bytes: &[u8], names: &dyn Names, now: Timestamp) -> Result<Item, Text> {
    let json = parse(bytes)?;
    if let Some(entity) = json.get("entity") {
        let entity = parse_with_times(entity).map_err(|error| {
            Text::both(error.to_string(), format!("エンティティが正しくありません: {}", japanese::entity(&error)))
        })?;
        return of_entity(&entity, names, now);
    }
    document(&json, names, now).ok_or_else(|| {
        Text::both(
            "it is neither an entity nor a document of a collection",
            "エンティティでもコレクションの文書でもありません",
        )
    })
}

fn parse(bytes: &[u8]) -> Result<Json<'_>, Text> {
    json::parse(bytes, DEPTH).map_err(|error| {
        Text::both(format!("it is no JSON: {error}"), format!("JSONではありません: {}", japanese::json(&error)))
    })
}

fn of_entity(entity: &Entity, names: &dyn Names, now: Timestamp) -> Result<Item, Text> {
    if entity.id.parse::<Iri>().is_err() {
        return Err(Text::both("the entity's id is no IRI", "エンティティのIDがIRIではありません"));
    }
    let sections = entity.instances().map(|(name, instance)| Section {
        key: key_for(names, name, instance.dataset_id.as_deref()),
        created: instance.created_at.unwrap_or(now),
        modified: instance.modified_at.unwrap_or(now),
        body: encode_instance(instance).into(),
    });
    let restored = Restored {
        head: Head::of(entity).encode().into(),
        created: entity.created_at.unwrap_or(now),
        modified: entity.modified_at.unwrap_or(now),
        sections: sections.collect(),
    };
    Ok(Item { collection: Name::from(ENTITIES.0), id: entity.id.clone(), restored })
}

fn document(json: &Json<'_>, names: &dyn Names, now: Timestamp) -> Option<Item> {
    let text = |name: &str| json.get(name).and_then(Json::as_str);
    let mut sections = Vec::new();
    for section in json.get("sections")?.as_array()? {
        let instance = section.get("instance").and_then(Json::as_str);
        sections.push(Section {
            key: key_for(names, section.get("name")?.as_str()?, instance),
            created: time(section, "createdAt").unwrap_or(now),
            modified: time(section, "modifiedAt").unwrap_or(now),
            body: content::read(section.get("body")?)?.into(),
        });
    }
    Some(Item {
        collection: Name::from(text("collection")?),
        id: Name::from(text("id")?),
        restored: Restored {
            head: Bytes::from(content::read(json.get("head")?)?),
            created: time(json, "createdAt").unwrap_or(now),
            modified: time(json, "modifiedAt").unwrap_or(now),
            sections,
        },
    })
}

fn time(json: &Json<'_>, name: &str) -> Option<Timestamp> {
    json.get(name).and_then(Json::as_str).and_then(|text| text.parse().ok())
}
