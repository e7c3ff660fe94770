//! What the information model asks of an @context: long names for short ones, and back.

use std::borrow::Cow;
use std::sync::Arc;

use machi_types::{Name, json};

use super::name::check_name;
use crate::context::{self, Context, ContextError};

/// The namespace of the words that NGSI-LD itself defines.
pub const CORE: &str = "https://uri.etsi.org/ngsi-ld/";

/// The namespace of the terms that no @context defines (§4.4, `@vocab` of the core context).
pub const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

/// The two directions of an @context (§5.5.7).
///
/// An implementation is deterministic: the same name always gives the same answer.
pub trait Terms {
    /// The full name of a term, a prefixed name or an IRI; the error says why there is none.
    fn expand(&self, name: &str) -> Result<Name, ContextError>;

    /// The shortest name of an IRI.
    fn compact<'a>(&'a self, iri: &'a str) -> Cow<'a, str>;

    /// What the @context says that a bare text under this name is.
    fn coercion(&self, _name: &str) -> Coercion {
        Coercion::None
    }

    /// What holds for the members of a node of these types, named as written, if it is anything else.
    fn for_types(&self, _types: &[&str]) -> Result<Option<Arc<dyn Terms>>, ContextError> {
        Ok(None)
    }

    /// What holds for the members of an attribute, named as written, if it is anything else.
    fn for_attribute(&self, _name: &str) -> Result<Option<Arc<dyn Terms>>, ContextError> {
        Ok(None)
    }

    /// The name of a type or attribute: the shortest one, where a request may hold it as a name (§4.6.2).
    fn name<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        let short = self.compact(iri);
        if check_name(&short).is_ok() { short } else { Cow::Borrowed(iri) }
    }

    /// Appends the name of a type or attribute as a JSON string.
    fn write_name(&self, iri: &str, out: &mut Vec<u8>) {
        json::write_string(&self.name(iri), out);
    }

    /// Appends the shortest name of an IRI as a JSON string.
    fn write_compact(&self, iri: &str, out: &mut Vec<u8>) {
        json::write_string(&self.compact(iri), out);
    }
}

/// What a term definition's `@type` makes of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Coercion {
    /// A text stays a text.
    #[default]
    None,
    /// `@type: @id`: a text is the id of an entity.
    Id,
    /// `@type: @vocab`: a text is a term.
    Vocab,
}

/// The core words and the default namespace, with no @context of the user.
#[derive(Clone, Copy, Debug, Default)]
pub struct CoreTerms;

/// The attributes that the core context defines (§4.7.1, §4.5.2).
const CORE_ATTRIBUTES: [&str; 4] = ["location", "observationSpace", "operationSpace", "ngsildproof"];

fn core_attribute(iri: &str) -> Option<&str> {
    iri.strip_prefix(CORE).filter(|term| CORE_ATTRIBUTES.contains(term))
}

impl Terms for CoreTerms {
    fn expand(&self, name: &str) -> Result<Name, ContextError> {
        if name.contains(':') {
            return Ok(Name::from(name));
        }
        let namespace = if CORE_ATTRIBUTES.contains(&name) { CORE } else { DEFAULT };
        Ok(Name::from([namespace, name].concat()))
    }

    fn compact<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        let is_term = |term: &&str| !term.contains(':');
        let term = iri.strip_prefix(DEFAULT).filter(is_term).or_else(|| core_attribute(iri));
        Cow::Borrowed(term.unwrap_or(iri))
    }
}

impl Terms for Arc<Context> {
    fn expand(&self, name: &str) -> Result<Name, ContextError> {
        self.expand_name(name)
    }

    fn compact<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        self.compact_name(iri)
    }

    fn coercion(&self, name: &str) -> Coercion {
        match self.term(name).map(context::Term::coercion) {
            Some(context::Coercion::Id) => Coercion::Id,
            Some(context::Coercion::Vocab) => Coercion::Vocab,
            _ => Coercion::None,
        }
    }

    fn for_types(&self, types: &[&str]) -> Result<Option<Arc<dyn Terms>>, ContextError> {
        scoped(self.for_type(types))
    }

    fn for_attribute(&self, name: &str) -> Result<Option<Arc<dyn Terms>>, ContextError> {
        scoped(self.for_property(name))
    }
}

/// The context that a scope opens, unless it is the same as around it.
fn scoped(context: Result<Cow<'_, Arc<Context>>, ContextError>) -> Result<Option<Arc<dyn Terms>>, ContextError> {
    match context {
        Ok(Cow::Borrowed(_)) => Ok(None),
        Ok(Cow::Owned(context)) => Ok(Some(Arc::new(context))),
        Err(error) => Err(error),
    }
}
