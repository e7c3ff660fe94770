//! The core `@context` of NGSI-LD, built in: its terms in force, and the documents that ETSI publishes.
//!
//! ETSI GS CIM 009 §4.4: the core context is implicitly there, as if it stood last, and cannot be overridden.

mod published;
mod table;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use machi_types::Name;

use super::error::Place as ContextPlace;
use super::term::{Coercion, Container, Scope, Term};
use table::{GEOJSON, NGSI_LD, Place, Row, Values};

pub use published::{core_document, core_urls};
pub(super) use table::DEFAULT_VOCAB;

/// The URL of the core context whose terms are in force.
pub const CORE_URL: &str = "https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.9.jsonld";

/// The prefixes of the core context.
pub(super) const PREFIXES: &[(&str, &str)] = &[("ngsi-ld", NGSI_LD), ("geojson", GEOJSON)];

/// Which core context a URL names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Edition {
    /// The one in force, by its version or without one.
    Latest,
    /// An earlier one, by its minor number.
    Earlier(u8),
}

struct Core {
    terms: HashMap<&'static str, Term>,
    by_iri: HashMap<Name, &'static str>,
}

static CORE: LazyLock<Core> = LazyLock::new(|| {
    let rows = rows_of(table::LATEST).map(|row| (row.term, definition(row)));
    let terms: HashMap<_, _> = rows.chain(built_in()).collect();
    let by_iri = terms.iter().filter_map(|(name, term)| Some((term.iri.clone()?, *name))).collect();
    Core { terms, by_iri }
});

/// The longest name of a core term, so that longer names need no look-up.
static LONGEST: LazyLock<usize> = LazyLock::new(|| CORE.terms.keys().map(|name| name.len()).max().unwrap_or(0));

/// What the core context says about a name.
pub(super) fn term(name: &str) -> Option<&'static Term> {
    if name.len() > *LONGEST {
        return None;
    }
    CORE.terms.get(name)
}

/// The core term of this name, if it is the one that has a context of its own.
pub(super) fn scoped_term(name: &str) -> Option<&'static Term> {
    if name == table::PROOF { term(name) } else { None }
}

/// The core term that stands for an IRI or a keyword.
pub(super) fn name_of(iri: &str) -> Option<&'static str> {
    const NAMESPACES: [&str; 4] = [NGSI_LD, GEOJSON, "http://", "@"];
    let may_be_core = NAMESPACES.iter().any(|namespace| iri.starts_with(namespace));
    // INVARIANT: no term of the edition in force lies in the default vocabulary, where most other names do.
    if !may_be_core || iri.starts_with(DEFAULT_VOCAB) {
        return None;
    }
    CORE.by_iri.get(iri).copied()
}

/// The core context that a URL names, if it names one that is known here.
pub(super) fn edition(url: &str) -> Option<Edition> {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"))?;
    let rest = rest.strip_prefix("uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context")?.strip_suffix(".jsonld")?;
    if rest.is_empty() {
        return Some(Edition::Latest);
    }
    let minor: u8 = rest.strip_prefix("-v1.")?.parse().ok()?;
    match minor {
        table::LATEST => Some(Edition::Latest),
        // Versions that ETSI published no context of their own for mean what is in force anyway.
        ..table::LATEST => Some(Edition::Earlier(minor)),
        _ => None,
    }
}

/// What an earlier edition says about names that the one in force does not know.
pub(super) fn dropped_since(minor: u8) -> impl Iterator<Item = (&'static str, Term)> {
    rows_of(minor).filter(|row| term(row.term).is_none()).map(|row| (row.term, definition(row)))
}

fn rows_of(minor: u8) -> impl Iterator<Item = &'static Row> {
    table::TERMS.iter().filter(move |row| row.holds_in(minor))
}

/// The prefixes, and the aliases of keywords.
fn built_in() -> impl Iterator<Item = (&'static str, Term)> {
    let prefixes = PREFIXES.iter().map(|(name, iri)| (*name, Term { is_prefix: true, ..plain(iri) }));
    prefixes.chain([("id", plain("@id")), ("type", plain("@type"))])
}

fn definition(row: &Row) -> Term {
    Term {
        coercion: match row.values {
            Values::Plain => Coercion::Unsaid,
            Values::Id => Coercion::Id,
            Values::Vocab => Coercion::Vocab,
            Values::Json => Coercion::Json,
            Values::Time => Coercion::Datatype(Name::from(format!("{NGSI_LD}DateTime"))),
        },
        container: row.container.and_then(Container::of).unwrap_or_default(),
        scope: (row.term == table::PROOF).then(proof_scope),
        ..plain(&iri_of(row))
    }
}

fn iri_of(row: &Row) -> String {
    match row.place {
        Place::Ngsi(name) => format!("{NGSI_LD}{name}"),
        Place::Geojson => format!("{}{}", GEOJSON, row.term),
        Place::Relative => format!("{DEFAULT_VOCAB}{}", row.term),
        Place::At(iri) => iri.to_owned(),
    }
}

fn plain(iri: &str) -> Term {
    Term {
        iri: Some(Name::from(iri)),
        coercion: Coercion::Unsaid,
        container: Container::default(),
        is_prefix: false,
        is_protected: false,
        scope: None,
    }
}

/// What the context of a proof says in the NGSI-LD namespace. The proof itself is another standard's matter and is
/// kept as it comes, so its remote context is not needed to read an entity.
fn proof_scope() -> Arc<Scope> {
    Arc::new(Scope { context: published::proof_terms(), place: ContextPlace::default() })
}

#[cfg(test)]
mod tests;
