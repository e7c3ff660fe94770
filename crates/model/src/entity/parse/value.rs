//! Reads values by the kind of their attribute (ETSI GS CIM 009 §4.6.3, §4.6.5, §4.7).

use std::borrow::Cow;

use machi_types::geo::{GeometryFault, InvalidGeometry};
use machi_types::json::{self, Members};
use machi_types::{Json, JsonError};

use super::fault::{Fault, InvalidEntity, shortened};
use super::path::Path;
use super::scalar::{form, iri, is_null, one_or_more, text};
use super::{Nulls, Parser, Values};
use crate::entity::datetime::{is_date, is_time, parse_datetime};
use crate::entity::fragment::{Bare, NULL, ValueChange};
use crate::entity::geometry::{check_geometry, has_geometry_type};
use crate::entity::json_text::JsonText;
use crate::entity::kind::Kind;
use crate::entity::name::is_language_tag;
use crate::entity::terms::{CORE, Coercion};

/// How deep a geometry written as a string may nest.
const GEOMETRY_DEPTH: usize = 16;

impl Parser<'_> {
    /// The value in the member of an attribute object.
    pub(super) fn value(
        self,
        name: &str,
        (declared, member): (Option<Kind>, Kind),
        json: &Json<'_>,
        path: &Path<'_>,
    ) -> Result<ValueChange, InvalidEntity> {
        if matches!(json, Json::Null) {
            return Err(path.fault(Fault::JsonNull));
        }
        if self.is_value_removal(member, json, path)? {
            return Ok(ValueChange::Remove);
        }
        let kind = declared.unwrap_or_else(|| inferred(name, member, json));
        Ok(ValueChange::Set(kind, self.value_text(kind, json, path)?))
    }

    /// The NGSI-LD Null of each kind (§4.5.0), and the simple one for all.
    fn is_value_removal(self, kind: Kind, json: &Json<'_>, path: &Path<'_>) -> Result<bool, InvalidEntity> {
        let is_removal = is_null(json)
            || match (kind, json) {
                (Kind::LanguageProperty, Json::Object(members)) => {
                    matches!(members.as_slice(), [(tag, text)] if tag == "@none" && is_null(text))
                }
                (Kind::ListProperty | Kind::ListRelationship, Json::Array(items)) => is_null_list(items),
                _ => false,
            };
        match self.input.nulls {
            Nulls::Refused if is_removal => Err(path.fault(Fault::Null)),
            _ => Ok(is_removal),
        }
    }

    fn value_text(self, kind: Kind, json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
        match kind {
            Kind::Property => self.property(json, path),
            Kind::Relationship => targets(json, path),
            Kind::GeoProperty => self.geometry(json, path),
            Kind::LanguageProperty => self.language_map(json, path),
            Kind::VocabProperty => self.vocab(json, path),
            Kind::JsonProperty => raw_json(json, path),
            Kind::ListProperty => match json {
                Json::Array(_) => self.property(json, path),
                other => Err(form(other, ("an array", "配列"), path)),
            },
            Kind::ListRelationship => target_list(json, path),
        }
    }

    /// What stands directly under the name of an attribute, in the concise or simplified representation.
    pub(super) fn bare_value(self, name: &str, json: &Json<'_>, path: &Path<'_>) -> Result<ValueChange, InvalidEntity> {
        if is_null(json) || json.as_array().is_some_and(is_null_list) {
            return match self.input.nulls {
                Nulls::Refused => Err(path.fault(Fault::Null)),
                Nulls::Members | Nulls::Anywhere => Ok(ValueChange::Remove),
            };
        }
        let kind = self.bare_kind(name, json, path);
        let value = self.value_text(kind, json, path)?;
        if self.input.values == Values::Needed {
            return Ok(ValueChange::Set(kind, value));
        }
        let vocab = if is_text_or_texts(json) { Some(self.vocab(json, path)?) } else { None };
        Ok(ValueChange::Bare(Box::new(Bare { kind, value, vocab })))
    }

    /// A simplified text may be the id of an entity or a term, where the @context says so.
    fn bare_kind(self, name: &str, json: &Json<'_>, path: &Path<'_>) -> Kind {
        let coercion =
            if self.input.simplified { self.terms.coercion(&self.terms.compact(name)) } else { Coercion::None };
        match coercion {
            Coercion::Id if targets(json, path).is_ok() => Kind::Relationship,
            Coercion::Vocab if is_text_or_texts(json) => Kind::VocabProperty,
            _ => inferred(name, Kind::Property, json),
        }
    }

    fn property(self, json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
        self.check_value(json, path)?;
        Ok(JsonText::of(json))
    }

    /// Looks for what no value may hold: nulls, an @context, broken typed values.
    fn check_value(self, json: &Json<'_>, path: &Path<'_>) -> Result<(), InvalidEntity> {
        match json {
            Json::Null => Err(path.fault(Fault::JsonNull)),
            Json::Array(items) => {
                items.iter().enumerate().try_for_each(|(index, item)| self.check_value(item, &path.item(index)))
            }
            Json::Object(members) => self.check_object(members, path),
            Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
        }
    }

    fn check_object(self, members: &Members<'_>, path: &Path<'_>) -> Result<(), InvalidEntity> {
        if members.iter().any(|(key, _)| key == "@value") {
            return check_typed(members, path);
        }
        members.iter().try_for_each(|(key, value)| self.check_member(key, value, &path.member(key)))
    }

    fn check_member(self, key: &str, value: &Json<'_>, path: &Path<'_>) -> Result<(), InvalidEntity> {
        if key == "@context" {
            return Err(path.fault(Fault::EmbeddedContext));
        }
        // §5.5.4: nulls inside a value are for merging alone.
        if is_null(value) && self.input.nulls != Nulls::Anywhere {
            return Err(path.fault(Fault::Null));
        }
        self.check_value(value, path)
    }

    /// A geometry, as an object or as a string that holds one (§4.7.2).
    fn geometry(self, json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
        let geometry = match json {
            Json::String(text) => Cow::Owned(
                json::parse(text.as_bytes(), GEOMETRY_DEPTH).map_err(|error| geometry_fault(not_json(error), path))?,
            ),
            Json::Object(_) => Cow::Borrowed(json),
            other => return Err(form(other, ("a GeoJSON geometry", "GeoJSONのジオメトリ"), path)),
        };
        // A merge may give a part of a geometry; the whole is checked when it is known.
        let is_part = self.input.nulls == Nulls::Anywhere && !has_geometry_type(&geometry);
        if !is_part {
            check_geometry(&geometry).map_err(|error| geometry_fault(error, path))?;
        }
        // RFC 7946 §6.1: a geometry may have further members; they are values like any others.
        let further = geometry.as_object().into_iter().flatten().filter(|(key, _)| key != "coordinates");
        for (key, value) in further {
            self.check_member(key, value, &path.member(key))?;
        }
        Ok(JsonText::of(&geometry))
    }

    fn language_map(self, json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
        let Json::Object(members) = json else {
            return Err(form(
                json,
                ("an object of texts by language tag", "言語タグごとの文字列を持つオブジェクト"),
                path,
            ));
        };
        for (tag, texts) in members {
            let path = path.member(tag);
            if !is_language_tag(tag) {
                return Err(path.fault(Fault::Language(shortened(tag))));
            }
            one_or_more(texts, &path, |json, path| match text(json, path)? {
                NULL if self.input.nulls != Nulls::Anywhere => Err(path.fault(Fault::Null)),
                _ => Ok(()),
            })?;
        }
        Ok(JsonText::of(json))
    }

    /// Terms, expanded (§4.5.20).
    fn vocab(self, json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
        let names = one_or_more(json, path, |json, path| match text(json, path)? {
            NULL => Err(path.fault(Fault::Null)),
            term => self.expand(term, path),
        })?;
        Ok(match (json, names.as_slice()) {
            (Json::String(_), [name]) => JsonText::string(name),
            _ => JsonText::strings(names.iter().map(|name| &**name)),
        })
    }
}

/// The kind that a member tells; a geometry makes a Property a GeoProperty (§4.5.2.3), and so does a name that the
/// standard has made one.
fn inferred(name: &str, member: Kind, json: &Json<'_>) -> Kind {
    let is_geo = member == Kind::Property && (has_geometry_type(json) || is_geo_name(name));
    if is_geo { Kind::GeoProperty } else { member }
}

/// Whether Table 5.2.4-1 makes the attribute of this expanded name a GeoProperty.
pub(super) fn is_geo_name(name: &str) -> bool {
    name.strip_prefix(CORE).is_some_and(|term| matches!(term, "location" | "observationSpace" | "operationSpace"))
}

fn is_null_list(items: &[Json<'_>]) -> bool {
    matches!(items, [item] if is_null(item) || item.get("object").is_some_and(is_null))
}

fn is_text_or_texts(json: &Json<'_>) -> bool {
    match json {
        Json::String(_) => true,
        Json::Array(items) => !items.is_empty() && items.iter().all(|item| matches!(item, Json::String(_))),
        _ => false,
    }
}

fn targets(json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
    let targets = one_or_more(json, path, iri)?;
    Ok(match (json, targets.as_slice()) {
        (Json::String(_), [target]) => JsonText::string(target),
        _ => JsonText::strings(targets),
    })
}

/// `["urn:…"]` or `[{"object": "urn:…"}]` (§4.5.22).
fn target_list(json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
    let Json::Array(items) = json else {
        return Err(form(json, ("an array", "配列"), path));
    };
    let mut targets = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let path = path.item(index);
        targets.push(match item {
            Json::Object(members) => match members.as_slice() {
                [(key, target)] if key == "object" => iri(target, &path.member(key))?,
                _ => {
                    let expected = ("{\"object\": an IRI}", "{\"object\": IRI}").into();
                    return Err(path.fault(Fault::Form { found: "another object", expected }));
                }
            },
            item => iri(item, &path)?,
        });
    }
    Ok(JsonText::strings(targets))
}

/// §4.5.24.2: an object or an array of objects, never looked into.
fn raw_json(json: &Json<'_>, path: &Path<'_>) -> Result<JsonText, InvalidEntity> {
    match json {
        Json::Object(_) => Ok(JsonText::of(json)),
        Json::Array(items) => match items.iter().position(|item| item.as_object().is_none()) {
            None => Ok(JsonText::of(json)),
            Some(index) => Err(form(json, ("an object", "オブジェクト"), &path.item(index))),
        },
        other => Err(form(other, ("an object or an array of objects", "オブジェクト、またはオブジェクトの配列"), path)),
    }
}

fn geometry_fault(error: InvalidGeometry, path: &Path<'_>) -> InvalidEntity {
    path.fault(Fault::Geometry(Box::new(error)))
}

fn not_json(error: JsonError) -> InvalidGeometry {
    InvalidGeometry { place: "geometry".to_owned(), fault: GeometryFault::NotJson(error) }
}

/// `{"@type": …, "@value": …}` (§4.6.3); the three types of the standard have their own syntax.
fn check_typed(members: &Members<'_>, path: &Path<'_>) -> Result<(), InvalidEntity> {
    let of = |name: &str| members.iter().find(|(key, _)| key == name).map(|(_, value)| value);
    let declared = of("@type").or(of("type")).and_then(Json::as_str).unwrap_or_default();
    let Some(value) = of("@value").filter(|_| declared != "@json") else { return Ok(()) };
    let path = path.member("@value");
    let term = declared.rsplit(['/', '#', ':']).next().unwrap_or_default();
    let is_core = !declared.contains(':') || declared.starts_with(CORE);
    match (is_core, term) {
        _ if matches!(value, Json::Null) => Err(path.fault(Fault::JsonNull)),
        (true, "DateTime") => checked(value, &path, |text| parse_datetime(text).is_some(), Fault::DateTime),
        (true, "Date") => checked(value, &path, is_date, Fault::Date),
        (true, "Time") => checked(value, &path, is_time, Fault::Time),
        _ => match value {
            Json::Object(_) | Json::Array(_) => {
                Err(form(value, ("a string, a number or a truth value", "文字列、数値、真偽値のいずれか"), &path))
            }
            _ => Ok(()),
        },
    }
}

fn checked(
    json: &Json<'_>,
    path: &Path<'_>,
    is_right: impl Fn(&str) -> bool,
    fault: fn(String) -> Fault,
) -> Result<(), InvalidEntity> {
    let text = text(json, path)?;
    if is_right(text) { Ok(()) } else { Err(path.fault(fault(shortened(text)))) }
}
