//! Members of a subscription by their data type.

use machi_face::japanese;
use machi_model::entity::parse_datetime;
use machi_types::{Iri, Json, Timestamp};

use crate::subscriptions::domain::fault::Fault;

/// A text.
pub(super) fn text<'j>(path: &str, json: &'j Json<'_>) -> Result<&'j str, Fault> {
    json.as_str().ok_or_else(|| of_kind(path, json, ("a string", "文字列")))
}

/// A text that is not empty.
pub(super) fn filled<'j>(path: &str, json: &'j Json<'_>) -> Result<&'j str, Fault> {
    match text(path, json)? {
        "" => Err(Fault::at(path, "it must not be empty", "空にはできません")),
        text => Ok(text),
    }
}

/// A truth value.
pub(super) fn flag(path: &str, json: &Json<'_>) -> Result<bool, Fault> {
    json.as_bool().ok_or_else(|| of_kind(path, json, ("true or false", "trueかfalse")))
}

/// A number greater than 0.
pub(super) fn positive(path: &str, json: &Json<'_>) -> Result<f64, Fault> {
    match json.as_f64() {
        Some(number) if number > 0.0 && number.is_finite() => Ok(number),
        Some(number) => Err(Fault::at(
            path,
            format!("it must be greater than 0, and is {number}"),
            format!("0より大きい値を指定してください(指定値: {number})"),
        )),
        None => Err(of_kind(path, json, ("a number greater than 0", "0より大きい数値"))),
    }
}

/// A whole number greater than 0.
pub(super) fn whole(path: &str, json: &Json<'_>) -> Result<u64, Fault> {
    json.as_u64()
        .filter(|number| *number > 0)
        .ok_or_else(|| Fault::at(path, "it must be a whole number greater than 0", "0より大きい整数を指定してください"))
}

/// An IRI.
pub(super) fn iri<'j>(path: &str, json: &'j Json<'_>) -> Result<&'j str, Fault> {
    let text = text(path, json)?;
    Iri::check(text).map_err(|error| Fault::at(path, error.to_string(), japanese::iri(&error)))?;
    Ok(text)
}

/// A date-time.
pub(super) fn time(path: &str, json: &Json<'_>) -> Result<Timestamp, Fault> {
    let text = text(path, json)?;
    parse_datetime(text).ok_or_else(|| {
        Fault::at(
            path,
            format!("\"{text}\" is no date-time in UTC, such as 2026-11-22T10:00:00Z"),
            format!("\"{text}\"はUTCの日時ではありません(例: 2026-11-22T10:00:00Z)"),
        )
    })
}

/// An object.
pub(super) fn object<'j, 'a>(path: &str, json: &'j Json<'a>) -> Result<&'j machi_types::json::Members<'a>, Fault> {
    json.as_object().ok_or_else(|| of_kind(path, json, ("an object", "オブジェクト")))
}

/// An array with at least one item.
pub(super) fn items<'j, 'a>(path: &str, json: &'j Json<'a>) -> Result<&'j [Json<'a>], Fault> {
    match json.as_array() {
        Some([]) => Err(Fault::at(
            path,
            "it must not be empty; leave it out instead",
            "空にはできません。不要であれば省いてください",
        )),
        Some(items) => Ok(items),
        None => Err(of_kind(path, json, ("an array", "配列"))),
    }
}

/// An array of texts, at least one.
pub(super) fn texts<'j>(path: &str, json: &'j Json<'_>) -> Result<Vec<&'j str>, Fault> {
    let items = items(path, json)?;
    items.iter().enumerate().map(|(n, item)| filled(&format!("{path}[{n}]"), item)).collect()
}

/// One of some words.
pub(super) fn word<'w>(path: &str, json: &Json<'_>, words: &[&'w str]) -> Result<&'w str, Fault> {
    let given = text(path, json)?;
    words.iter().find(|word| **word == given).copied().ok_or_else(|| {
        let list = words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
        let given = shortened(given);
        Fault::at(
            path,
            format!("it must be one of {list}, and is \"{given}\""),
            format!("{list}のいずれかを指定してください(指定値: \"{given}\")"),
        )
    })
}

/// Refuses what seems to be a slip for a member, and names it. Any other name is somebody's own or a later version's,
/// and is passed over: the standard asks for no member that is not its own.
pub(super) fn check_spelling(name: &str, known: &[&str]) -> Result<(), Fault> {
    match machi_http::spelling::nearest(name, known.iter().copied()) {
        None => Ok(()),
        Some(nearest) => Err(Fault::at(
            shortened(name),
            format!("there is no such member; did you mean \"{nearest}\"?"),
            format!("このようなメンバーはありません。\"{nearest}\"の誤りではありませんか"),
        )),
    }
}

/// A member of an entity where an attribute is asked for.
pub(super) fn no_attribute(path: &str, term: &str) -> Fault {
    Fault::at(path, format!("{term} is no attribute"), format!("{term}は属性ではありません"))
}

/// A member of another data type, which is told in English and Japanese.
fn of_kind(path: &str, json: &Json<'_>, (en, ja): (&str, &str)) -> Fault {
    Fault::at(
        path,
        format!("it must be {en}, and is {}", json.kind()),
        format!("{ja}でなければなりません(指定されたもの: {})", japanese::kind(json)),
    )
}

fn shortened(text: &str) -> String {
    text.chars().take(60).collect()
}
