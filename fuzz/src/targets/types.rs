//! Type expressions.

use machi_model::context::Context;
use machi_model::query::TypeExpression;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target =
    Target { name: "types", run, seeds, words: &["|", ",", ";", "(", ")", "*", "https://a.example/B", "Room"] };

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(types) = TypeExpression::parse(&text) else { return };
    let written = types.to_string();
    let again = TypeExpression::parse(&written).unwrap_or_else(|error| panic!("{text:?}, {written:?}: {error}"));
    assert_eq!(again, types, "{text:?} was written as {written:?}");
    if let Ok(expanded) = types.expand(&|name: &str| Context::core().expand_name(name)) {
        let _ = expanded.matches(&["https://uri.etsi.org/ngsi-ld/default-context/Room", "urn:b"]);
    }
    planted::fault(written.matches('(').count() == 2);
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&["Room", "Room|House", "(A;B)|C", "https://a.example/B,C", "*"])
}
