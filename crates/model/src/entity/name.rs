//! Which names may be given to types and attributes, to scopes and to languages (ETSI GS CIM 009 §4.6.2, §4.18, §4.5.18).

use machi_types::Iri;

/// Checks the name of a type or attribute as a request writes it: a term, `prefix:term` or an IRI.
///
/// The error is the first character at fault; none if the name is empty, or longer than an IRI may be.
pub fn check_name(name: &str) -> Result<(), Option<char>> {
    if name.len() > Iri::LONGEST {
        return Err(None);
    }
    let Some((prefix, term)) = name.split_once(':') else {
        return check_term(name);
    };
    let is_prefixed = check_term(prefix).is_ok() && check_term(term).is_ok();
    if is_prefixed || Iri::check(name).is_ok() {
        return Ok(());
    }
    check_term(prefix).and_then(|()| check_term(term)).and(Err(None))
}

/// `unicodeLetter *(unicodeLetter / unicodeNumber / "_")`
fn check_term(term: &str) -> Result<(), Option<char>> {
    let mut characters = term.chars();
    match characters.next() {
        Some(first) if first.is_alphabetic() => {}
        fault => return Err(fault),
    }
    match characters.find(|c| !(c.is_alphabetic() || c.is_numeric() || *c == '_')) {
        Some(fault) => Err(Some(fault)),
        None => Ok(()),
    }
}

/// The most types of an entity, and the most scopes: each is looked for among the others, and each lies in an index.
pub const MOST_NAMES: usize = 1000;

/// The most levels of a scope: an index keeps each place above it, so that many would cost their square.
pub(in crate::entity) const SCOPE_LEVELS: usize = 32;

/// Whether this is a scope: levels of letters, numbers and `_`, divided and optionally opened by `/`.
///
/// It has at most as many bytes as an IRI, and at most 32 levels.
pub fn is_scope(text: &str) -> bool {
    let mut levels = text.strip_prefix('/').unwrap_or(text).split('/');
    let are_names = levels.by_ref().take(SCOPE_LEVELS).all(|level| check_term(level).is_ok());
    text.len() <= Iri::LONGEST && are_names && levels.next().is_none()
}

/// Whether this may be a key of a `languageMap` (§4.5.18.2): a language tag, or `@none`.
///
/// A tag is judged by its form (RFC 5646 §2.1): subtags of up to eight letters and digits, the first of letters.
pub fn is_language_tag(tag: &str) -> bool {
    let is_subtag = |part: &str| (1..=8).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_alphanumeric());
    let begins_right = tag.bytes().next().is_some_and(|b| b.is_ascii_alphabetic());
    tag == "@none" || (begins_right && tag.split('-').all(is_subtag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_of_the_standard() {
        for good in ["speed", "速度", "a1_b", "ex:speed", "https://example.org/speed", "urn:x:y-z"] {
            assert_eq!(check_name(good), Ok(()), "{good}");
        }
        for (bad, fault) in [
            ("", None),
            ("1a", Some('1')),
            ("_a", Some('_')),
            ("a-b", Some('-')),
            ("a b", Some(' ')),
            ("a.b", Some('.')),
            ("a<b", Some('<')),
            ("a b:c", Some(' ')),
        ] {
            assert_eq!(check_name(bad), Err(fault), "{bad}");
        }
        assert_eq!(check_name(&"a".repeat(Iri::LONGEST)), Ok(()));
        assert_eq!(check_name(&"a".repeat(Iri::LONGEST + 1)), Err(None));
    }

    #[test]
    fn scopes_are_levels_of_names() {
        for good in ["/Madrid", "Madrid", "/Madrid/Gardens/ParqueNorte", "/福井/越前_1"] {
            assert!(is_scope(good), "{good}");
        }
        for bad in ["", "/", "//a", "/a/", "/a//b", "/9a", "/a-b", "urn:ngsi-ld:null", "/a#", "/a+"] {
            assert!(!is_scope(bad), "{bad}");
        }
        assert!(is_scope(&"/a".repeat(SCOPE_LEVELS)));
        assert!(!is_scope(&"/a".repeat(SCOPE_LEVELS + 1)));
        assert!(is_scope(&"a".repeat(Iri::LONGEST)));
        assert!(!is_scope(&"a".repeat(Iri::LONGEST + 1)));
    }
}
