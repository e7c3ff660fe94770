//! Stored bytes as JSON that people can read, and back, byte by byte.

use machi_face::base64;
use machi_types::{Json, json};

/// How deep stored JSON may nest and still be shown as JSON.
const DEPTH: usize = 64;

/// JSON as it is, other texts as texts, the rest in base64url.
pub(super) fn write(bytes: &[u8], out: &mut Vec<u8>) {
    let Ok(text) = std::str::from_utf8(bytes) else {
        out.extend_from_slice(b"{\"base64url\":");
        json::write_string(&base64::encode(bytes), out);
        out.push(b'}');
        return;
    };
    // Only a text that comes back the same may pass as JSON.
    let is_json = !text.is_empty() && json::parse(bytes, DEPTH).is_ok_and(|json| json.to_text() == text);
    if is_json {
        out.extend_from_slice(b"{\"json\":");
        out.extend_from_slice(bytes);
    } else {
        out.extend_from_slice(b"{\"text\":");
        json::write_string(text, out);
    }
    out.push(b'}');
}

/// The bytes; nothing where the JSON is no content.
pub(super) fn read(json: &Json<'_>) -> Option<Vec<u8>> {
    let [(form, value)] = json.as_object()?.iter().collect::<Vec<_>>()[..] else { return None };
    match &**form {
        "json" => Some(value.to_text().into_bytes()),
        "text" => Some(value.as_str()?.as_bytes().to_vec()),
        "base64url" => base64::decode(value.as_str()?),
        _ => None,
    }
}
