//! The Link header (RFC 8288 §3), read link by link without copying.

use std::borrow::Cow;

use machi_types::Phrase;

/// One link of a Link header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// What stands between `<` and `>`.
    pub target: &'a str,
    /// The relation types, separated by spaces.
    pub relations: Cow<'a, str>,
}

impl Link<'_> {
    /// Whether the link is of this relation; relation types ignore case (RFC 8288 §2.1.1, §2.1.2).
    pub fn is(&self, relation: &str) -> bool {
        self.relations.split_ascii_whitespace().any(|one| one.eq_ignore_ascii_case(relation))
    }
}

/// Where a Link header stops being one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} was expected at byte {position}; a link looks like <https://example.org/context.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"",
    expected.en
)]
pub struct LinkError {
    expected: Phrase,
    position: usize,
}

impl LinkError {
    /// The same in Japanese.
    pub fn in_japanese(&self) -> String {
        let Self { expected, position } = self;
        format!(
            "{position}バイト目に{}が必要です(例: <https://example.org/context.jsonld>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\")",
            expected.ja
        )
    }
}

/// The links of one header value.
#[derive(Clone, Debug)]
pub struct Links<'a> {
    whole: usize,
    rest: &'a str,
    is_broken: bool,
}

/// Reads a header value.
pub fn links(value: &str) -> Links<'_> {
    Links { whole: value.len(), rest: value, is_broken: false }
}

impl<'a> Iterator for Links<'a> {
    type Item = Result<Link<'a>, LinkError>;

    fn next(&mut self) -> Option<Self::Item> {
        // RFC 9110 §5.6.1: a list may hold empty elements.
        self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
        if self.rest.is_empty() || self.is_broken {
            return None;
        }
        let link = self.link();
        self.is_broken = link.is_err();
        Some(link)
    }
}

impl<'a> Links<'a> {
    fn link(&mut self) -> Result<Link<'a>, LinkError> {
        let inside = self.rest.strip_prefix('<').ok_or_else(|| self.error(("'<'", "'<'")))?;
        let (target, rest) =
            inside.split_once('>').ok_or_else(|| self.error(("'>' after the target", "リンク先の後の'>'")))?;
        self.rest = rest;
        let mut relations = None;
        loop {
            self.skip_space();
            let Some(rest) = self.rest.strip_prefix(';') else {
                break;
            };
            self.rest = rest;
            self.skip_space();
            let (name, value) = self.parameter()?;
            // RFC 8288 §3.3: of several rel parameters the first one counts.
            if name.eq_ignore_ascii_case("rel") && relations.is_none() {
                relations = Some(value);
            }
        }
        if !self.rest.is_empty() && !self.rest.starts_with(',') {
            return Err(self.error(("';' or ','", "';'または','")));
        }
        Ok(Link { target: target.trim(), relations: relations.unwrap_or_default() })
    }

    fn parameter(&mut self) -> Result<(&'a str, Cow<'a, str>), LinkError> {
        let name = self.token();
        self.skip_space();
        let Some(rest) = self.rest.strip_prefix('=') else {
            return Ok((name, Cow::Borrowed("")));
        };
        self.rest = rest;
        self.skip_space();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return Ok((name, self.quoted(quoted)?));
        }
        Ok((name, Cow::Borrowed(self.token())))
    }

    /// Everything up to a separator; more lenient than RFC 9110's token, as URIs stand here unquoted at times.
    fn token(&mut self) -> &'a str {
        let end = self.rest.find([';', ',', '=', ' ', '\t']).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        token
    }

    fn quoted(&mut self, inside: &'a str) -> Result<Cow<'a, str>, LinkError> {
        let mut owned: Option<String> = None;
        let mut chars = inside.char_indices();
        while let Some((index, c)) = chars.next() {
            let (before, after) = inside.split_at_checked(index).unwrap_or((inside, ""));
            match c {
                '"' => {
                    self.rest = after.strip_prefix('"').unwrap_or_default();
                    return Ok(owned.map_or(Cow::Borrowed(before), Cow::Owned));
                }
                '\\' => {
                    let text = owned.get_or_insert_with(|| before.to_owned());
                    text.extend(chars.next().map(|(_, escaped)| escaped));
                }
                other => {
                    if let Some(text) = &mut owned {
                        text.push(other);
                    }
                }
            }
        }
        Err(self.error(("a closing '\"'", "閉じる'\"'")))
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    fn error(&self, expected: impl Into<Phrase>) -> LinkError {
        LinkError { expected: expected.into(), position: self.whole - self.rest.len() + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(value: &str) -> Vec<(&str, String)> {
        links(value).map(|link| link.map(|link| (link.target, link.relations.into_owned())).unwrap()).collect()
    }

    #[test]
    fn links_are_read_with_all_their_quirks() {
        assert_eq!(
            read(r#"<http://a/b,c;d>; rel="x y" ; type=text/html, ,<r>;REL=next;rel=prev"#),
            [("http://a/b,c;d", "x y".to_owned()), ("r", "next".to_owned())]
        );
        assert_eq!(read(r#"<a>; title="a \"; rel=no"; rel="yes\\""#), [("a", "yes\\".to_owned())]);
        assert_eq!(read("<a>"), [("a", String::new())]);
        assert_eq!(read("<a>;crossorigin;rel=x"), [("a", "x".to_owned())]);
        assert_eq!(
            read("<a>;rel=http://www.w3.org/ns/json-ld#context"),
            [("a", "http://www.w3.org/ns/json-ld#context".to_owned())]
        );
        assert_eq!(read(""), []);
    }

    #[test]
    fn what_is_no_link_is_refused_with_its_position() {
        for (value, expected) in [
            ("http://a; rel=x", "'<' was expected at byte 1"),
            ("<a", "'>' after the target was expected at byte 1"),
            ("<a> rel=x", "';' or ',' was expected at byte 5"),
            ("<a>; rel=\"x", "a closing '\"' was expected at byte 10"),
            ("<a>;rel=x, b", "'<' was expected at byte 12"),
        ] {
            let error = links(value).find_map(Result::err).unwrap().to_string();
            assert!(error.starts_with(expected), "{value}: {error}");
            let japanese = links(value).find_map(Result::err).unwrap().in_japanese();
            assert!(japanese.contains("が必要です") && !japanese.contains("expected"), "{value}: {japanese}");
        }
    }

    proptest! {
        #[test]
        fn reading_ends_and_never_panics(value in ".*") {
            prop_assert!(links(&value).count() <= value.len());
        }

        #[test]
        fn almost_links_end_too(value in "[<>;,=\" \\\\a-c]*") {
            prop_assert!(links(&value).count() <= value.len());
        }
    }
}
