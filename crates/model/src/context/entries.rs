//! The members of a context object that are no terms: `@version`, `@base`, `@vocab` and the like.

use machi_types::{Json, Name};

use super::core;
use super::error::Fault;
use super::keyword::keyword;
use super::layer::Layer;
use super::local::Local;
use super::reference::{self, check_iri, has_scheme};

/// The members of a context that are no terms.
pub(super) fn apply_entries(layer: &mut Layer, local: &mut Local<'_>, is_remote: bool) -> Result<(), Fault> {
    if local.entry("@version").is_some_and(|version| version.as_f64() != Some(1.1)) {
        return Err(Fault::entry("@version", ("the number 1.1", "数値1.1"), "invalid @version value"));
    }
    if local.entry("@propagate").is_some_and(|value| value.as_bool().is_none()) {
        return Err(Fault::entry("@propagate", ("true or false", "trueまたはfalse"), "invalid @propagate value"));
    }
    if let Some(value) = local.entry("@protected") {
        let must = || Fault::entry("@protected", ("true or false", "trueまたはfalse"), "invalid @protected value");
        local.protects = value.as_bool().ok_or_else(must)?;
    }
    if let Some(base) = local.entry("@base").filter(|_| !is_remote) {
        layer.base = base_of(base, layer.base.as_ref())?;
    }
    if let Some(vocab) = local.entry("@vocab") {
        layer.vocab = vocab_of(vocab, layer)?;
    }
    check_language(local)
}

fn base_of(value: &Json<'_>, current: Option<&Name>) -> Result<Option<Name>, Fault> {
    let must = || {
        Fault::entry(
            "@base",
            ("null or an IRI, or relative to a base before it", "null、IRI、またはそれまでのベースに対する相対参照"),
            "invalid base IRI",
        )
    };
    let text = match value {
        Json::Null => return Ok(None),
        other => other.as_str().ok_or_else(must)?,
    };
    let base = if has_scheme(text) {
        text.to_owned()
    } else {
        current.and_then(|current| reference::resolve(current, text)).ok_or_else(must)?
    };
    check_iri(&base).map_err(|_| must())?;
    Ok(Some(Name::from(base)))
}

fn vocab_of(value: &Json<'_>, layer: &Layer) -> Result<Name, Fault> {
    let must = || {
        let what = ("null or an IRI of at most 2048 bytes", "nullまたは2048バイトまでのIRI");
        Fault::entry("@vocab", what, "invalid vocab mapping")
    };
    let text = match value {
        // ETSI GS CIM 009 §4.4: the default vocabulary stays as the last resort.
        Json::Null => return Ok(Name::from(core::DEFAULT_VOCAB)),
        other => other.as_str().ok_or_else(must)?,
    };
    let vocab = layer.meaning(text).text().filter(|vocab| keyword(vocab).is_none()).ok_or_else(must)?;
    check_iri(&vocab).map_err(|_| must())?;
    Ok(vocab)
}

/// NGSI-LD has languages of its own (§4.5.18), so these are checked and then play no part.
fn check_language(local: &Local<'_>) -> Result<(), Fault> {
    let is_language = |value: &Json<'_>| matches!(value, Json::Null | Json::String(_));
    if local.entry("@language").is_some_and(|value| !is_language(value)) {
        return Err(Fault::entry(
            "@language",
            ("null or a language tag", "nullまたは言語タグ"),
            "invalid default language",
        ));
    }
    if local.entry("@direction").is_some_and(|value| !is_direction(value)) {
        return Err(Fault::entry(
            "@direction",
            ("\"ltr\", \"rtl\" or null", "\"ltr\"、\"rtl\"、nullのいずれか"),
            "invalid base direction",
        ));
    }
    Ok(())
}

pub(super) fn is_direction(value: &Json<'_>) -> bool {
    matches!(value, Json::Null) || matches!(value.as_str(), Some("ltr" | "rtl"))
}
