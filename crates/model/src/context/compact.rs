//! From IRIs to short names, so that the short name means the same IRI again (ETSI GS CIM 009 §5.5.7).

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

use machi_types::Name;

use super::layer::Layer;
use super::{Context, core};
use crate::entity::check_name;

/// The terms of one layer by what they stand for.
#[derive(Debug, Default)]
pub(super) struct Inverse {
    /// The terms that stand for an IRI, the best first.
    terms: HashMap<Name, Vec<Name>>,
    /// The prefixes that stand for the start of an IRI, the best first.
    prefixes: HashMap<Name, Vec<Name>>,
    /// How long the IRIs of prefixes are, the longest first.
    lengths: BTreeSet<Reverse<usize>>,
}

impl Context {
    /// The short name of an IRI or keyword: a core term, the best term of the context, what follows the vocabulary,
    /// the shortest form with a prefix, or the IRI itself.
    ///
    /// Expanding the short name gives the IRI again. The one exception is an IRI that begins as a prefix of the
    /// context does, such as `urn:x` where `urn` is a prefix: JSON-LD has no way to write it.
    pub fn compact_name<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        if let Some(name) = core::name_of(iri) {
            return Cow::Borrowed(name);
        }
        let layer = &*self.layer;
        if layer.under.is_none()
            && let Some(name) = layer.own_term_for(iri).or_else(|| layer.within_vocab(iri))
        {
            return Cow::Borrowed(name);
        }
        let name = self.compacted.get(iri).unwrap_or_else(|| {
            let name = Name::from(&*layer.short_name(iri));
            self.compacted.keep(iri, &name);
            name
        });
        if *name == *iri { Cow::Borrowed(iri) } else { Cow::Owned(name.as_str().to_owned()) }
    }
}

impl Layer {
    fn short_name<'a>(&'a self, iri: &'a str) -> Cow<'a, str> {
        if let Some(name) = self.term_for(iri).or_else(|| self.within_vocab(iri)) {
            return Cow::Borrowed(name);
        }
        self.with_prefix(iri).map_or(Cow::Borrowed(iri), Cow::Owned)
    }

    fn own_term_for(&self, iri: &str) -> Option<&str> {
        self.inverse().terms.get(iri)?.first().map(Name::as_str)
    }

    /// The best term for an IRI that no layer above gives another meaning.
    fn term_for(&self, iri: &str) -> Option<&str> {
        let candidates = self.chain().filter_map(|layer| layer.inverse().terms.get(iri)).flatten();
        let terms = candidates.map(Name::as_str).filter(|term| self.means(term, iri));
        terms.min_by(|a, b| order(a).cmp(&order(b)))
    }

    /// What follows the vocabulary, unless it means something else when it stands alone.
    fn within_vocab<'a>(&self, iri: &'a str) -> Option<&'a str> {
        let name = iri.strip_prefix(&*self.vocab)?;
        self.means(name, iri).then_some(name)
    }

    /// JSON-LD 1.1 API §6.1 step 7: the shortest compact IRI, then the least; of those that can be sent back as names.
    fn with_prefix(&self, iri: &str) -> Option<String> {
        let built_in = core::PREFIXES.iter().filter_map(|(prefix, namespace)| {
            let name = prefixed(prefix, iri.strip_prefix(namespace)?)?;
            self.means(&name, iri).then_some(name)
        });
        let own = self.chain().filter_map(|layer| layer.inverse().compact_iri(iri, |name| self.means(name, iri)));
        own.chain(built_in).min_by(|a, b| order(a).cmp(&order(b)))
    }

    fn inverse(&self) -> &Inverse {
        self.inverse.get_or_init(|| Inverse::of(self))
    }
}

impl Inverse {
    fn of(layer: &Layer) -> Self {
        let mut inverse = Self::default();
        for (name, term) in &layer.own {
            let Some(iri) = &term.iri else { continue };
            inverse.terms.entry(iri.clone()).or_default().push(name.clone());
            if term.is_prefix {
                inverse.prefixes.entry(iri.clone()).or_default().push(name.clone());
                inverse.lengths.insert(Reverse(iri.len()));
            }
        }
        let lists = inverse.terms.values_mut().chain(inverse.prefixes.values_mut());
        lists.for_each(|names| names.sort_unstable_by(|a, b| order(a).cmp(&order(b))));
        inverse
    }

    /// The best way to write an IRI with a prefix of this layer, of those that hold.
    fn compact_iri(&self, iri: &str, holds: impl Fn(&str) -> bool) -> Option<String> {
        let mut best: Option<String> = None;
        for Reverse(length) in &self.lengths {
            let Some((start, suffix)) = iri.split_at_checked(*length) else {
                continue;
            };
            // Prefixes get shorter and what follows them longer, so nothing better comes any more.
            if best.as_ref().is_some_and(|best| best.chars().count() < suffix.chars().count()) {
                break;
            }
            let names = self.prefixes.get(start).into_iter().flatten();
            let Some(name) = names.filter_map(|prefix| prefixed(prefix, suffix)).find(|name| holds(name)) else {
                continue;
            };
            if best.as_ref().is_none_or(|best| order(&name) < order(best)) {
                best = Some(name);
            }
        }
        best
    }
}

/// A compact IRI, if requests may hold it where names stand (§4.6.2).
fn prefixed(prefix: &str, suffix: &str) -> Option<String> {
    let name = format!("{prefix}:{suffix}");
    check_name(&name).is_ok().then_some(name)
}

/// The shortest text, and of equally short ones the least: how JSON-LD chooses between names.
fn order(name: &str) -> (usize, &str) {
    (name.chars().count(), name)
}
