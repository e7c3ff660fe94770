//! Changes of an entity: the first line is the entity, the second what is to become of it by each law.

use machi_model::context::Context;
use machi_model::entity::{Encoded, Input, Terms, parse_attribute, parse_entity, parse_fragment};
use machi_model::laws::{self, Merge, Overwrite};
use machi_types::Name;
use machi_types::json::{self, DEFAULT_DEPTH};

use crate::planted;
use crate::target::{Target, texts};
use crate::targets::entity;

pub(crate) const TARGET: Target = Target { name: "fragment", run, seeds, words: entity::WORDS };

fn run(bytes: &[u8]) {
    let mut lines = bytes.splitn(2, |byte| *byte == b'\n');
    let (Some(first), Some(second)) = (lines.next(), lines.next()) else { return };
    let (Ok(before), Ok(change)) = (json::parse(first, DEFAULT_DEPTH), json::parse(second, DEFAULT_DEPTH)) else {
        return;
    };
    let terms: &dyn Terms = Context::core();
    let Ok(before) = parse_entity(&before, terms, Input::WHOLE) else { return };
    let encoded = Encoded::of(&before);
    let sections = encoded.sections();
    let document = encoded.document(&sections);
    for input in [Input::WHOLE, Input::UPDATE, Input::PARTIAL, Input::MERGE, Input::MERGE.simplified()] {
        let Ok(fragment) = parse_fragment(&change, terms, input) else { continue };
        let merged = laws::merge(&document, &fragment, Merge::default());
        let kept = Merge { overwrite: Overwrite::Forbidden, lang: Some("ja"), ..Merge::default() };
        let _ = laws::merge(&document, &fragment, kept);
        if input.values == Input::UPDATE.values {
            let _ = laws::append(&document, &fragment, Overwrite::Allowed);
            let _ = laws::update(&document, &fragment);
        }
        planted::fault(merged.is_ok_and(|changes| changes.not_updated.len() == 2));
    }
    let name = Name::from("https://uri.etsi.org/ngsi-ld/default-context/a");
    let _ = parse_attribute(&change, &name, terms, Input::PARTIAL);
}

fn seeds() -> Vec<Vec<u8>> {
    let changes = [
        r#"{"temperature":{"type":"Property","value":"urn:ngsi-ld:null"}}"#,
        r#"{"type":"C","scope":"/z","a":{"value":{"b":"urn:ngsi-ld:null","c":1}},"temperature":{"unitCode":"FAH"}}"#,
        r#"{"name":{"languageMap":{"en":"urn:ngsi-ld:null","fr":"c"}},"of":{"object":"urn:ngsi-ld:null","datasetId":"urn:d:1"}}"#,
    ];
    let pairs = entity::SEEDS.iter().flat_map(|entity| changes.map(|change| format!("{entity}\n{change}")));
    texts(&pairs.collect::<Vec<_>>().iter().map(String::as_str).collect::<Vec<_>>())
}
