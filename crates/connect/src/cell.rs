//! What people type into cells: numbers with full-width digits and thousand commas, and words for yes and no.

use machi_types::Json;
use machi_types::json::Number;

use crate::row::quoted;
use crate::{RowError, decimal};

/// The text with full-width letters, digits and signs as their ASCII twins.
pub(crate) fn half_width(text: &str) -> String {
    text.chars().map(half_width_character).collect()
}

fn half_width_character(character: char) -> char {
    match character {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(character) - 0xfee0).unwrap_or(character),
        '\u{3000}' => ' ',
        '\u{2212}' => '-',
        other => other,
    }
}

/// A number that says the same as the text, to the last digit: whole ones of 64 bits, and what a double holds.
pub(crate) fn number(text: &str) -> Result<Json<'static>, RowError> {
    let plain = plain(text);
    if let Some(whole) = whole(&plain) {
        return Ok(Json::Number(whole));
    }
    let value = double(&plain).ok_or_else(|| no_number(text))?;
    if value.is_finite() && decimal::is_same(&plain, value) { Ok(Json::from(value)) } else { Err(not_kept(text)) }
}

/// The nearest double, for places: the digits that it lacks are parts of a nanometre.
pub(crate) fn float(text: &str) -> Result<f64, RowError> {
    double(&plain(text)).filter(|value| value.is_finite()).ok_or_else(|| no_number(text))
}

fn plain(text: &str) -> String {
    without_commas(&half_width(text))
}

fn whole(plain: &str) -> Option<Number> {
    let signed = plain.parse::<i64>().map(Number::from);
    let whole = signed.or_else(|_| plain.parse::<u64>().map(Number::from)).ok()?;
    // A whole number has no sign of its own at zero; a double has.
    (whole.as_u64() != Some(0) || !plain.starts_with('-')).then_some(whole)
}

fn double(plain: &str) -> Option<f64> {
    plain.parse::<f64>().ok().filter(|_| starts_as_number(plain))
}

fn no_number(text: &str) -> RowError {
    let wrong = (format!("{} is no number", quoted(text)), format!("{}は数値として読めません", quoted(text)));
    RowError::new(wrong, ("a number such as 12 or 3.5", "12や3.5のような数値"))
}

fn not_kept(text: &str) -> RowError {
    RowError::new(
        (
            format!("{} has more digits, or is farther from zero or nearer to it, than a number keeps", quoted(text)),
            format!("{}は桁数または大きさが、数値として正確に保てる範囲を超えています", quoted(text)),
        ),
        (
            "a number of up to 15 digits, or a whole one of up to 18; longer ones are kept as texts, without kind = \"number\"",
            "15桁までの数値、または18桁までの整数。それより長い場合は、kind = \"number\"を付けず文字列として取り込んでください",
        ),
    )
}

/// `inf` and `nan` are doubles for Rust and words for everybody else.
fn starts_as_number(text: &str) -> bool {
    text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_digit() || c == '.')
}

/// `1,234,567` without its commas; a comma anywhere else stays, and makes the text no number.
fn without_commas(text: &str) -> String {
    let whole = text.split('.').next().unwrap_or_default();
    let mut groups = whole.trim_start_matches(['+', '-']).split(',');
    let is_first_right = groups.next().is_some_and(|first| (1..=3).contains(&first.len()));
    if is_first_right && groups.all(|group| group.len() == 3) {
        return text.replace(',', "");
    }
    text.to_owned()
}

/// Yes or no, in the words of open data.
pub(crate) fn boolean(text: &str) -> Result<Json<'static>, RowError> {
    match half_width(text).to_ascii_lowercase().as_str() {
        "true" | "yes" | "y" | "1" | "有" | "有り" | "あり" | "可" | "はい" | "○" | "〇" | "◯" => {
            Ok(Json::Bool(true))
        }
        "false" | "no" | "n" | "0" | "無" | "無し" | "なし" | "不可" | "いいえ" | "×" => {
            Ok(Json::Bool(false))
        }
        _ => Err(RowError::new(
            (format!("{} is neither yes nor no", quoted(text)), format!("{}は真偽値として読めません", quoted(text))),
            ("true or false, 有 or 無, 1 or 0", "trueかfalse、有か無、1か0"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        for (text, expected) in
            [("12", "12"), ("-3.50", "-3.5"), ("１２．５", "12.5"), ("1,234,567", "1234567"), ("+5", "5")]
        {
            assert_eq!(number(text).unwrap().to_text(), expected, "{text}");
        }
        for bad in ["", "abc", "NaN", "inf", "1,2", "12,34,567", "1 2", "---", "1e999"] {
            assert!(number(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_number_says_what_was_written_or_there_is_none() {
        for long in [
            "123456789012345678901234",
            "-9223372036854775809",
            "18,446,744,073,709,551,616",
            "0.12345678901234567890",
            "9007199254740993.5",
            "1e999",
            "-1e-400",
        ] {
            let told = number(long).unwrap_err().to_string();
            assert!(told.contains("than a number keeps") && told.contains("kept as texts"), "{long}: {told}");
        }
        for (kept, expected) in [
            ("9223372036854775807", "9223372036854775807"),
            ("18446744073709551615", "18446744073709551615"),
            ("36.061949999999996", "36.061949999999996"),
            ("1.50000000000000000000", "1.5"),
            ("0.000", "0.0"),
            ("-0", "-0.0"),
        ] {
            assert_eq!(number(kept).unwrap().to_text(), expected, "{kept}");
        }
    }

    #[test]
    fn a_place_has_as_many_digits_as_it_has() {
        assert_eq!(float("１３６.21962840000000123456").unwrap().to_string(), "136.2196284");
        assert!(float("1e999").is_err() && float("inf").is_err());
    }

    #[test]
    fn yes_and_no_are_read_in_both_languages() {
        for (text, expected) in [("有", true), ("TRUE", true), ("１", true), ("無", false), ("×", false)] {
            assert_eq!(boolean(text).unwrap(), Json::Bool(expected), "{text}");
        }
        assert!(boolean("予定").is_err());
    }

    proptest! {
        #[test]
        fn whole_numbers_come_back(value: i64) {
            prop_assert_eq!(number(&value.to_string()).unwrap().to_text(), value.to_string());
        }

        #[test]
        fn doubles_come_back(value in proptest::num::f64::NORMAL) {
            for text in [value.to_string(), format!("{value:e}")] {
                prop_assert_eq!(number(&text).unwrap().as_f64(), Some(value), "{}", text);
            }
        }

        #[test]
        fn up_to_fifteen_digits_are_kept(whole in 0u32..100_000, fraction in "[0-9]{1,10}") {
            let text = format!("{whole}.{fraction}");
            prop_assert!(number(&text).is_ok(), "{}", text);
        }

        #[test]
        fn any_text_is_judged(text in ".*") {
            let _ = (number(&text), boolean(&text));
        }
    }
}
