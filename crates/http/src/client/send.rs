//! One request and its answer, within a time, a size and a number of redirects.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use machi_types::Phrase;
use tokio::time::timeout;

use super::connect::{ConnectError, Connector};
use super::connection::Connection;
use super::egress::Egress;
use super::error::ClientError;
use super::shown::without_password;
use super::tls::{self, TrustError};

const AGENT: HeaderValue = HeaderValue::from_static(concat!("machi/", env!("CARGO_PKG_VERSION")));

/// How the client behaves towards all.
#[derive(Clone, Debug)]
pub struct ClientSettings {
    /// Which addresses may be reached.
    pub egress: Egress,
    /// A PEM file with certification authorities beside the public ones.
    pub authorities: Option<PathBuf>,
    /// How long each address has to take a connection.
    pub connect_patience: Duration,
    /// Connections to one host that are kept for the next request.
    pub kept_per_host: usize,
    /// How long they are kept.
    pub kept_for: Duration,
}

/// One request to the outside.
#[derive(Clone, Debug)]
pub struct ClientRequest {
    /// The method.
    pub method: Method,
    /// An absolute `http` or `https` address.
    pub url: String,
    /// Headers beside those that HTTP itself sets.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// How long the whole exchange may take, redirects included.
    pub patience: Duration,
    /// The most bytes of the answer.
    pub largest: u64,
    /// How many redirects are followed; only GET follows any.
    pub redirects: u8,
}

impl ClientRequest {
    /// A GET that takes 10 s, 1 MiB and no redirect.
    pub fn get(url: impl Into<String>) -> Self {
        Self {
            method: Method::GET,
            url: url.into(),
            headers: HeaderMap::new(),
            body: Bytes::new(),
            patience: Duration::from_secs(10),
            largest: 1024 * 1024,
            redirects: 0,
        }
    }

    /// A POST with a body, under the same bounds.
    pub fn post(url: impl Into<String>, body: impl Into<Bytes>) -> Self {
        Self { method: Method::POST, body: body.into(), ..Self::get(url) }
    }
}

/// What the outside answered.
#[derive(Clone, Debug)]
pub struct ClientAnswer {
    /// The status, whatever it is.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body.
    pub body: Bytes,
    /// The address that answered, after redirects.
    pub url: String,
}

/// Asks the outside; cheap to clone, and all clones share their connections.
#[derive(Clone)]
pub struct Client {
    web: legacy::Client<Connector, Full<Bytes>>,
    connector: Connector,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client")
    }
}

impl Client {
    /// A client with its own connections.
    pub fn new(settings: ClientSettings) -> Result<Self, TrustError> {
        let connector = Connector {
            egress: Arc::new(settings.egress),
            tls: tls::connector(settings.authorities.as_deref())?,
            patience: settings.connect_patience,
        };
        let client = legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(settings.kept_for)
            .pool_max_idle_per_host(settings.kept_per_host)
            // Some receivers look for `Link` as the standard writes it, although case means nothing in names of headers.
            .http1_title_case_headers(true)
            .build(connector.clone());
        Ok(Self { web: client, connector })
    }

    /// Opens a connection for another protocol, through the same guard and with the same trust.
    pub async fn connect(&self, host: &str, port: u16, is_encrypted: bool) -> Result<Connection, ClientError> {
        let stream = self.connector.connect(host, port, is_encrypted).await;
        stream.map(Connection::new).map_err(ConnectError::into_client_error)
    }

    /// Sends one request and reads the whole answer.
    pub async fn send(&self, request: ClientRequest) -> Result<ClientAnswer, ClientError> {
        let after = request.patience;
        timeout(after, self.follow(request)).await.unwrap_or(Err(ClientError::TimedOut { after }))
    }

    async fn follow(&self, mut request: ClientRequest) -> Result<ClientAnswer, ClientError> {
        let mut left = request.redirects;
        loop {
            let uri = checked(&request.url)?;
            let answer = self.exchange(&request, &uri).await?;
            let leads_on = answer.status.is_redirection() && answer.status != StatusCode::NOT_MODIFIED;
            if !leads_on || request.redirects == 0 || request.method != Method::GET {
                return Ok(answer);
            }
            if left == 0 {
                return Err(ClientError::TooManyRedirects { limit: request.redirects });
            }
            left -= 1;
            let next = target(&uri, &answer.headers)?;
            if next.authority() != uri.authority() || next.scheme() != uri.scheme() {
                // Credentials are meant for the one who was named, not for whom he points to.
                request.headers.remove(header::AUTHORIZATION);
                request.headers.remove(header::COOKIE);
            }
            request.url = next.to_string();
        }
    }

    async fn exchange(&self, request: &ClientRequest, uri: &Uri) -> Result<ClientAnswer, ClientError> {
        let host = uri.host().unwrap_or_default();
        let mut outgoing = Request::new(Full::new(request.body.clone()));
        *outgoing.method_mut() = request.method.clone();
        *outgoing.uri_mut() = uri.clone();
        *outgoing.headers_mut() = request.headers.clone();
        outgoing.headers_mut().entry(header::USER_AGENT).or_insert(AGENT);
        let response = self.web.request(outgoing).await.map_err(|error| ClientError::of_exchange(host, &error))?;
        let (parts, body) = response.into_parts();
        let body = read(body, request.largest, host).await?;
        Ok(ClientAnswer { status: parts.status, headers: parts.headers, body, url: request.url.clone() })
    }
}

fn checked(url: &str) -> Result<Uri, ClientError> {
    let fault =
        |en, ja| ClientError::Url { url: without_password(url).chars().take(200).collect(), reason: Phrase { en, ja } };
    let no_host = || fault("it names no host", "ホスト名がありません");
    let without_fragment = url.split('#').next().unwrap_or_default();
    let uri: Uri = without_fragment.parse().map_err(|_| fault("it is no address", "アドレスではありません"))?;
    let is_http = matches!(uri.scheme_str(), Some("http" | "https"));
    let authority = uri.authority().ok_or_else(no_host)?;
    if !is_http {
        return Err(fault("only http and https are spoken here", "使えるのはhttpとhttpsだけです"));
    }
    if authority.as_str().contains('@') {
        return Err(fault(
            "it holds a user name; credentials belong into a header",
            "ユーザー名を含んでいます。認証情報はヘッダーで指定してください",
        ));
    }
    if authority.host().is_empty() {
        return Err(no_host());
    }
    Ok(uri)
}

/// Where a redirect leads: an absolute address, or a path on the same host.
fn target(from: &Uri, headers: &HeaderMap) -> Result<Uri, ClientError> {
    let location = headers.get(header::LOCATION).and_then(|value| value.to_str().ok()).ok_or(ClientError::Redirect)?;
    let uri: Uri = location.parse().map_err(|_| ClientError::Redirect)?;
    if uri.scheme().is_some() {
        return Ok(uri);
    }
    if !location.starts_with('/') || location.starts_with("//") {
        return Err(ClientError::Redirect);
    }
    let mut parts = from.clone().into_parts();
    parts.path_and_query = uri.into_parts().path_and_query;
    Uri::from_parts(parts).map_err(|_| ClientError::Redirect)
}

async fn read(mut body: Incoming, limit: u64, host: &str) -> Result<Bytes, ClientError> {
    let declared = http_body::Body::size_hint(&body).lower();
    if declared > limit {
        return Err(ClientError::TooLarge { limit });
    }
    let mut whole = BytesMut::with_capacity(declared as usize);
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ClientError::of_exchange(host, &error))?;
        let Ok(piece) = frame.into_data() else {
            continue;
        };
        if whole.len() as u64 + piece.len() as u64 > limit {
            return Err(ClientError::TooLarge { limit });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_web_addresses_are_asked() {
        for good in ["http://example.org", "https://example.org:8443/a?b#c", "http://[2001:db8::1]/x"] {
            assert!(checked(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/a",
            "example.org",
            "ftp://example.org/",
            "file:///etc/passwd",
            "http://u:p@example.org/",
            "http://",
            "http://a b/",
        ] {
            assert!(checked(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn redirects_stay_on_the_host_or_name_another() {
        let from: Uri = "http://a.example/x?y".parse().unwrap();
        let lead = |location: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::LOCATION, HeaderValue::from_static(location));
            target(&from, &headers).ok().map(|uri| uri.to_string())
        };
        assert_eq!(lead("/z").as_deref(), Some("http://a.example/z"));
        assert_eq!(lead("https://b.example/").as_deref(), Some("https://b.example/"));
        assert_eq!(lead("//b.example/"), None);
        assert_eq!(lead("z"), None);
        assert!(target(&from, &HeaderMap::new()).is_err());
    }
}
