//! What a context writes for one term, and the parts of it that need no other term to be read.

use std::borrow::Cow;

use machi_types::Json;
use machi_types::json::Members;

use super::entries::is_direction;
use super::error::{Fault, short};
use super::keyword::keyword;
use super::term::Container;

/// What a context writes for one term: `"term": null`, `"term": "iri"` or `"term": { … }`.
pub(super) struct Definition<'j> {
    pub(super) term: &'j str,
    pub(super) id: Option<&'j Json<'j>>,
    /// The members of an object; none of the two short forms.
    members: &'j [(Cow<'j, str>, Json<'j>)],
    pub(super) is_short: bool,
}

impl<'j> Definition<'j> {
    pub(super) fn of(term: &'j str, value: &'j Json<'j>) -> Result<Self, Fault> {
        let short_form = Self { term, id: Some(value), members: &[], is_short: true };
        match value {
            Json::Null | Json::String(_) => Ok(short_form),
            Json::Object(members) => Self::of_object(term, members),
            _ => {
                let must = (
                    "its definition must be an IRI, an object or null",
                    "定義はIRI、オブジェクト、nullのいずれかでなければなりません",
                );
                Err(Fault::term(term, must, "invalid term definition"))
            }
        }
    }

    fn of_object(term: &'j str, members: &'j Members<'j>) -> Result<Self, Fault> {
        const KNOWN: [&str; 10] = [
            "@id",
            "@container",
            "@context",
            "@direction",
            "@index",
            "@language",
            "@nest",
            "@prefix",
            "@protected",
            "@type",
        ];
        if members.iter().any(|(name, _)| name == "@reverse") {
            return Err(Fault::Reverse(short(term)));
        }
        if members.iter().any(|(name, _)| !KNOWN.contains(&&**name)) {
            let must = (
                "its definition may have the members @id, @type, @container, @context, @protected, @prefix, @language, \
                 @direction, @index and @nest, and no others",
                "定義に書けるメンバーは@id、@type、@container、@context、@protected、@prefix、@language、@direction、@index、\
                 @nestだけです",
            );
            return Err(Fault::term(term, must, "invalid term definition"));
        }
        let definition = Self { term, id: None, members, is_short: false };
        Ok(Self { id: definition.get("@id"), ..definition })
    }

    pub(super) fn get(&self, keyword: &str) -> Option<&'j Json<'j>> {
        self.members.iter().find(|(name, _)| name == keyword).map(|(_, value)| value)
    }

    /// JSON-LD 1.1 API §4.2.2 step 19.
    pub(super) fn container(&self) -> Result<Container, Fault> {
        let must = || {
            let must = (
                "its \"@container\" must be one of @list, @set, @index, @language, @id, @type and @graph, or a \
                 combination that JSON-LD allows",
                "\"@container\"は@list、@set、@index、@language、@id、@type、@graphのいずれか、またはJSON-LDが許す\
                 組み合わせでなければなりません",
            );
            Fault::term(self.term, must, "invalid container mapping")
        };
        let one = |value: &Json<'_>| value.as_str().and_then(Container::of).ok_or_else(must);
        let container = match self.get("@container") {
            None => return Ok(Container::default()),
            Some(Json::Array(items)) => {
                items.iter().try_fold(Container::default(), |all, item| Ok(all.with(one(item)?)))?
            }
            Some(value) => one(value)?,
        };
        if container == Container::default() || !container.is_allowed() {
            return Err(must());
        }
        Ok(container)
    }

    /// JSON-LD 1.1 API §4.2.2 step 25: whether the term may stand before a colon.
    pub(super) fn prefix(&self, iri: Option<&str>, implied: bool) -> Result<bool, Fault> {
        let Some(value) = self.get("@prefix") else {
            return Ok(implied);
        };
        let is_prefix = value.as_bool().ok_or_else(|| {
            Fault::term(
                self.term,
                ("its \"@prefix\" must be true or false", "\"@prefix\"はtrueまたはfalseでなければなりません"),
                "invalid @prefix value",
            )
        })?;
        if self.term.contains([':', '/']) || (is_prefix && iri.is_some_and(|iri| keyword(iri).is_some())) {
            let must = (
                "only a term without \":\" and \"/\" that stands for an IRI can be a prefix",
                "接頭辞にできるのは、\":\"と\"/\"を含まずIRIを表す用語だけです",
            );
            return Err(Fault::term(self.term, must, "invalid term definition"));
        }
        Ok(is_prefix)
    }

    pub(super) fn protected(&self, implied: bool) -> Result<bool, Fault> {
        let must = || {
            Fault::term(
                self.term,
                ("its \"@protected\" must be true or false", "\"@protected\"はtrueまたはfalseでなければなりません"),
                "invalid @protected value",
            )
        };
        self.get("@protected").map_or(Ok(implied), |value| value.as_bool().ok_or_else(must))
    }

    /// Checks the members that NGSI-LD has no use for.
    pub(super) fn check_rest(&self, container: Container) -> Result<(), Fault> {
        let is_name = |value: &Json<'_>| value.as_str().is_some_and(|text| !text.starts_with('@'));
        if self.get("@index").is_some_and(|value| !container.is_index() || !is_name(value)) {
            let must = (
                "its \"@index\" must be the name of a property, beside \"@container\": \"@index\"",
                "\"@index\"は、\"@container\": \"@index\"と一緒に指定するプロパティの名前でなければなりません",
            );
            return Err(Fault::term(self.term, must, "invalid term definition"));
        }
        if self.get("@nest").is_some_and(|value| !is_name(value) && value.as_str() != Some("@nest")) {
            return Err(Fault::term(
                self.term,
                ("its \"@nest\" must be a term or \"@nest\"", "\"@nest\"は用語または\"@nest\"でなければなりません"),
                "invalid @nest value",
            ));
        }
        let is_language = |value: &Json<'_>| matches!(value, Json::Null | Json::String(_));
        if self.get("@language").is_some_and(|value| !is_language(value)) {
            let must = (
                "its \"@language\" must be null or a language tag",
                "\"@language\"はnullまたは言語タグでなければなりません",
            );
            return Err(Fault::term(self.term, must, "invalid language mapping"));
        }
        if self.get("@direction").is_some_and(|value| !is_direction(value)) {
            let must = (
                "its \"@direction\" must be \"ltr\", \"rtl\" or null",
                "\"@direction\"は\"ltr\"、\"rtl\"、nullのいずれかでなければなりません",
            );
            return Err(Fault::term(self.term, must, "invalid base direction"));
        }
        Ok(())
    }
}

/// JSON-LD 1.1 API §4.2.2 step 4: all that may be said of `@type`.
pub(super) fn is_type_set(term: &str, value: &Json<'_>) -> bool {
    let allowed = |(name, value): &(Cow<'_, str>, Json<'_>)| match &**name {
        "@container" => value.as_str() == Some("@set"),
        "@protected" => value.as_bool().is_some(),
        _ => false,
    };
    term == "@type" && value.as_object().is_some_and(|members| !members.is_empty() && members.iter().all(allowed))
}
