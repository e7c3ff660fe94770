//! Lists of names: pick and omit with selections in braces, attrs, and single words.

use machi_model::context::Context;
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
    texts(&["id,type,temperature", "a,b{c,d{e}}", "a|b", "https://a.example/b,街"])
}
