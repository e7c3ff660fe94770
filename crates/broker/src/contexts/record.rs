//! How a @context lies in the store: a head that says what it is, and the text of its document.

use bytes::Bytes;
use machi_model::context::{ContextError, Document as ContextDocument};
use machi_store::{Change, Decision, Document, NameNo, Names, SectionKey, SetSection, Stamp};
use machi_types::{Json, Name, Timestamp, json};

use crate::BrokerError;
use crate::hash::StableHash;

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

/// A stored @context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
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
    /// The text of the document: an object with the member `@context`.
    pub text: Bytes,
    /// When this text was stored.
    pub created: Timestamp,
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
        let place = self.base.as_ref().or(self.url.as_ref()).unwrap_or(&self.id);
        ContextDocument::parse(place, &self.text)
    }

    /// The decision that stores it in place of whatever was there.
    pub(crate) fn store(&self, names: &dyn Names) -> Decision {
        let section = SetSection { key: text_key(names), body: self.text.clone(), created: Stamp::Fresh };
        Decision::Change(Change {
            head: Some(self.head().into()),
            replace: true,
            created: Stamp::Fresh,
            set: vec![section],
            remove: Vec::new(),
        })
    }

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
    pub(crate) fn read(document: &Document, names: &dyn Names) -> Result<Self, BrokerError> {
        let damaged = BrokerError::Bug("a stored @context cannot be read");
        let Ok(head) = json::parse(&document.head, json::DEFAULT_DEPTH) else { return Err(damaged) };
        let text_of = |member| head.get(member).and_then(Json::as_str).map(Name::from);
        let Some(kind) = head.get("kind").and_then(Json::as_str).and_then(ContextKind::of) else { return Err(damaged) };
        let Some(section) = document.section(text_key(names)) else { return Err(damaged) };
        let expires = match head.get("expires") {
            Some(Json::Number(micros)) => micros.as_i64().map(Timestamp::from_micros),
            _ => None,
        };
        Ok(Self {
            id: document.id.clone(),
            kind,
            url: text_of("url"),
            base: text_of("base"),
            expires,
            text: section.body.clone(),
            created: document.created,
        })
    }
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
