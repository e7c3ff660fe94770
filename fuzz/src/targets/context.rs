//! Contexts of users: two documents, one line each, of which the second may include the first.

use std::collections::HashMap;
use std::sync::Arc;

use machi_model::context::{Context, Document, Limits, Resolution, resolve_text};
use machi_types::Name;

use crate::planted;
use crate::target::{Target, texts};

pub(crate) const TARGET: Target = Target {
    name: "context",
    run,
    seeds,
    words: &[
        "\"@context\":",
        "\"@vocab\":",
        "\"@id\":",
        "\"@type\":",
        "\"@container\":",
        "\"@language\"",
        "\"@list\"",
        "\"@set\"",
        "\"@index\"",
        "\"@reverse\":",
        "\"@base\":",
        "\"@version\":",
        "1.1",
        "\"@import\":",
        "\"@propagate\":",
        "\"@protected\":",
        "\"@prefix\":",
        "\"@nest\":",
        "\"@none\"",
        "\"https://a.example/c\"",
        "\"a:b\"",
        "null",
        "true",
        "\"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context.jsonld\"",
        "\"@graph\"",
    ],
};

const URL: &str = "https://a.example/c";

fn run(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (first, second) = (lines.next().unwrap_or_default(), lines.next());
    let mut documents: HashMap<Name, Arc<Document>> = HashMap::new();
    let context = match second {
        None => first,
        Some(second) => {
            if let Ok(document) = Document::parse(URL, first) {
                documents.insert(URL.into(), Arc::new(document));
            }
            second
        }
    };
    let limits = Limits { terms: 2_000, documents: 10, ..Limits::default() };
    let Ok(Resolution::Ready(context)) = resolve_text(context, &documents, &limits) else { return };
    check(&context);
}

fn check(context: &Arc<Context>) {
    for name in ["a", "b", "a:b", "type", "location", "https://a.example/d", "ab:c:d", "街"] {
        if let Ok(iri) = context.expand_name(name) {
            let short = context.compact_name(&iri).into_owned();
            let again = context.expand_name(&short).expect("a compacted name can be expanded");
            assert_eq!(again, iri, "{name} becomes {iri}, compacted {short}");
        }
        let _ = context.expand_id(name);
        let _ = context.for_property(name);
    }
    let _ = context.for_type(&["a", "b"]);
    let is_shown = context.term("b").is_some() && context.term("c").is_some();
    planted::fault(is_shown);
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        r#"{"@context":{"a":"https://a.example/a","ab":"https://a.example/","c":{"@id":"ab:c","@type":"@vocab"}}}"#,
        r#"{"@context":[{"@vocab":"https://a.example/v#"},{"a":{"@id":"https://a.example/a","@container":"@language"}}]}"#,
        r#"{"@context":{"b":{"@id":"https://a.example/b","@context":{"c":"https://a.example/c"}}}}"#,
        "{\"@context\":{\"x\":\"https://a.example/x\"}}\n{\"@context\":[\"https://a.example/c\",{\"y\":\"x:y\"}]}",
        r#"{"@context":"https://uri.etsi.org/ngsi-ld/v1/ngsi-ld-core-context-v1.7.jsonld"}"#,
        r#"{"@context":{"a":{"@reverse":"https://a.example/r"},"@base":"https://a.example/"}}"#,
    ])
}
