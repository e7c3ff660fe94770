//! The query language: what is parsed is written to a text that parses to the same.

use machi_model::context::Context;
use machi_model::query::Q;

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target = Target {
    name: "q",
    run,
    seeds,
    words: &[
        "==",
        "!=",
        ">=",
        "<=",
        "~=",
        "!~=",
        "!",
        ";",
        "|",
        "(",
        ")",
        "..",
        ",",
        "\"",
        "[",
        "]",
        ".",
        "{",
        "}",
        "urn:ngsi-ld:null",
        "2026-01-01T00:00:00Z",
        "12:00:00Z",
        "true",
        "observedAt",
        "datasetId",
        "%",
        ":",
    ],
};

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let Ok(q) = Q::parse(&text) else { return };
    let written = q.to_string();
    let again = Q::parse(&written).unwrap_or_else(|error| panic!("{text:?} was written as {written:?}: {error}"));
    assert_eq!(again, q, "{text:?} was written as {written:?}");
    let _ = q.link_depth();
    let expanded = q.expand(&|name: &str| Context::core().expand_name(name));
    if let Ok(query) = &expanded {
        let _ = query.to_string();
    }
    planted::fault(written.contains("!~=") && written.contains('('));
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "temperature>20;humidity<=50.5",
        "(a==1|b!=\"x\");!c",
        "a.b[c.d]~=\"^x.*\"",
        "a==1,2,\"z\"..\"zz\"",
        "observedAt>=2026-01-01T00:00:00Z",
        "of{Room|House}.temperature>=1..2",
        "a.observedAt==2026-01-01",
        "street==\"街\"|id==urn:x:1",
    ])
}
