//! What the headers of a request say of its answer (ETSI GS CIM 009 §6.3.6, §6.3.7).

use std::sync::Arc;

use axum::response::Response;
use bytes::Bytes;
use http::HeaderMap;
use machi_http::Problem;
use machi_http::answer::{AnswerExt, context_link_value, representation};
use machi_http::request::{GeoJsonContext, MediaType, Prefer, SpecVersion, accept};
use machi_model::context::{CORE_URL, Context};
use machi_types::TenantId;

use crate::Face;
use crate::contexts::CONTEXTS_PATH;

/// What the headers of a request say of its answer.
#[derive(Clone, Copy, Debug)]
pub struct Negotiated {
    pub media: MediaType,
    pub prefer: Prefer,
}

impl Negotiated {
    /// Reads `Accept` and `Prefer` of a request for entities.
    pub fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self { media: accept(headers, MediaType::WITH_GEO)?, prefer: Prefer::of(headers) })
    }

    /// The same of a request for what GeoJSON has no form for: a query for the past (§6.3.4).
    pub fn without_geo(headers: &HeaderMap) -> Result<Self, Problem> {
        Ok(Self { media: accept(headers, MediaType::STANDARD)?, prefer: Prefer::of(headers) })
    }

    /// Whether the @context stands in the body.
    pub fn has_context_in_body(self) -> bool {
        match self.media {
            MediaType::Json => false,
            MediaType::JsonLd => true,
            MediaType::GeoJson => self.prefer.geojson_context == GeoJsonContext::Body,
        }
    }

    /// The earlier version of the standard to keep to; GeoJSON is answered as it is (§5.7.1.4).
    pub fn version(self) -> Option<u16> {
        let asked = self.prefer.version.filter(|_| self.media != MediaType::GeoJson)?;
        (asked.major == SpecVersion::OURS.major && asked.minor < SpecVersion::OURS.minor).then_some(asked.minor)
    }

    /// The version that the answer keeps to, where one was asked for.
    pub fn applied(self) -> Option<SpecVersion> {
        self.prefer.version.filter(|_| self.media != MediaType::GeoJson)?;
        Some(self.version().map_or(SpecVersion::OURS, |minor| SpecVersion { minor, ..SpecVersion::OURS }))
    }

    /// The answer with this body; `is_amended` tells whether an earlier version changed anything in it.
    pub async fn answer(
        self,
        face: &Face,
        tenant: &TenantId,
        context: &Arc<Context>,
        body: Bytes,
        is_amended: bool,
    ) -> Result<Response, Problem> {
        let mut response = representation(self.media, body);
        if !self.has_context_in_body() {
            response = with_context_link(face, tenant, context, response).await?;
        }
        Ok(match self.applied() {
            Some(version) => response.with_preference_applied(version, is_amended),
            None => response,
        })
    }
}

/// Adds the Link to the @context; one that has no URL is given one (§6.3.6, §5.13.1).
pub async fn with_context_link(
    face: &Face,
    tenant: &TenantId,
    context: &Arc<Context>,
    response: Response,
) -> Result<Response, Problem> {
    let link = match context.url() {
        _ if context.is_core() => context_link_value(CORE_URL),
        Some(url) => context_link_value(url),
        None => {
            let id = face.contexts.add_implicit(tenant, context.source()).await?;
            context_link_value(&[CONTEXTS_PATH, &*id].concat())
        }
    };
    Ok(match link {
        Some(link) => response.with_link(link),
        None => response,
    })
}
