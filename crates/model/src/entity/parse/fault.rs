//! What can be wrong with the JSON of an entity, and where.

use std::fmt;

use machi_types::geo::InvalidGeometry;
use machi_types::{InvalidIri, Phrase};

use super::EXPANDED_BYTES;
use crate::context::ContextError;
use crate::entity::kind::Kind;
use crate::entity::name::{MOST_NAMES, SCOPE_LEVELS};

/// The first thing wrong with an entity or fragment.
#[derive(Clone, Debug, PartialEq)]
pub struct InvalidEntity {
    /// The member at fault, as a JSON Pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// What is wrong with it.
    pub fault: Fault,
}

/// What is wrong with a member.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Fault {
    /// Another JSON type is needed.
    #[error("this is {found}, where {} is needed", expected.en)]
    Form {
        /// What it is.
        found: &'static str,
        /// What would be right.
        expected: Phrase,
    },
    /// A member is missing.
    #[error("the member \"{0}\" is missing")]
    Missing(&'static str),
    /// An attribute object without a value.
    #[error(
        "the attribute has no value: one of value, object, languageMap, vocab, json, valueList or objectList is needed"
    )]
    NoValue,
    /// An id that is no IRI.
    #[error(transparent)]
    Iri(#[from] InvalidIri),
    /// A name with a character that names may not have.
    #[error(
        "\"{name}\" is no name{}: a name is letters, digits and _ beginning with a letter, prefix:name or an IRI, \
         of at most 2048 bytes",
        character.map(|c| format!(", because of {c:?}")).unwrap_or_default()
    )]
    Name {
        /// The name.
        name: String,
        /// The first character at fault.
        character: Option<char>,
    },
    /// A name that the @context cannot expand.
    #[error("\"{name}\" cannot be expanded: {reason}")]
    Expansion {
        /// The name.
        name: String,
        /// Why not.
        reason: Box<ContextError>,
    },
    /// Names of which the @context makes too much.
    #[error(
        "up to this one the @context makes the names more than {} MiB longer than they are written, which is the most \
         here; use fewer names, or a @context with shorter IRIs",
        EXPANDED_BYTES >> 20
    )]
    ExpandedNames,
    /// A word of the standard used as the name of an attribute or a type.
    #[error("\"{0}\" is a word of NGSI-LD itself and cannot name an attribute or a type")]
    Reserved(String),
    /// Two members that expand to one name.
    #[error("another member of this object expands to {0} as well")]
    SameName(String),
    /// Two instances of one dataset.
    #[error("another instance of the attribute has the datasetId {0} as well")]
    SameDataset(String),
    /// Two instances without a dataset.
    #[error("another instance of the attribute has no datasetId either: only one may be the default instance")]
    SecondDefault,
    /// A text that is no date-time.
    #[error("\"{0}\" is no date-time in UTC; it looks like 2026-11-22T10:00:00Z")]
    DateTime(String),
    /// A text that is no date.
    #[error("\"{0}\" is no date; it looks like 2026-11-22")]
    Date(String),
    /// A text that is no time of day.
    #[error("\"{0}\" is no time; it looks like 10:00:00Z")]
    Time(String),
    /// A text that is no scope.
    #[error(
        "\"{0}\" is no scope; it looks like /Fukui/River, each level beginning with a letter, at most {SCOPE_LEVELS} \
         levels and 2048 bytes"
    )]
    Scope(String),
    /// More types or scopes than an entity may have.
    #[error("these are {0} names; {MOST_NAMES} are the most here")]
    TooMany(usize),
    /// A text that is no language tag.
    #[error("\"{0}\" is no language tag (RFC 5646) such as en or pt-BR, nor @none")]
    Language(String),
    /// An attribute type that does not exist.
    #[error(
        "\"{0}\" is no attribute type; they are Property, Relationship, GeoProperty, LanguageProperty, VocabProperty, \
         JsonProperty, ListProperty and ListRelationship"
    )]
    UnknownKind(String),
    /// A member that attributes of this kind do not have.
    #[error("a {} has no member \"{member}\"", kind.as_str())]
    Prohibited {
        /// The member.
        member: &'static str,
        /// The kind.
        kind: Kind,
    },
    /// The datatype of texts in languages is fixed.
    #[error("the valueType of a LanguageProperty is langString, and no other")]
    NotLangString,
    /// An attribute that the standard wants as a `GeoProperty`.
    #[error("\"{0}\" must be a GeoProperty")]
    NeedsGeoProperty(String),
    /// A value that is no geometry.
    #[error("this is no GeoJSON geometry: {0}")]
    Geometry(Box<InvalidGeometry>),
    /// JSON null.
    #[error("null is no value in NGSI-LD; to delete a member, PATCH it with \"urn:ngsi-ld:null\"")]
    JsonNull,
    /// An NGSI-LD Null where nothing can be deleted.
    #[error("\"urn:ngsi-ld:null\" is only for deleting in update and merge operations")]
    Null,
    /// An @context inside.
    #[error("an @context may stand at the top of the document only")]
    EmbeddedContext,
    /// Sub-attributes of sub-attributes, and so on.
    #[error("attributes nest too deeply")]
    Depth,
    /// An array of instances where one is needed.
    #[error("this is an array of attribute instances, where one is needed; its datasetId tells which it is")]
    SeveralInstances,
    /// Instances mixed with plain values.
    #[error("this is no attribute instance, while other items of the array are")]
    MixedInstances,
}

impl fmt::Display for InvalidEntity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.pointer.is_empty() {
            write!(f, "{}", self.fault)
        } else {
            write!(f, "{}: {}", self.pointer, self.fault)
        }
    }
}

impl std::error::Error for InvalidEntity {}

/// Error texts quote the input; a hostile one may be megabytes long.
pub(super) fn shortened(text: &str) -> String {
    if text.chars().nth(120).is_none() { text.to_owned() } else { text.chars().take(120).chain(['…']).collect() }
}
