//! What an import is asked to be, beside its file: parameters, tenant, @context and language.

use http::request::Parts;
use machi_connect::Encoding;
use machi_http::request::{Query, context_link, tenant};
use machi_http::{Language, Problem, Text, language_of};
use machi_types::{ErrorKind, Iri, TenantId};

/// The head of an import.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    pub(super) tenant: TenantId,
    /// Whether attributes that a row does not name stay as they are.
    pub(super) update: bool,
    pub(super) encoding: Option<Encoding>,
    /// The @context of entities that carry none.
    pub(super) context: Option<Iri>,
    pub(super) language: Language,
}

impl Asked {
    /// Reads the head of a request that may have just these parameters.
    pub(super) fn of(parts: &Parts, allowed: &[&str]) -> Result<Self, Problem> {
        let parameters = Query::parse(parts.uri.query(), allowed)?;
        let update = match parameters.words("options", &["replace", "update"])?.as_slice() {
            [] | ["replace"] => false,
            ["update"] => true,
            _ => {
                return Err(invalid(
                    "\"options\" names both replace and update; an import does one of them",
                    "\"options\"にreplaceとupdateの両方は指定できません",
                ));
            }
        };
        let encoding = match parameters.get("encoding") {
            None => None,
            Some("utf8") => Some(Encoding::Utf8),
            Some("cp932") => Some(Encoding::Cp932),
            Some(_) => {
                return Err(invalid(
                    "the parameter \"encoding\" is utf8 or cp932",
                    "パラメーター\"encoding\"はutf8またはcp932です",
                ));
            }
        };
        Ok(Self {
            tenant: tenant(&parts.headers)?,
            update,
            encoding,
            context: context_link(&parts.headers)?,
            language: language_of(&parts.headers),
        })
    }
}

fn invalid(en: &'static str, ja: &'static str) -> Problem {
    Problem::new(ErrorKind::InvalidRequest, Text::both(en, ja))
}
