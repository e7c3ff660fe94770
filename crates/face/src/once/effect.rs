//! What a write came to, in words that hold however often the answer is given.

use machi_model::laws::{self, Changes};
use machi_types::{Json, Language, Name, Text, json};

use crate::japanese;

/// What became of one entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// It was created.
    Created,
    /// All that was asked for was done.
    Changed,
    /// Some of what was asked for was done.
    Partly(UpdateResult),
    /// It was deleted.
    Deleted,
    /// What became of many entities.
    Batch(BatchResult),
}

/// Which attributes were changed (ETSI GS CIM 009 §5.2.18).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UpdateResult {
    /// Appended or updated ones, expanded.
    pub updated: Vec<Name>,
    /// The others.
    pub not_updated: Vec<NotUpdated>,
}

/// Why an attribute was not changed (ETSI GS CIM 009 §5.2.19).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotUpdated {
    /// The attribute, expanded.
    pub attribute: Name,
    /// Why.
    pub reason: Text,
}

/// What became of the entities of a batch (ETSI GS CIM 009 §5.2.16).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BatchResult {
    /// Those that did not exist before.
    pub created: Vec<Name>,
    /// Those that did.
    pub changed: Vec<Name>,
    /// What went wrong, item by item, as rendered members of the array `errors`.
    pub errors: Vec<Box<[u8]>>,
    /// The language of what went wrong.
    pub language: Language,
}

impl Effect {
    /// What a law did to an entity that existed.
    pub fn of(changes: &Changes) -> Self {
        if changes.not_updated.is_empty() {
            return Self::Changed;
        }
        let not_updated = |not: &laws::NotUpdated| NotUpdated {
            attribute: not.name.clone(),
            reason: Text::both(not.reason.to_string(), japanese::reason(&not.reason)),
        };
        Self::Partly(UpdateResult {
            updated: changes.updated.clone(),
            not_updated: changes.not_updated.iter().map(not_updated).collect(),
        })
    }
}

impl UpdateResult {
    /// The body of a 207.
    pub fn to_json(&self, language: Language) -> Json<'static> {
        self.written(|not| not.to_json(language))
    }

    /// The stored form, which speaks all languages: whoever repeats a request may read another one.
    fn to_stored(&self) -> Json<'static> {
        self.written(NotUpdated::to_stored)
    }

    fn written(&self, not_updated: impl Fn(&NotUpdated) -> Json<'static>) -> Json<'static> {
        let updated = self.updated.iter().map(|name| Json::from(name.as_str().to_owned())).collect();
        let not_updated = self.not_updated.iter().map(not_updated).collect();
        Json::Object(vec![("updated".into(), Json::Array(updated)), ("notUpdated".into(), Json::Array(not_updated))])
    }

    fn from_json(json: &Json<'_>) -> Option<Self> {
        let updated = json.get("updated")?.as_array()?.iter().map(name_of).collect::<Option<_>>()?;
        let not_updated =
            json.get("notUpdated")?.as_array()?.iter().map(NotUpdated::from_json).collect::<Option<_>>()?;
        Some(Self { updated, not_updated })
    }
}

impl NotUpdated {
    fn to_json(&self, language: Language) -> Json<'static> {
        Json::Object(vec![
            ("attributeName".into(), Json::from(self.attribute.as_str().to_owned())),
            ("reason".into(), Json::from(self.reason.in_language(language).to_owned())),
        ])
    }

    fn to_stored(&self) -> Json<'static> {
        Json::Object(vec![
            ("attributeName".into(), Json::from(self.attribute.as_str().to_owned())),
            ("reason".into(), Json::from(self.reason.in_language(Language::English).to_owned())),
            ("reasonJa".into(), Json::from(self.reason.in_language(Language::Japanese).to_owned())),
        ])
    }

    /// Reads the stored form; one of before it had two languages speaks English in both.
    fn from_json(json: &Json<'_>) -> Option<Self> {
        let reason = json.get("reason")?.as_str()?;
        let ja = json.get("reasonJa").and_then(Json::as_str).unwrap_or(reason);
        let reason = Text::both(reason.to_owned(), ja.to_owned());
        Some(Self { attribute: name_of(json.get("attributeName")?)?, reason })
    }
}

impl BatchResult {
    /// How many items have a verdict.
    pub fn len(&self) -> usize {
        self.created.len() + self.changed.len() + self.errors.len()
    }

    /// Whether no item has one.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// About how many bytes its body has, so that a long one is written without being copied as it grows.
    pub fn size(&self) -> usize {
        let names: usize = self.created.iter().chain(&self.changed).map(|name| name.len() + 3).sum();
        let errors: usize = self.errors.iter().map(|error| error.len() + 1).sum();
        names + errors + 32
    }

    /// The body of a 207: `success` and `errors`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(b"{\"success\":");
        write_names(self.created.iter().chain(&self.changed), out);
        out.extend_from_slice(b",\"errors\":");
        self.write_errors(out);
        out.push(b'}');
    }

    /// The ids of the created entities, as an array.
    pub fn write_created(&self, out: &mut Vec<u8>) {
        write_names(self.created.iter(), out);
    }

    fn write_errors(&self, out: &mut Vec<u8>) {
        out.push(b'[');
        for (index, error) in self.errors.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(error);
        }
        out.push(b']');
    }
}

fn write_names<'a>(names: impl Iterator<Item = &'a Name>, out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, name) in names.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        json::write_string(name, out);
    }
    out.push(b']');
}

impl Effect {
    /// The stored form.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Created => out.extend_from_slice(br#"{"effect":"created"}"#),
            Self::Changed => out.extend_from_slice(br#"{"effect":"changed"}"#),
            Self::Deleted => out.extend_from_slice(br#"{"effect":"deleted"}"#),
            Self::Partly(result) => {
                out.extend_from_slice(br#"{"effect":"partly","result":"#);
                result.to_stored().write(out);
                out.push(b'}');
            }
            Self::Batch(result) => {
                out.extend_from_slice(br#"{"effect":"batch","created":"#);
                result.write_created(out);
                out.extend_from_slice(br#","changed":"#);
                write_names(result.changed.iter(), out);
                out.extend_from_slice(br#","errors":"#);
                result.write_errors(out);
                out.extend_from_slice(br#","language":"#);
                json::write_string(result.language.tag(), out);
                out.push(b'}');
            }
        }
    }

    /// Reads the stored form.
    pub fn read(text: &[u8]) -> Option<Self> {
        let json = json::parse(text, json::DEFAULT_DEPTH).ok()?;
        match json.get("effect")?.as_str()? {
            "created" => Some(Self::Created),
            "changed" => Some(Self::Changed),
            "deleted" => Some(Self::Deleted),
            "partly" => UpdateResult::from_json(json.get("result")?).map(Self::Partly),
            "batch" => {
                let names = |member| json.get(member)?.as_array()?.iter().map(name_of).collect::<Option<Vec<Name>>>();
                let errors =
                    json.get("errors")?.as_array()?.iter().map(|error| error.to_text().into_bytes().into()).collect();
                let is_japanese = json.get("language").and_then(Json::as_str) == Some(Language::Japanese.tag());
                Some(Self::Batch(BatchResult {
                    created: names("created")?,
                    changed: names("changed")?,
                    errors,
                    language: if is_japanese { Language::Japanese } else { Language::English },
                }))
            }
            _ => None,
        }
    }
}

fn name_of(json: &Json<'_>) -> Option<Name> {
    json.as_str().map(Name::from)
}
