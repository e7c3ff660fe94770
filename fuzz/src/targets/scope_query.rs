//! Scope queries and scopes.

use machi_model::query::{ScopePath, ScopeQuery};

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target =
    Target { name: "scope_query", run, seeds, words: &["/", "#", "+", ";", "|", "(", ")", ",", "/#", "/+/"] };

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let scope = text.parse::<ScopePath>();
    if let Ok(scope) = &scope {
        assert_eq!(scope.to_string().parse::<ScopePath>().as_ref(), Ok(scope));
    }
    let Ok(query) = ScopeQuery::parse(&text) else { return };
    let written = query.to_string();
    assert_eq!(ScopeQuery::parse(&written).as_ref(), Ok(&query), "{text:?} was written as {written:?}");
    let scopes: Vec<ScopePath> = ["/a/b/c", "/a", "/b/街"].map(|scope| scope.parse().expect("it is a scope")).into();
    let _ = (query.matches(&scopes), query.matches(&[]));
    planted::fault(written.contains("/#") && written.contains("/+/") && written.contains('|'));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&["/a/b", "/a/#", "/a/+/c;/d", "(/a|/b);/c/#", "/街/区", "/#"])
}
