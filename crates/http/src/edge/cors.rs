//! Which pages in browsers may call the APIs (the Fetch standard's CORS protocol).

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::Asked;
use crate::{Problem, Text};

/// Origins that may call the APIs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origins {
    /// Every page.
    Any,
    /// Pages of these origins, such as `https://portal.example.jp`.
    Only(Vec<HeaderValue>),
}

impl Origins {
    pub(super) fn admit(&self, origin: &HeaderValue) -> bool {
        match self {
            Self::Any => true,
            Self::Only(list) => list.contains(origin),
        }
    }
}

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
    match origins {
        Origins::Any => {
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        }
        Origins::Only(_) => {
            headers.append(header::VARY, HeaderValue::from_static("Origin"));
            if !origins.admit(origin) {
                return;
            }
            headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        }
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

pub(super) fn refused() -> Problem {
    Problem::forbidden(Text::both(
        "pages of this origin may not open a connection here; [server] origins names those that may",
        "このオリジンのページからは接続できません。許可するオリジンは設定の[server] originsで指定します",
    ))
}
