//! The keywords of JSON-LD 1.1, and the texts that look like one.

const KEYWORDS: &[&str] = &[
    "@base",
    "@container",
    "@context",
    "@default",
    "@direction",
    "@graph",
    "@id",
    "@import",
    "@included",
    "@index",
    "@json",
    "@language",
    "@list",
    "@nest",
    "@none",
    "@prefix",
    "@preserve",
    "@propagate",
    "@protected",
    "@reverse",
    "@set",
    "@type",
    "@value",
    "@version",
    "@vocab",
];

/// The keyword that this text is, if it is one.
pub(super) fn keyword(text: &str) -> Option<&'static str> {
    if !text.starts_with('@') {
        return None;
    }
    KEYWORDS.iter().find(|keyword| **keyword == text).copied()
}

/// Whether JSON-LD keeps the text for keywords to come: `@` and nothing but letters after it.
pub(super) fn is_reserved(text: &str) -> bool {
    text.strip_prefix('@').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphabetic()))
}
