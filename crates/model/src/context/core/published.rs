//! The core contexts as documents, made from the table, for whoever asks for one.

use std::borrow::Cow;

use machi_types::Json;
use machi_types::json::Members;

use super::table::{self, DEFAULT_VOCAB, Place, Row, Values};
use super::{Edition, edition, rows_of};

/// The document that ETSI publishes under this URL, if it is a core context that is built in.
pub fn core_document(url: &str) -> Option<Json<'static>> {
    let minor = match edition(url)? {
        Edition::Latest => table::LATEST,
        Edition::Earlier(minor) => minor,
    };
    table::VERSIONS.contains(&minor).then(|| object([("@context", context(minor))]))
}

/// The URLs of the core contexts that are built in.
pub fn core_urls() -> impl Iterator<Item = String> {
    let versions = table::VERSIONS.iter().map(|minor| format!("-v1.{minor}"));
    versions
        .chain([String::new()])
        .map(|version| format!("https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context{version}.jsonld"))
}

/// The inline part of the context that a proof has.
pub(super) fn proof_terms() -> Json<'static> {
    object(table::PROOF_TERMS.iter().map(|row| (row.term, value(row))))
}

fn context(minor: u8) -> Json<'static> {
    // The editions since 1.8 are protected and name the version of JSON-LD that this takes.
    const SINCE_PROTECTED: u8 = 8;
    let mut members: Vec<(&'static str, Json<'static>)> = Vec::new();
    if minor >= SINCE_PROTECTED {
        members.push(("@version", Json::from(1.1)));
        members.push(("@protected", Json::from(true)));
    }
    members.extend([
        ("ngsi-ld", Json::from(table::NGSI_LD)),
        ("geojson", Json::from(table::GEOJSON)),
        ("id", Json::from("@id")),
        ("type", Json::from("@type")),
    ]);
    members.extend(rows_of(minor).map(|row| (row.term, value(row))));
    members.push(("@vocab", Json::from(DEFAULT_VOCAB)));
    object(members)
}

fn value(row: &Row) -> Json<'static> {
    let coercion = match row.values {
        Values::Plain => None,
        Values::Id => Some("@id"),
        Values::Vocab => Some("@vocab"),
        Values::Json => Some("@json"),
        Values::Time => Some("DateTime"),
    };
    let proof = (row.term == table::PROOF).then(|| Json::Array(vec![proof_terms(), Json::from(table::PROOF_CONTEXT)]));
    if coercion.is_none() && row.container.is_none() && proof.is_none() {
        return Json::from(compact_iri(row));
    }
    let id = Some(("@id", Json::from(compact_iri(row))));
    let coercion = coercion.map(|keyword| ("@type", Json::from(keyword)));
    let container = row.container.map(|keyword| ("@container", Json::from(keyword)));
    object([id, coercion, container, proof.map(|context| ("@context", context))].into_iter().flatten())
}

fn compact_iri(row: &Row) -> String {
    match row.place {
        Place::Ngsi(name) => format!("ngsi-ld:{name}"),
        Place::Geojson => format!("geojson:{}", row.term),
        Place::Relative => row.term.to_owned(),
        Place::At(iri) => iri.to_owned(),
    }
}

fn object(members: impl IntoIterator<Item = (&'static str, Json<'static>)>) -> Json<'static> {
    let members: Members<'static> = members.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    Json::Object(members)
}
