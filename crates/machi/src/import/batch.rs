//! Entities on their way to the city, in batches that it takes at once.

use std::collections::HashSet;

use machi_types::Json;

use super::intake::Kind;

/// How many entities go in one batch.
const MOST: usize = 1000;
/// How many bytes go in one batch, unless one entity is longer.
const MOST_BYTES: usize = 1 << 20;

/// An entity and the row that it was.
#[derive(Debug)]
pub(crate) struct Sent {
    pub(crate) row: u64,
    pub(crate) id: String,
    pub(crate) text: Vec<u8>,
}

/// A batch that is being filled.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(super) items: Vec<Sent>,
    /// Whether the entities carry their @context.
    pub(super) has_contexts: bool,
    /// Whether an entity may come in several rows.
    is_series: bool,
    ids: HashSet<String>,
    bytes: usize,
}

impl Batch {
    /// An empty one for rows of this kind.
    pub(super) fn of(kind: Kind) -> Self {
        Self { is_series: kind == Kind::Series, ..Self::default() }
    }

    /// Whether an entity may join. One id appears once, so that each verdict names one row; in a series as often as it has
    /// moments.
    pub(super) fn takes(&self, entity: &Json<'_>) -> bool {
        let is_full = self.items.len() >= MOST || self.bytes >= MOST_BYTES;
        let is_other = entity.get("@context").is_some() != self.has_contexts;
        let is_known = !self.is_series && self.ids.contains(id_of(entity));
        self.items.is_empty() || !(is_full || is_other || is_known)
    }

    /// Adds an entity.
    pub(super) fn push(&mut self, row: u64, entity: &Json<'_>) {
        let mut text = Vec::with_capacity(512);
        entity.write(&mut text);
        self.has_contexts = entity.get("@context").is_some();
        self.bytes += text.len();
        let id = id_of(entity).to_owned();
        self.ids.insert(id.clone());
        self.items.push(Sent { row, id, text });
    }

    /// The body of a request with these entities.
    pub(crate) fn body(items: &[Sent]) -> Vec<u8> {
        let mut body = vec![b'['];
        for (index, item) in items.iter().enumerate() {
            body.extend((index > 0).then_some(b','));
            body.extend(&item.text);
        }
        body.push(b']');
        body
    }
}

fn id_of<'a>(entity: &'a Json<'_>) -> &'a str {
    entity.get("id").or_else(|| entity.get("@id")).and_then(Json::as_str).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entity(id: &str, has_context: bool) -> Json<'static> {
        let mut members = vec![("id".into(), Json::from(id.to_owned()))];
        members.extend(has_context.then(|| ("@context".into(), Json::Array(vec![]))));
        Json::Object(members)
    }

    #[test]
    fn a_batch_holds_different_ids_of_one_kind() {
        let mut batch = Batch::default();
        assert!(batch.takes(&entity("urn:x:1", true)));
        batch.push(2, &entity("urn:x:1", false));
        assert!(!batch.takes(&entity("urn:x:1", false)) && !batch.takes(&entity("urn:x:2", true)));
        assert!(batch.takes(&entity("urn:x:2", false)));
        batch.push(3, &entity("urn:x:2", false));
        assert_eq!(Batch::body(&batch.items), br#"[{"id":"urn:x:1"},{"id":"urn:x:2"}]"#);
        for row in 0..1000 {
            batch.push(row, &entity(&format!("urn:y:{row}"), false));
        }
        assert!(!batch.takes(&entity("urn:x:3", false)));
    }
}
