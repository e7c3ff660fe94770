//! Loading context documents over HTTP, with what their servers say about freshness (RFC 9111 §4.2, §5.3).

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use jiff::fmt::rfc2822::DateTimeParser;
use machi_http::client::{Client, ClientAnswer, ClientError, ClientRequest};
use machi_http::request::link::links;
use machi_types::{Text, json};

use super::load::{LoadDocument, Loaded, Loading};
use crate::config::ContextsConfig;

const ACCEPT: HeaderValue = HeaderValue::from_static("application/ld+json, application/json;q=0.9, */*;q=0.1");
const REDIRECTS: u8 = 10;

/// Loads documents through the guarded client.
#[derive(Clone, Debug)]
pub struct HttpLoader {
    client: Client,
    patience: Duration,
    largest: u64,
}

impl HttpLoader {
    /// A loader within the limits of the configuration.
    pub fn new(client: Client, config: &ContextsConfig) -> Self {
        Self { client, patience: Duration::from_secs(config.timeout_seconds), largest: config.document_bytes as u64 }
    }

    async fn get(&self, url: &str) -> Result<ClientAnswer, Text> {
        let mut request = ClientRequest::get(url);
        request.headers.insert(header::ACCEPT, ACCEPT);
        request.patience = self.patience;
        request.largest = self.largest;
        request.redirects = REDIRECTS;
        let answer = self.client.send(request).await.map_err(|error| match error {
            ClientError::TooLarge { .. } => {
                let ja = error.in_japanese();
                Text::both(format!("{error} ([contexts] document)"), format!("{ja}([contexts] document)"))
            }
            error => Text::both(error.to_string(), error.in_japanese()),
        })?;
        if !answer.status.is_success() {
            let status = answer.status;
            return Err(Text::both(format!("its server answered {status}"), format!("サーバーの応答が{status}でした")));
        }
        Ok(answer)
    }
}

impl LoadDocument for HttpLoader {
    fn load<'a>(&'a self, url: &'a str) -> Loading<'a> {
        Box::pin(async move {
            let mut answer = self.get(url).await?;
            // The content type is often wrong, so what parses as JSON is JSON. JSON-LD 1.1 API §7.3: a page for
            // people may point at the document for programs.
            if !is_json(&answer.body)
                && let Some(alternate) = alternate(&answer)
            {
                answer = self.get(&alternate).await?;
            }
            let fresh = freshness(&answer.headers);
            Ok(Loaded { url: answer.url, text: answer.body, fresh })
        })
    }
}

fn is_json(body: &[u8]) -> bool {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    json::parse(body, json::DEFAULT_DEPTH).is_ok()
}

/// Where the answer says that its JSON-LD lies; a path on the same server or a whole address.
fn alternate(answer: &ClientAnswer) -> Option<String> {
    let values = answer.headers.get_all(header::LINK).iter().filter_map(|value| value.to_str().ok());
    let link = values.flat_map(links).flatten().find(|link| link.is("alternate"))?;
    if link.target.contains("://") {
        return Some(link.target.to_owned());
    }
    let path = link.target.strip_prefix('/')?;
    let (scheme, rest) = answer.url.split_once("://")?;
    let host = rest.split('/').next()?;
    Some(format!("{scheme}://{host}/{path}"))
}

/// How long a document stays fresh, where the headers say so.
fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let directives: Vec<String> = headers
        .get_all(header::CACHE_CONTROL)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .map(|directive| directive.trim().to_ascii_lowercase())
        .collect();
    let is_said =
        |word: &str| directives.iter().any(|directive| directive == word || directive.starts_with(&format!("{word}=")));
    if is_said("no-store") || is_said("no-cache") {
        return Some(Duration::ZERO);
    }
    let seconds = |word: &str| {
        let value = directives.iter().find_map(|directive| directive.strip_prefix(word)?.strip_prefix('='))?;
        value.trim_matches('"').parse().ok().map(Duration::from_secs)
    };
    // RFC 9111 §4.2.1: for a shared cache s-maxage comes first, and any max-age before Expires.
    seconds("s-maxage").or_else(|| seconds("max-age")).or_else(|| until_expiry(headers))
}

/// `Expires` against the server's own `Date`, so that no clock of ours plays a part.
fn until_expiry(headers: &HeaderMap) -> Option<Duration> {
    static PARSER: DateTimeParser = DateTimeParser::new();
    let text = headers.get(header::EXPIRES)?.to_str().ok()?;
    let date = headers.get(header::DATE)?.to_str().ok()?;
    let Ok(date) = PARSER.parse_timestamp(date) else { return None };
    // RFC 9111 §5.3: an invalid Expires, the usual "0" above all, means expired already.
    let Ok(expires) = PARSER.parse_timestamp(text) else { return Some(Duration::ZERO) };
    let seconds = expires.as_second().saturating_sub(date.as_second());
    Some(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fresh(pairs: &[(&'static str, &'static str)]) -> Option<u64> {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, HeaderValue::from_static(value));
        }
        freshness(&headers).map(|fresh| fresh.as_secs())
    }

    #[test]
    fn servers_are_taken_at_their_word() {
        assert_eq!(fresh(&[]), None);
        assert_eq!(fresh(&[("cache-control", "public, max-age=60")]), Some(60));
        assert_eq!(fresh(&[("cache-control", "max-age=60, s-maxage=\"5\"")]), Some(5));
        assert_eq!(fresh(&[("cache-control", "no-cache"), ("expires", "0")]), Some(0));
        let date = ("date", "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(fresh(&[date, ("expires", "Sun, 06 Nov 1994 08:50:37 GMT")]), Some(60));
        assert_eq!(fresh(&[date, ("expires", "Sun, 06 Nov 1994 08:00:00 GMT")]), Some(0));
        assert_eq!(fresh(&[date, ("expires", "0")]), Some(0));
        assert_eq!(
            fresh(&[date, ("expires", "Sun, 06 Nov 1994 08:50:37 GMT"), ("cache-control", "max-age=7")]),
            Some(7)
        );
    }

    #[test]
    fn pages_for_people_may_point_at_the_document() {
        let answer = |link: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("link", HeaderValue::from_static(link));
            let (status, body) = (http::StatusCode::OK, bytes::Bytes::from_static(b"<html>"));
            alternate(&ClientAnswer { status, headers, body, url: "https://example.org/a/b".to_owned() })
        };
        assert_eq!(answer("</c.jsonld>; rel=\"alternate\"").as_deref(), Some("https://example.org/c.jsonld"));
        assert_eq!(answer("<https://other.org/c>; rel=alternate").as_deref(), Some("https://other.org/c"));
        assert_eq!(answer("</c>; rel=next"), None);
    }
}
