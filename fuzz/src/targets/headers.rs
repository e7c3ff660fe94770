//! Headers of requests: one `Name: value` a line, read by everything that reads headers.

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use machi_http::language_of;
use machi_http::request::{Conditions, Etag, MediaType, Prefer, SpecVersion, accept, body_type, context_link, link};

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target = Target {
    name: "headers",
    run,
    seeds,
    words: &[
        "Link: ",
        "Prefer: ",
        "Accept: ",
        "Content-Type: ",
        "If-Match: ",
        "If-None-Match: ",
        "Accept-Language: ",
        "<https://a.example/c>",
        "; rel=\"http://www.w3.org/ns/json-ld#context\"",
        "; type=\"application/ld+json\"",
        "ngsi-ld=1.5",
        "body=json",
        "application/json",
        "application/ld+json",
        "application/geo+json",
        "*/*",
        ";q=0.5",
        "W/\"1\"",
        "ja",
        "charset=utf-8",
        "\\\"",
        "rel=",
        ", <b>; rel=next",
        "anchor=",
    ],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let headers = read(&text);
    let _ = language_of(&headers);
    let prefer = Prefer::of(&headers);
    if let Some(version) = prefer.version {
        assert_eq!(version.to_string().parse::<SpecVersion>(), Ok(version));
        let _ = version.preference_applied();
    }
    let _ = accept(&headers, MediaType::WITH_GEO);
    let _ = (body_type(&headers, &Method::POST), body_type(&headers, &Method::PATCH));
    let link = context_link(&headers);
    if let Ok(conditions) = Conditions::of(&headers) {
        let _ = conditions.check_write(Some(&Etag::of_version(1)));
        let _ = conditions.is_unmodified(&Etag::of_representation(1, 2));
    }
    let links: usize = headers
        .get_all("link")
        .iter()
        .filter_map(|value| value.to_str().ok())
        .map(|value| link::links(value).filter(Result::is_ok).count())
        .sum();
    let _ = (links, link.is_ok());
    planted::fault(prefer.version.is_some_and(|version| version.minor == 4));
}

fn read(text: &str) -> HeaderMap {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    let pairs = lines.filter_map(|(name, value)| {
        Some((name.parse::<HeaderName>().ok()?, HeaderValue::from_str(value.trim()).ok()?))
    });
    let mut headers = HeaderMap::new();
    pairs.take(100).for_each(|(name, value)| {
        headers.append(name, value);
    });
    headers
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "Link: <https://a.example/c>; rel=\"http://www.w3.org/ns/json-ld#context\"; type=\"application/ld+json\"\nAccept: application/ld+json;q=0.9, */*;q=0.1",
        "Prefer: ngsi-ld=1.5, body=json\nContent-Type: application/json; charset=utf-8\nAccept-Language: ja, en;q=0.5",
        "If-Match: \"1-2\", W/\"3\"\nIf-None-Match: *",
        "Link: <a>; rel=next, <b>; rel=\"prev last\"; title=\"x\\\"y\"",
        "Content-Type: application/merge-patch+json\nAccept: application/geo+json",
    ])
}
