//! The terms in force: those of one context on top of those it was laid over, and the core terms beneath all.
//!
//! Nothing in a layer changes once it is finished, so reading it needs no lock.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use machi_types::{Json, Name};

use super::compact::Inverse;
use super::core;
use super::document::Document;
use super::keyword::{is_reserved, keyword};
use super::limits::Limits;
use super::reference::{self, has_scheme};
use super::term::Term;
use super::weight::Room;

/// Documents by the URLs by which they are referred to.
pub(super) type Loaded = HashMap<Name, Arc<Document>>;

/// What one context says, and what lies under it.
#[derive(Debug)]
pub(super) struct Layer {
    /// The terms of this context.
    pub(super) own: HashMap<Name, Term>,
    /// Of these, the ones with a context of their own, in the order of their definition.
    pub(super) scoped: Vec<Name>,
    /// What this context was laid over; none is the core alone.
    pub(super) under: Option<Arc<Layer>>,
    /// Where names lie that no term defines.
    pub(super) vocab: Name,
    /// The vocabulary that was named behind the core, which the core overrules.
    pub(super) overruled: Option<Name>,
    /// What relative identifiers are relative to.
    pub(super) base: Option<Name>,
    /// Whether any term may not be redefined.
    pub(super) is_protected: bool,
    /// Whether any term, here or beneath, has a context of its own.
    pub(super) has_scopes: bool,
    /// Whether it holds for a node alone and not for the nodes within (`@propagate` is false).
    pub(super) ends_with_node: bool,
    /// How many scoped contexts lie within one another here.
    pub(super) depth: usize,
    /// What the whole context was made from.
    pub(super) origin: Arc<Origin>,
    pub(super) inverse: OnceLock<Inverse>,
}

/// What a context was made from; shared by the scoped contexts within it.
#[derive(Debug)]
pub(super) struct Origin {
    pub(super) source: Json<'static>,
    pub(super) documents: Loaded,
    pub(super) limits: Limits,
    /// For the contexts that terms open.
    pub(super) room: Room,
}

impl Origin {
    /// Whether a core context is among what it was made from.
    pub(super) fn names_core(&self) -> bool {
        self.leads_to_core(&self.source, "")
    }

    // INVARIANT: no document leads back to itself, or it would have been refused.
    fn leads_to_core(&self, context: &Json<'_>, base: &str) -> bool {
        match context {
            Json::Array(items) => items.iter().any(|item| self.leads_to_core(item, base)),
            Json::String(reference) => {
                let url = reference::resolve(base, reference).unwrap_or_default();
                let leads_on = |document: &Arc<Document>| self.leads_to_core(document.context(), document.url());
                core::edition(&url).is_some() || self.documents.get(&*url).is_some_and(leads_on)
            }
            _ => false,
        }
    }
}

/// What a name stands for, before it is put together.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning<'a> {
    /// This IRI or keyword, whole.
    Whole(&'a str),
    /// These two, one after the other.
    Joined(&'a str, &'a str),
    /// Nothing: mapped to null.
    Null,
    /// Nothing: kept for keywords to come.
    Reserved,
}

impl Layer {
    /// Nothing but the core.
    pub(super) fn core_alone(origin: Arc<Origin>) -> Self {
        Self {
            own: HashMap::new(),
            scoped: Vec::new(),
            under: None,
            vocab: Name::from(core::DEFAULT_VOCAB),
            overruled: None,
            base: None,
            is_protected: false,
            has_scopes: false,
            ends_with_node: false,
            depth: 0,
            origin,
            inverse: OnceLock::new(),
        }
    }

    /// An empty layer over another, for the context of a term.
    pub(super) fn over(under: &Arc<Self>) -> Self {
        Self {
            vocab: under.vocab.clone(),
            base: under.base.clone(),
            is_protected: under.is_protected,
            has_scopes: under.has_scopes,
            depth: under.depth + 1,
            under: Some(Arc::clone(under)),
            ..Self::core_alone(Arc::clone(&under.origin))
        }
    }

    /// Goes back to the core alone, as `null` does.
    pub(super) fn reset(&mut self) {
        *self = Self {
            depth: self.depth,
            ends_with_node: self.ends_with_node,
            ..Self::core_alone(Arc::clone(&self.origin))
        };
    }

    /// ETSI GS CIM 009 §4.4: the core counts as if it stood last, so the vocabulary is that of the core. What was
    /// defined before leans on the one that held then.
    pub(super) fn end_with_core(&mut self) {
        let vocab = std::mem::replace(&mut self.vocab, Name::from(core::DEFAULT_VOCAB));
        self.overruled = (vocab != self.vocab).then_some(vocab);
    }

    pub(super) fn define(&mut self, name: &str, term: Term) {
        self.is_protected |= term.is_protected;
        let has_scope = term.scope.is_some();
        let previous = self.own.insert(Name::from(name), term);
        if has_scope && previous.is_none_or(|previous| previous.scope.is_none()) {
            self.scoped.push(Name::from(name));
        }
    }

    /// Takes out what the core defines, so that the core wins wherever it is asked.
    pub(super) fn finish(mut self) -> Arc<Self> {
        self.own.retain(|name, _| core::term(name).is_none());
        let own = &self.own;
        self.scoped.retain(|name| own.get(name).is_some_and(|term| term.scope.is_some()));
        self.has_scopes = !self.scoped.is_empty() || self.under.as_ref().is_some_and(|under| under.has_scopes);
        Arc::new(self)
    }

    /// What is said about a term, by the topmost layer that says anything.
    pub(super) fn find(&self, name: &str) -> Option<&Term> {
        let mut layer = self;
        loop {
            if let Some(term) = layer.own.get(name) {
                return Some(term);
            }
            match &layer.under {
                Some(under) => layer = under,
                None => return core::term(name),
            }
        }
    }

    /// JSON-LD 1.1 API §5.2, IRI expansion relative to the vocabulary.
    pub(super) fn meaning<'a>(&'a self, name: &'a str) -> Meaning<'a> {
        if let Some(term) = self.find(name) {
            return term.iri.as_deref().map_or(Meaning::Null, Meaning::Whole);
        }
        match self.keyword_or_prefixed(name) {
            Some(meaning) => meaning,
            None => Meaning::Joined(&self.vocab, name),
        }
    }

    /// The meaning of what is a keyword, a compact IRI or an IRI; none for any other text.
    pub(super) fn keyword_or_prefixed<'a>(&'a self, text: &'a str) -> Option<Meaning<'a>> {
        if let Some(keyword) = keyword(text) {
            return Some(Meaning::Whole(keyword));
        }
        if is_reserved(text) {
            return Some(Meaning::Reserved);
        }
        let (prefix, suffix) = text.split_once(':').filter(|(prefix, _)| !prefix.is_empty())?;
        if prefix == "_" || suffix.starts_with("//") {
            return Some(Meaning::Whole(text));
        }
        let defined = self.find(prefix).filter(|term| term.is_prefix);
        if let Some(iri) = defined.and_then(|term| term.iri.as_deref()) {
            return Some(Meaning::Joined(iri, suffix));
        }
        has_scheme(text).then_some(Meaning::Whole(text))
    }

    /// Whether a name stands for just this IRI.
    pub(super) fn means(&self, name: &str, iri: &str) -> bool {
        if name.is_empty() {
            return false;
        }
        match self.meaning(name) {
            Meaning::Whole(whole) => whole == iri,
            Meaning::Joined(start, end) => iri.strip_prefix(start) == Some(end),
            Meaning::Null | Meaning::Reserved => false,
        }
    }

    /// This layer and those beneath it.
    pub(super) fn chain(&self) -> impl Iterator<Item = &Layer> {
        std::iter::successors(Some(self), |layer| layer.under.as_deref())
    }
}

impl Meaning<'_> {
    /// The text, put together.
    pub(super) fn text(&self) -> Option<Name> {
        match self {
            Self::Whole(text) => Some(Name::from(*text)),
            Self::Joined(start, end) => Some(Name::from([*start, *end].concat())),
            Self::Null | Self::Reserved => None,
        }
    }
}
