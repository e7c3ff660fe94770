//! The parameters of a header's value, such as `; charset=utf-8` (RFC 9110 §5.6.6).

/// A value and its parameters, names in lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parameterized {
    /// What stands before the first semicolon, in lower case.
    pub value: String,
    parameters: Vec<(String, String)>,
}

impl Parameterized {
    /// Reads the value of a header; what is no parameter in it is passed over.
    pub fn parse(text: &str) -> Self {
        let mut pieces = pieces(text).into_iter();
        let value = pieces.next().unwrap_or_default().trim().to_ascii_lowercase();
        let parameter = |piece: String| {
            let (name, value) = piece.split_once('=')?;
            Some((name.trim().to_ascii_lowercase(), unquoted(value.trim())))
        };
        Self { value, parameters: pieces.filter_map(parameter).collect() }
    }

    /// The first parameter of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.parameters.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The text between semicolons that stand in no quotes.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for character in text.chars() {
        let is_end = character == ';' && !is_quoted;
        match character {
            _ if is_escaped => is_escaped = false,
            '\\' if is_quoted => is_escaped = true,
            '"' => is_quoted = !is_quoted,
            _ => {}
        }
        match pieces.last_mut() {
            Some(piece) if !is_end => piece.push(character),
            _ => pieces.push(String::new()),
        }
    }
    pieces
}

/// A quoted string without its quotes and escapes; anything else as it is.
fn unquoted(value: &str) -> String {
    let Some(inside) = value.strip_prefix('"') else { return value.to_owned() };
    let mut text = String::with_capacity(inside.len());
    let mut characters = inside.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => break,
            '\\' => text.extend(characters.next()),
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn parameters_are_found_in_and_out_of_quotes() {
        let read = Parameterized::parse("Form-Data; NAME=\"a;\\\"b\\\"\"; filename = x.csv ;; flag; name=second");
        assert_eq!(read.value, "form-data");
        assert_eq!(read.get("name"), Some("a;\"b\""));
        assert_eq!(read.get("filename"), Some("x.csv"));
        assert_eq!(read.get("flag"), None);
        assert_eq!(Parameterized::parse("text/csv").value, "text/csv");
        assert_eq!(Parameterized::parse("a; b=\"open").get("b"), Some("open"));
    }

    proptest! {
        #[test]
        fn any_text_is_read(text in ".*") {
            let _ = Parameterized::parse(&text);
        }

        #[test]
        fn quoted_values_come_back(value in "[^\\p{C}]{0,20}") {
            let written = value.replace('\\', "\\\\").replace('"', "\\\"");
            let read = Parameterized::parse(&format!("x; a=\"{written}\"; b=1"));
            prop_assert_eq!(read.get("a"), Some(&*value));
            prop_assert_eq!(read.get("b"), Some("1"));
        }
    }
}
