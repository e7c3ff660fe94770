//! Which format a file has, by its name and its beginning.

use std::path::Path;

/// A format of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// NGSI-LD JSON or JSON-LD: an entity, or an array of entities.
    Json,
    /// One NGSI-LD entity per line.
    Ndjson,
    /// A GeoJSON `FeatureCollection`.
    GeoJson,
    /// Comma (or tab) separated values with a header.
    Csv,
}

impl Format {
    /// How much of a file is looked at to know its format.
    pub const HEAD: usize = 64 << 10;

    /// The name that people and programs know.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::GeoJson => "geojson",
            Self::Csv => "csv",
        }
    }

    /// The format of a file of this name that begins with these bytes, [`Self::HEAD`] of them or all.
    pub fn of(path: &Path, head: &[u8]) -> Self {
        let extension = path.extension().map(|extension| extension.to_string_lossy().to_ascii_lowercase());
        match extension.as_deref() {
            Some("ndjson" | "jsonl" | "jsonlines") => return Self::Ndjson,
            Some("csv" | "tsv") => return Self::Csv,
            _ => {}
        }
        let first = head.iter().find(|byte| !byte.is_ascii_whitespace() && !b"\xef\xbb\xbf".contains(byte));
        match first {
            Some(b'{') if contains(head, b"\"FeatureCollection\"") => Self::GeoJson,
            Some(b'{') if has_object_per_line(head) => Self::Ndjson,
            Some(b'{' | b'[') => Self::Json,
            _ => Self::Csv,
        }
    }
}

fn contains(head: &[u8], word: &[u8]) -> bool {
    head.windows(word.len()).any(|window| window == word)
}

/// Whether the first line is closed, and the second opens again.
fn has_object_per_line(head: &[u8]) -> bool {
    let mut lines = head.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).filter(|line| !line.is_empty());
    lines.next().is_some_and(|line| line.ends_with(b"}")) && lines.next().is_some_and(|line| line.starts_with(b"{"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_known_by_name_or_beginning() {
        for (name, head, format) in [
            ("a.csv", "{", Format::Csv),
            ("stops.txt", "stop_id,stop_name", Format::Csv),
            ("a.ndjson", "", Format::Ndjson),
            ("a.json", "{\"id\":1}\n{\"id\":2}", Format::Ndjson),
            ("a.json", "\u{feff} [\n{", Format::Json),
            ("a.jsonld", "{\n  \"id\": 1\n}", Format::Json),
            ("a.json", "{\"type\": \"FeatureCollection\"", Format::GeoJson),
            ("a.geojson", "{\"type\": \"Feature\"", Format::Json),
        ] {
            assert_eq!(Format::of(Path::new(name), head.as_bytes()), format, "{name} {head}");
        }
    }
}
