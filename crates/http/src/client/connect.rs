//! Opens connections for the client, each through the guard.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::BoxFuture;
use http::Uri;
use http::uri::Scheme;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;

use super::egress::{Egress, EgressError};
use super::error::ClientError;
use super::stream::Stream;

/// Why no connection came about.
#[derive(Clone, Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Egress(#[from] EgressError),
    #[error("{host} does not take a connection: {reason}")]
    Connect { host: String, reason: String },
    #[error("no trusted connection to {host}: {reason}")]
    Tls { host: String, reason: String },
}

impl ConnectError {
    pub(super) fn into_client_error(self) -> ClientError {
        match self {
            Self::Egress(error) => ClientError::Egress(error),
            Self::Connect { host, reason } => ClientError::Connect { host, reason },
            Self::Tls { host, reason } => ClientError::Tls { host, reason },
        }
    }
}

/// Opens connections; shared by all requests of a client.
#[derive(Clone)]
pub(super) struct Connector {
    pub(super) egress: Arc<Egress>,
    pub(super) tls: TlsConnector,
    /// How long each address of a name has to answer.
    pub(super) patience: Duration,
}

impl Connector {
    async fn open(self, uri: Uri) -> Result<TokioIo<Stream>, ConnectError> {
        let host = uri.host().unwrap_or_default().to_owned();
        let is_encrypted = uri.scheme() == Some(&Scheme::HTTPS);
        let port = uri.port_u16().unwrap_or(if is_encrypted { 443 } else { 80 });
        self.connect(&host, port, is_encrypted).await.map(TokioIo::new)
    }

    /// Opens a connection to a host that the guard admits.
    pub(super) async fn connect(&self, host: &str, port: u16, is_encrypted: bool) -> Result<Stream, ConnectError> {
        let addresses = self.egress.resolve(host, port).await?;
        let stream = self.reach(host, &addresses).await?;
        if is_encrypted { self.encrypt(host, stream).await } else { Ok(Stream::Plain(stream)) }
    }

    /// Tries the checked addresses one after another.
    async fn reach(&self, host: &str, addresses: &[SocketAddr]) -> Result<TcpStream, ConnectError> {
        let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
        for address in addresses {
            match timeout(self.patience, TcpStream::connect(address)).await {
                Ok(Ok(stream)) => {
                    // Requests are small and complete; waiting to fill a packet would only delay them.
                    if let Err(error) = stream.set_nodelay(true) {
                        last = error;
                        continue;
                    }
                    return Ok(stream);
                }
                Ok(Err(error)) => last = error,
                Err(_) => last = io::Error::from(io::ErrorKind::TimedOut),
            }
        }
        Err(ConnectError::Connect { host: host.to_owned(), reason: last.to_string() })
    }

    async fn encrypt(&self, host: &str, stream: TcpStream) -> Result<Stream, ConnectError> {
        let fault = |reason: String| ConnectError::Tls { host: host.to_owned(), reason };
        let bare = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let name = ServerName::try_from(bare).map_err(|error| fault(error.to_string()))?;
        match timeout(self.patience, self.tls.connect(name, stream)).await {
            Ok(Ok(stream)) => Ok(Stream::Encrypted(Box::new(stream))),
            Ok(Err(error)) => Err(fault(error.to_string())),
            Err(_) => Err(fault("the TLS handshake took too long".to_owned())),
        }
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Stream>;
    type Error = ConnectError;
    type Future = BoxFuture<'static, Result<TokioIo<Stream>, ConnectError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ConnectError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().open(uri))
    }
}
