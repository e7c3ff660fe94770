//! Deleting attributes (ETSI GS CIM 009 §5.6.5) and purging entities of attributes (§5.6.21).

use machi_types::Name;

use super::change::{Changes, Refusal};
use crate::entity::{Document, Head};

/// Which instances of an attribute go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instances {
    /// The default instance.
    Default,
    /// The instance of this dataset.
    Dataset(Name),
    /// All (`deleteAll`).
    All,
}

/// §5.6.5: deletes instances of an attribute.
pub fn delete_attribute(current: &Document<'_>, name: &Name, instances: &Instances) -> Result<Changes, Refusal> {
    let dataset_id = match instances {
        Instances::Dataset(dataset_id) => Some(dataset_id),
        Instances::Default | Instances::All => None,
    };
    let mut changes = Changes::default();
    for section in current.sections_of(name) {
        if *instances == Instances::All || section.dataset_id == dataset_id.map(|id| &**id) {
            changes.remove(section);
        }
    }
    if changes.is_empty() {
        return Err(Refusal::NoSuchAttribute { name: name.clone(), dataset_id: dataset_id.cloned() });
    }
    Ok(changes)
}

/// §5.6.5: deletes the scopes, as the attribute `scope`.
pub fn delete_scope(current: &Document<'_>) -> Result<Changes, Refusal> {
    let mut head = Head::decode(current.head)?;
    if head.scopes.is_empty() {
        return Err(Refusal::NoSuchAttribute { name: "scope".into(), dataset_id: None });
    }
    head.scopes.clear();
    Ok(Changes { head: Some(head), ..Changes::default() })
}

/// Which attributes a purge takes from the entities that it leaves.
#[derive(Clone, Copy, Debug)]
pub enum Purge<'p> {
    /// All but these, by their expanded names.
    Keep(&'p [Name]),
    /// These, by their expanded names.
    Drop(&'p [Name]),
}

/// §5.6.21: deletes attributes of one of the entities that were found.
pub fn purge(current: &Document<'_>, purge: Purge<'_>) -> Changes {
    let is_in = |names: &[Name], name: &str| names.iter().any(|other| &**other == name);
    let mut changes = Changes::default();
    for section in current.sections {
        let goes = match purge {
            Purge::Keep(names) => !is_in(names, section.name),
            Purge::Drop(names) => is_in(names, section.name),
        };
        if goes {
            changes.remove(section);
        }
    }
    changes
}
