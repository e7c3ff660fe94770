//! The bytes of stored heads and instances, as a damaged store could hand them out.

use machi_model::context::Context;
use machi_model::entity::render::{Format, Output, write_entity};
use machi_model::entity::{Document, Encoded, Head, Input, InstanceRef, Section, Terms, parse_entity, scalars};
use machi_types::json::{self, DEFAULT_DEPTH};

use crate::planted;
use crate::target::Target;
use crate::targets::entity;

pub(crate) const TARGET: Target = Target { name: "sections", run, seeds, words: &["{\"", "urn:", "\"1\"", "https://"] };

/// The first byte says how long the head is; the rest is an instance.
fn run(bytes: &[u8]) {
    let Some((&length, rest)) = bytes.split_first() else { return };
    let (head, instance) = rest.split_at(usize::from(length).min(rest.len()));
    let _ = Head::decode(head);
    let Ok(read) = InstanceRef::read(instance) else { return };
    scalars(&read, |_| {});
    let subs = read.attributes().filter(Result::is_ok).count();
    let sections = [Section::new("https://example.org/a", None, instance)];
    let document = Document::new("urn:x:1", head, &sections);
    let terms: &dyn Terms = Context::core();
    for format in [Format::Normalized, Format::Concise, Format::Simplified] {
        let _ = write_entity(&document, &Output { format, ..Output::new(terms) }, &mut Vec::new());
    }
    let _ = document.to_entity();
    planted::fault(subs == 1 && read.unit_code().is_some_and(|unit| !unit.starts_with('C')));
}

fn seeds() -> Vec<Vec<u8>> {
    let mut seeds = Vec::new();
    for text in entity::SEEDS {
        let value = json::parse(text.as_bytes(), DEFAULT_DEPTH).expect("the seeds are JSON");
        let entity = parse_entity(&value, Context::core(), Input::WHOLE).expect("the seeds are entities");
        let encoded = Encoded::of(&entity);
        let sections = encoded.sections();
        let head = encoded.document(&sections).head;
        for section in &sections {
            let mut seed = vec![head.len() as u8];
            seed.extend_from_slice(head);
            seed.extend_from_slice(section.bytes);
            seeds.push(seed);
        }
    }
    seeds
}
