//! Lists of names: pick and omit with selections in braces, attrs, and single words; keys that hold the names of others.

use machi_model::context::Context;
use machi_model::foreign::{V2Name, twin_of_key};
use machi_model::query::{NameList, Projection, Word};

use crate::planted;
use crate::target::{Target, texts};
use crate::text::text;

pub(crate) const TARGET: Target =
    Target { name: "names", run, seeds, words: &[",", "|", "{", "}", "id", "type", "scope", "https://a.example/b"] };

fn run(bytes: &[u8]) {
    let text = text(bytes);
    let expand = |name: &str| Context::core().expand_name(name);
    let _ = Word::parse("attrId", &text);
    if let Some(name) = V2Name::of_key(&text) {
        assert!(name.key(true).is_ok_and(|key| *key.as_str() == *text), "{text:?} stands for {name:?}");
    }
    let _ = twin_of_key(&text);
    if let Ok(names) = NameList::parse("attrs", &text) {
        assert_eq!(NameList::parse("attrs", &names.to_string()).as_ref(), Ok(&names), "{text:?} became {names}");
        let _ = names.expand(&expand);
    }
    let Ok(projection) = Projection::parse("pick", &text) else { return };
    let written = projection.to_string();
    assert_eq!(Projection::parse("pick", &written).as_ref(), Ok(&projection), "{text:?} became {written:?}");
    let _ = projection.expand(&expand);
    planted::fault(projection.link_depth() == 3);
}

fn seeds() -> Vec<Vec<u8>> {
    texts(&[
        "urn:machi:v2:%2F:Room:a",
        "urn:machi:twin:a%20b",
        "id,type,temperature",
        "a,b{c,d{e}}",
        "a|b",
        "https://a.example/b,街",
    ])
}
