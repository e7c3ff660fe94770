//! The eight kinds of attribute and the names of their members (ETSI GS CIM 009 §4.5.2 to §4.5.24).

/// What kind of attribute an instance is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Kind {
    /// Any JSON value but null.
    Property = 1,
    /// One or several target entities.
    Relationship = 2,
    /// A GeoJSON geometry.
    GeoProperty = 3,
    /// Texts by language tag.
    LanguageProperty = 4,
    /// One or several IRIs, written as terms.
    VocabProperty = 5,
    /// JSON that the @context never touches.
    JsonProperty = 6,
    /// An ordered array of values.
    ListProperty = 7,
    /// An ordered array of target entities.
    ListRelationship = 8,
}

impl Kind {
    /// All kinds.
    pub const ALL: [Self; 8] = [
        Self::Property,
        Self::Relationship,
        Self::GeoProperty,
        Self::LanguageProperty,
        Self::VocabProperty,
        Self::JsonProperty,
        Self::ListProperty,
        Self::ListRelationship,
    ];

    /// The value of the member `type`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Property => "Property",
            Self::Relationship => "Relationship",
            Self::GeoProperty => "GeoProperty",
            Self::LanguageProperty => "LanguageProperty",
            Self::VocabProperty => "VocabProperty",
            Self::JsonProperty => "JsonProperty",
            Self::ListProperty => "ListProperty",
            Self::ListRelationship => "ListRelationship",
        }
    }

    /// The kind that a member `type` names, by its term or by its IRI.
    pub fn from_type(text: &str) -> Option<Self> {
        let term = text.strip_prefix(super::terms::CORE).unwrap_or(text);
        Self::ALL.into_iter().find(|kind| kind.as_str() == term)
    }

    /// The kind with this number, as stored.
    pub const fn from_number(number: u8) -> Option<Self> {
        match number {
            1 => Some(Self::Property),
            2 => Some(Self::Relationship),
            3 => Some(Self::GeoProperty),
            4 => Some(Self::LanguageProperty),
            5 => Some(Self::VocabProperty),
            6 => Some(Self::JsonProperty),
            7 => Some(Self::ListProperty),
            8 => Some(Self::ListRelationship),
            _ => None,
        }
    }

    /// The member that holds the value.
    pub const fn member(self) -> &'static str {
        match self {
            Self::Property | Self::GeoProperty => "value",
            Self::Relationship => "object",
            Self::LanguageProperty => "languageMap",
            Self::VocabProperty => "vocab",
            Self::JsonProperty => "json",
            Self::ListProperty => "valueList",
            Self::ListRelationship => "objectList",
        }
    }

    /// The member that holds the values with their times (§4.5.9).
    pub const fn temporal_member(self) -> &'static str {
        match self {
            Self::Property | Self::GeoProperty => "values",
            Self::Relationship => "objects",
            Self::LanguageProperty => "languageMaps",
            Self::VocabProperty => "vocabs",
            Self::JsonProperty => "jsons",
            Self::ListProperty => "valueLists",
            Self::ListRelationship => "objectLists",
        }
    }

    /// The member that holds the value before a change (§5.8.6, showChanges).
    pub const fn previous_member(self) -> &'static str {
        match self {
            Self::Property | Self::GeoProperty => "previousValue",
            Self::Relationship => "previousObject",
            Self::LanguageProperty => "previousLanguageMap",
            Self::VocabProperty => "previousVocab",
            Self::JsonProperty => "previousJson",
            Self::ListProperty => "previousValueList",
            Self::ListRelationship => "previousObjectList",
        }
    }

    /// Whether the value names other entities.
    pub const fn is_link(self) -> bool {
        matches!(self, Self::Relationship | Self::ListRelationship)
    }

    /// Whether this datatype, as an IRI, may be the `valueType` (Table 5.2.32-1: texts in languages are `langString`).
    pub fn takes_value_type(self, datatype: &str) -> bool {
        let term = datatype.rsplit(['/', '#', ':']).next();
        !self.is_link() && (self != Self::LanguageProperty || term == Some("langString"))
    }

    /// Whether a `unitCode` may stand beside the value.
    pub const fn has_unit(self) -> bool {
        matches!(self, Self::Property | Self::GeoProperty | Self::ListProperty)
    }
}
