//! Walks the sub-attributes that a fragment names; which instance becomes what is the law's to say.

use std::collections::HashMap;
use std::hash::Hash;

use machi_types::Name;

use super::change::Reason;
use crate::entity::{Attribute, AttributeFragment, Instance, InstanceFragment};

/// What becomes of an instance, or of none, under a fragment: an instance, or none.
pub(super) type Law<'l> = &'l dyn Fn(Option<Instance>, &InstanceFragment) -> Result<Option<Instance>, Reason>;

/// Sub-attributes after a fragment. What the fragment does not name stays as it is, in its place.
pub(super) fn change_attributes(
    mut attributes: Vec<Attribute>,
    fragments: &[AttributeFragment],
    law: Law<'_>,
) -> Result<Vec<Attribute>, Reason> {
    let places = Places::new(fragments.len(), attributes.iter().map(|attribute| attribute.name.clone()));
    for fragment in fragments {
        let place = places.find(&fragment.name, || attributes.iter().position(|other| other.name == fragment.name));
        let place = place.unwrap_or_else(|| {
            attributes.push(Attribute { name: fragment.name.clone(), instances: Vec::new() });
            attributes.len() - 1
        });
        if let Some(attribute) = attributes.get_mut(place) {
            attribute.instances = change_instances(std::mem::take(&mut attribute.instances), &fragment.instances, law)?;
        }
    }
    attributes.retain(|attribute| !attribute.instances.is_empty());
    Ok(attributes)
}

fn change_instances(
    instances: Vec<Instance>,
    fragments: &[InstanceFragment],
    law: Law<'_>,
) -> Result<Vec<Instance>, Reason> {
    let places = Places::<Option<Name>>::new(fragments.len(), instances.iter().map(|one| one.dataset_id.clone()));
    let mut slots: Vec<Option<Instance>> = instances.into_iter().map(Some).collect();
    for fragment in fragments {
        let is_it = |slot: &Option<Instance>| slot.as_ref().is_some_and(|one| one.dataset_id == fragment.dataset_id);
        let place = places.find(&fragment.dataset_id, || slots.iter().position(is_it));
        match place.and_then(|place| slots.get_mut(place)) {
            Some(slot) => *slot = law(slot.take(), fragment)?,
            None => slots.push(law(None, fragment)?),
        }
    }
    Ok(slots.into_iter().flatten().collect())
}

/// Where things stood at first, by their keys. An index is made only for many questions.
struct Places<K>(Option<HashMap<K, usize>>);

impl<K: Eq + Hash> Places<K> {
    fn new(questions: usize, keys: impl Iterator<Item = K>) -> Self {
        const FEW: usize = 8;
        Self((questions > FEW).then(|| keys.enumerate().map(|(place, key)| (key, place)).collect()))
    }

    /// INVARIANT: a fragment names each key once, so what is pushed later is never asked for.
    fn find(&self, key: &K, search: impl FnOnce() -> Option<usize>) -> Option<usize> {
        match &self.0 {
            Some(places) => places.get(key).copied(),
            None => search(),
        }
    }
}
