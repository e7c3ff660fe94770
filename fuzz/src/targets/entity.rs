//! Entities as requests give them: read, stored, written in every representation, and read again.

use machi_model::context::Context;
use machi_model::entity::render::{Format, Output, write_entity};
use machi_model::entity::{Encoded, EntityFacts, Input, Terms, parse_entity, scalars};
use machi_model::query::Q;
use machi_types::Timestamp;
use machi_types::json::{self, DEFAULT_DEPTH};

use crate::planted;
use crate::target::{Target, texts};

pub(crate) const TARGET: Target = Target { name: "entity", run, seeds, words: WORDS };

pub(crate) const WORDS: &[&str] = &[
    "\"id\":",
    "\"type\":",
    "\"value\":",
    "\"object\":",
    "\"Property\"",
    "\"Relationship\"",
    "\"GeoProperty\"",
    "\"LanguageProperty\"",
    "\"languageMap\":",
    "\"VocabProperty\"",
    "\"vocab\":",
    "\"JsonProperty\"",
    "\"json\":",
    "\"ListProperty\"",
    "\"valueList\":",
    "\"ListRelationship\"",
    "\"objectList\":",
    "\"datasetId\":",
    "\"observedAt\":",
    "\"unitCode\":",
    "\"scope\":",
    "\"expiresAt\":\"2030-01-01T00:00:00Z\",",
    "\"location\":",
    "\"Point\"",
    "\"Polygon\"",
    "\"coordinates\":",
    "\"urn:ngsi-ld:null\"",
    "\"@value\":",
    "\"@type\":",
    "\"DateTime\"",
    "\"objectType\":",
    "\"2026-01-01T00:00:00Z\"",
    "\"urn:x:1\"",
    "\"@none\"",
    "\"en\":",
];

pub(crate) const SEEDS: &[&str] = &[
    r#"{"id":"urn:x:1","type":"Room","temperature":{"type":"Property","value":21.5,"observedAt":"2026-01-01T00:00:00Z","unitCode":"CEL","accuracy":{"type":"Property","value":0.1}}}"#,
    r#"{"id":"urn:x:2","type":["A","B"],"scope":["/a/b","/c"],"location":{"type":"GeoProperty","value":{"type":"Point","coordinates":[139.7,35.6]}}}"#,
    r#"{"id":"urn:x:3","type":"A","of":[{"type":"Relationship","object":["urn:y:1","urn:y:2"],"datasetId":"urn:d:1"},{"type":"Relationship","object":"urn:y:3","objectType":"B"}]}"#,
    r#"{"id":"urn:x:4","type":"A","name":{"type":"LanguageProperty","languageMap":{"ja":"街","en":["a","b"]}},"v":{"type":"VocabProperty","vocab":["A","B"]},"j":{"type":"JsonProperty","json":{"a":null}}}"#,
    r#"{"id":"urn:x:5","type":"A","l":{"type":"ListProperty","valueList":[1,"a",true]},"r":{"type":"ListRelationship","objectList":[{"object":"urn:y:1"}]},"expiresAt":"2030-01-01T00:00:00.000001Z"}"#,
    r#"{"id":"urn:x:6","type":"A","a":1,"b":"text","c":{"value":{"@type":"DateTime","@value":"2026-01-01T00:00:00Z"}},"d":[1,2],"e":{"object":"urn:y:1","f":{"value":1}}}"#,
];

fn run(bytes: &[u8]) {
    let Ok(value) = json::parse(bytes, DEFAULT_DEPTH) else { return };
    let terms: &dyn Terms = Context::core();
    for input in [Input::WHOLE, Input::WHOLE.simplified()] {
        let Ok(entity) = parse_entity(&value, terms, input) else { continue };
        let encoded = Encoded::of(&entity);
        let sections = encoded.sections();
        let document = encoded.document(&sections);
        assert_eq!(document.to_entity().as_ref(), Ok(&entity), "what is stored is what was read");
        for section in &sections {
            scalars(&section.instance().expect("it was just written"), |_| {});
        }
        let written = |format| {
            let mut out = Vec::new();
            let output = Output { format, sys_attrs: true, ..Output::new(terms) };
            write_entity(&document, &output, &mut out).expect("what was read can be written");
            json::parse(&out, 2 * DEFAULT_DEPTH).expect("what is written is JSON").into_owned()
        };
        let (normalized, concise) = (written(Format::Normalized), written(Format::Concise));
        written(Format::Simplified);
        let again = parse_entity(&normalized, terms, Input::WHOLE).expect("the normalized form can be read");
        assert_eq!(again, entity, "the normalized form says all");
        parse_entity(&concise, terms, Input::WHOLE).expect("the concise form can be read");
        ask(&document);
        planted::fault(
            entity.instances().any(|(_, instance)| instance.unit_code.as_deref().is_some_and(|unit| unit != "CEL")),
        );
    }
}

/// Queries may ask any entity anything.
fn ask(document: &machi_model::entity::Document<'_>) {
    let facts = EntityFacts { document, now: Timestamp::from_micros(1_800_000_000_000_000), linked: None };
    for text in ["temperature>20", "name[en]==\"a\"", "a.b~=\"x\"", "j[a]", "scope;!location|id"] {
        let query = Q::parse(text).expect("it is well formed");
        let query = query.expand(&|name: &str| Context::core().expand_name(name)).expect("the names are plain");
        let _ = query.matches(&facts);
    }
}

fn seeds() -> Vec<Vec<u8>> {
    texts(SEEDS)
}
