//! Which format and which encoding a `Content-Type` says, of a body or of a part of a form.

use std::path::Path;

use machi_connect::{Encoding, Format};
use machi_http::request::{Parameterized, unsupported_type};
use machi_http::{Problem, Text};

/// What is taken.
const TAKEN: &str =
    "application/json, application/ld+json, application/x-ndjson, application/geo+json, text/csv, multipart/form-data";
/// What a program says of the part of a form if it knows no better; for a CSV, some say that it is a spreadsheet.
const UNTOLD: &[&str] = &["", "application/octet-stream", "application/vnd.ms-excel", "text/plain"];

/// What a file is, as far as it is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Media {
    kind: Kind,
    /// The encoding, where a charset names it.
    pub(super) encoding: Option<Encoding>,
    /// The name of the file.
    name: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Csv,
    Lines,
    /// One or many entities or features: which, the beginning tells.
    Json,
    Untold,
}

impl Media {
    /// What a body is.
    pub(super) fn of_body(stated: &Parameterized) -> Result<Self, Problem> {
        Self::of(stated, None).and_then(|media| match media.kind {
            Kind::Untold => Err(unsupported(&stated.value)),
            _ => Ok(media),
        })
    }

    /// What the part of a form is that holds a file.
    pub(super) fn of_part(content_type: Option<&str>, name: Option<String>) -> Result<Self, Problem> {
        Self::of(&Parameterized::parse(content_type.unwrap_or_default()), name)
    }

    fn of(stated: &Parameterized, name: Option<String>) -> Result<Self, Problem> {
        let kind = match stated.value.as_str() {
            "text/csv" | "text/tab-separated-values" => Kind::Csv,
            "application/x-ndjson" | "application/ndjson" | "application/jsonl" => Kind::Lines,
            "application/json" | "application/ld+json" | "application/geo+json" => Kind::Json,
            other if UNTOLD.contains(&other) => Kind::Untold,
            other => return Err(unsupported(other)),
        };
        let encoding = stated.get("charset").map(encoding).transpose()?;
        if encoding == Some(Encoding::Cp932) && matches!(kind, Kind::Json | Kind::Lines) {
            return Err(unsupported_type(
                Text::both("the charset of JSON is UTF-8", "JSONの文字コードはUTF-8です"),
                TAKEN,
            ));
        }
        Ok(Self { kind, encoding, name })
    }

    /// The format of a file that begins with these bytes.
    pub(super) fn format(&self, head: &[u8]) -> Format {
        let name = self.name.as_deref().unwrap_or_default();
        match (self.kind, Format::of(Path::new(name), head)) {
            (Kind::Csv, _) => Format::Csv,
            (Kind::Lines, _) => Format::Ndjson,
            (Kind::Json, Format::Csv) => Format::Json,
            (Kind::Json | Kind::Untold, found) => found,
        }
    }
}

/// The encoding of a charset (the names are those of the WHATWG Encoding Standard §4.2).
fn encoding(charset: &str) -> Result<Encoding, Problem> {
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" | "utf8" | "us-ascii" => Ok(Encoding::Utf8),
        "shift_jis" | "shift-jis" | "sjis" | "x-sjis" | "csshiftjis" | "ms_kanji" | "ms932" | "windows-31j"
        | "cp932" => Ok(Encoding::Cp932),
        _ => Err(unsupported_type(
            Text::both(
                "this charset is not read here; a CSV is utf-8, shift_jis or windows-31j",
                "この文字コードは扱えません。CSVはutf-8、shift_jis、windows-31jのいずれかです",
            ),
            TAKEN,
        )),
    }
}

fn unsupported(value: &str) -> Problem {
    let is_none = value.is_empty();
    let (en, ja) = if is_none {
        ("there is no Content-Type", "Content-Typeがありません")
    } else {
        ("this Content-Type is not taken here", "このContent-Typeは使えません")
    };
    unsupported_type(
        Text::both(
            format!("{en}; an import takes {TAKEN}; curl sends a file as a form with -F file=@FILE"),
            format!("{ja}。取り込めるのは{TAKEN}です。curlでは-F file=@ファイル名 でフォームとして送れます"),
        ),
        TAKEN,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_type_tells_the_format_and_where_it_does_not_the_beginning_does() {
        let format = |content_type: &str, name: Option<&str>, head: &str| {
            let media = Media::of_part(Some(content_type), name.map(str::to_owned)).ok()?;
            Some(media.format(head.as_bytes()).name())
        };
        for (content_type, name, head, expected) in [
            ("text/csv", Some("a.json"), "{", "csv"),
            ("application/x-ndjson", None, "[", "ndjson"),
            ("application/json", None, "[{", "json"),
            ("application/json", None, "{\"id\":1}\n{\"id\":2}", "ndjson"),
            ("application/ld+json", None, "nonsense", "json"),
            ("application/geo+json", None, "{\"type\":\"FeatureCollection\"", "geojson"),
            ("application/octet-stream", Some("stops.csv"), "{", "csv"),
            ("text/plain", Some("stops.txt"), "stop_id,stop_name", "csv"),
            ("application/vnd.ms-excel", Some("a.csv"), "a", "csv"),
            ("", Some("a.geojson"), "{\"type\":\"FeatureCollection\"", "geojson"),
        ] {
            assert_eq!(format(content_type, name, head), Some(expected), "{content_type} {head}");
        }
        assert_eq!(format("image/png", Some("a.csv"), ""), None);
    }

    #[test]
    fn charsets_and_bodies_are_judged() {
        let body = |content_type: &str| Media::of_body(&Parameterized::parse(content_type));
        let encoding = |content_type: &str| {
            body(content_type).map_err(|problem| problem.status().as_u16()).map(|media| media.encoding)
        };
        for charset in ["shift_jis", "Windows-31J", "\"cp932\""] {
            assert_eq!(encoding(&format!("text/csv; charset={charset}")), Ok(Some(Encoding::Cp932)), "{charset}");
        }
        assert_eq!(encoding("text/csv; header=present"), Ok(None));
        assert_eq!(encoding("application/json; charset=UTF-8"), Ok(Some(Encoding::Utf8)));
        for refused in [
            "",
            "text/plain",
            "application/octet-stream",
            "application/x-www-form-urlencoded",
            "text/csv; charset=euc-jp",
            "application/json; charset=shift_jis",
        ] {
            assert_eq!(encoding(refused), Err(415), "{refused}");
        }
    }
}
