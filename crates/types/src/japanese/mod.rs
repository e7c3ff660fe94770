//! What the types of this crate refuse, told in Japanese: one sentence for each fault, beside the English that the error
//! itself tells. Names, quoted input and positions stay as they are; a client finds them in its own request.

mod geometry;
mod json;

pub use geometry::geometry;
pub use json::json;

use crate::percent::DecodeError;
use crate::{InvalidIri, Json};

/// What a piece of JSON is.
pub fn kind(json: &Json<'_>) -> &'static str {
    kind_of(json.kind())
}

/// The same of its English name.
fn kind_of(english: &str) -> &str {
    match english {
        "a truth value" => "真偽値",
        "a number" => "数値",
        "a string" => "文字列",
        "an array" => "配列",
        "an object" => "オブジェクト",
        other => other,
    }
}

/// What is wrong with an IRI.
pub fn iri(error: &InvalidIri) -> String {
    match error {
        InvalidIri::NoScheme(text) => {
            format!("\"{text}\"にはスキームがありません(例: urn:ngsi-ld:Room:1、https://example.org/room/1)")
        }
        InvalidIri::Empty(text) => format!("\"{text}\"はスキームの後に何もありません"),
        InvalidIri::Character { text, character } => {
            format!("\"{text}\"にはIRIで使えない文字{character:?}が含まれています")
        }
        InvalidIri::Percent(text) => {
            format!("\"{text}\"の%の後に16進数2桁がありません。%そのものは%25と書きます")
        }
        InvalidIri::Misplaced { text, character } => {
            format!("\"{text}\"の文字{character:?}はここでは使えません。パーセントエンコードしてください")
        }
        InvalidIri::TooLong { text, limit } => format!("\"{text}\"は長すぎます(上限は{limit}バイト)"),
    }
}

/// What is wrong with a percent-encoded text.
pub fn percent(error: &DecodeError) -> String {
    match error {
        DecodeError::Truncated { position } => {
            format!("{position}文字目の%の後に16進数2桁がありません。%そのものは%25と書きます")
        }
        DecodeError::NotUtf8 => "パーセントエンコードされたバイト列がUTF-8ではありません".to_owned(),
    }
}
