//! Link headers of answers: to the @context, and to the next and the previous page.

use http::{HeaderValue, Uri};

use crate::percent;
use crate::request::{CONTEXT_RELATION, MediaType};

/// The Link header value that names the @context of a JSON answer (ETSI GS CIM 009 §6.3.6).
///
/// None where the address holds a character that no header can carry.
pub fn context_link_value(iri: &str) -> Option<HeaderValue> {
    let text = format!("<{iri}>; rel=\"{CONTEXT_RELATION}\"; type=\"application/ld+json\"");
    HeaderValue::from_str(&text).or_else(|_| HeaderValue::from_bytes(text.as_bytes())).ok()
}

/// Makes links to other pages of the list that a request asked for.
#[derive(Clone, Copy, Debug)]
pub struct PageLinks<'a> {
    request: &'a Uri,
    media: MediaType,
}

impl<'a> PageLinks<'a> {
    /// Links for the answer to `request`, which is written as `media`.
    pub fn new(request: &'a Uri, media: MediaType) -> Self {
        Self { request, media }
    }

    /// The page after this one: the same request with other parameters.
    pub fn next(&self, changes: &[(&str, &str)]) -> HeaderValue {
        self.to("next", changes)
    }

    /// The page before this one.
    pub fn prev(&self, changes: &[(&str, &str)]) -> HeaderValue {
        self.to("prev", changes)
    }

    /// Another part of what was asked for, which stands in this relation to the answer.
    ///
    /// ETSI GS CIM 009 §6.3.10: the type attribute is the media type of the answer. There are no blanks, which is how
    /// other brokers write these links, and clients compare them letter by letter.
    pub fn to(&self, relation: &str, changes: &[(&str, &str)]) -> HeaderValue {
        let mut text = String::from("<");
        text.push_str(self.request.path());
        self.write_query(changes, &mut text);
        text.push_str(">;rel=\"");
        text.push_str(relation);
        text.push_str("\";type=\"");
        text.push_str(self.media.as_str());
        text.push('"');
        HeaderValue::from_bytes(text.as_bytes()).expect("a URI holds no control character")
    }

    /// Every parameter as the client wrote it, save those that place the page.
    fn write_query(&self, changes: &[(&str, &str)], out: &mut String) {
        let mut separator = '?';
        let kept = self.request.query().unwrap_or_default().split('&').filter(|piece| !piece.is_empty());
        for piece in kept {
            let name = piece.split('=').next().unwrap_or_default();
            let is_replaced =
                matches!(name, "offset" | "cursor") || changes.iter().any(|(changed, _)| *changed == name);
            if is_replaced {
                continue;
            }
            out.push(separator);
            // A raw '>' would end the target of the link.
            out.push_str(&piece.replace('>', "%3E").replace('<', "%3C"));
            separator = '&';
        }
        for (name, value) in changes {
            out.push(separator);
            out.push_str(name);
            out.push('=');
            percent::encode_into(value, out);
            separator = '&';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_repeat_the_request_with_another_place() {
        let uri: Uri = "/ngsi-ld/v1/entities?type=Room&q=a%3E5&offset=20&limit=20&cursor=x".parse().unwrap();
        let links = PageLinks::new(&uri, MediaType::JsonLd);
        assert_eq!(
            links.next(&[("cursor", "a/b+")]),
            "</ngsi-ld/v1/entities?type=Room&q=a%3E5&limit=20&cursor=a%2Fb%2B>;rel=\"next\";type=\"application/ld+json\""
        );
        assert_eq!(
            links.prev(&[("limit", "5"), ("offset", "0")]),
            "</ngsi-ld/v1/entities?type=Room&q=a%3E5&limit=5&offset=0>;rel=\"prev\";type=\"application/ld+json\""
        );
        let bare: Uri = "/x".parse().unwrap();
        assert_eq!(PageLinks::new(&bare, MediaType::Json).next(&[]), "</x>;rel=\"next\";type=\"application/json\"");
    }

    #[test]
    fn our_own_links_are_read_back() {
        let value = context_link_value("https://example.org/街.jsonld").unwrap();
        let mut headers = http::HeaderMap::new();
        headers.insert(http::header::LINK, value);
        let iri = crate::request::context_link(&headers).unwrap().unwrap();
        assert_eq!(iri.as_str(), "https://example.org/街.jsonld");
    }
}
