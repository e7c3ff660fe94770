//! Content negotiation by the `Accept` header (ETSI GS CIM 009 §6.3.4, RFC 9110 §12.5.1).

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue};
use machi_types::{ErrorKind, Json};

use crate::language::quality;
use crate::{Problem, Text};

/// A representation in which an answer can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/json`; the @context stands in a Link header.
    Json,
    /// `application/ld+json`; the @context stands in the body.
    JsonLd,
    /// `application/geo+json`.
    GeoJson,
}

impl MediaType {
    /// What every operation with a body can answer, in the order of the standard.
    pub const STANDARD: &'static [Self] = &[Self::Json, Self::JsonLd];
    /// What retrieving and querying entities can answer, in the order of the standard.
    pub const WITH_GEO: &'static [Self] = &[Self::Json, Self::JsonLd, Self::GeoJson];

    /// The name of the type.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::JsonLd => "application/ld+json",
            Self::GeoJson => "application/geo+json",
        }
    }

    /// The value of `Content-Type`.
    pub const fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.as_str())
    }

    fn subtype(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::JsonLd => "ld+json",
            Self::GeoJson => "geo+json",
        }
    }
}

/// The offered type that the client wants most; of those it wants equally, the first offered.
pub fn accept(headers: &HeaderMap, offered: &[MediaType]) -> Result<MediaType, Problem> {
    let mut values = headers.get_all(ACCEPT).iter().peekable();
    let Some(first) = offered.first() else {
        return Err(not_acceptable(offered));
    };
    match values.peek() {
        None => return Ok(*first),
        Some(value) if value.as_bytes() == first.as_str().as_bytes() => return Ok(*first),
        Some(_) => {}
    }
    let items = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    let mut items = items.filter(|item| !item.is_empty()).peekable();
    // RFC 9110 §5.6.1, §12.5.1: empty elements count for nothing, and a list of nothing else asks for nothing.
    if items.peek().is_none() {
        return Ok(*first);
    }
    let ranges: Vec<Range<'_>> = items.filter_map(|item| Range::parse(std::str::from_utf8(item).ok()?)).collect();
    let mut best: Option<(u16, MediaType)> = None;
    for media in offered {
        let wanted = weight(&ranges, *media);
        if wanted > best.map_or(0, |(weight, _)| weight) {
            best = Some((wanted, *media));
        }
    }
    best.map(|(_, media)| media).ok_or_else(|| not_acceptable(offered))
}

/// One media range with its weight in thousandths.
struct Range<'a> {
    kind: &'a str,
    subtype: &'a str,
    weight: u16,
}

impl<'a> Range<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split(';');
        let (kind, subtype) = parts.next()?.trim().split_once('/')?;
        Some(Self { kind, subtype, weight: quality(parts) })
    }

    /// How exactly this range names the type: 2 wholly, 1 by its kind, 0 as anything.
    fn precision(&self, media: MediaType) -> Option<u8> {
        match (self.kind, self.subtype) {
            ("*", "*") => Some(0),
            (kind, "*") if kind.eq_ignore_ascii_case("application") => Some(1),
            (kind, subtype) => {
                let is_named =
                    kind.eq_ignore_ascii_case("application") && subtype.eq_ignore_ascii_case(media.subtype());
                is_named.then_some(2)
            }
        }
    }
}

/// RFC 9110 §12.5.1: the most precise range decides the weight of a type.
fn weight(ranges: &[Range<'_>], media: MediaType) -> u16 {
    ranges
        .iter()
        .filter_map(|range| Some((range.precision(media)?, range.weight)))
        .max()
        .map_or(0, |(_, weight)| weight)
}

/// ETSI GS CIM 009 §6.3.4: the body of a 406 lists the available representations.
fn not_acceptable(offered: &[MediaType]) -> Problem {
    let names: Vec<&str> = offered.iter().map(|media| media.as_str()).collect();
    let list = names.join(", ");
    let detail = Text::both(
        format!("the Accept header admits none of the representations of this resource: {list}"),
        format!("Acceptヘッダーが、このリソースで利用できる形式({list})のいずれも許可していません"),
    );
    let available = names.into_iter().map(Json::from).collect();
    Problem::new(ErrorKind::NotAcceptable, detail).with_member("available", Json::Array(available))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(value: &str, offered: &[MediaType]) -> Option<MediaType> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, value.parse().unwrap());
        accept(&headers, offered).ok()
    }

    #[test]
    fn the_order_of_the_standard_holds_unless_weights_say_otherwise() {
        use MediaType::{GeoJson, Json, JsonLd};
        for (value, expected) in [
            ("*/*", Some(Json)),
            ("application/*", Some(Json)),
            ("application/json", Some(Json)),
            ("Application/LD+JSON", Some(JsonLd)),
            ("application/ld+json, application/json", Some(Json)),
            ("application/ld+json, application/json;q=0.9", Some(JsonLd)),
            ("application/json;q=0.2, */*;q=0.1", Some(Json)),
            ("application/json;q=0, */*", Some(JsonLd)),
            ("application/geo+json", Some(GeoJson)),
            ("application/geo+json;q=0.9,application/*;q=0.8", Some(GeoJson)),
            ("application/ld+json;profile=\"x\"", Some(JsonLd)),
            ("text/html", None),
            ("application/json;q=0", None),
            ("application/json;q=2", Some(Json)),
            ("application/ld+json;q=notanumber", Some(JsonLd)),
            ("application/ld+json;q=x, application/json;q=0.9", Some(JsonLd)),
            ("", Some(Json)),
            (" , ,", Some(Json)),
            (", application/ld+json,", Some(JsonLd)),
            ("json", None),
        ] {
            assert_eq!(chosen(value, MediaType::WITH_GEO), expected, "{value}");
        }
        assert_eq!(chosen("application/geo+json", MediaType::STANDARD), None);
        assert_eq!(accept(&HeaderMap::new(), MediaType::STANDARD).unwrap(), Json);
    }

    #[test]
    fn several_accept_headers_count_as_one() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT, "text/html".parse().unwrap());
        headers.append(ACCEPT, "application/ld+json".parse().unwrap());
        assert_eq!(accept(&headers, MediaType::STANDARD).unwrap(), MediaType::JsonLd);
    }

    #[test]
    fn a_refusal_lists_what_there_is() {
        let problem = not_acceptable(MediaType::STANDARD);
        let text = problem.to_json(crate::Language::English).to_text();
        assert!(text.contains(r#""available":["application/json","application/ld+json"]"#), "{text}");
    }
}
