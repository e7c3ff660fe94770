//! What a browser is told of the pages that may call the APIs (the Fetch standard's CORS protocol).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{Asked, Origins};
use crate::Face;

/// What scripts may read beside the simple headers.
const EXPOSED: &str = "Accept-Patch, Allow, Content-Range, ETag, Link, Location, NGSILD-Results-Count, NGSILD-Tenant, \
                       NGSILD-Warning, Preference-Applied, Retry-After, X-Request-Id";
const REQUEST_HEADERS: &str = "Accept, Accept-Language, Content-Type, Idempotency-Key, If-Match, If-None-Match, Link, \
                               NGSILD-Tenant, Prefer, X-Request-Id";
/// What a page may send anywhere; which address takes which method is for 405 and Allow to say.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
/// Ten minutes; browsers cap longer ones anyway.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Adds what a browser wants to know; other clients send no Origin and get nothing.
pub(super) fn apply(headers: &mut HeaderMap, asked: &Asked, origins: &Origins) {
    let Some(origin) = &asked.origin else { return };
    if origins.any && asked.face == Face::NgsiLd {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    } else {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
        if !origins.admit(asked.face, origin) {
            return;
        }
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
    if asked.method == http::Method::OPTIONS {
        preflight(headers, asked);
    }
}

fn preflight(headers: &mut HeaderMap, asked: &Asked) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    let allowed = asked.requested_headers.clone().unwrap_or(HeaderValue::from_static(REQUEST_HEADERS));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, allowed);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    headers.append(header::VARY, HeaderValue::from_name(HeaderName::from_static("access-control-request-headers")));
}
