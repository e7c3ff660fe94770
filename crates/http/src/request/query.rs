//! The query string, read once: unknown and repeated parameters are refused by name.

use std::borrow::Cow;

use machi_types::{ErrorKind, japanese};

use crate::spelling::nearest;
use crate::{Problem, Text, percent};

/// The parameters of a request, decoded.
#[derive(Clone, Debug, Default)]
pub struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Query<'a> {
    /// Reads a query string that may hold just the parameters named in `allowed`.
    ///
    /// ETSI GS CIM 009 §6.3.20: parameters that the operation does not know are an `InvalidRequest`.
    pub fn parse(raw: Option<&'a str>, allowed: &[&str]) -> Result<Self, Problem> {
        let mut pairs: Vec<(Cow<'a, str>, Cow<'a, str>)> = Vec::new();
        for piece in raw.unwrap_or_default().split('&').filter(|piece| !piece.is_empty()) {
            let (name, value) = piece.split_once('=').unwrap_or((piece, ""));
            let name = decode(name, name)?;
            if !allowed.contains(&&*name) {
                return Err(unknown(&name, allowed));
            }
            if pairs.iter().any(|(known, _)| *known == name) {
                return Err(repeated(&name));
            }
            let value = decode(&name, value)?;
            pairs.push((name, value));
        }
        Ok(Self { pairs })
    }

    /// Whether there is no parameter at all.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// The parameters in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs.iter().map(|(name, value)| (&**name, &**value))
    }

    /// The value of a parameter.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(known, _)| known == name).map(|(_, value)| &**value)
    }

    /// A truth value: `true` or `false`.
    pub fn flag(&self, name: &str) -> Result<Option<bool>, Problem> {
        match self.get(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(malformed(name, other, "true or false", "trueまたはfalse")),
        }
    }

    /// A whole number that is not negative.
    pub fn number(&self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.get(name) else {
            return Ok(None);
        };
        let is_plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match text.parse() {
            Ok(number) if is_plain => Ok(Some(number)),
            _ => Err(malformed(name, text, "a whole number from 0 on", "0以上の整数")),
        }
    }

    /// The words of a comma-separated parameter, each of which must be among `allowed`.
    ///
    /// ETSI GS CIM 009 §6.3.20: values of `options` that the operation does not know are an `InvalidRequest`.
    pub fn words(&self, name: &str, allowed: &[&str]) -> Result<Vec<&str>, Problem> {
        let mut words = Vec::new();
        for word in self.get(name).into_iter().flat_map(|list| list.split(',')).map(str::trim) {
            if !allowed.contains(&word) {
                return Err(unknown_word(name, word, allowed));
            }
            words.push(word);
        }
        Ok(words)
    }
}

fn decode<'a>(name: &str, text: &'a str) -> Result<Cow<'a, str>, Problem> {
    percent::decode(text).map_err(|error| {
        let name = shortened(name);
        invalid(Text::both(
            format!("query parameter \"{name}\": {error}"),
            format!("クエリパラメーター\"{name}\": {}", japanese::percent(&error)),
        ))
    })
}

fn unknown(name: &str, allowed: &[&str]) -> Problem {
    let name = shortened(name);
    let (en, ja) = match nearest(&name, allowed.iter().copied()) {
        Some(near) => (format!("did you mean \"{near}\"?"), format!("\"{near}\"の間違いではありませんか。")),
        None if allowed.is_empty() => ("it takes none".to_owned(), "この操作にパラメーターはありません".to_owned()),
        None => (format!("it takes {}", allowed.join(", ")), format!("利用できるのは{}です", allowed.join(", "))),
    };
    invalid(Text::both(
        format!("this operation does not know the query parameter \"{name}\"; {en}"),
        format!("クエリパラメーター\"{name}\"はこの操作では使えません。{ja}"),
    ))
}

fn repeated(name: &str) -> Problem {
    let name = shortened(name);
    invalid(Text::both(
        format!(
            "the query parameter \"{name}\" is given more than once; several values are separated by commas in one parameter"
        ),
        format!("クエリパラメーター\"{name}\"が複数回指定されています。複数の値はカンマで区切ってください"),
    ))
}

fn unknown_word(name: &str, word: &str, allowed: &[&str]) -> Problem {
    let word = shortened(word);
    let hint =
        nearest(&word, allowed.iter().copied()).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
    let list = allowed.join(", ");
    invalid(Text::both(
        format!("the query parameter \"{name}\" does not know \"{word}\"{hint} (it takes {list})"),
        format!("クエリパラメーター\"{name}\"の値\"{word}\"は使えません。利用できるのは{list}です"),
    ))
}

fn malformed(name: &str, value: &str, right: &str, right_ja: &str) -> Problem {
    let value = shortened(value);
    Problem::new(
        ErrorKind::BadRequestData,
        Text::both(
            format!("the query parameter \"{name}\" must be {right}, and is \"{value}\""),
            format!("クエリパラメーター\"{name}\"は{right_ja}でなければなりません(指定値: \"{value}\")"),
        ),
    )
}

fn invalid(detail: Text) -> Problem {
    Problem::new(ErrorKind::InvalidRequest, detail)
}

/// Details quote the input; a hostile one may be long.
pub(crate) fn shortened(text: &str) -> String {
    text.chars().take(80).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Language;
    use proptest::prelude::*;

    fn error(raw: &str) -> String {
        let problem = Query::parse(Some(raw), &["limit", "offset", "q", "options"]).unwrap_err();
        assert_eq!(problem.type_uri(), "https://uri.etsi.org/ngsi-ld/errors/InvalidRequest");
        problem.detail(Language::English).to_owned()
    }

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse(Some("q=a%3D%3D%22b+c%22&limit=5&&offset="), &["limit", "offset", "q"]).unwrap();
        assert_eq!(query.get("q"), Some("a==\"b c\""));
        assert_eq!(query.number("limit").unwrap(), Some(5));
        assert_eq!(query.get("offset"), Some(""));
        assert!(query.number("offset").is_err());
        assert!(Query::parse(None, &[]).unwrap().is_empty());
    }

    #[test]
    fn unknown_repeated_and_broken_parameters_are_named() {
        assert_eq!(
            error("limt=5"),
            "this operation does not know the query parameter \"limt\"; did you mean \"limit\"?"
        );
        assert_eq!(
            error("temperature=5"),
            "this operation does not know the query parameter \"temperature\"; it takes limit, offset, q, options"
        );
        assert!(error("limit=5&limit=6").starts_with("the query parameter \"limit\" is given more than once"));
        assert!(error("q=%2").starts_with("query parameter \"q\": the % at character 1"));
        assert!(error("q=%ff").contains("not UTF-8"));
    }

    #[test]
    fn words_are_checked_one_by_one() {
        let query = Query::parse(Some("options=sysAttrs,keyvalues"), &["options"]).unwrap();
        let problem = query.words("options", &["sysAttrs", "keyValues", "concise"]).unwrap_err();
        assert!(problem.detail(Language::English).contains("did you mean \"keyValues\"?"));
        assert_eq!(query.words("options", &["sysAttrs", "keyvalues"]).unwrap(), ["sysAttrs", "keyvalues"]);
        assert!(query.words("other", &[]).unwrap().is_empty());
    }

    #[test]
    fn flags_and_numbers_are_plain() {
        for (raw, is_good) in [("q=true", true), ("q=True", false), ("q=1", false), ("q=", false)] {
            assert_eq!(Query::parse(Some(raw), &["q"]).unwrap().flag("q").is_ok(), is_good, "{raw}");
        }
        for raw in ["q=-1", "q=%2B1", "q=1.0", "q=1e3", "q=99999999999999999999"] {
            assert!(Query::parse(Some(raw), &["q"]).unwrap().number("q").is_err(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_query_panics(raw in ".*") {
            let _ = Query::parse(Some(&raw), &["limit"]);
        }
    }
}
