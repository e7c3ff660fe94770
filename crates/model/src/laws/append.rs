//! Appending and updating attributes (ETSI GS CIM 009 §5.6.2, §5.6.3): an instance is replaced as a whole.

use machi_types::Name;

use super::change::{Changes, Reason, Refusal, Sections, differs};
use super::members::{HeadLaw, change_head};
use crate::entity::{AttributeFragment, CORE, Change, Document, Fragment, Head, Instance, Observed, Section};

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
    let existing = match overwrite {
        Overwrite::Allowed => Existing::Replaced,
        Overwrite::Forbidden => Existing::Kept,
    };
    let mut changes = appended(current, fragment, existing);
    let law = match overwrite {
        Overwrite::Allowed => HeadLaw::Replace,
        Overwrite::Forbidden => HeadLaw::Add,
    };
    changes.head = change_head(current.head, fragment, law)?;
    Ok(changes)
}

/// What an update does with attributes that exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Existing {
    Replaced,
    Kept,
    /// Replaced by what was observed later, and kept else.
    ReplacedByNewer,
}

/// §5.6.2: updates attributes; those that are not there are appended, an NGSI-LD Null deletes. A scope is not appended,
/// and is told among what was not updated.
pub fn update(current: &Document<'_>, fragment: &Fragment) -> Result<Changes, Refusal> {
    update_existing(current, fragment, Existing::Replaced)
}

/// The same, but an attribute follows only what was observed after it: what says its `observedAt` leaves alone what was
/// observed, or without an `observedAt` written, at that time or later. What says the same as before changes nothing.
pub fn update_by_newer(current: &Document<'_>, fragment: &Fragment) -> Result<Changes, Refusal> {
    update_existing(current, fragment, Existing::ReplacedByNewer)
}

fn update_existing(current: &Document<'_>, fragment: &Fragment, existing: Existing) -> Result<Changes, Refusal> {
    let mut changes = appended(current, fragment, existing);
    changes.head = change_head(current.head, fragment, HeadLaw::Update)?;
    if matches!(fragment.scopes, Change::Set(_)) && Head::decode(current.head)?.scopes.is_empty() {
        changes.note_not_updated(&Name::from([CORE, "scope"].concat()), Reason::NoScope);
    }
    Ok(changes)
}

fn appended(current: &Document<'_>, fragment: &Fragment, existing: Existing) -> Changes {
    let mut changes = Changes::default();
    let sections = Sections::of(current);
    for attribute in &fragment.attributes {
        append_attribute(&sections, attribute, existing, &mut changes);
    }
    changes
}

fn append_attribute(sections: &Sections<'_>, attribute: &AttributeFragment, existing: Existing, changes: &mut Changes) {
    let name = &attribute.name;
    for instance in &attribute.instances {
        let before = sections.find(name, instance.dataset_id.as_deref());
        match before {
            Some(_) if existing == Existing::Kept => changes.note_not_updated(name, Reason::AlreadyExists),
            Some(section) if instance.removes() => changes.remove(section),
            // §5.5.8: what is not there is not deleted either.
            None if instance.removes() => {}
            before => match instance.clone().into_instance() {
                Some(instance) if existing == Existing::ReplacedByNewer && !is_news(&instance, before) => {}
                Some(instance) => changes.set(name, &instance, before),
                None => changes.note_not_updated(name, Reason::NoValue),
            },
        }
    }
}

/// Whether an instance was observed after what is there, or, where it does not tell when, says anything else.
fn is_news(instance: &Instance, before: Option<&Section<'_>>) -> bool {
    let Some(before) = before else { return true };
    let Some(observed) = instance.observed_at.map(Observed::time) else { return differs(before, instance) };
    let known = before.instance().ok().and_then(|known| known.observed_at()).map(Observed::time);
    known.or(before.modified_at).is_none_or(|known| observed > known)
}
