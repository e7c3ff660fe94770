//! Merging (ETSI GS CIM 009 §5.5.12, §5.6.17): down to single members of single values.

use machi_types::{Json, Name};

use super::append::Overwrite;
use super::change::{Changes, Reason, Refusal, Sections};
use super::json_merge::{merge_json, without_nulls};
use super::members::{HeadLaw, change_head};
use super::sub_attributes::change_attributes;
use crate::entity::{
    Bare, Change, Document, Fragment, Instance, InstanceFragment, JsonText, Kind, Observed, Section, ValueChange,
    check_geometry, value_of,
};

/// What a merge may say for all attributes together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Merge<'m> {
    /// The `observedAt` of every merged attribute that has one and is not given another.
    pub observed_at: Option<Observed>,
    /// The language of plain texts for a `LanguageProperty`.
    pub lang: Option<&'m str>,
    /// Whether attributes that exist may be changed.
    pub overwrite: Overwrite,
    /// Whether attributes stay what they are: Properties, Relationships and so on (Table 6.5.3.4-1, `format`).
    pub keeps_kinds: bool,
}

/// §5.6.17: merges a fragment into an entity.
pub fn merge(current: &Document<'_>, fragment: &Fragment, options: Merge<'_>) -> Result<Changes, Refusal> {
    let mut changes = Changes::default();
    let sections = Sections::of(current);
    for attribute in &fragment.attributes {
        for instance in &attribute.instances {
            let before = sections.find(&attribute.name, instance.dataset_id.as_deref());
            if let Err(reason) = merge_section(&attribute.name, before, instance, options, &mut changes) {
                changes.note_not_updated(&attribute.name, reason);
            }
        }
    }
    let law = match options.overwrite {
        Overwrite::Allowed => HeadLaw::Replace,
        Overwrite::Forbidden => HeadLaw::Add,
    };
    changes.head = change_head(current.head, fragment, law)?;
    Ok(changes)
}

fn merge_section(
    name: &Name,
    before: Option<&Section<'_>>,
    fragment: &InstanceFragment,
    options: Merge<'_>,
    changes: &mut Changes,
) -> Result<(), Reason> {
    match before {
        Some(_) if options.overwrite == Overwrite::Forbidden => return Err(Reason::AlreadyExists),
        Some(section) if fragment.removes() => changes.remove(section),
        None if fragment.removes() => {}
        None => changes.set(name, &alone(fragment)?, None),
        Some(section) => {
            let dataset_id = fragment.dataset_id.clone();
            let instance = section.instance()?.to_instance(dataset_id, section.created_at, section.modified_at)?;
            changes.set(name, &merged(instance, fragment, options)?, Some(section));
        }
    }
    Ok(())
}

/// The instance that a fragment makes where there was none.
pub(super) fn alone(fragment: &InstanceFragment) -> Result<Instance, Reason> {
    let mut instance =
        InstanceFragment { attributes: Vec::new(), ..fragment.clone() }.into_instance().ok_or(Reason::NoValue)?;
    instance.value = rewritten(&instance.value, |value| Ok(without_nulls(value)))?;
    check_value(&instance)?;
    instance.attributes = change_attributes(Vec::new(), &fragment.attributes, &merge_sub)?;
    Ok(instance)
}

/// An instance with a fragment merged into it.
fn merged(mut instance: Instance, fragment: &InstanceFragment, options: Merge<'_>) -> Result<Instance, Reason> {
    let before = instance.kind;
    merge_value(&mut instance, fragment, options.lang)?;
    if options.keeps_kinds && instance.kind != before {
        return Err(Reason::OtherKind { before, after: instance.kind });
    }
    let common = options.observed_at.filter(|_| fragment.observed_at.is_keep() && instance.observed_at.is_some());
    instance.observed_at = common.or_else(|| fragment.observed_at.clone().apply(instance.observed_at));
    apply_members(&mut instance, fragment)?;
    instance.attributes = change_attributes(instance.attributes, &fragment.attributes, &merge_sub)?;
    Ok(instance)
}

/// Sets and removes the simple members but `observedAt`.
pub(super) fn apply_members(instance: &mut Instance, fragment: &InstanceFragment) -> Result<(), Reason> {
    check_members(instance.kind, fragment)?;
    instance.expires_at = fragment.expires_at.clone().apply(instance.expires_at);
    instance.unit_code = fragment.unit_code.clone().apply(instance.unit_code.take());
    instance.value_type = fragment.value_type.clone().apply(instance.value_type.take());
    let object_types = std::mem::take(&mut instance.object_types);
    instance.object_types = fragment.object_types.clone().apply(Some(object_types)).unwrap_or_default();
    if let Some(sealed) = &fragment.sealed {
        let before = instance.sealed.get_or_insert_default();
        before.id = sealed.id.clone().or_else(|| before.id.take());
        before.entity_type = sealed.entity_type.clone().or_else(|| before.entity_type.take());
    }
    drop_foreign_members(instance);
    Ok(())
}

/// What a fragment sets must be a member of attributes of this kind.
fn check_members(kind: Kind, fragment: &InstanceFragment) -> Result<(), Reason> {
    let prohibited = |member| Err(Reason::Prohibited { member, kind });
    match fragment {
        InstanceFragment { unit_code: Change::Set(_), .. } if !kind.has_unit() => prohibited("unitCode"),
        InstanceFragment { value_type: Change::Set(_), .. } if kind.is_link() => prohibited("valueType"),
        InstanceFragment { value_type: Change::Set(datatype), .. } if !kind.takes_value_type(datatype) => {
            Err(Reason::NotLangString)
        }
        InstanceFragment { object_types: Change::Set(_), .. } if !kind.is_link() => prohibited("objectType"),
        _ => Ok(()),
    }
}

/// A change of kind leaves behind what the new kind cannot have.
fn drop_foreign_members(instance: &mut Instance) {
    if !instance.kind.has_unit() {
        instance.unit_code = None;
    }
    instance.value_type.take_if(|datatype| !instance.kind.takes_value_type(datatype));
    if !instance.kind.is_link() {
        instance.object_types.clear();
    }
}

fn merge_value(instance: &mut Instance, fragment: &InstanceFragment, lang: Option<&str>) -> Result<(), Reason> {
    match &fragment.value {
        ValueChange::Keep | ValueChange::Remove => match fragment.declared_kind {
            Some(after) if after != instance.kind => Err(Reason::OtherKind { before: instance.kind, after }),
            _ => Ok(()),
        },
        ValueChange::Set(kind, value) if is_same_kind(instance.kind, *kind, fragment.declared_kind) => {
            instance.value = merged_text(instance, value)?;
            check_value(instance)
        }
        ValueChange::Set(kind, value) => {
            instance.kind = *kind;
            instance.value = rewritten(value, |value| Ok(without_nulls(value)))?;
            check_value(instance)
        }
        ValueChange::Bare(bare) => {
            instance.value = match (instance.kind, lang) {
                (Kind::LanguageProperty, Some(lang)) => in_language(instance, bare, lang)?,
                (kind, _) if is_merged(kind) => merged_text(instance, &as_kind(kind, bare)?)?,
                (kind, _) => as_kind(kind, bare)?,
            };
            check_value(instance)
        }
    }
}

/// Whether a value is for the kind that the attribute has: a value that only seems to be a geometry, or only seems to
/// be none, is.
pub(super) fn is_same_kind(before: Kind, after: Kind, declared: Option<Kind>) -> bool {
    before == after || (declared.is_none() && before.member() == after.member())
}

/// Whether values of this kind are merged, not replaced.
const fn is_merged(kind: Kind) -> bool {
    matches!(kind, Kind::Property | Kind::GeoProperty | Kind::LanguageProperty | Kind::JsonProperty)
}

fn merged_text(instance: &Instance, patch: &JsonText) -> Result<JsonText, Reason> {
    if !is_merged(instance.kind) {
        return Ok(patch.clone());
    }
    let before = value_of(instance.value.as_str()).map_err(Reason::Json)?;
    rewritten(patch, |patch| Ok(merge_json(before, patch)))
}

/// A value without a member that tells its kind, as one of this kind (§5.6.17.4).
pub(super) fn as_kind(kind: Kind, bare: &Bare) -> Result<JsonText, Reason> {
    let text = bare.value.as_str();
    let is_right = match kind {
        Kind::Property => true,
        Kind::GeoProperty | Kind::JsonProperty => text.starts_with('{'),
        Kind::ListProperty => text.starts_with('['),
        Kind::LanguageProperty => return Err(Reason::NoLanguage),
        Kind::Relationship => bare.vocab.is_some() && all_iris(text),
        Kind::ListRelationship => text.starts_with('[') && bare.vocab.is_some() && all_iris(text),
        Kind::VocabProperty => return bare.vocab.clone().ok_or(Reason::OtherValue(kind)),
    };
    if is_right { Ok(bare.value.clone()) } else { Err(Reason::OtherValue(kind)) }
}

/// Whether a text, or each in an array of texts, is an IRI.
fn all_iris(text: &str) -> bool {
    let is_iri = |json: &Json<'_>| json.as_str().is_some_and(|text| machi_types::Iri::check(text).is_ok());
    match value_of(text) {
        Ok(Json::Array(items)) => items.iter().all(is_iri),
        Ok(json) => is_iri(&json),
        Err(_) => false,
    }
}

/// §5.6.17.4: a plain text replaces that of the common language; the others stay.
fn in_language(instance: &Instance, bare: &Bare, lang: &str) -> Result<JsonText, Reason> {
    if bare.vocab.is_none() {
        return Err(Reason::OtherValue(instance.kind));
    }
    let before = value_of(instance.value.as_str()).map_err(Reason::Json)?;
    rewritten(&bare.value, |text| Ok(merge_json(before, Json::Object(vec![(lang.into(), text)]))))
}

fn rewritten<'a>(
    text: &'a JsonText,
    rewrite: impl FnOnce(Json<'a>) -> Result<Json<'a>, Reason>,
) -> Result<JsonText, Reason> {
    let value = text.to_json().map_err(Reason::Json)?;
    rewrite(value).map(|value| JsonText::of(&value))
}

/// A merged geometry must be one.
pub(super) fn check_value(instance: &Instance) -> Result<(), Reason> {
    if instance.kind != Kind::GeoProperty {
        return Ok(());
    }
    let value = instance.value.to_json().map_err(Reason::Json)?;
    check_geometry(&value).map_err(|error| Reason::Geometry(Box::new(error)))
}

/// What merging makes of a sub-attribute; what stays as it was keeps its times.
fn merge_sub(before: Option<Instance>, fragment: &InstanceFragment) -> Result<Option<Instance>, Reason> {
    match before {
        _ if fragment.removes() => Ok(None),
        None => alone(fragment).map(Some),
        Some(before) => {
            let after = merged(before.clone(), fragment, Merge::default())?;
            Ok(Some(if after == before { before } else { Instance { modified_at: None, ..after } }))
        }
    }
}
