//! Who asks, and in which tenant (ETSI GS CIM 009 §6.3.14).

use std::net::SocketAddr;
use std::time::Instant;

use axum::extract::FromRequestParts;
use http::HeaderMap;
use http::request::Parts;
use machi_types::{Caller, ErrorKind, RequestId, TenantId};

use crate::{Problem, Text};

/// The header that names the tenant; it comes back in the answer.
pub const TENANT_HEADER: &str = "ngsild-tenant";

/// What the edge knows of a request before any handler does; it travels in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The request as logs and answers name it.
    pub request: RequestId,
    /// Who is at the other end of the connection, where there is one.
    pub peer: Option<SocketAddr>,
    /// When the request's head was complete.
    pub at: Instant,
}

/// The caller of a request, as an extractor.
#[derive(Clone, Debug)]
pub struct RequestCaller(pub Caller);

impl<S: Sync> FromRequestParts<S> for RequestCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let request = parts.extensions.get::<Arrival>().map_or(RequestId(0), |arrival| arrival.request);
        Ok(Self(Caller::anonymous(tenant(&parts.headers)?, request)))
    }
}

/// The tenant that the headers name; without the header, the default one.
pub fn tenant(headers: &HeaderMap) -> Result<TenantId, Problem> {
    let mut values = headers.get_all(TENANT_HEADER).iter();
    let Some(value) = values.next() else {
        return Ok(TenantId::default_tenant());
    };
    if values.next().is_some() {
        return Err(bad(Text::both(
            "the header NGSILD-Tenant is given more than once; an operation is for one tenant",
            "NGSILD-Tenantヘッダーが複数あります。1つだけ指定してください",
        )));
    }
    value.to_str().unwrap_or_default().parse().map_err(|error| {
        bad(Text::both(
            format!("the header NGSILD-Tenant names no tenant: {error}"),
            "NGSILD-Tenantヘッダーの値が正しくありません。英数字と_-.:を使った64文字以内で、英数字から始めてください",
        ))
    })
}

fn bad(detail: Text) -> Problem {
    Problem::new(ErrorKind::BadRequestData, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TENANT_HEADER, http::HeaderValue::from_static(value));
        }
        tenant(&headers).ok().map(|tenant| tenant.to_string())
    }

    #[test]
    fn the_header_names_one_tenant_or_none() {
        assert_eq!(read(&[]).as_deref(), Some(""));
        assert_eq!(read(&["aoi"]).as_deref(), Some("aoi"));
        assert_eq!(read(&["aoi", "aoi"]), None);
        assert_eq!(read(&[""]), None);
        assert_eq!(read(&["a/b"]), None);
    }
}
