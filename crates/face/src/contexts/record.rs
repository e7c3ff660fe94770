//! How a @context lies in the store: one document that says what it is, and another one with its text, so that many
//! can be listed and looked after without the text of any being read.

use bytes::Bytes;
use machi_model::context::{ContextError, Document as ContextDocument};
use machi_store::{
    Change, Commit, Decision, Document, NameNo, Names, Refusal, Section, SectionKey, SetSection, Stamp, View,
};
use machi_types::{Json, Name, TenantId, Timestamp, json};

use super::{CONTEXT_TEXTS, CONTEXTS};
use crate::FaceError;
use crate::StableHash;

/// Told where one of the two documents is not what was written.
const DAMAGED: FaceError = FaceError::Bug("a stored @context cannot be read");

/// How a stored @context came to be (ETSI GS CIM 009 §5.13.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContextKind {
    /// Loaded from its URL; never served.
    Cached,
    /// Added by a client.
    Hosted,
    /// Made for a client that needed one.
    ImplicitlyCreated,
}

impl ContextKind {
    /// All kinds.
    pub const ALL: [Self; 3] = [Self::Cached, Self::Hosted, Self::ImplicitlyCreated];

    /// The standard's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Cached => "Cached",
            Self::Hosted => "Hosted",
            Self::ImplicitlyCreated => "ImplicitlyCreated",
        }
    }

    /// The kind of this word.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// What is known of a stored @context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Its local id, an IRI.
    pub id: Name,
    /// How it came to be.
    pub kind: ContextKind,
    /// Where it was loaded from; for one that is served here, nothing.
    pub url: Option<Name>,
    /// Where its text was found in the end, after redirections.
    pub base: Option<Name>,
    /// Until when the copy is fresh; without it, for ever.
    pub expires: Option<Timestamp>,
    /// When its text was stored.
    pub created: Timestamp,
}

/// A stored @context with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) facts: Facts,
    /// The text of the document: an object with the member `@context`.
    pub(crate) text: Bytes,
}

/// The local id of the copy of a remote document.
pub(crate) fn id_of_url(url: &str) -> Name {
    named(StableHash::new().with(b"url ").with(url.as_bytes()).finish())
}

/// The local id of a context that was made from this text.
pub(crate) fn id_of_text(text: &[u8]) -> Name {
    named(StableHash::new().with(b"text ").with(text).finish())
}

/// A local id that nobody can guess.
pub(crate) fn fresh_id() -> Name {
    use std::hash::{BuildHasher, RandomState};
    // Every RandomState carries keys of its own, drawn from the system's randomness.
    let half = || u128::from(RandomState::new().hash_one(0u8));
    named(half() << 64 | half())
}

fn named(number: u128) -> Name {
    Name::from(format!("urn:machi:context:{number:032x}"))
}

impl Record {
    /// The document, for resolution.
    pub(crate) fn document(&self) -> Result<ContextDocument, ContextError> {
        let Facts { id, url, base, .. } = &self.facts;
        ContextDocument::parse(base.as_ref().or(url.as_ref()).unwrap_or(id), &self.text)
    }

    /// The commit that stores it in place of whatever was there.
    pub(crate) fn store(self, owner: TenantId, names: &dyn Names) -> Commit {
        let Self { facts, text } = self;
        let head = Bytes::from(facts.head());
        let texts = SetSection { key: text_key(names), body: text, created: Stamp::Fresh };
        let replaced = |head, set| Change { head, replace: true, created: Stamp::Fresh, set, remove: Vec::new() };
        let decide = |change: Change| {
            move |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Change(change.clone())) }
        };
        Commit::new(owner).with(CONTEXTS, facts.id.clone(), decide(replaced(Some(head), Vec::new()))).with(
            CONTEXT_TEXTS,
            facts.id,
            decide(replaced(None, vec![texts])),
        )
    }

    /// Reads one of a tenant, as of one instant.
    pub(crate) async fn find(
        view: &dyn View,
        owner: &TenantId,
        id: &str,
        names: &dyn Names,
    ) -> Result<Option<Self>, FaceError> {
        let Some(facts) = view.document(owner, CONTEXTS, id).await? else { return Ok(None) };
        let texts = view.document(owner, CONTEXT_TEXTS, id).await?;
        let text = texts.as_ref().and_then(|document| document.section(text_key(names)));
        let text = text.ok_or(DAMAGED)?.body.clone();
        Ok(Some(Self { facts: Facts::read(&facts)?, text }))
    }
}

/// The commit that removes one.
pub(crate) fn remove(owner: TenantId, id: &Name) -> Commit {
    let decide = |_: Option<&Document>| -> Result<Decision, Refusal> { Ok(Decision::Delete) };
    Commit::new(owner).with(CONTEXTS, id.clone(), decide).with(CONTEXT_TEXTS, id.clone(), decide)
}

impl Facts {
    fn head(&self) -> Vec<u8> {
        let mut members = vec![("kind".into(), Json::from(self.kind.as_str()))];
        for (name, value) in [("url", &self.url), ("base", &self.base)] {
            if let Some(value) = value {
                members.push((name.into(), Json::from(value.as_str())));
            }
        }
        if let Some(expires) = self.expires {
            members.push(("expires".into(), Json::Number(expires.micros().into())));
        }
        let mut out = Vec::with_capacity(128);
        Json::Object(members).write(&mut out);
        out
    }

    /// Reads what the store holds.
    pub(crate) fn read(document: &Document) -> Result<Self, FaceError> {
        Self::decode(&document.id, &document.head, document.created).ok_or(DAMAGED)
    }

    /// Reads a head; nothing where it is none.
    fn decode(id: &Name, head: &[u8], created: Timestamp) -> Option<Self> {
        let head = json::parse(head, json::DEFAULT_DEPTH).ok()?;
        let text_of = |member| head.get(member).and_then(Json::as_str).map(Name::from);
        let kind = head.get("kind").and_then(Json::as_str).and_then(ContextKind::of)?;
        let expires = match head.get("expires") {
            Some(Json::Number(micros)) => micros.as_i64().map(Timestamp::from_micros),
            _ => None,
        };
        Some(Self { id: id.clone(), kind, url: text_of("url"), base: text_of("base"), expires, created })
    }
}

/// Whether a head says what a stored @context is.
pub fn is_head(id: &Name, head: &[u8]) -> bool {
    Facts::decode(id, head, Timestamp::from_micros(0)).is_some()
}

/// Whether sections hold the text of a stored @context.
pub fn is_text(id: &Name, sections: &[Section], names: &dyn Names) -> bool {
    let text = sections.iter().find(|section| section.key == text_key(names));
    text.is_some_and(|text| ContextDocument::parse(id, &text.body).is_ok())
}

/// Whether a stored head is that of a copy of a remote document.
pub fn is_copy(head: &[u8]) -> bool {
    let head = json::parse(head, json::DEFAULT_DEPTH);
    head.is_ok_and(|head| head.get("kind").and_then(Json::as_str) == Some(ContextKind::Cached.as_str()))
}

fn text_key(names: &dyn Names) -> SectionKey {
    SectionKey::new(names.intern("@context"), NameNo::NONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_follow_from_urls_and_texts_or_are_new() {
        assert_eq!(id_of_url("https://example.org/a"), id_of_url("https://example.org/a"));
        assert_ne!(id_of_url("https://example.org/a"), id_of_text(b"https://example.org/a"));
        assert_ne!(fresh_id(), fresh_id());
        assert_eq!(fresh_id().len(), "urn:machi:context:".len() + 32);
    }
}
