//! What people type into cells: numbers with full-width digits and thousand commas, and words for yes and no.

use machi_types::Json;

use crate::RowError;
use crate::row::quoted;

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

/// A number, exactly as written where it is a whole one.
pub(crate) fn number(text: &str) -> Result<Json<'static>, RowError> {
    let plain = without_commas(&half_width(text));
    if let Ok(whole) = plain.parse::<i64>() {
        return Ok(Json::Number(whole.into()));
    }
    if !is_exact(text) {
        return Err(too_long(text));
    }
    let value = plain.parse::<f64>().ok().filter(|value| value.is_finite() && starts_as_number(&plain));
    value.map(Json::from).ok_or_else(|| {
        let wrong = (format!("{} is no number", quoted(text)), format!("{}は数値として読めません", quoted(text)));
        RowError::new(wrong, ("a number such as 12 or 3.5", "12や3.5のような数値"))
    })
}

/// Whether a text is not a whole number beyond those that are kept to the last digit.
fn is_exact(text: &str) -> bool {
    let plain = without_commas(&half_width(text));
    let digits = plain.trim_start_matches(['+', '-']);
    let is_whole = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    !is_whole || plain.parse::<i64>().is_ok()
}

fn too_long(text: &str) -> RowError {
    RowError::new(
        (
            format!("{} has more digits than a number keeps", quoted(text)),
            format!("{}は桁数が多く、数値のままでは正確に保てません", quoted(text)),
        ),
        (
            "a whole number of up to 18 digits; longer ones are kept as texts, without kind = \"number\"",
            "18桁までの整数。それより長い場合は、kind = \"number\"を付けず文字列として取り込んでください",
        ),
    )
}

/// A number as a double.
pub(crate) fn float(text: &str) -> Result<f64, RowError> {
    number(text).map(|number| number.as_f64().unwrap_or_default())
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
    fn a_whole_number_is_exact_or_none() {
        for long in ["123456789012345678901234", "-9223372036854775809", "18,446,744,073,709,551,615"] {
            assert!(!is_exact(long) && number(long).unwrap_err().to_string().contains("more digits"), "{long}");
        }
        for kept in ["9223372036854775807", "1.5", "1e20", "-0"] {
            assert!(is_exact(kept) && number(kept).is_ok(), "{kept}");
        }
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
        fn any_text_is_judged(text in ".*") {
            let _ = (number(&text), boolean(&text));
        }
    }
}
