//! Relative references resolved against a base (RFC 3986 §5.2), and the check that a text is an IRI.

use machi_types::{InvalidIri, Iri};

/// Whether the text starts with a scheme, as an absolute IRI does.
pub(super) fn has_scheme(text: &str) -> bool {
    split_scheme(text).is_some()
}

/// Checks that the text is an IRI. One that ends after its scheme is taken, because prefixes may look like that.
pub(super) fn check_iri(text: &str) -> Result<(), InvalidIri> {
    match Iri::check(text) {
        Err(InvalidIri::Empty(_)) => Ok(()),
        checked => checked,
    }
}

/// What a reference means in a document of this base; none where the base is no IRI. A fragment is dropped.
pub(super) fn resolve(base: &str, reference: &str) -> Option<String> {
    let reference = Parts::of(reference);
    if reference.scheme.is_some() {
        return Some(reference.compose(&without_dots(reference.path)));
    }
    let base = Parts::of(base);
    base.scheme?;
    if reference.authority.is_some() {
        return Some(Parts { scheme: base.scheme, ..reference }.compose(&without_dots(reference.path)));
    }
    if reference.path.is_empty() {
        let query = reference.query.or(base.query);
        return Some(Parts { query, ..base }.compose(base.path));
    }
    let path = if reference.path.starts_with('/') { reference.path.to_owned() } else { merged(&base, reference.path) };
    Some(Parts { query: reference.query, ..base }.compose(&without_dots(&path)))
}

/// The parts of a reference (RFC 3986 appendix B), without its fragment.
#[derive(Clone, Copy)]
struct Parts<'a> {
    scheme: Option<&'a str>,
    authority: Option<&'a str>,
    path: &'a str,
    query: Option<&'a str>,
}

impl<'a> Parts<'a> {
    fn of(text: &'a str) -> Self {
        let text = text.split('#').next().unwrap_or_default();
        let (scheme, rest) = match split_scheme(text) {
            Some((scheme, rest)) => (Some(scheme), rest),
            None => (None, text),
        };
        let (rest, query) = match rest.split_once('?') {
            Some((rest, query)) => (rest, Some(query)),
            None => (rest, None),
        };
        let Some(rest) = rest.strip_prefix("//") else {
            return Self { scheme, authority: None, path: rest, query };
        };
        let (authority, path) = rest.split_at_checked(rest.find('/').unwrap_or(rest.len())).unwrap_or((rest, ""));
        Self { scheme, authority: Some(authority), path, query }
    }

    fn compose(&self, path: &str) -> String {
        let mut text = String::with_capacity(path.len() + 64);
        if let Some(scheme) = self.scheme {
            text.push_str(scheme);
            text.push(':');
        }
        if let Some(authority) = self.authority {
            text.push_str("//");
            text.push_str(authority);
        }
        text.push_str(path);
        if let Some(query) = self.query {
            text.push('?');
            text.push_str(query);
        }
        text
    }
}

/// `scheme` and what follows its colon (RFC 3986 §3.1).
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let mut bytes = scheme.bytes();
    let starts_well = bytes.next().is_some_and(|b| b.is_ascii_alphabetic());
    let goes_on_well = bytes.all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    (starts_well && goes_on_well).then_some((scheme, rest))
}

/// RFC 3986 §5.2.3: the reference in place of what follows the last slash of the base.
fn merged(base: &Parts<'_>, path: &str) -> String {
    if base.authority.is_some() && base.path.is_empty() {
        return format!("/{path}");
    }
    let folder = base.path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    folder + path
}

/// RFC 3986 §5.2.4: the path without `.` and `..`.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let is_absolute = path.starts_with('/');
    let ends_in_folder = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    for segment in path.strip_prefix('/').unwrap_or(path).split('/') {
        match segment {
            "." => {}
            ".." => drop(kept.pop()),
            _ => kept.push(segment),
        }
    }
    if ends_in_folder && kept.last().is_some_and(|last| !last.is_empty()) {
        kept.push("");
    }
    let joined = kept.join("/");
    if is_absolute { format!("/{joined}") } else { joined }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_resolve_as_rfc_3986_section_5_4_says() {
        let base = "http://a/b/c/d;p?q";
        for (reference, expected) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            ("g#s", "http://a/b/c/g"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("./", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../..", "http://a/"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/./g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g.", "http://a/b/c/g."),
            ("..g", "http://a/b/c/..g"),
            ("./../g", "http://a/b/g"),
            ("./g/.", "http://a/b/c/g/"),
            ("g/./h", "http://a/b/c/g/h"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/../y", "http://a/b/c/y"),
        ] {
            assert_eq!(resolve(base, reference).as_deref(), Some(expected), "{reference}");
        }
    }

    #[test]
    fn a_base_without_path_or_scheme_is_handled() {
        assert_eq!(resolve("http://a", "g").as_deref(), Some("http://a/g"));
        assert_eq!(resolve("urn:x:y", "g").as_deref(), Some("urn:g"));
        assert_eq!(resolve("not-a-base", "g"), None);
        assert_eq!(resolve("http://a/東/京", "街").as_deref(), Some("http://a/東/街"));
    }
}
