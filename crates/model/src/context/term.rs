//! What a `@context` says about one term: its IRI, how its values are read, and the context that it opens.

use std::sync::Arc;

use machi_types::{Json, Name};

use super::error::Place;

/// What a context says about one term.
#[derive(Clone, Debug)]
pub struct Term {
    pub(super) iri: Option<Name>,
    pub(super) coercion: Coercion,
    pub(super) container: Container,
    pub(super) is_prefix: bool,
    pub(super) is_protected: bool,
    pub(super) scope: Option<Arc<Scope>>,
}

/// How a term says that its values are to be read (`@type` of its definition).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Coercion {
    /// It says nothing.
    #[default]
    Unsaid,
    /// As identifiers (`@id`).
    Id,
    /// As names of the vocabulary (`@vocab`).
    Vocab,
    /// As plain JSON, to be kept as it is (`@json`).
    Json,
    /// As they come (`@none`).
    Untyped,
    /// As literals of a data type, such as `https://uri.etsi.org/ngsi-ld/DateTime`.
    Datatype(Name),
}

/// How a term says that its values are arranged (`@container` of its definition).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Container(u8);

/// A context that a term opens for the nodes of its type, or for its values (JSON-LD 1.1 §4.1.8).
#[derive(Debug, PartialEq)]
pub(super) struct Scope {
    pub(super) context: Json<'static>,
    pub(super) place: Place,
}

impl Term {
    /// The IRI that the term stands for, or the keyword that it is an alias of; none where it is mapped to null.
    pub fn iri(&self) -> Option<&Name> {
        self.iri.as_ref()
    }

    /// How values of the term are read.
    pub fn coercion(&self) -> &Coercion {
        &self.coercion
    }

    /// How values of the term are arranged.
    pub fn container(&self) -> Container {
        self.container
    }

    /// Whether the term may stand before the colon of a compact IRI.
    pub fn is_prefix(&self) -> bool {
        self.is_prefix
    }

    /// Whether the term opens a context of its own.
    pub fn has_context(&self) -> bool {
        self.scope.is_some()
    }

    /// Whether the other definition says the same; protection apart, as JSON-LD compares protected terms.
    pub(super) fn says_what(&self, other: &Self) -> bool {
        self.iri == other.iri
            && self.coercion == other.coercion
            && self.container == other.container
            && self.scope == other.scope
    }
}

impl Container {
    pub(super) const LIST: Self = Self(1);
    pub(super) const SET: Self = Self(2);
    pub(super) const INDEX: Self = Self(4);
    pub(super) const LANGUAGE: Self = Self(8);
    pub(super) const ID: Self = Self(16);
    pub(super) const TYPE: Self = Self(32);
    pub(super) const GRAPH: Self = Self(64);

    const KEYWORDS: [(&'static str, Self); 7] = [
        ("@list", Self::LIST),
        ("@set", Self::SET),
        ("@index", Self::INDEX),
        ("@language", Self::LANGUAGE),
        ("@id", Self::ID),
        ("@type", Self::TYPE),
        ("@graph", Self::GRAPH),
    ];

    /// The container of this keyword.
    pub(super) fn of(keyword: &str) -> Option<Self> {
        Self::KEYWORDS.iter().find(|(name, _)| *name == keyword).map(|(_, container)| *container)
    }

    /// Values are ordered.
    pub fn is_list(self) -> bool {
        self.holds(Self::LIST)
    }

    /// Values are always written as an array.
    pub fn is_set(self) -> bool {
        self.holds(Self::SET)
    }

    /// Values are kept under keys that mean nothing.
    pub fn is_index(self) -> bool {
        self.holds(Self::INDEX)
    }

    /// Values are kept under language tags.
    pub fn is_language(self) -> bool {
        self.holds(Self::LANGUAGE)
    }

    /// Values are kept under their identifiers.
    pub fn is_id(self) -> bool {
        self.holds(Self::ID)
    }

    /// Values are kept under their types.
    pub fn is_type(self) -> bool {
        self.holds(Self::TYPE)
    }

    /// Values are graphs.
    pub fn is_graph(self) -> bool {
        self.holds(Self::GRAPH)
    }

    pub(super) fn holds(self, part: Self) -> bool {
        self.0 & part.0 != 0
    }

    pub(super) fn with(self, part: Self) -> Self {
        Self(self.0 | part.0)
    }

    /// JSON-LD 1.1 API §4.2.2 step 19: the keywords that may stand together.
    pub(super) fn is_allowed(self) -> bool {
        let beside_set = Self(self.0 & !Self::SET.0);
        if self.is_list() {
            return self == Self::LIST;
        }
        if self.is_graph() {
            let keyed = Self(beside_set.0 & !Self::GRAPH.0);
            return matches!(keyed, Self(0) | Self::ID | Self::INDEX);
        }
        beside_set.0.count_ones() <= 1
    }
}
