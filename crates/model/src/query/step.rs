//! One step of an expanded path: to an attribute, or to a member that is no attribute.

use std::fmt::{self, Debug, Display, Formatter};

use machi_types::Name;

use super::Word;
use crate::entity::CORE;

/// One step of a path: to an attribute or sub-attribute, or to a member of an entity or attribute.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// An attribute, or a sub-attribute, by its full name.
    Attribute(Name),
    /// A member that is not reified (§4.5.5.1).
    Member(Member),
}

/// The members of entities and attributes that are no attributes themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Member {
    /// `id` of an entity.
    Id,
    /// `type` of an entity or attribute.
    Type,
    /// `scope` of an entity (§4.18).
    Scope,
    /// `observedAt` of an attribute (§4.8).
    ObservedAt,
    /// `createdAt` of either (§4.8).
    CreatedAt,
    /// `modifiedAt` of either (§4.8).
    ModifiedAt,
    /// `deletedAt` of either (§4.8).
    DeletedAt,
    /// `expiresAt` of either (§4.22).
    ExpiresAt,
    /// `datasetId` of an attribute (§4.5.5).
    DatasetId,
    /// `unitCode` of a property.
    UnitCode,
    /// `valueType` of a property.
    ValueType,
    /// `objectType` of a relationship.
    ObjectType,
}

impl Member {
    /// All members.
    pub const ALL: [Self; 12] = [
        Self::Id,
        Self::Type,
        Self::Scope,
        Self::ObservedAt,
        Self::CreatedAt,
        Self::ModifiedAt,
        Self::DeletedAt,
        Self::ExpiresAt,
        Self::DatasetId,
        Self::UnitCode,
        Self::ValueType,
        Self::ObjectType,
    ];

    /// The term.
    pub fn term(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::Type => "type",
            Self::Scope => "scope",
            Self::ObservedAt => "observedAt",
            Self::CreatedAt => "createdAt",
            Self::ModifiedAt => "modifiedAt",
            Self::DeletedAt => "deletedAt",
            Self::ExpiresAt => "expiresAt",
            Self::DatasetId => "datasetId",
            Self::UnitCode => "unitCode",
            Self::ValueType => "valueType",
            Self::ObjectType => "objectType",
        }
    }

    /// The member of this term or core IRI.
    pub fn of(name: &str) -> Option<Self> {
        let term = name.strip_prefix(CORE).or_else(|| name.strip_prefix('@')).unwrap_or(name);
        Self::ALL.into_iter().find(|member| member.term() == term)
    }
}

impl Step {
    /// The step that a word stands for; core terms cannot be given another meaning (§5.5.7).
    pub(super) fn expand<E>(word: &Word, name: &dyn Fn(&str) -> Result<Name, E>) -> Result<Self, E> {
        if let Some(member) = Member::of(word.as_str()) {
            return Ok(Self::Member(member));
        }
        Ok(Self::of(name(word.as_str())?))
    }

    /// The step to this full name.
    pub fn of(name: Name) -> Self {
        match Member::of(&name) {
            Some(member) if name.starts_with(CORE) || name.starts_with('@') => Self::Member(member),
            _ => Self::Attribute(name),
        }
    }

    /// The full name, where this leads to an attribute.
    pub fn attribute(&self) -> Option<&Name> {
        match self {
            Self::Attribute(name) => Some(name),
            Self::Member(_) => None,
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Attribute(name) => write!(f, "<{name}>"),
            Self::Member(member) => f.write_str(member.term()),
        }
    }
}

/// How the names of a query are held: as [written](Word), or [expanded](Step).
pub trait Naming: Clone + Debug + PartialEq + Display {
    /// How the types of linked entities are held.
    type Type: Clone + Debug + PartialEq;

    /// Writes the name where a plain colon would end a list of types.
    fn write_without_colon(&self, f: &mut Formatter<'_>) -> fmt::Result;

    /// Writes a type before such a colon.
    fn write_type(kind: &Self::Type, f: &mut Formatter<'_>) -> fmt::Result;
}

impl Naming for Word {
    type Type = Word;

    fn write_without_colon(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.write_without_colon(f)
    }

    fn write_type(kind: &Word, f: &mut Formatter<'_>) -> fmt::Result {
        kind.write_without_colon(f)
    }
}

impl Naming for Step {
    type Type = Name;

    fn write_without_colon(&self, f: &mut Formatter<'_>) -> fmt::Result {
        Display::fmt(self, f)
    }

    fn write_type(kind: &Name, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "<{kind}>")
    }
}
