//! Patterns of ids and of the operand of `~=`: a pattern on the first line, a text for it on the second.

use machi_model::query::Pattern;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target = Target {
    name: "pattern",
    run,
    seeds,
    words: &[
        "^", "$", ".*", "[a-z]", "(", ")", "|", "{2,3}", "\\d", "\\b", "(?i)", "(?=", "\\1", "+?", "[^]]", "\\p{L}",
    ],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let (pattern, subject) = text.split_once('\n').unwrap_or((&text, "urn:ngsi-ld:Room:12"));
    let Ok(parsed) = Pattern::parse("idPattern", pattern) else { return };
    let matches = parsed.matches(subject);
    assert!(!matches || subject.starts_with(parsed.literal_prefix()), "{pattern:?} matches {subject:?}");
    assert!(!matches || parsed.as_exact().is_none_or(|exact| exact == subject), "{pattern:?} matches {subject:?}");
    let holds_literals = parsed.literals().iter().all(|literal| subject.contains(literal.as_str()));
    assert!(!matches || holds_literals, "{pattern:?} matches {subject:?} without {:?}", parsed.literals());
    planted::fault(matches && pattern.contains('|') && pattern.contains("{2"));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "^urn:ngsi-ld:Room:.*$\nurn:ngsi-ld:Room:1",
        "urn:(a|b)+\nurn:ab",
        "^abc$\nabc",
        "[0-9]{2,3}x?\n12x",
        "(?i)ABC\nabc",
        "街.区\n街の区",
    ])
}
