//! The way out: bounds, redirects, the guard and TLS.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use machi_http::client::{Cidr, Client, ClientError, ClientRequest, ClientSettings, Egress, EgressError};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::City;

fn settings(allowed: &[&str]) -> ClientSettings {
    let allowed: Vec<Cidr> = allowed.iter().map(|network| network.parse().unwrap()).collect();
    ClientSettings {
        egress: Egress::allowing(allowed),
        authorities: None,
        connect_patience: Duration::from_secs(2),
        kept_per_host: 4,
        kept_for: Duration::from_secs(5),
    }
}

fn client() -> Client {
    Client::new(settings(&["127.0.0.0/8", "::1"])).unwrap()
}

/// A server that answers every connection's first request with these bytes.
async fn canned(answer: String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    address
}

#[tokio::test]
async fn requests_are_answered_on_kept_connections() {
    let city = City::start();
    let client = client();
    for _ in 0..3 {
        let answer = client.send(ClientRequest::get(format!("http://{}/healthz", city.address))).await.unwrap();
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, b"ok".as_slice()));
    }
    let echo = client.send(ClientRequest::post(format!("http://{}/echo", city.address), "街")).await.unwrap();
    assert_eq!(&*echo.body, "街".as_bytes());
    assert_eq!(city.figure("machi_http_connections_accepted_total"), 1);
}

#[tokio::test]
async fn inside_addresses_are_refused_before_any_connection() {
    let city = City::start();
    let guarded = Client::new(settings(&[])).unwrap();
    for host in ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"] {
        let url = format!("http://{host}:{}/healthz", city.address.port());
        let error = guarded.send(ClientRequest::get(url)).await.unwrap_err();
        assert!(matches!(error, ClientError::Egress(EgressError::Refused { .. })), "{host}: {error}");
        assert!(error.to_string().contains("--egress-allow"), "{error}");
    }
    assert_eq!(city.figure("machi_http_connections_accepted_total"), 0);
}

#[tokio::test]
async fn time_and_size_are_bounded() {
    let city = City::start();
    let slow = ClientRequest {
        patience: Duration::from_millis(50),
        ..ClientRequest::get(format!("http://{}/slow", city.address))
    };
    assert!(matches!(client().send(slow).await, Err(ClientError::TimedOut { .. })));
    let large = ClientRequest { largest: 6999, ..ClientRequest::get(format!("http://{}/large", city.address)) };
    assert!(matches!(client().send(large).await, Err(ClientError::TooLarge { limit: 6999 })));
    let endless = canned("HTTP/1.1 200 OK\r\n\r\n".to_owned() + &"x".repeat(10_000)).await;
    let request = ClientRequest { largest: 5000, ..ClientRequest::get(format!("http://{endless}/")) };
    assert!(matches!(client().send(request).await, Err(ClientError::TooLarge { .. })));
}

#[tokio::test]
async fn redirects_are_followed_only_on_request_and_checked_each_time() {
    let city = City::start();
    let to_city =
        canned(format!("HTTP/1.1 302 Found\r\nlocation: http://{}/healthz\r\ncontent-length: 0\r\n\r\n", city.address))
            .await;
    let url = format!("http://{to_city}/");
    let unfollowed = client().send(ClientRequest::get(url.clone())).await.unwrap();
    assert_eq!(unfollowed.status, 302);
    let followed = client().send(ClientRequest { redirects: 5, ..ClientRequest::get(url) }).await.unwrap();
    assert_eq!((followed.status.as_u16(), followed.url), (200, format!("http://{}/healthz", city.address)));

    let in_circles = canned("HTTP/1.1 301 Moved\r\nlocation: /again\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
    let circle = ClientRequest { redirects: 3, ..ClientRequest::get(format!("http://{in_circles}/")) };
    assert!(matches!(client().send(circle).await, Err(ClientError::TooManyRedirects { limit: 3 })));

    let inside =
        canned("HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/latest\r\ncontent-length: 0\r\n\r\n".to_owned())
            .await;
    let lured = ClientRequest { redirects: 3, ..ClientRequest::get(format!("http://{inside}/")) };
    assert!(matches!(client().send(lured).await, Err(ClientError::Egress(EgressError::Refused { .. }))));
}

#[tokio::test]
async fn failures_say_what_happened() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let refused = client().send(ClientRequest::get(format!("http://{unused}/"))).await.unwrap_err();
    assert!(matches!(refused, ClientError::Connect { .. }), "{refused}");
    let unknown = client().send(ClientRequest::get("http://no-such-host.invalid/")).await.unwrap_err();
    assert!(matches!(unknown, ClientError::Egress(EgressError::NotResolved { .. })), "{unknown}");
    let babble = canned("what?\r\n\r\n".to_owned()).await;
    let broken = client().send(ClientRequest::get(format!("http://{babble}/"))).await.unwrap_err();
    assert!(matches!(broken, ClientError::Broken { .. }), "{broken}");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

/// A TLS server that says hello once per connection.
async fn secure() -> SocketAddr {
    let chain: Vec<_> = CertificateDer::pem_file_iter(fixture("server.pem")).unwrap().map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_file(fixture("server.key")).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello").await;
            let _ = stream.shutdown().await;
        }
    });
    address
}

#[tokio::test]
async fn encrypted_connections_need_a_trusted_name() {
    let address = secure().await;
    let trusting = ClientSettings { authorities: Some(fixture("authority.pem")), ..settings(&["127.0.0.0/8", "::1"]) };
    let trusting = Client::new(trusting).unwrap();
    let url = format!("https://localhost:{}/", address.port());
    let answer = trusting.send(ClientRequest::get(url.clone())).await.unwrap();
    assert_eq!(&*answer.body, b"hello");

    let stranger = client().send(ClientRequest::get(url)).await.unwrap_err();
    assert!(matches!(stranger, ClientError::Tls { .. }), "{stranger}");
    let other_name =
        trusting.send(ClientRequest::get(format!("https://127.0.0.1:{}/", address.port()))).await.unwrap_err();
    assert!(matches!(other_name, ClientError::Tls { .. }), "{other_name}");
}

#[tokio::test]
async fn an_unusable_authority_is_named() {
    for name in ["README.md", "missing.pem"] {
        let settings = ClientSettings { authorities: Some(fixture(name)), ..settings(&[]) };
        let error = Client::new(settings).unwrap_err().to_string();
        assert!(error.contains(name), "{error}");
    }
}
