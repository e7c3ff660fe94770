//! The JSON-LD @context that a request names in its Link header (ETSI GS CIM 009 §6.3.5).

use http::HeaderMap;
use http::header::LINK;
use machi_types::{ErrorKind, Iri, japanese};

use super::link::links;
use crate::{Problem, Text};

/// The relation of a link to an @context.
pub const CONTEXT_RELATION: &str = "http://www.w3.org/ns/json-ld#context";

/// The address of the @context, where the request names one.
///
/// JSON-LD 1.1 §6.2 allows one such link, even where both name the same.
pub fn context_link(headers: &HeaderMap) -> Result<Option<Iri>, Problem> {
    let mut found: Option<&str> = None;
    for value in headers.get_all(LINK) {
        let Ok(text) = std::str::from_utf8(value.as_bytes()) else {
            return Err(bad(Text::both("the Link header is not UTF-8", "LinkヘッダーがUTF-8ではありません")));
        };
        for link in links(text) {
            let link = link.map_err(|error| {
                bad(Text::both(
                    format!("Link header: {error}"),
                    format!("Linkヘッダーの形式が正しくありません: {}", error.in_japanese()),
                ))
            })?;
            if !link.is(CONTEXT_RELATION) {
                continue;
            }
            match found {
                Some(other) => return Err(several(other, link.target)),
                None => found = Some(link.target),
            }
        }
    }
    found.map(absolute).transpose()
}

fn absolute(target: &str) -> Result<Iri, Problem> {
    target.parse::<Iri>().map_err(|error| {
        bad(Text::both(
            format!("the @context in the Link header must be an absolute IRI: {error}"),
            format!("Linkヘッダーの@contextは絶対IRIでなければなりません: {}", japanese::iri(&error)),
        ))
    })
}

fn several(one: &str, other: &str) -> Problem {
    bad(Text::both(
        format!(
            "the Link headers name two @contexts, <{one}> and <{other}>; name one, whose document is an array where several are needed"
        ),
        format!("Linkヘッダーに@contextが2つあります(<{one}>と<{other}>)。1つだけ指定してください"),
    ))
}

fn bad(detail: Text) -> Problem {
    Problem::new(ErrorKind::BadRequestData, detail)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;

    fn check(values: &[&str]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(LINK, http::HeaderValue::from_str(value).unwrap());
        }
        context_link(&headers)
            .map(|iri| iri.map(|iri| iri.to_string()))
            .map_err(|problem| problem.detail(Language::English).to_owned())
    }

    const ONE: &str =
        r#"<https://example.org/a.jsonld>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json""#;
    const TWO: &str = r#"<https://example.org/b.jsonld>; rel="http://www.w3.org/ns/json-ld#context""#;

    #[test]
    fn one_context_is_found_among_other_links() {
        assert_eq!(check(&[]), Ok(None));
        assert_eq!(check(&["<x>; rel=next"]), Ok(None));
        assert_eq!(check(&["<x>; rel=next", ONE]), Ok(Some("https://example.org/a.jsonld".to_owned())));
    }

    #[test]
    fn several_relative_and_malformed_contexts_are_refused() {
        assert!(check(&[ONE, ONE]).unwrap_err().contains("two @contexts"));
        assert!(check(&[ONE, TWO]).unwrap_err().contains("two @contexts"));
        assert!(check(&[&format!("{ONE}, {TWO}")]).unwrap_err().contains("two @contexts"));
        assert!(
            check(&[r#"<a.jsonld>; rel="http://www.w3.org/ns/json-ld#context""#]).unwrap_err().contains("absolute IRI")
        );
        assert!(check(&["https://example.org/a.jsonld"]).unwrap_err().contains("'<' was expected at byte 1"));
    }
}
