//! A notification as an MQTT message: what HTTP has in headers is metadata beside the body (ETSI GS CIM 009 §7.2).

use machi_http::answer::context_link_value;
use machi_types::{TenantId, json};

use crate::subscriptions::domain::payload::Payload;

/// Writes the message.
pub(super) fn message(metadata: &[(String, String)], tenant: &TenantId, payload: &Payload) -> Vec<u8> {
    let mut out = Vec::with_capacity(payload.body.len() + 256);
    out.extend_from_slice(b"{\"metadata\":{\"Content-Type\":\"");
    out.extend_from_slice(payload.media.as_str().as_bytes());
    out.push(b'"');
    let put = |key: &str, value: &str, out: &mut Vec<u8>| {
        out.push(b',');
        json::write_string(key, out);
        out.push(b':');
        json::write_string(value, out);
    };
    let link = payload.context.as_deref().and_then(context_link_value);
    if let Some(link) = link.as_ref().and_then(|link| link.to_str().ok()) {
        put("Link", link, &mut out);
    }
    if !tenant.is_default() {
        put("NGSILD-Tenant", tenant.as_str(), &mut out);
    }
    let mut known = vec!["Content-Type", "Link", "NGSILD-Tenant"];
    for (key, value) in metadata {
        // Table 7.2-2 says where the first ones come from, and no key stands twice.
        if !known.contains(&key.as_str()) {
            put(key, value, &mut out);
            known.push(key);
        }
    }
    out.extend_from_slice(b"},\"body\":");
    out.extend_from_slice(&payload.body);
    out.push(b'}');
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_http::request::MediaType;

    #[test]
    fn headers_become_metadata() {
        let payload = Payload {
            body: "{\"id\":\"n\"}".into(),
            media: MediaType::Json,
            context: Some("https://example.org/c".into()),
        };
        let metadata = [("X-Key".to_owned(), "1".to_owned()), ("Link".to_owned(), "mine".to_owned())];
        let written = String::from_utf8(message(&metadata, &"aoi".parse().unwrap(), &payload)).unwrap();
        assert_eq!(
            written,
            "{\"metadata\":{\"Content-Type\":\"application/json\",\"Link\":\"<https://example.org/c>; rel=\\\"http://www.w3.org/ns/json-ld#context\\\"; type=\\\"application/ld+json\\\"\",\"NGSILD-Tenant\":\"aoi\",\"X-Key\":\"1\"},\"body\":{\"id\":\"n\"}}"
        );
    }
}
