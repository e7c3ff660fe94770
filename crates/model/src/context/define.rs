//! One term of a context is given its definition (JSON-LD 1.1 API §4.2).

use std::sync::Arc;

use machi_types::{Json, Name};

use super::core;
use super::definition::{Definition, is_type_set};
use super::error::{Fault, NoIri, Place, short};
use super::keyword::{is_reserved, keyword};
use super::layer::Layer;
use super::limits::ScopedContexts;
use super::local::{Local, Member};
use super::process::{Processor, Role};
use super::reference::{check_iri, has_scheme};
use super::term::{Coercion, Container, Scope, Term};

/// What a definition makes a term stand for.
struct Mapping {
    iri: Option<Name>,
    is_prefix: bool,
}

impl Processor<'_> {
    /// Defines a term, unless that is done, and before it the terms that it is defined through.
    pub(super) fn define(&mut self, layer: &mut Layer, local: &mut Local<'_>, term: &str) -> Result<(), Fault> {
        let Some(member) = local.begin(term)? else {
            return Ok(());
        };
        self.budget.spend_term()?;
        if let Some(defined) = self.definition(layer, local, &member)? {
            let stays_protected = self.check_redefinition(layer, term, &defined)?;
            let is_protected = defined.is_protected || stays_protected;
            layer.define(term, Term { is_protected, ..defined });
        }
        local.end(&member);
        Ok(())
    }

    /// What the term means from now on; none where JSON-LD passes over it.
    fn definition(
        &mut self,
        layer: &mut Layer,
        local: &mut Local<'_>,
        member: &Member<'_>,
    ) -> Result<Option<Term>, Fault> {
        let Member { name: term, value, place, .. } = *member;
        if term.is_empty() {
            return Err(Fault::term(
                term,
                ("a term cannot be empty", "用語を空にすることはできません"),
                "invalid term definition",
            ));
        }
        if keyword(term).is_some() {
            // `@type` may be told to be written as an array always, which changes nothing for NGSI-LD.
            return if is_type_set(term, value) { Ok(None) } else { Err(Fault::Keyword(term.to_owned())) };
        }
        if is_reserved(term) {
            return Ok(None);
        }
        let definition = Definition::of(term, value)?;
        let Some(Mapping { iri, is_prefix }) = self.mapping(layer, local, &definition)? else {
            return Ok(None);
        };
        let coercion = self.coercion(layer, local, &definition)?;
        let container = definition.container()?;
        let defined = Term {
            is_prefix: definition.prefix(iri.as_deref(), is_prefix)?,
            coercion: coercion_in(container, coercion, term)?,
            container,
            is_protected: definition.protected(local.protects)?,
            scope: self.scope(&definition, place)?,
            iri,
        };
        definition.check_rest(container)?;
        Ok(Some(defined))
    }

    /// JSON-LD 1.1 API §4.2.2 steps 14 to 18: the IRI of the term.
    fn mapping(
        &mut self,
        layer: &mut Layer,
        local: &mut Local<'_>,
        definition: &Definition<'_>,
    ) -> Result<Option<Mapping>, Fault> {
        let term = definition.term;
        let no_text = || {
            Fault::term(
                term,
                ("its \"@id\" must be a string or null", "\"@id\"は文字列またはnullでなければなりません"),
                "invalid IRI mapping",
            )
        };
        let id = match definition.id {
            Some(Json::Null) => {
                return Ok(Some(Mapping { iri: None, is_prefix: false }));
            }
            Some(id) => id.as_str().ok_or_else(no_text)?,
            None => term,
        };
        if id == term {
            let iri = self.implied_iri(layer, local, term)?;
            return Ok(Some(Mapping { iri: Some(self.iri(term, iri)?), is_prefix: false }));
        }
        if keyword(id).is_none() && is_reserved(id) {
            return Ok(None);
        }
        let iri = self.expand(layer, local, id)?;
        let iri = iri.ok_or_else(|| Fault::iri(term, id, NoIri::Null))?;
        if iri == "@context" {
            return Err(Fault::term(
                term,
                ("\"@context\" can have no other name", "\"@context\"に別の名前を付けることはできません"),
                "invalid keyword alias",
            ));
        }
        let iri = self.iri(term, iri)?;
        if looks_like_iri(term) && self.expand_parts(layer, local, term)? != *iri {
            let must = (
                "a term that looks like an IRI must stand for just that IRI",
                "IRIのように見える用語は、そのIRI自身を表さなければなりません",
            );
            return Err(Fault::term(term, must, "invalid IRI mapping"));
        }
        let is_prefix = definition.is_short && !term.contains([':', '/']) && iri.ends_with(GENERAL_DELIMITERS);
        Ok(Some(Mapping { iri: Some(iri), is_prefix }))
    }

    /// The IRI of a term that gives none: by its own prefix, or in the vocabulary.
    fn implied_iri(&mut self, layer: &mut Layer, local: &mut Local<'_>, term: &str) -> Result<String, Fault> {
        let Some((prefix, suffix)) = term.split_once(':').filter(|(prefix, _)| !prefix.is_empty()) else {
            return Ok([&*layer.vocab, term].concat());
        };
        self.define(layer, local, prefix)?;
        let start = layer.find(prefix).and_then(|term| term.iri.as_deref());
        Ok(start.map_or_else(|| term.to_owned(), |start| [start, suffix].concat()))
    }

    /// IRI expansion (JSON-LD 1.1 API §5.2) while the terms that it leads to may not be defined yet.
    fn expand(&mut self, layer: &mut Layer, local: &mut Local<'_>, text: &str) -> Result<Option<String>, Fault> {
        if keyword(text).is_some() {
            return Ok(Some(text.to_owned()));
        }
        if is_reserved(text) {
            return Ok(None);
        }
        self.define(layer, local, text)?;
        if let Some(term) = layer.find(text) {
            return Ok(term.iri.as_ref().map(|iri| iri.as_str().to_owned()));
        }
        self.expand_parts(layer, local, text).map(Some)
    }

    /// The same of a text that is no term.
    fn expand_parts(&mut self, layer: &mut Layer, local: &mut Local<'_>, text: &str) -> Result<String, Fault> {
        if let Some((prefix, suffix)) = text.split_once(':').filter(|(prefix, _)| !prefix.is_empty()) {
            if prefix == "_" || suffix.starts_with("//") {
                return Ok(text.to_owned());
            }
            self.define(layer, local, prefix)?;
            let defined = layer.find(prefix).filter(|term| term.is_prefix);
            if let Some(iri) = defined.and_then(|term| term.iri.as_deref()) {
                return Ok([iri, suffix].concat());
            }
            if has_scheme(text) {
                return Ok(text.to_owned());
            }
        }
        Ok([&*layer.vocab, text].concat())
    }

    /// Takes a text for the IRI of a term.
    fn iri(&mut self, term: &str, iri: String) -> Result<Name, Fault> {
        if keyword(&iri).is_none() {
            // ETSI GS CIM 009 §4.4: terms stand for URIs, so blank nodes are refused as well.
            check_iri(&iri).map_err(|error| Fault::iri(term, &iri, error.into()))?;
        }
        self.budget.spend_iri(&iri)?;
        Ok(Name::from(iri))
    }

    /// JSON-LD 1.1 API §4.2.2 step 12: how values are read.
    fn coercion(
        &mut self,
        layer: &mut Layer,
        local: &mut Local<'_>,
        definition: &Definition<'_>,
    ) -> Result<Coercion, Fault> {
        const CODE: &str = "invalid type mapping";
        let term = definition.term;
        let Some(value) = definition.get("@type") else {
            return Ok(Coercion::Unsaid);
        };
        let text = value.as_str().ok_or_else(|| {
            Fault::term(term, ("its \"@type\" must be a string", "\"@type\"は文字列でなければなりません"), CODE)
        })?;
        let must = (
            "its \"@type\" must be an IRI, \"@id\", \"@vocab\", \"@json\" or \"@none\"",
            "\"@type\"はIRI、\"@id\"、\"@vocab\"、\"@json\"、\"@none\"のいずれかでなければなりません",
        );
        let datatype = self.expand(layer, local, text)?.ok_or_else(|| Fault::term(term, must, CODE))?;
        match datatype.as_str() {
            "@id" => Ok(Coercion::Id),
            "@vocab" => Ok(Coercion::Vocab),
            "@json" => Ok(Coercion::Json),
            "@none" => Ok(Coercion::Untyped),
            iri if keyword(iri).is_some() || check_iri(iri).is_err() => Err(Fault::term(term, must, CODE)),
            _ => self.iri(term, datatype).map(Coercion::Datatype),
        }
    }

    fn scope(&self, definition: &Definition<'_>, place: &Place) -> Result<Option<Arc<Scope>>, Fault> {
        let Some(context) = definition.get("@context") else {
            return Ok(None);
        };
        if self.budget.limits().scoped == ScopedContexts::Refuse {
            return Err(Fault::ScopeRefused(short(definition.term)));
        }
        Ok(Some(Arc::new(Scope { context: context.clone().into_owned(), place: place.clone() })))
    }

    /// Whether the term has been protected before; then it must go on saying the same.
    fn check_redefinition(&self, layer: &Layer, name: &str, defined: &Term) -> Result<bool, Fault> {
        if let Some(core) = core::term(name) {
            // ETSI GS CIM 009 §5.5.7: at the top the core simply wins; scoped contexts are forbidden for trying.
            let is_scoped = self.role != Role::User;
            return if is_scoped && !core.says_what(defined) { Err(Fault::CoreTerm(short(name))) } else { Ok(false) };
        }
        let is_bound = |previous: &&Term| previous.is_protected && self.role != Role::OfProperty;
        match layer.find(name).filter(is_bound) {
            Some(previous) if !previous.says_what(defined) => Err(Fault::Protected(short(name))),
            previous => Ok(previous.is_some()),
        }
    }
}

/// What an IRI must end with for a short definition to make a prefix (RFC 3986 §2.2, gen-delims).
const GENERAL_DELIMITERS: [char; 7] = [':', '/', '?', '#', '[', ']', '@'];

/// JSON-LD 1.1 API §4.2.2 step 14.2.4: a colon inside, or a slash.
fn looks_like_iri(term: &str) -> bool {
    let mut inside = term.chars();
    inside.next();
    inside.next_back();
    inside.as_str().contains(':') || term.contains('/')
}

/// JSON-LD 1.1 API §4.2.2 step 19.4: what is kept under its type is read as an identifier.
fn coercion_in(container: Container, coercion: Coercion, term: &str) -> Result<Coercion, Fault> {
    match coercion {
        Coercion::Unsaid if container.is_type() => Ok(Coercion::Id),
        Coercion::Id | Coercion::Vocab => Ok(coercion),
        _ if container.is_type() => {
            let must = (
                "with \"@container\": \"@type\" its \"@type\" must be \"@id\" or \"@vocab\"",
                "\"@container\"が\"@type\"のとき、\"@type\"は\"@id\"または\"@vocab\"でなければなりません",
            );
            Err(Fault::term(term, must, "invalid type mapping"))
        }
        _ => Ok(coercion),
    }
}
