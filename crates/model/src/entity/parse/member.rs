//! The words of the standard among the members of entities and attributes (ETSI GS CIM 009 annex B, §5.2.4 to §5.2.38).

use crate::entity::kind::Kind;
use crate::entity::terms::CORE;

/// A member that the standard defines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Id,
    Type,
    Scope,
    Context,
    /// Holds a value of these kinds; `Property` stands for `GeoProperty` too.
    Value(Kind),
    /// Holds the value before a change.
    Previous(Kind),
    DatasetId,
    ObservedAt,
    ExpiresAt,
    UnitCode,
    ValueType,
    ObjectType,
    SealedId,
    SealedType,
    /// Linked entities in an answer: of a Relationship, or of a ListRelationship.
    Linked(Kind),
    /// A time that the system keeps: ignored in requests (Table 5.2.5-2 and its likes).
    SystemTime,
    /// What only answers have in an attribute: ignored in requests.
    OutputOnly,
    /// Some other word that names no attribute.
    Reserved,
}

/// The member of this name, if the standard defines it. The IRIs of the core context stand for their terms.
pub(super) fn member_of(name: &str) -> Option<Member> {
    let term = name.strip_prefix(CORE).unwrap_or(name);
    Some(match term {
        "id" | "@id" => Member::Id,
        "type" | "@type" => Member::Type,
        "scope" => Member::Scope,
        "@context" => Member::Context,
        "value" | "hasValue" => Member::Value(Kind::Property),
        "object" | "hasObject" => Member::Value(Kind::Relationship),
        "languageMap" | "hasLanguageMap" => Member::Value(Kind::LanguageProperty),
        "vocab" | "hasVocab" => Member::Value(Kind::VocabProperty),
        "json" | "hasJSON" => Member::Value(Kind::JsonProperty),
        "valueList" | "hasValueList" => Member::Value(Kind::ListProperty),
        "objectList" | "hasObjectList" => Member::Value(Kind::ListRelationship),
        "previousValue" | "hasPreviousValue" => Member::Previous(Kind::Property),
        "previousObject" | "hasPreviousObject" => Member::Previous(Kind::Relationship),
        "previousLanguageMap" | "hasPreviousLanguageMap" => Member::Previous(Kind::LanguageProperty),
        "previousVocab" | "hasPreviousVocab" => Member::Previous(Kind::VocabProperty),
        "previousJson" | "hasPreviousJSON" => Member::Previous(Kind::JsonProperty),
        "previousValueList" | "hasPreviousValueList" => Member::Previous(Kind::ListProperty),
        "previousObjectList" | "hasPreviousObjectList" => Member::Previous(Kind::ListRelationship),
        "datasetId" => Member::DatasetId,
        "observedAt" => Member::ObservedAt,
        "expiresAt" => Member::ExpiresAt,
        "unitCode" => Member::UnitCode,
        "valueType" | "hasValueType" => Member::ValueType,
        "objectType" | "hasObjectType" => Member::ObjectType,
        "entityIdSealed" => Member::SealedId,
        "entityTypeSealed" => Member::SealedType,
        "entity" | "hasEntity" => Member::Linked(Kind::Relationship),
        "entityList" | "hasEntityList" => Member::Linked(Kind::ListRelationship),
        "createdAt" | "modifiedAt" | "deletedAt" => Member::SystemTime,
        "instanceId" | "lang" => Member::OutputOnly,
        "dataset" | "hasDataset" => Member::Reserved,
        term if term.starts_with('@') => Member::Reserved,
        _ => return None,
    })
}

impl Member {
    /// The term.
    pub(super) const fn term(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Type => "type",
            Self::Scope => "scope",
            Self::Context => "@context",
            Self::Value(kind) => kind.member(),
            Self::Previous(kind) => kind.previous_member(),
            Self::DatasetId => "datasetId",
            Self::ObservedAt => "observedAt",
            Self::ExpiresAt => "expiresAt",
            Self::UnitCode => "unitCode",
            Self::ValueType => "valueType",
            Self::ObjectType => "objectType",
            Self::SealedId => "entityIdSealed",
            Self::SealedType => "entityTypeSealed",
            Self::Linked(Kind::ListRelationship) => "entityList",
            Self::Linked(_) => "entity",
            Self::SystemTime | Self::OutputOnly | Self::Reserved => "",
        }
    }

    /// Whether an object with this member can only be an attribute, not a plain value.
    pub(super) const fn marks_attribute(self) -> bool {
        matches!(
            self,
            Self::Value(_) | Self::DatasetId | Self::ObservedAt | Self::UnitCode | Self::ValueType | Self::ObjectType
        )
    }
}
