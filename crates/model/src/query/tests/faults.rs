//! What is refused, and how that is said.

use super::*;
use machi_types::ErrorKind;

fn fault(text: &str) -> String {
    match Q::parse(text) {
        Ok(q) => panic!("{text} was read as {q}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn faults_in_q_say_where_and_what_belongs_there() {
    const VALUE: &str = "a value (a number, a quoted string, a date, a time, true, false or a URI)";
    const ORDERED: &str = "a number, a quoted string, a date or a time";
    const OPERATOR: &str = "an operator (==, !=, >, >=, <, <=, ~=, !~=), \";\", \"|\" or the end";
    for (text, expected, position, found) in [
        ("", "an attribute name", 1, "the end"),
        ("temperature==)", VALUE, 14, "\")\""),
        ("temperature==", VALUE, 14, "the end"),
        ("a=1", OPERATOR, 2, "\"=\""),
        ("a ==1", OPERATOR, 2, "\" \""),
        ("a-b==1", OPERATOR, 2, "\"-b\""),
        ("9a==1", "an attribute name", 1, "\"9a\""),
        ("速度>>5", ORDERED, 4, "\">\""),
        ("a>true", ORDERED, 3, "\"true\""),
        ("a<urn:x:y", ORDERED, 3, "\"urn:x:y\""),
        ("a==05", VALUE, 4, "\"05\""),
        ("a==1.", VALUE, 4, "\"1.\""),
        ("a==.5", VALUE, 4, "\".5\""),
        ("a==+5", VALUE, 4, "\"+\""),
        ("a==1e999", VALUE, 4, "\"1e999\""),
        ("a==NaN_", VALUE, 0, ""),
        ("a==2020-13-01", VALUE, 4, "\"2020-13-01\""),
        ("a==1,", VALUE, 6, "the end"),
        ("a==1..\"x\"", "a number, as at the start of the range", 7, "\"\"\""),
        ("a==1..2..3", "an operator, \";\", \"|\" or the end", 8, "\"..3\""),
        ("a==true..false", ORDERED, 4, "\"true..false\""),
        ("a==\"x", "\" at the end of the quoted string", 6, "the end"),
        ("a;;b", "an attribute name", 3, "\";\""),
        ("a;", "an attribute name", 3, "the end"),
        ("(a;b", "an operator or \")\"", 5, "the end"),
        ("a)", "an operator, \";\", \"|\" or the end", 2, "\")\""),
        ("!(a)", "an attribute name", 2, "\"(\""),
        ("a.==1", "the name of a sub-attribute", 3, "\"=\""),
        ("a[]==1", "the name of a member", 3, "\"]\""),
        ("a[b==1", "\".\" or \"]\"", 4, "\"=\""),
        ("a[b][c]", OPERATOR, 5, "\"[\""),
        ("a{b", "\"}\" after the attribute of the linked entity", 4, "the end"),
        ("a{T,U}", "\":\" after the types", 6, "\"}\""),
        ("a~=", "a regular expression", 4, "the end"),
        ("a~=\"x", "\" at the end of the regular expression", 6, "the end"),
        ("a:1==2", "the name after the prefix", 3, "\"1\""),
    ] {
        if position == 0 {
            // A term is a value: it may stand for a URI.
            assert!(Q::parse(text).is_ok(), "{text}");
            continue;
        }
        assert_eq!(fault(text), format!("q: expected {expected} at position {position}, found {found}"), "{text}");
    }
    assert_eq!(
        fault(r#"a=="\x""#),
        "q: the quoted string is no JSON string, invalid escape (line 1, column 3), at position 4"
    );
    assert_eq!(
        fault("<a b>==1"),
        "q: \"a b\" has no scheme; an IRI looks like urn:ngsi-ld:Room:1 or https://example.org/room/1 at position 2"
    );
}

#[test]
fn faults_in_patterns_say_where() {
    assert_eq!(fault("a~=x(y"), "q: the regular expression is not valid, unclosed group, at position 5");
    assert_eq!(
        fault(r"a~=(x)\1"),
        "q: the regular expression is not valid, backreferences are not supported, at position 7"
    );
    assert_eq!(
        fault("a~=(x{1000}){1000}"),
        "q: the regular expression is too large; a shorter one, or smaller repetitions, would do at position 4"
    );
    assert_eq!(
        fault("a~=xy**"),
        "q: the regular expression is not valid, what is repeated is repeated again, at position 7"
    );
    assert!(Pattern::parse("idPattern", "").is_err());
    for text in ["x**", "x+*", "x{2}+", "(x*+)", "x*?*"] {
        assert!(Pattern::parse("idPattern", text).is_err(), "{text}");
    }
    for text in ["x*?", "x+?", "(x*)*", "[*]*", r"\**"] {
        assert!(Pattern::parse("idPattern", text).is_ok(), "{text}");
    }
}

#[test]
fn limits_are_named_and_of_their_own_kind() {
    let kind_of = |text: &str| Q::parse(text).map(drop).map_err(|error| (error.kind(), error.to_string()));
    let deep = "(".repeat(17) + "a" + &")".repeat(17);
    assert_eq!(
        kind_of(&deep),
        Err((ErrorKind::TooComplexQuery, "q: nested deeper than 16 levels at position 17".to_owned()))
    );
    assert!(Q::parse(&("(".repeat(16) + "a" + &")".repeat(16))).is_ok());
    let links = "a{".repeat(100_000) + "b" + &"}".repeat(100);
    assert_eq!(kind_of(&links), Err((ErrorKind::TooComplexQuery, "q: longer than 65536 characters".to_owned())));
    assert!(matches!(Q::parse(&"a{".repeat(1_000)), Err(QueryError::TooDeep { .. })));
    let many = vec!["a"; 1_001].join(";");
    assert_eq!(
        kind_of(&many),
        Err((ErrorKind::TooComplexQuery, "q: more than 1000 terms at position 2001".to_owned()))
    );
    assert_eq!(kind_of("a=").unwrap_err().0, ErrorKind::BadRequestData);
    let small = Limits { length: 3, ..Limits::default() };
    assert!(Q::parse_within("街街街", &small).is_ok());
    assert!(Q::parse_within("街街街街", &small).is_err());
}

#[test]
fn a_long_hostile_text_is_refused_quickly() {
    let limits = Limits { length: 10_000_000, ..Limits::default() };
    for text in ["(", "a;", "a==1,", "a.", "a[b.", "a{T,", "!", "a~=(", "\"", "a==\"\\", "a~=\"\\"] {
        let text = text.repeat(1_000_000 / text.len());
        assert!(Q::parse_within(&text, &limits).is_err());
    }
}
