//! What patterns match, and what can be said of them without asking.

use super::*;

fn pattern(text: &str) -> Pattern {
    Pattern::parse("idPattern", text).unwrap()
}

#[test]
fn a_pattern_is_found_anywhere_unless_it_is_tied() {
    for (text, yes, no) in [
        ("abc", "xabcx", "ab"),
        ("^abc", "abcx", "xabc"),
        ("abc$", "xabc", "abcx"),
        ("^abc$", "abc", "abcx"),
        ("^abc.*$", "abc\nx", "xabc"),
        (".*abc.*", "x\nabcx", "ab"),
        ("^.*abc$", "xabc", "abcx"),
        ("", "", ""),
        ("^a.c$", "a\nc", "ac"),
        ("[[:digit:]]{3}", "a123", "a12"),
        ("urn:ngsi-ld:(Room|Hall):", "urn:ngsi-ld:Hall:1", "urn:ngsi-ld:Shop:1"),
        ("a\\.b", "a.b", "acb"),
        ("街+", "福井街", "福井"),
    ] {
        if text.is_empty() {
            continue;
        }
        assert!(pattern(text).matches(yes), "{text} {yes}");
        assert!(!pattern(text).matches(no), "{text} {no}");
    }
}

#[test]
fn literals_are_known_beforehand() {
    let check = |text: &str, prefix: &str, literals: &[&str], exact: Option<&str>| {
        let pattern = pattern(text);
        assert_eq!(pattern.literal_prefix(), prefix, "{text}");
        let found: Vec<&str> = pattern.literals().iter().map(|literal| &**literal).collect();
        assert_eq!(found, literals, "{text}");
        assert_eq!(pattern.as_exact(), exact, "{text}");
    };
    check("^urn:ngsi-ld:Room:.*", "urn:ngsi-ld:Room:", &["urn:ngsi-ld:Room:"], None);
    check("^urn:ngsi-ld:Room:.*$", "urn:ngsi-ld:Room:", &["urn:ngsi-ld:Room:"], None);
    check("^urn:ngsi-ld:Room:[0-9]+$", "urn:ngsi-ld:Room:", &["urn:ngsi-ld:Room:"], None);
    check("^(urn:(Room|Hall)):1$", "urn:", &["urn:", ":1"], None);
    check("^abc$", "abc", &["abc"], Some("abc"));
    check("abc", "", &["abc"], None);
    check("abc.*def", "", &["abc", "def"], None);
    check("^.*abc", "", &["abc"], None);
    check(".*", "", &[], None);
    check("^a|^b", "", &[], None);
    check("(abc)+x?", "", &["abc"], None);
    check("(?i)abc", "", &[], None);
    check("(?m)^abc", "", &["abc"], None);
}
