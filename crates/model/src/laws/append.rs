//! Appending and updating attributes (ETSI GS CIM 009 §5.6.2, §5.6.3): an instance is replaced as a whole.

use machi_types::Name;

use super::change::{Changes, Reason, Refusal, Sections};
use super::members::{HeadLaw, change_head};
use crate::entity::{AttributeFragment, CORE, Change, Document, Fragment, Head};

/// Whether what exists may be changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overwrite {
    /// It may.
    #[default]
    Allowed,
    /// It is left as it is (`options=noOverwrite`).
    Forbidden,
}

/// §5.6.3: appends attributes.
pub fn append(current: &Document<'_>, fragment: &Fragment, overwrite: Overwrite) -> Result<Changes, Refusal> {
    let mut changes = Changes::default();
    let sections = Sections::of(current);
    for attribute in &fragment.attributes {
        append_attribute(&sections, attribute, overwrite, &mut changes);
    }
    let law = match overwrite {
        Overwrite::Allowed => HeadLaw::Replace,
        Overwrite::Forbidden => HeadLaw::Add,
    };
    changes.head = change_head(current.head, fragment, law)?;
    Ok(changes)
}

/// §5.6.2: updates attributes; those that are not there are appended, an NGSI-LD Null deletes. A scope is not appended,
/// and is told among what was not updated.
pub fn update(current: &Document<'_>, fragment: &Fragment) -> Result<Changes, Refusal> {
    let mut changes = Changes::default();
    let sections = Sections::of(current);
    for attribute in &fragment.attributes {
        append_attribute(&sections, attribute, Overwrite::Allowed, &mut changes);
    }
    changes.head = change_head(current.head, fragment, HeadLaw::Update)?;
    if matches!(fragment.scopes, Change::Set(_)) && Head::decode(current.head)?.scopes.is_empty() {
        changes.note_not_updated(&Name::from([CORE, "scope"].concat()), Reason::NoScope);
    }
    Ok(changes)
}

fn append_attribute(
    sections: &Sections<'_>,
    attribute: &AttributeFragment,
    overwrite: Overwrite,
    changes: &mut Changes,
) {
    let name = &attribute.name;
    for instance in &attribute.instances {
        let before = sections.find(name, instance.dataset_id.as_deref());
        match before {
            Some(_) if overwrite == Overwrite::Forbidden => changes.note_not_updated(name, Reason::AlreadyExists),
            Some(section) if instance.removes() => changes.remove(section),
            // §5.5.8: what is not there is not deleted either.
            None if instance.removes() => {}
            before => match instance.clone().into_instance() {
                Some(instance) => changes.set(name, &instance, before),
                None => changes.note_not_updated(name, Reason::NoValue),
            },
        }
    }
}
