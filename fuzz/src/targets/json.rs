//! JSON: what is taken is written to a text that says the same, and whoever takes it takes no more than RFC 8259.

use machi_types::json::{self, DEFAULT_DEPTH};

use crate::planted;
use crate::target::{Target, texts};

pub(crate) const TARGET: Target = Target { name: "json", run, seeds, words: WORDS };

pub(crate) const WORDS: &[&str] = &[
    "{", "}", "[", "]", ",", ":", "\"", "\\u", "\\ud800", "\\n", "null", "true", "false", "1e9", "-0", "0.5", "\"a\":",
];

fn run(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, DEFAULT_DEPTH) else { return };
    let text = value.to_text();
    let again = json::parse(text.as_bytes(), DEFAULT_DEPTH).expect("what we write can be read");
    assert_eq!(value, again, "a text and its copy say the same");
    assert_eq!(again.into_owned().to_text(), text, "there is one shortest text");
    planted::fault(value.as_array().is_some_and(|items| items.len() == 3));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"a":1,"b":[true,null,"\u8857\n",-1.5e3]}"#,
        r#"[[],{},"",0]"#,
        "18446744073709551615",
        r#"{"a":{"b":{"c":[1,2,3]}}}"#,
        "\"街\"",
    ])
}
