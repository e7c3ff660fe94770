//! Writes the value of an instance, by its kind.

use machi_types::Json;

use super::writer::{put_array, put_one_or_more};
use super::{Format, Renderer};
use crate::entity::codec::InstanceRef;
use crate::entity::json_text::{iris_of, string_of, value_of};
use crate::entity::kind::Kind;

impl Renderer<'_> {
    /// The value as its member holds it.
    pub(super) fn value(&mut self, instance: &InstanceRef<'_>, out: &mut Vec<u8>) {
        match instance.kind() {
            Kind::VocabProperty => self.vocab(instance.value(), out),
            // §4.5.22.2: the normalized form wraps each target.
            Kind::ListRelationship if self.output.format == Format::Normalized => {
                put_array(iris_of(instance.value()), out, |target, out| {
                    out.extend_from_slice(b"{\"object\":\"");
                    out.extend_from_slice(target.as_bytes());
                    out.extend_from_slice(b"\"}");
                });
            }
            _ => out.extend_from_slice(instance.value().as_bytes()),
        }
    }

    /// Terms, compacted (§4.5.20).
    fn vocab(&mut self, value: &str, out: &mut Vec<u8>) {
        let terms = self.output.terms;
        if let Some(term) = string_of(value) {
            return terms.write_compact(&term, out);
        }
        match value_of(value) {
            Ok(Json::Array(items)) => put_array(items, out, |item, out| match item.as_str() {
                Some(term) => terms.write_compact(term, out),
                None => item.write(out),
            }),
            _ => out.extend_from_slice(value.as_bytes()),
        }
    }

    /// The text in the wanted language and its tag, where a language is wanted and this is a map with a text.
    pub(super) fn in_language(&self, instance: &InstanceRef<'_>) -> Option<InLanguage> {
        let languages = self.output.languages?;
        if instance.kind() != Kind::LanguageProperty {
            return None;
        }
        let map = value_of(instance.value()).ok()?;
        let (tag, text) = languages.choose(map.as_object()?)?;
        Some(InLanguage { tag: tag.to_owned(), text: text.to_text() })
    }

    /// Names in a row, compacted: one as it is, several as an array.
    pub(super) fn names<'a>(
        &mut self,
        names: impl ExactSizeIterator<Item = crate::entity::codec::NameRef<'a>>,
        out: &mut Vec<u8>,
    ) {
        let terms = self.output.terms;
        let scratch = &mut self.scratch;
        put_one_or_more(names, out, |name, out| terms.write_name(name.read_into(scratch), out));
    }
}

/// One text of a `languageMap`.
pub(super) struct InLanguage {
    /// Its language.
    pub(super) tag: String,
    /// The text, or several, as JSON.
    pub(super) text: String,
}

/// Whether a value standing directly under the name of its attribute is read back as the same Property.
///
/// An array or object with members that could be an attribute's is not.
pub(super) fn is_plain(value: &str) -> bool {
    const MARKS: [&str; 17] = [
        "\"type\":",
        "\"@type\":",
        "\"value\":",
        "\"object\":",
        "\"languageMap\":",
        "\"vocab\":",
        "\"json\":",
        "\"valueList\":",
        "\"objectList\":",
        "\"datasetId\":",
        "\"observedAt\":",
        "\"unitCode\":",
        "\"valueType\":",
        "\"objectType\":",
        "\"dataset\":",
        "\"https://uri.etsi.org/ngsi-ld/",
        "\\",
    ];
    match value.as_bytes().first() {
        Some(b'{' | b'[') => {
            let holds = |mark: &str| memchr::memmem::find(value.as_bytes(), mark.as_bytes()).is_some();
            !value.starts_with("[\"urn:ngsi-ld:null\"") && !MARKS.iter().any(|mark| holds(mark))
        }
        _ => true,
    }
}
