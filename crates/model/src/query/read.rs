//! Reads the values of `q`: quoted strings, numbers, truth values, dates and times, URIs (§4.9).

use machi_types::{Iri, Json, Phrase, japanese, json};

use super::cursor::Cursor;
use super::word::is_term;
use super::{Moment, Operand, QueryError, Value};

const ANY_VALUE: Phrase = Phrase {
    en: "a value (a number, a quoted string, a date, a time, true, false or a URI)",
    ja: "値(数値、引用符で囲んだ文字列、日付、時刻、true、false、URI)",
};
const COMPARABLE: Phrase = Phrase {
    en: "a number, a quoted string, a date or a time",
    ja: "数値、引用符で囲んだ文字列、日付、時刻のいずれか",
};

/// One value that has an order: what `>`, `>=`, `<` and `<=` take.
pub(super) fn comparable(cursor: &mut Cursor<'_>) -> Result<Value, QueryError> {
    let start = cursor.mark();
    let value = value(cursor, COMPARABLE)?;
    if value.has_order() { Ok(value) } else { Err(cursor.unexpected_at(start, COMPARABLE)) }
}

/// A value, a list or a range: what `==` and `!=` take.
pub(super) fn operand(cursor: &mut Cursor<'_>) -> Result<Operand, QueryError> {
    cursor.skip_spaces();
    let start = cursor.mark();
    let first = value(cursor, ANY_VALUE)?;
    if cursor.eat("..") {
        if !first.has_order() {
            return Err(cursor.unexpected_at(start, COMPARABLE));
        }
        return range(first, cursor);
    }
    let mut values = vec![first];
    while eat_comma(cursor) {
        values.push(value(cursor, ANY_VALUE)?);
    }
    let only = if values.len() == 1 { values.pop() } else { None };
    Ok(only.map_or_else(|| Operand::List(values), Operand::One))
}

fn range(from: Value, cursor: &mut Cursor<'_>) -> Result<Operand, QueryError> {
    let start = cursor.mark();
    let to = comparable(cursor)?;
    if from.is_of_kind(&to) {
        return Ok(Operand::Range(from, to));
    }
    let Phrase { en, ja } = from.kind();
    let expected = (format!("{en}, as at the start of the range"), format!("{ja}(範囲の始まりと同じ種類)"));
    Err(cursor.unexpected_at(start, expected))
}

/// The examples of §4.9 have a space after the comma.
fn eat_comma(cursor: &mut Cursor<'_>) -> bool {
    let before = cursor.mark();
    cursor.skip_spaces();
    if cursor.eat(",") {
        cursor.skip_spaces();
        return true;
    }
    cursor.return_to(before);
    false
}

fn value(cursor: &mut Cursor<'_>, expected: Phrase) -> Result<Value, QueryError> {
    if cursor.peek() == Some('"') {
        return quoted(cursor).map(Value::Text);
    }
    let start = cursor.mark();
    let token = cursor.take_while(|c| !matches!(c, ';' | '|' | ')' | ',' | '"' | ' '));
    if let Some(value) = plain(token) {
        return Ok(value);
    }
    if let Some(moment) = with_comma(token, cursor) {
        return Ok(Value::Moment(moment));
    }
    // Two values with dots between them: the first one ends there.
    let first = token.split_once("..").and_then(|(first, _)| plain(first).map(|value| (first, value)));
    let Some((first, value)) = first else {
        return Err(cursor.unexpected_at(start, expected));
    };
    cursor.return_to(start);
    cursor.take(first.len());
    Ok(value)
}

/// §4.6.3: a comma may stand before the fraction of a second.
fn with_comma(token: &str, cursor: &mut Cursor<'_>) -> Option<Moment> {
    let after_token = cursor.mark();
    if token.len() > 40 || !cursor.eat(",") {
        return None;
    }
    let fraction = cursor.take_while(|c| c.is_ascii_digit() || c == 'Z');
    let moment = Moment::parse(&[token, ",", fraction].concat());
    if moment.is_none() {
        cursor.return_to(after_token);
    }
    moment
}

fn plain(token: &str) -> Option<Value> {
    match token {
        "true" => return Some(Value::Bool(true)),
        "false" => return Some(Value::Bool(false)),
        _ => {}
    }
    if token.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
        let moment = Moment::parse(token).map(Value::Moment);
        return moment.or_else(|| number(token));
    }
    // §4.9, example 12: a term may stand for the URI that it expands to.
    (is_term(token) || Iri::check(token).is_ok()).then(|| Value::Uri(token.to_owned()))
}

/// A JSON number (RFC 8259 §6).
pub(super) fn number(token: &str) -> Option<Value> {
    match json::parse(token.as_bytes(), 1) {
        Ok(Json::Number(number)) => Some(Value::Number(number)),
        _ => None,
    }
}

/// A JSON string (RFC 8259 §7).
pub(super) fn quoted(cursor: &mut Cursor<'_>) -> Result<String, QueryError> {
    let start = cursor.mark();
    let rest = cursor.rest();
    let mut is_escaped = false;
    let end = rest.char_indices().skip(1).find(|(_, c)| {
        let ends = *c == '"' && !is_escaped;
        is_escaped = *c == '\\' && !is_escaped;
        ends
    });
    let Some((end, _)) = end else {
        return Err(
            cursor.unexpected_at(start + rest.len(), ("\" at the end of the quoted string", "文字列の末尾の\""))
        );
    };
    match json::parse(cursor.take(end + 1).as_bytes(), 1) {
        Ok(Json::String(text)) => Ok(text.into_owned()),
        Ok(_) => Err(cursor.unexpected_at(start, ("a quoted string", "引用符で囲んだ文字列"))),
        Err(error) => {
            let en = format!("the quoted string is no JSON string, {error},");
            Err(cursor.invalid_at(start, (en, format!("JSONの文字列ではありません: {}", japanese::json(&error)))))
        }
    }
}
