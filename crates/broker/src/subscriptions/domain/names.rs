//! Names in a subscription: expanded where it is kept, as short as a reader's @context has them where it is shown.

use machi_model::context::ContextError;
use machi_model::entity::Terms;
use machi_types::Name;

/// Gives the full name of a name as written.
pub(crate) type Expand<'e> = &'e dyn Fn(&str) -> Result<Name, ContextError>;

/// The names of a kept subscription are full already.
#[expect(clippy::unnecessary_wraps, reason = "it is used where names may have to be expanded")]
pub(crate) fn is_expanded(name: &str) -> Result<Name, ContextError> {
    Ok(Name::from(name))
}

/// Rewrites the full names in angle brackets of a query or type expression.
///
/// Where a name stays longer than a term or `prefix:term`, `keep_brackets` says whether they stay with it.
pub(crate) fn compacted(text: &str, terms: &dyn Terms, keep_brackets: bool) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(next) = rest.chars().next() {
        let (taken, behind) = match next {
            '"' => split_quoted(rest),
            '<' if may_begin_a_name(before) => {
                let (name, behind) = split_name(rest);
                write_name(name, terms, keep_brackets, &mut out);
                before = Some('>');
                rest = behind;
                continue;
            }
            other => rest.split_at_checked(other.len_utf8()).unwrap_or((rest, "")),
        };
        out.push_str(taken);
        before = taken.chars().next_back();
        rest = behind;
    }
    out
}

/// Behind anything else, `<` is the operator.
fn may_begin_a_name(before: Option<char>) -> bool {
    before.is_none_or(|c| matches!(c, ';' | '|' | '(' | '!' | '{' | '.' | ',' | ':'))
}

fn split_quoted(text: &str) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => return text.split_at_checked(at + 1).unwrap_or((text, "")),
            _ => is_escaped = false,
        }
    }
    (text, "")
}

fn split_name(text: &str) -> (&str, &str) {
    let inner = text.strip_prefix('<').unwrap_or(text);
    inner.split_once('>').unwrap_or((inner, ""))
}

fn write_name(name: &str, terms: &dyn Terms, keep_brackets: bool, out: &mut String) {
    let short = terms.name(name);
    let is_short =
        short.matches(':').count() <= 1 && short.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':');
    let is_safe = is_short || (!keep_brackets && !short.contains([';', '|', ',', '(', ')']));
    if is_safe {
        out.push_str(&short);
    } else {
        out.push('<');
        out.push_str(&short);
        out.push('>');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_model::entity::CoreTerms;

    const DEFAULT: &str = "https://uri.etsi.org/ngsi-ld/default-context/";

    #[test]
    fn names_are_shortened_outside_quotes_alone() {
        let check = |text: &str, expected: &str| {
            assert_eq!(compacted(&text.replace("D/", DEFAULT), &CoreTerms, true), expected);
        };
        check(
            "<D/speed>>50;<D/name>==\"<D/x> \\\" <D/y>\"",
            &format!("speed>50;name==\"<{DEFAULT}x> \\\" <{DEFAULT}y>\""),
        );
        check("<D/a><5|(!<D/b>;<D/c><=6)", "a<5|(!b;c<=6)");
        check("<https://example.org/a>==1", "<https://example.org/a>==1");
        check("<D/a>{<D/T>:<D/b>}==1", "a{T:b}==1");
        assert_eq!(compacted("<https://example.org/T>", &CoreTerms, false), "https://example.org/T");
        assert_eq!(compacted("<https://example.org/T(1)>", &CoreTerms, false), "<https://example.org/T(1)>");
    }
}
