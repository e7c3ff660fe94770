//! Sends one notification to its endpoint and says what came of it.

use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use machi_http::answer::context_link_value;
use machi_http::client::{Client, ClientError, ClientRequest};
use machi_types::TenantId;
use tokio::time::Instant;

use super::domain::endpoint::{Endpoint, Target};
use super::domain::payload::Payload;
use super::mqtt::MqttClients;

/// The header that names the tenant of a notification (ETSI GS CIM 009 §6.3.14).
const TENANT: HeaderName = HeaderName::from_static("ngsild-tenant");
/// What receivers answer is not read beyond this.
const ANSWER_BYTES: u64 = 64 << 10;

/// The ways out.
#[derive(Debug)]
pub(crate) struct Sender {
    pub(crate) web: Client,
    pub(crate) mqtt: MqttClients,
}

/// What came of sending a notification.
#[derive(Debug)]
pub(crate) struct Sent {
    /// Why it was not taken, if it was not.
    pub(crate) refusal: Option<Refusal>,
    /// How long it took.
    pub(crate) took: Duration,
}

/// Why a notification was not taken.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) reason: String,
    pub(crate) blame: Blame,
}

/// Who is to blame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The machine itself could not be reached, so that others would fare no better.
    Host,
    /// There was no answer in time.
    Silence,
    /// The receiver said no.
    Answer,
}

impl Sender {
    /// Sends a notification.
    pub(crate) async fn send(
        &self,
        endpoint: &Arc<Endpoint>,
        tenant: &TenantId,
        payload: &Payload,
        patience: Duration,
    ) -> Sent {
        let started = Instant::now();
        let result = match &endpoint.target {
            Target::Web { url, headers } => self.post(url, headers, tenant, payload, patience).await,
            Target::Mqtt(target) => self.mqtt.publish(target, tenant, payload, patience).await,
        };
        Sent { refusal: result.err(), took: started.elapsed() }
    }

    async fn post(
        &self,
        url: &str,
        headers: &HeaderMap,
        tenant: &TenantId,
        payload: &Payload,
        patience: Duration,
    ) -> Result<(), Refusal> {
        let mut headers = headers.clone();
        headers.insert(header::CONTENT_TYPE, payload.media.header());
        if let Some(link) = payload.context.as_deref().and_then(context_link_value) {
            headers.append(header::LINK, link);
        }
        if !tenant.is_default()
            && let Ok(name) = HeaderValue::from_str(tenant.as_str())
        {
            headers.insert(TENANT, name);
        }
        let request = ClientRequest {
            method: Method::POST,
            headers,
            patience,
            largest: ANSWER_BYTES,
            ..ClientRequest::post(url, payload.body.clone())
        };
        match self.web.send(request).await {
            // §5.8.6 asks for 200; receivers answer 201, 202 and 204 as well, and mean the same.
            Ok(answer) if answer.status.is_success() => Ok(()),
            Ok(answer) => {
                Err(Refusal { reason: format!("the receiver answered {}", answer.status), blame: Blame::Answer })
            }
            // What the receiver says beyond its status is of no use here.
            Err(ClientError::TooLarge { .. }) => Ok(()),
            Err(error) => Err(Refusal { blame: blame(&error), reason: error.to_string() }),
        }
    }
}

fn blame(error: &ClientError) -> Blame {
    match error {
        ClientError::Egress(_) | ClientError::Connect { .. } | ClientError::Tls { .. } => Blame::Host,
        ClientError::TimedOut { .. } => Blame::Silence,
        _ => Blame::Answer,
    }
}
