//! From short names to IRIs (ETSI GS CIM 009 §5.5.7).

use machi_types::Name;

use super::error::{ContextError, NameFault};
use super::layer::Meaning;
use super::reference::{self, check_iri};
use super::{Context, keyword};

impl Context {
    /// The IRI that the name of an attribute, a type or a vocabulary value stands for.
    ///
    /// Core terms come first, then the terms of the context, prefixes, and whole IRIs; any other name lies in the
    /// default vocabulary of NGSI-LD, or where the context of a term has a `@vocab` in that. A name that stands for
    /// a keyword gives the keyword: `id` gives `@id`.
    pub fn expand_name(&self, name: &str) -> Result<Name, ContextError> {
        if let Some(term) = self.layer.find(name) {
            return term.iri.clone().ok_or_else(|| ContextError::name(name, NameFault::Null));
        }
        if let Some(known) = self.expanded.get(name) {
            return Ok(known);
        }
        let expanded = self.work_out(name)?;
        self.expanded.keep(name, &expanded);
        Ok(expanded)
    }

    /// The IRI that an identifier stands for: a whole IRI, one with a prefix, or one relative to `@base`.
    ///
    /// Terms and the vocabulary play no part in it, as with values that are read as `@id`.
    pub fn expand_id(&self, id: &str) -> Result<Name, ContextError> {
        let refuse = |fault| ContextError::name(id, fault);
        let expanded = match self.layer.keyword_or_prefixed(id) {
            Some(Meaning::Reserved) => return Err(refuse(NameFault::Reserved)),
            Some(meaning) => meaning.text(),
            None => self.layer.base.as_ref().and_then(|base| reference::resolve(base, id)).map(Name::from),
        };
        let expanded = expanded.unwrap_or_else(|| Name::from(id));
        check_iri(&expanded).map_err(|error| refuse(NameFault::NotAnIri(error)))?;
        Ok(expanded)
    }

    fn work_out(&self, name: &str) -> Result<Name, ContextError> {
        let refuse = |fault| ContextError::name(name, fault);
        if name.is_empty() {
            return Err(refuse(NameFault::Empty));
        }
        let meaning = self.layer.meaning(name);
        if meaning == Meaning::Reserved {
            return Err(refuse(NameFault::Reserved));
        }
        let expanded = meaning.text().ok_or_else(|| refuse(NameFault::Null))?;
        if keyword::keyword(&expanded).is_none() {
            check_iri(&expanded).map_err(|error| refuse(NameFault::NotAnIri(error)))?;
        }
        Ok(expanded)
    }
}
