//! The subscriptions of one tenant, found by what happens to an entity.
//!
//! Each subscription is filed under one of the things that it needs: the one that the fewest others are filed
//! under, so that neither ten thousand on one type nor ten thousand with one attribute are looked at in vain.

mod need;
mod places;
mod ranges;
mod texts;

use std::hash::Hash;
use std::sync::Arc;

use machi_model::entity::{Scalar as Value, scalars};
use machi_store::{NameNo, Names};
use machi_types::Name;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::changes::Changes;
use super::state::EntityState;
use super::subscription::Subscription;
use need::ordered::Bits;
use need::{Key, Need, Scalar};
use places::Places;
use ranges::Ranges;
use texts::Texts;

/// The place of a subscription.
type Number = u32;

/// The subscriptions of a tenant that watch for changes.
#[derive(Debug, Default)]
pub(crate) struct Index {
    slots: Vec<Option<Slot>>,
    free: Vec<Number>,
    numbers: FxHashMap<Name, Number>,
    ids: Buckets<Name>,
    prefixes: Texts,
    parts: Texts,
    types: Buckets<Name>,
    scopes: Buckets<Box<str>>,
    /// By one level of a scope, its depth before its name.
    levels: Buckets<Box<str>>,
    watched: Buckets<NameNo>,
    existing: Buckets<Name>,
    equal: FxHashMap<Name, Buckets<Scalar>>,
    ranges: FxHashMap<Name, Ranges>,
    places: Places,
    others: Vec<Number>,
}

#[derive(Debug)]
struct Slot {
    subscription: Arc<Subscription>,
    keys: Box<[Key]>,
}

/// Subscriptions by a key.
#[derive(Debug)]
struct Buckets<K>(FxHashMap<K, Vec<Number>>);

impl<K> Default for Buckets<K> {
    fn default() -> Self {
        Self(FxHashMap::default())
    }
}

impl<K: Hash + Eq> Buckets<K> {
    fn add(&mut self, key: K, number: Number) {
        self.0.entry(key).or_default().push(number);
    }

    fn remove<Q: Hash + Eq + ?Sized>(&mut self, key: &Q, number: Number)
    where
        K: std::borrow::Borrow<Q>,
    {
        if let Some(list) = self.0.get_mut(key) {
            list.retain(|known| *known != number);
            if list.is_empty() {
                self.0.remove(key);
            }
        }
    }

    fn get<Q: Hash + Eq + ?Sized>(&self, key: &Q) -> &[Number]
    where
        K: std::borrow::Borrow<Q>,
    {
        self.0.get(key).map_or(&[], Vec::as_slice)
    }
}

impl Index {
    /// Adds a subscription, or puts it in the place of the one with its id.
    pub(crate) fn insert(&mut self, subscription: Arc<Subscription>) {
        self.remove(&subscription.key.id);
        let number = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            (self.slots.len() - 1) as Number
        });
        let need: Need = need::of(&subscription);
        let keys = need.cheapest(&|key| self.cost(key)).map_or_else(|| vec![Key::Any], |(_, keys)| keys);
        for key in &keys {
            self.file(key, number);
        }
        self.numbers.insert(subscription.key.id.clone(), number);
        self.slots[number as usize] = Some(Slot { subscription, keys: keys.into() });
    }

    /// Takes a subscription out.
    pub(crate) fn remove(&mut self, id: &str) -> Option<Arc<Subscription>> {
        let number = self.numbers.remove(id)?;
        let slot = self.slots.get_mut(number as usize)?.take()?;
        for key in &slot.keys {
            self.unfile(key, number);
        }
        self.free.push(number);
        Some(slot.subscription)
    }

    /// The subscription of this id.
    #[cfg(test)]
    pub(crate) fn get(&self, id: &str) -> Option<&Arc<Subscription>> {
        let number = *self.numbers.get(id)?;
        self.slots.get(number as usize)?.as_ref().map(|slot| &slot.subscription)
    }

    /// All subscriptions.
    #[cfg(test)]
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<Subscription>> {
        self.slots.iter().flatten().map(|slot| &slot.subscription)
    }

    /// Whether there is none.
    pub(crate) fn is_empty(&self) -> bool {
        self.numbers.is_empty()
    }

    /// The subscriptions that a change may be due for, each once: all that it is due for, and some more.
    pub(crate) fn candidates(
        &self,
        state: &EntityState,
        changes: &Changes,
        names: &dyn Names,
    ) -> Vec<&Arc<Subscription>> {
        let mut found = self.others.clone();
        self.by_id(state.reading.id(), &mut found);
        for name in &state.types {
            found.extend_from_slice(self.types.get(name.as_str()));
        }
        self.by_scope(state, &mut found);
        self.by_change(changes, &mut found);
        self.by_value(state, &mut found);
        if !self.places.is_empty() {
            for (name, geometry) in state.geometries() {
                if let Some(name) = names.lookup(name) {
                    self.places.candidates(name, &geometry.bounding_box(), &mut found);
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        let slot = |number: &Number| self.slots.get(*number as usize)?.as_ref().map(|slot| &slot.subscription);
        found.iter().filter_map(slot).collect()
    }

    fn by_id(&self, id: &str, found: &mut Vec<Number>) {
        found.extend_from_slice(self.ids.get(id));
        self.prefixes.beginning(id, found);
        self.parts.inside(id, found);
    }

    fn by_scope(&self, state: &EntityState, found: &mut Vec<Number>) {
        if self.scopes.0.is_empty() && self.levels.0.is_empty() {
            return;
        }
        for scope in state.scopes() {
            let mut path = String::new();
            for (depth, level) in scope.levels().enumerate() {
                path.push('/');
                path.push_str(level);
                found.extend_from_slice(self.scopes.get(path.as_str()));
                found.extend_from_slice(self.levels.get(level_key(depth, level).as_str()));
            }
        }
    }

    fn by_change(&self, changes: &Changes, found: &mut Vec<Number>) {
        if self.watched.0.is_empty() {
            return;
        }
        for change in &changes.instances {
            found.extend_from_slice(self.watched.get(&change.key.name));
        }
    }

    fn by_value(&self, state: &EntityState, found: &mut Vec<Number>) {
        if self.existing.0.is_empty() && self.equal.is_empty() && self.ranges.is_empty() {
            return;
        }
        // The lowest and the highest number of each attribute that ranges are about.
        let mut numbers: SmallVec<[(&Ranges, f64, f64); 4]> = SmallVec::new();
        let sections = state.reading.sections();
        for section in &sections {
            found.extend_from_slice(self.existing.get(section.name));
            let (equal, ranges) = (self.equal.get(section.name), self.ranges.get(section.name));
            if equal.is_none() && ranges.is_none() {
                continue;
            }
            let Ok(instance) = section.instance() else { continue };
            scalars(&instance, |value| {
                if let (Some(ranges), Value::Number(number)) = (ranges, &value) {
                    match numbers.iter_mut().find(|(known, ..)| std::ptr::eq(*known, ranges)) {
                        Some((_, low, high)) => (*low, *high) = (low.min(*number), high.max(*number)),
                        None => numbers.push((ranges, *number, *number)),
                    }
                }
                if let (Some(equal), Some(scalar)) = (equal, scalar(value)) {
                    found.extend_from_slice(equal.get(&scalar));
                }
            });
        }
        for (ranges, low, high) in numbers {
            ranges.meeting(low, high, found);
        }
    }

    /// How many others are looked at with one that is filed under this, weighed by how often that happens in vain.
    fn cost(&self, key: &Key) -> u64 {
        let one_more = |list: &[Number]| list.len() as u64 + 1;
        match key {
            Key::Id(id) => one_more(self.ids.get(id.as_str())),
            Key::Prefix(prefix) => 2 * (self.prefixes.crowd(prefix) + 1),
            Key::Part(part) => 2 * (self.parts.crowd(part) + 1),
            Key::Scope(scope) => 2 * one_more(self.scopes.get(scope)),
            Key::Level(depth, name) => 3 * one_more(self.levels.get(level_key(*depth, name).as_str())),
            Key::Equal(name, scalar) => {
                2 * self.equal.get(name.as_str()).map_or(1, |equal| one_more(equal.get(scalar)))
            }
            Key::Place(name, reach) => 2 * (self.places.crowd(*name, reach) + 1),
            // Looked at are just those that hold the number.
            Key::Between(name, low, high) => {
                3 + self.ranges.get(name.as_str()).map_or(0, |ranges| ranges.crowd(*low, *high))
            }
            Key::Watched(name) => 4 * one_more(self.watched.get(name)),
            Key::Type(name) => 8 * one_more(self.types.get(name.as_str())),
            Key::Exists(name) => 8 * one_more(self.existing.get(name.as_str())),
            Key::Any => u64::MAX / 2,
        }
    }

    fn file(&mut self, key: &Key, number: Number) {
        match key {
            Key::Id(id) => self.ids.add(id.clone(), number),
            Key::Prefix(prefix) => self.prefixes.insert(prefix, number),
            Key::Part(part) => self.parts.insert(part, number),
            Key::Type(name) => self.types.add(name.clone(), number),
            Key::Scope(scope) => self.scopes.add(scope.clone(), number),
            Key::Level(depth, name) => self.levels.add(level_key(*depth, name).into(), number),
            Key::Watched(name) => self.watched.add(*name, number),
            Key::Exists(name) => self.existing.add(name.clone(), number),
            Key::Equal(name, scalar) => self.equal.entry(name.clone()).or_default().add(scalar.clone(), number),
            Key::Between(name, low, high) => self.ranges.entry(name.clone()).or_default().insert(*low, *high, number),
            Key::Place(name, reach) => self.places.insert(*name, reach, number),
            Key::Any => self.others.push(number),
        }
    }

    fn unfile(&mut self, key: &Key, number: Number) {
        match key {
            Key::Id(id) => self.ids.remove(id.as_str(), number),
            Key::Prefix(prefix) => self.prefixes.remove(prefix, number),
            Key::Part(part) => self.parts.remove(part, number),
            Key::Type(name) => self.types.remove(name.as_str(), number),
            Key::Scope(scope) => self.scopes.remove(scope, number),
            Key::Level(depth, name) => self.levels.remove(level_key(*depth, name).as_str(), number),
            Key::Watched(name) => self.watched.remove(name, number),
            Key::Exists(name) => self.existing.remove(name.as_str(), number),
            Key::Equal(name, scalar) => {
                if let Some(equal) = self.equal.get_mut(name.as_str()) {
                    equal.remove(scalar, number);
                    if equal.0.is_empty() {
                        self.equal.remove(name.as_str());
                    }
                }
            }
            Key::Between(name, low, high) => {
                if let Some(ranges) = self.ranges.get_mut(name.as_str()) {
                    ranges.remove(*low, *high, number);
                    if ranges.is_empty() {
                        self.ranges.remove(name.as_str());
                    }
                }
            }
            Key::Place(name, reach) => self.places.remove(*name, reach, number),
            Key::Any => self.others.retain(|known| *known != number),
        }
    }
}

fn level_key(depth: usize, name: &str) -> String {
    format!("{depth} {name}")
}

fn scalar(value: Value<'_>) -> Option<Scalar> {
    Some(match value {
        Value::Text(text) | Value::Vocab(text) | Value::Language { text, .. } => Scalar::Text((&*text).into()),
        Value::Link(target) => Scalar::Text(target.into()),
        Value::Number(number) => Scalar::Number(Bits::of(number)),
        Value::Bool(flag) => Scalar::Flag(flag),
        Value::Time(_) | Value::Geometry(_) => return None,
    })
}
