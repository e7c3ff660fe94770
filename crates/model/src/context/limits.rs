//! How much a `@context` may ask for, so that a hostile one costs no more than it weighs.

use machi_types::Phrase;

use super::error::Fault;

/// What a context may ask for.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How many documents may include one another in a chain.
    pub depth: usize,
    /// How many documents one context may include, each counted as often as it is included.
    pub documents: usize,
    /// How many definitions one context may come to, each counted as often as it is applied.
    pub terms: usize,
    /// Whether terms may open contexts of their own.
    pub scoped: ScopedContexts,
}

/// What becomes of a user context in which a term opens a context of its own.
///
/// ETSI GS CIM 009 §5.5.7 wants them out of user contexts, because they could change what core terms mean.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ScopedContexts {
    /// They hold, unless they give a core term another meaning; then the context is refused.
    #[default]
    Apply,
    /// The context is refused.
    Refuse,
}

impl Default for Limits {
    fn default() -> Self {
        Self { depth: 10, documents: 100, terms: 200_000, scoped: ScopedContexts::default() }
    }
}

/// The longest IRI that a term may stand for: longer ones only come about by prefixes of prefixes.
const LONGEST_IRI: usize = 1024;
/// The bytes of all IRIs of one context together.
const ALL_IRIS: usize = 32 << 20;
/// How many terms of one context may be defined through one another.
pub(super) const CHAIN: usize = 64;
/// What is said of too many documents.
pub(super) const TOO_MANY_DOCUMENTS: Phrase = Phrase {
    en: "it includes too many documents ([contexts] documents)",
    ja: "取り込む文書が多すぎます([contexts] documents)",
};

/// How many scoped contexts may lie within one another.
pub(super) const SCOPES: usize = 16;

/// What is left of the limits while one context is resolved.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    documents: usize,
    terms: usize,
    text: usize,
}

impl Budget {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, documents: limits.documents, terms: limits.terms, text: ALL_IRIS }
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    pub(super) fn spend_document(&mut self) -> Result<(), Fault> {
        spend(&mut self.documents, 1, TOO_MANY_DOCUMENTS, self.limits.documents)
    }

    pub(super) fn spend_term(&mut self) -> Result<(), Fault> {
        let what = ("it defines too many terms ([contexts] terms)", "定義する用語が多すぎます([contexts] terms)");
        spend(&mut self.terms, 1, what, self.limits.terms)
    }

    pub(super) fn spend_iri(&mut self, iri: &str) -> Result<(), Fault> {
        if iri.len() > LONGEST_IRI {
            let what = ("a term stands for an IRI that is too long", "用語が表すIRIが長すぎます");
            return Err(Fault::overflow(what, LONGEST_IRI));
        }
        let what = ("the IRIs of its terms are too long together", "用語が表すIRIの合計が長すぎます");
        spend(&mut self.text, iri.len(), what, ALL_IRIS)
    }
}

fn spend(left: &mut usize, amount: usize, what: impl Into<Phrase>, limit: usize) -> Result<(), Fault> {
    *left = left.checked_sub(amount).ok_or_else(|| Fault::overflow(what, limit))?;
    Ok(())
}
