//! Tells attribute objects from plain values, as the concise representation mixes them (ETSI GS CIM 009 §4.5.2.3).

use machi_types::Json;
use machi_types::json::Members;

use super::Input;
use super::member::{Member, member_of};
use crate::entity::geometry::has_geometry_type;
use crate::entity::kind::Kind;

/// What stands where an attribute is expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// An attribute object with its members.
    Attribute,
    /// `{"dataset": {…}}`: several instances in the simplified representation.
    Datasets,
    /// A value.
    Value,
    /// An object with a `type` that names no kind of attribute.
    UnknownKind,
}

/// What an object is where an attribute is expected.
pub(super) fn form_of(members: &Members<'_>, json: &Json<'_>, input: Input) -> Form {
    if let Some(declared) = declared_type(members) {
        return match declared {
            Some(_) => Form::Attribute,
            None if has_geometry_type(json) || input.simplified => Form::Value,
            None => Form::UnknownKind,
        };
    }
    if let [(key, Json::Object(_))] = members.as_slice()
        && key == "dataset"
    {
        return Form::Datasets;
    }
    let is_attribute = if input.simplified { is_wrapped_value(members) } else { has_attribute_members(members) };
    if is_attribute { Form::Attribute } else { Form::Value }
}

/// Whether an item of an array is an attribute instance.
pub(super) fn is_instance(item: &Json<'_>, input: Input) -> bool {
    match item {
        Json::Object(members) => form_of(members, item, input) == Form::Attribute,
        _ => false,
    }
}

/// The kind that the member `type` names, if it is there; no kind if it names something else.
#[expect(clippy::option_option, reason = "no type and a foreign type are two different findings")]
fn declared_type(members: &Members<'_>) -> Option<Option<Kind>> {
    let is_type = |key: &str| member_of(key) == Some(Member::Type);
    let is_typed_value = members.iter().any(|(key, _)| key == "@value");
    let (_, declared) = members.iter().find(|(key, _)| is_type(key))?;
    if is_typed_value { None } else { Some(declared.as_str().and_then(Kind::from_type)) }
}

/// `{"languageMap": …}` and its likes: nothing but members of the standard, one of which holds the value.
fn is_wrapped_value(members: &Members<'_>) -> bool {
    let has_value = members.iter().any(|(key, _)| matches!(member_of(key), Some(Member::Value(_))));
    has_value && members.iter().all(|(key, _)| member_of(key).is_some())
}

fn has_attribute_members(members: &Members<'_>) -> bool {
    let is_marked = members.iter().any(|(key, _)| member_of(key).is_some_and(Member::marks_attribute));
    is_marked || members.iter().any(|(_, value)| is_sub_attribute(value))
}

/// Whether a member's value is an attribute for certain.
fn is_sub_attribute(value: &Json<'_>) -> bool {
    value.as_object().and_then(declared_type).flatten().is_some()
}
