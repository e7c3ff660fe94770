//! Entity tags (RFC 9110 §8.8.3): the version of a resource, as clients see it.

use std::fmt;

use http::HeaderValue;

/// The mark that the gzip coding adds inside a tag, as both codings are different representations.
const GZIP_MARK: &str = "-gzip";

/// A strong entity tag.
///
/// Its text holds visible ASCII without quotation marks.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Etag(String);

/// Why a text is no entity tag.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an entity tag is written \"...\" in quotation marks, with visible ASCII between them")]
pub struct InvalidEtag;

impl Etag {
    /// The tag of a version number.
    pub fn of_version(version: u64) -> Self {
        Self(format!("{version:x}"))
    }

    /// The tag of one of the representations of a version. Reading asks for just this one; a write may be
    /// conditioned on it as on the version.
    pub fn of_representation(version: u64, representation: u32) -> Self {
        Self(format!("{version:x}-{representation:x}"))
    }

    /// A tag with this text between the quotation marks.
    pub fn new(text: &str) -> Result<Self, InvalidEtag> {
        if is_opaque(text) { Ok(Self(text.to_owned())) } else { Err(InvalidEtag) }
    }

    /// The value of the `ETag` header.
    pub fn header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.to_string()).expect("a tag holds visible ASCII alone: checked where it is made")
    }

    /// What is left of it without the part that tells representations apart.
    fn version(&self) -> &str {
        self.0.split_once('-').map_or(&self.0, |(version, _)| version)
    }

    /// The tag's value as it is marked for a body that is sent with gzip.
    pub(crate) fn mark_gzip(value: &HeaderValue) -> Option<HeaderValue> {
        let text = value.to_str().ok()?;
        let inside = text.strip_suffix('"')?;
        HeaderValue::from_str(&format!("{inside}{GZIP_MARK}\"")).ok()
    }
}

impl fmt::Display for Etag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\"", self.0)
    }
}

/// Tags as a condition names them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum EtagList {
    /// `*`: whatever exists.
    Any,
    /// One of these; weak ones apart.
    Of(Vec<(Etag, Strength)>),
}

/// Whether a tag promises the same bytes or the same meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Strength {
    Strong,
    Weak,
}

impl EtagList {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidEtag> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let mut tags = Vec::new();
        let mut rest = text;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            if rest.is_empty() {
                break;
            }
            let (strength, quoted) = match rest.strip_prefix("W/") {
                Some(after) => (Strength::Weak, after),
                None => (Strength::Strong, rest),
            };
            let inside = quoted.strip_prefix('"').ok_or(InvalidEtag)?;
            let (tag, after) = inside.split_once('"').ok_or(InvalidEtag)?;
            let is_closed = after.is_empty() || after.starts_with([',', ' ', '\t']);
            if !is_closed {
                return Err(InvalidEtag);
            }
            tags.push((Etag::new(tag.strip_suffix(GZIP_MARK).unwrap_or(tag))?, strength));
            rest = after;
        }
        if tags.is_empty() { Err(InvalidEtag) } else { Ok(Self::Of(tags)) }
    }

    /// Whether the current version is among them, in whatever representation it was seen.
    pub(crate) fn holds_version(&self, current: Option<&Etag>, weak_counts: bool) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Of(tags), Some(current)) => tags.iter().any(|(tag, strength)| {
                tag.version() == current.version() && (weak_counts || *strength == Strength::Strong)
            }),
        }
    }

    pub(crate) fn holds(&self, current: Option<&Etag>, weak_counts: bool) -> bool {
        match (self, current) {
            (_, None) => false,
            (Self::Any, Some(_)) => true,
            (Self::Of(tags), Some(current)) => {
                tags.iter().any(|(tag, strength)| tag == current && (weak_counts || *strength == Strength::Strong))
            }
        }
    }
}

fn is_opaque(text: &str) -> bool {
    text.bytes().all(|b| (0x21..0x7f).contains(&b) && b != b'"')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn tag(text: &str) -> Etag {
        Etag::new(text).unwrap()
    }

    #[test]
    fn lists_of_tags_are_read() {
        let list = EtagList::parse(r#" "a", W/"b" ,"c-gzip""#).unwrap();
        assert!(list.holds(Some(&tag("a")), false));
        assert!(!list.holds(Some(&tag("b")), false));
        assert!(list.holds(Some(&tag("b")), true));
        assert!(list.holds(Some(&tag("c")), false));
        assert!(!list.holds(None, true));
        assert!(EtagList::parse("*").unwrap().holds(Some(&tag("x")), false));
        assert!(!EtagList::parse("*").unwrap().holds(None, false));
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for bad in ["", "a", "\"a", "\"a\"\"b\"", "\"a\"x", "w/\"a\"", "\"街\"", "\"a b\""] {
            assert!(EtagList::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn gzip_is_marked_inside_the_quotation_marks() {
        let marked = Etag::mark_gzip(&Etag::of_version(255).header()).unwrap();
        assert_eq!(marked, "\"ff-gzip\"");
    }

    proptest! {
        #[test]
        fn tags_round_trip(text in "[!#-~]{0,20}") {
            prop_assume!(!text.ends_with(GZIP_MARK));
            let one = tag(&text);
            prop_assert!(EtagList::parse(&one.to_string()).unwrap().holds(Some(&one), false));
        }

        #[test]
        fn no_list_panics(text in ".*") {
            let _ = EtagList::parse(&text);
        }
    }
}
