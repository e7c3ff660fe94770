//! Changing one attribute (ETSI GS CIM 009 §5.6.4, §5.5.8) and replacing one (§5.6.19).

use machi_types::Name;

use super::change::{Changes, Reason, Refusal};
use super::merge::{alone, apply_members, as_kind, check_value, is_same_kind};
use super::sub_attributes::change_attributes;
use crate::entity::{Document, Instance, InstanceFragment, Section, ValueChange};

/// §5.6.4: sets and removes members of an attribute instance; each is replaced as a whole.
pub fn partial_update(current: &Document<'_>, name: &Name, fragment: &InstanceFragment) -> Result<Changes, Refusal> {
    let section = find(current, name, fragment.dataset_id.as_ref())?;
    let mut changes = Changes::default();
    if fragment.removes() {
        changes.remove(section);
        return Ok(changes);
    }
    let instance = updated(section, fragment).map_err(|reason| Refusal::Attribute { name: name.clone(), reason })?;
    changes.set(name, &instance, Some(section));
    Ok(changes)
}

/// §5.6.19: replaces an attribute instance as a whole; its `createdAt` stays.
pub fn replace_attribute(current: &Document<'_>, name: &Name, instance: &Instance) -> Result<Changes, Refusal> {
    let section = find(current, name, instance.dataset_id.as_ref())?;
    let mut changes = Changes::default();
    changes.set(name, instance, Some(section));
    Ok(changes)
}

fn find<'d>(current: &Document<'d>, name: &Name, dataset_id: Option<&Name>) -> Result<&'d Section<'d>, Refusal> {
    current
        .section(name, dataset_id.map(|id| &**id))
        .ok_or_else(|| Refusal::NoSuchAttribute { name: name.clone(), dataset_id: dataset_id.cloned() })
}

fn updated(section: &Section<'_>, fragment: &InstanceFragment) -> Result<Instance, Reason> {
    let dataset_id = fragment.dataset_id.clone();
    let mut instance = section.instance()?.to_instance(dataset_id, section.created_at, section.modified_at)?;
    set_value(&mut instance, fragment)?;
    instance.observed_at = fragment.observed_at.clone().apply(instance.observed_at);
    apply_members(&mut instance, fragment)?;
    instance.attributes = change_attributes(instance.attributes, &fragment.attributes, &replace_sub)?;
    Ok(instance)
}

/// §5.6.4.4: the type of an attribute cannot be changed.
fn set_value(instance: &mut Instance, fragment: &InstanceFragment) -> Result<(), Reason> {
    let before = instance.kind;
    if let Some(after) = fragment.declared_kind.filter(|after| *after != before) {
        return Err(Reason::OtherKind { before, after });
    }
    match &fragment.value {
        ValueChange::Keep | ValueChange::Remove => return Ok(()),
        ValueChange::Set(kind, value) if is_same_kind(before, *kind, fragment.declared_kind) => {
            instance.value = value.clone();
        }
        ValueChange::Set(after, _) => return Err(Reason::OtherKind { before, after: *after }),
        ValueChange::Bare(bare) => instance.value = as_kind(before, bare)?,
    }
    check_value(instance)
}

/// A sub-attribute's instance is replaced, removed or added; the same again keeps its times.
fn replace_sub(before: Option<Instance>, fragment: &InstanceFragment) -> Result<Option<Instance>, Reason> {
    if fragment.removes() {
        return Ok(None);
    }
    let after = alone(fragment)?;
    Ok(Some(match before {
        Some(before) if before.clone().without_times() == after => before,
        Some(before) => Instance { created_at: before.created_at, ..after },
        None => after,
    }))
}
