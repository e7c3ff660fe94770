//! Why a `@context`, or a name under one, is refused.

use std::fmt;

use machi_types::{ErrorKind, InvalidIri, JsonError, Language, Name, Phrase, Text};

/// Why a context cannot be used, or a name not be expanded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// The context says what JSON-LD or NGSI-LD does not allow.
    #[error("{place}: {fault}")]
    Invalid {
        /// Which context.
        place: Place,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The context could not be loaded. Whoever loads contexts says so; nothing in this crate does.
    #[error("the @context {url} cannot be loaded: {}", reason.in_language(Language::English))]
    Unavailable {
        /// Where it should lie.
        url: Name,
        /// What happened instead.
        reason: Text,
    },
    /// The context is in order, but it gives the name no IRI.
    #[error("the name \"{name}\" {fault}")]
    Name {
        /// The name, shortened where it is long.
        name: String,
        /// What is wrong with it.
        fault: NameFault,
    },
}

/// Which context an error is about: one that came inline, or the document of a URL.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    url: Option<Name>,
}

/// What is wrong with a context. In parentheses stands the error code of JSON-LD 1.1, where it has one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No JSON.
    #[error("the document is no JSON: {0} (loading remote context failed)")]
    NotJson(JsonError),
    /// A document without `@context`.
    #[error("the document must be an object with a member \"@context\" (invalid remote context)")]
    NoContextMember,
    /// A value that is no context.
    #[error("a @context is a URL, an object, null, or an array of these, but here is {0} (invalid local context)")]
    NotAContext(&'static str),
    /// A relative URL, and nothing that it is relative to.
    #[error("the URL \"{0}\" is relative, and this context has no URL of its own; write the whole URL")]
    RelativeUrl(String),
    /// A URL that nobody can load from.
    #[error("the URL \"{0}\" cannot be loaded; a @context has a URL that starts with http:// or https://")]
    Scheme(String),
    /// A document that includes itself.
    #[error("it includes itself by way of {0} (recursive context inclusion)")]
    Recursion(Name),
    /// A limit is passed.
    #[error("{}; the limit is {limit} (context overflow)", what.en)]
    Overflow {
        /// What there is too much of.
        what: Phrase,
        /// How much is allowed.
        limit: usize,
    },
    /// A keyword of the context itself has a wrong value.
    #[error("\"{keyword}\" must be {} ({code})", must.en)]
    Entry {
        /// The keyword.
        keyword: &'static str,
        /// What its value must be.
        must: Phrase,
        /// The code of JSON-LD.
        code: &'static str,
    },
    /// `@import` of what is no object, or imports again.
    #[error("\"@import\" must name a document whose @context is one object without \"@import\" ({0})")]
    Import(&'static str),
    /// `null` after protected terms.
    #[error("null would throw away protected terms (invalid context nullification)")]
    Nullification,
    /// A keyword is given another meaning.
    #[error("\"{0}\" is a keyword of JSON-LD and cannot be defined (keyword redefinition)")]
    Keyword(String),
    /// `@reverse`.
    #[error(
        "the term \"{0}\" is defined by \"@reverse\", which NGSI-LD has no use for: define the relationship itself by \"@id\""
    )]
    Reverse(String),
    /// A term that is defined through itself.
    #[error("the term \"{0}\" is defined through itself (cyclic IRI mapping)")]
    Cycle(String),
    /// A part of a term's definition is wrong.
    #[error("the term \"{term}\": {} ({code})", must.en)]
    Term {
        /// The term, shortened where it is long.
        term: String,
        /// What is right.
        must: Phrase,
        /// The code of JSON-LD.
        code: &'static str,
    },
    /// A term whose `@id` is no IRI.
    #[error("the term \"{term}\" stands for \"{iri}\", which is no IRI: {why} (invalid IRI mapping)")]
    Iri {
        /// The term, shortened where it is long.
        term: String,
        /// What it would stand for.
        iri: String,
        /// What is wrong with it.
        why: NoIri,
    },
    /// A protected term is given another meaning.
    #[error("the term \"{0}\" is protected and cannot be given another meaning (protected term redefinition)")]
    Protected(String),
    /// A scoped context gives a core term another meaning.
    #[error(
        "it gives the core term \"{0}\" another meaning, which a scoped context must not (ETSI GS CIM 009, clause 5.5.7)"
    )]
    CoreTerm(String),
    /// Scoped contexts are refused altogether.
    #[error(
        "the term \"{0}\" has a context of its own, which a user @context shall not contain (ETSI GS CIM 009, clause 5.5.7)"
    )]
    ScopeRefused(String),
    /// A term's own context is wrong.
    #[error("the context of the term \"{term}\" is wrong: {cause} (invalid scoped context)")]
    Scope {
        /// The term, shortened where it is long.
        term: String,
        /// What is wrong.
        cause: Box<ContextError>,
    },
}

/// Why what a term would stand for is no IRI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoIri {
    /// It is a term that the context maps to null.
    #[error("that is mapped to null")]
    Null,
    /// It is not written as one.
    #[error(transparent)]
    Invalid(#[from] InvalidIri),
}

/// Why a context gives a name no IRI.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// The empty text.
    #[error("is empty")]
    Empty,
    /// `@` and letters, but no keyword.
    #[error("looks like a keyword of JSON-LD, and is none")]
    Reserved,
    /// The context maps it to null.
    #[error("is mapped to null by the @context, so it has no meaning")]
    Null,
    /// What it stands for is no IRI.
    #[error("stands for no IRI: {0}")]
    NotAnIri(InvalidIri),
}

impl ContextError {
    /// What kind of failure this is (ETSI GS CIM 009 §5.5.6: a context that is there but wrong is bad request data).
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::Unavailable { .. } => ErrorKind::LdContextNotAvailable,
            Self::Invalid { .. } | Self::Name { .. } => ErrorKind::BadRequestData,
        }
    }

    pub(super) fn name(name: &str, fault: NameFault) -> Self {
        Self::Name { name: short(name), fault }
    }
}

impl Place {
    /// The document of this URL.
    pub(super) fn at(url: Name) -> Self {
        Self { url: Some(url) }
    }

    /// The URL of the context; none for one that came inline.
    pub fn url(&self) -> Option<&Name> {
        self.url.as_ref()
    }

    pub(super) fn refuse(&self, fault: Fault) -> ContextError {
        ContextError::Invalid { place: self.clone(), fault }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.url {
            Some(url) => write!(f, "the @context {url}"),
            None => f.write_str("the inline @context"),
        }
    }
}

impl Fault {
    pub(super) fn entry(keyword: &'static str, must: impl Into<Phrase>, code: &'static str) -> Self {
        Self::Entry { keyword, must: must.into(), code }
    }

    pub(super) fn term(term: &str, must: impl Into<Phrase>, code: &'static str) -> Self {
        Self::Term { term: short(term), must: must.into(), code }
    }

    pub(super) fn iri(term: &str, iri: &str, why: NoIri) -> Self {
        Self::Iri { term: short(term), iri: short(iri), why }
    }

    pub(super) fn overflow(what: impl Into<Phrase>, limit: usize) -> Self {
        Self::Overflow { what: what.into(), limit }
    }
}

/// Error texts quote the input; a hostile one may be megabytes long.
pub(super) fn short(text: &str) -> String {
    const LONGEST: usize = 120;
    let cut: String = text.chars().take(LONGEST).collect();
    if cut.len() == text.len() { cut } else { cut + "…" }
}
