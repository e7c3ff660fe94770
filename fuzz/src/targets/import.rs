//! Files to import: CSV with and without a mapping, GeoJSON and JSON, NDJSON, and mappings themselves.

use std::io::Cursor;

use machi_connect::{Encoding, EncodingDetector, Format, Mapping, Rows, Source, propose};

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const CSV: Target = Target {
    name: "import_csv",
    run: csv,
    seeds: csv_seeds,
    words: &[",", "\"", "\"\"", "\r\n", "\t", ";", "id", "type", "緯度", "経度", "\u{feff}"],
};
pub(crate) const JSON: Target = Target {
    name: "import_json",
    run: json,
    seeds: json_seeds,
    words: &[
        "{\"type\":\"FeatureCollection\",\"features\":[",
        "\"geometry\":",
        "\"properties\":",
        "\"Feature\"",
        "]}",
        "{}",
        ",",
        "null",
        "\"id\":",
    ],
};
pub(crate) const LINES: Target = Target {
    name: "import_lines",
    run: lines,
    seeds: line_seeds,
    words: &["\n", "\r\n", "{\"id\":\"urn:x:1\",\"type\":\"A\"}", "\"value\":", "\u{feff}"],
};
pub(crate) const MAPPING: Target = Target {
    name: "import_mapping",
    run: mapping,
    seeds: mapping_seeds,
    words: &[
        "type = ",
        "id = ",
        "[attributes.",
        "column = ",
        "\"{a}\"",
        "kind = ",
        "delimiter = ",
        "empty = ",
        "[[",
        "= \"",
        "unit = ",
        "context = \"https://a.example/c\"\n",
        "series = true\n",
        "observed_at = ",
        "time_format = \"%m/%d/%Y %H:%M\"\n",
    ],
};

const MAPPING_TEXT: &str = include_str!("import/mapping.toml");

/// At most this many rows of one input are looked at.
const MOST: usize = 200;

fn rows(bytes: &[u8], format: Format, encoding: Option<Encoding>, mapping: Option<Mapping>) -> (usize, usize) {
    let reader = Box::new(Cursor::new(bytes.to_vec()));
    let Ok(rows) = Rows::open(reader, Source { format, encoding, mapping }) else { return (0, 0) };
    let mut counts = (0, 0);
    for row in rows.take(MOST).map_while(Result::ok) {
        match row.entity {
            Ok(entity) => {
                counts.0 += 1;
                let _ = entity.to_text();
            }
            Err(error) => {
                counts.1 += 1;
                let _ = error.to_string();
            }
        }
    }
    counts
}

fn csv(bytes: &[u8]) {
    let mut detector = EncodingDetector::default();
    detector.push(bytes);
    let detected = Some(detector.finish());
    rows(bytes, Format::Csv, detected, None);
    rows(bytes, Format::Csv, None, None);
    let mapping = Mapping::parse(MAPPING_TEXT).expect("the mapping is well formed");
    let (good, bad) = rows(bytes, Format::Csv, Some(Encoding::Utf8), Some(mapping));
    let _ = propose(Box::new(Cursor::new(bytes.to_vec())), Format::Csv, detected);
    planted::fault(good >= 2 && bad >= 1);
}

fn json(bytes: &[u8]) {
    let (good, bad) = rows(bytes, Format::Json, Some(Encoding::Utf8), None);
    rows(bytes, Format::GeoJson, Some(Encoding::Utf8), None);
    let _ = propose(Box::new(Cursor::new(bytes.to_vec())), Format::GeoJson, None);
    planted::fault(good >= 2 && bad >= 1);
}

fn lines(bytes: &[u8]) {
    let (good, bad) = rows(bytes, Format::Ndjson, Some(Encoding::Utf8), None);
    planted::fault(good >= 2 && bad >= 2);
}

fn mapping(bytes: &[u8]) {
    let Ok(mapping) = Mapping::parse(&text(bytes)) else { return };
    let (good, _) =
        rows(b"id,name,lat,lon\n1,a,35.6,139.7\n2,b,x,\n", Format::Csv, Some(Encoding::Utf8), Some(mapping));
    planted::fault(good == 1);
}

fn csv_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "id,name,lat,lon\n1,a,35.6,139.7\n2,\"b\"\"c\",35,139\n",
        "id,type,x\nurn:x:1,A,1\n",
        "名称;緯度;経度\r\nあ;35.6;139.7\r\n",
    ])
}

fn json_seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"[{"id":"urn:x:1","type":"A","a":1},{"id":"urn:x:2","type":"A"}]"#,
        r#"{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[1,2]},"properties":{"id":"1","type":"A"}}]}"#,
        r#"{"id":"urn:x:1","type":"A"}"#,
    ])
}

fn line_seeds() -> Vec<Vec<u8>> {
    texts(&[
        "{\"id\":\"urn:x:1\",\"type\":\"A\"}\n{\"id\":\"urn:x:2\",\"type\":\"A\",\"a\":{\"type\":\"Property\",\"value\":1}}\n",
    ])
}

fn mapping_seeds() -> Vec<Vec<u8>> {
    texts(&[
        MAPPING_TEXT,
        "id = \"urn:x:{id}\"\ntype = \"A\"\nseries = true\nobserved_at = \"lat\"\ntime_format = \"%s\"\n[attributes.a]\ncolumn = \"name\"\n",
    ])
}
