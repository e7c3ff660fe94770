//! Lets `object_store` speak over our own client.

use std::time::Duration;

use async_trait::async_trait;
use http_body_util::{BodyExt, Full};
use machi_http::client::{Client, ClientError, ClientRequest};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};

/// How long an exchange may take: a part of a file over a slow line.
const PATIENCE: Duration = Duration::from_mins(2);
/// The longest answer: what is read whole is a log, not data.
const LARGEST: u64 = 1 << 30;

/// Our client, as `object_store` asks for it.
#[derive(Clone, Debug)]
pub(crate) struct Web(pub(crate) Client);

impl HttpConnector for Web {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[async_trait]
impl HttpService for Web {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let (parts, body) = request.into_parts();
        let request = ClientRequest {
            method: parts.method,
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
            patience: PATIENCE,
            largest: LARGEST,
            ..ClientRequest::get(parts.uri.to_string())
        };
        let answer = self.0.send(request).await.map_err(|error| HttpError::new(kind(&error), error))?;
        let body = HttpResponseBody::new(Full::new(answer.body).map_err(|never| match never {}));
        let mut response = HttpResponse::new(body);
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }
}

/// What is to be known of a failure to decide whether it is worth another try.
fn kind(error: &ClientError) -> HttpErrorKind {
    match error {
        ClientError::Connect { .. } => HttpErrorKind::Connect,
        ClientError::TimedOut { .. } => HttpErrorKind::Timeout,
        ClientError::Broken { .. } => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    }
}
