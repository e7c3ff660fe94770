//! What a commit did to an entity, in the words of `notificationTrigger` (ETSI GS CIM 009 §5.2.12, §5.8.6).

use machi_model::entity::{HeadRef, InstanceRef};
use machi_store::{ChangeKind, Entry, NameNo, Section, SectionChange, SectionKey};
use machi_types::Timestamp;
use smallvec::SmallVec;

use super::trigger::Triggers;

/// The changes of one entity in one commit.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    /// What happened to the entity itself.
    pub(crate) entity: Triggers,
    /// What happened to its instances; where the entity comes or goes, all of them.
    pub(crate) instances: SmallVec<[InstanceChange; 4]>,
}

/// What happened to one instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct InstanceChange {
    pub(crate) key: SectionKey,
    pub(crate) kind: Triggers,
    /// Its place among the entry's sections.
    pub(crate) at: usize,
}

impl Default for Triggers {
    fn default() -> Self {
        Self::NONE
    }
}

impl Changes {
    /// What an entry of the feed tells.
    pub(crate) fn of(entry: &Entry) -> Self {
        let entity = entity_change(entry);
        let instances = entry.sections.iter().enumerate().filter_map(|(at, change)| {
            let key = change.new.as_ref().or(change.old.as_ref())?.key;
            let kind = instance_change(change, entry.time)?;
            Some(InstanceChange { key, kind, at })
        });
        Self { entity, instances: instances.collect() }
    }

    /// Whether nothing happened that anybody may watch for.
    pub(crate) fn is_empty(&self) -> bool {
        self.entity.is_empty() && self.instances.is_empty()
    }

    /// Whether this makes a notification due for these triggers and watched attributes.
    pub(crate) fn trigger(&self, triggers: Triggers, watched: &[NameNo]) -> bool {
        let is_watched = |change: &&InstanceChange| watched.is_empty() || watched.contains(&change.key.name);
        let mut seen = self.instances.iter().filter(is_watched);
        if self.entity.meet(triggers) && (watched.is_empty() || seen.clone().next().is_some()) {
            return true;
        }
        seen.any(|change| change.kind.meet(triggers))
    }

    /// Whether the entity is gone.
    pub(crate) fn is_deletion(&self) -> bool {
        self.entity.meet(Triggers::ENTITY_DELETED)
    }
}

fn entity_change(entry: &Entry) -> Triggers {
    match entry.kind {
        ChangeKind::Created => Triggers::ENTITY_CREATED,
        ChangeKind::Deleted => Triggers::ENTITY_DELETED,
        // §4.22: what had expired was not there any more, so that whatever took its place is new.
        ChangeKind::Changed if had_expired(entry) => Triggers::ENTITY_CREATED,
        ChangeKind::Changed => Triggers::NONE,
    }
}

fn had_expired(entry: &Entry) -> bool {
    let head = entry.old_head.as_deref().map(HeadRef::read);
    matches!(head, Some(Ok(head)) if is_past(head.expires_at(), entry.time))
}

fn instance_change(change: &SectionChange, time: Timestamp) -> Option<Triggers> {
    // §4.22: what had expired was not there any more, so that whatever took its place is new. Nothing took its
    // place where it is cleared away: that is how its end is told.
    let is_replaced = change.new.is_some();
    let old = change.old.as_ref().filter(|section| !(is_replaced && is_expired(section, time)));
    match (old, &change.new) {
        (None, Some(_)) => Some(Triggers::ATTRIBUTE_CREATED),
        (Some(_), None) => Some(Triggers::ATTRIBUTE_DELETED),
        // "updated with a value different than the existing one"
        (Some(old), Some(new)) => differ(old, new).then_some(Triggers::ATTRIBUTE_UPDATED),
        (None, None) => None,
    }
}

fn differ(old: &Section, new: &Section) -> bool {
    if old.body == new.body {
        return false;
    }
    // The bytes of sub-attributes carry their times; a time alone is no change of the content.
    let content = |section: &Section| {
        InstanceRef::read(&section.body).and_then(|instance| instance.to_instance(None, None, None))
    };
    match (content(old), content(new)) {
        (Ok(old), Ok(new)) => old.without_times() != new.without_times(),
        _ => true,
    }
}

fn is_expired(section: &Section, time: Timestamp) -> bool {
    InstanceRef::read(&section.body).is_ok_and(|instance| is_past(instance.expires_at(), time))
}

fn is_past(time: Option<Timestamp>, now: Timestamp) -> bool {
    time.is_some_and(|time| time <= now)
}

#[cfg(test)]
mod tests {
    use super::*;
    use machi_model::entity::{Instance, JsonText, Kind, encode_instance};
    use machi_store::{Collection, DocumentNo};
    use machi_types::TenantId;

    fn section(name: u32, value: &str) -> Section {
        let instance = Instance::new(Kind::Property, JsonText::parse(value).unwrap());
        let time = Timestamp::from_micros(1);
        let key = SectionKey::new(NameNo::from_number(name), NameNo::NONE);
        Section { key, created: time, modified: time, body: encode_instance(&instance).into() }
    }

    fn entry(kind: ChangeKind, sections: Vec<(Option<Section>, Option<Section>)>) -> Entry {
        Entry {
            commit: 1,
            time: Timestamp::from_micros(5),
            tenant: TenantId::default_tenant(),
            collection: Collection("entities"),
            number: DocumentNo(0),
            id: "urn:e:1".into(),
            kind,
            created: Timestamp::from_micros(5),
            modified: Timestamp::from_micros(5),
            old_head: None,
            new_head: None,
            sections: sections.into_iter().map(|(old, new)| SectionChange { old, new }).collect(),
        }
    }

    fn triggered(entry: &Entry, trigger: &str, watched: &[u32]) -> bool {
        let watched: Vec<NameNo> = watched.iter().map(|name| NameNo::from_number(*name)).collect();
        Changes::of(entry).trigger(Triggers::of(trigger).unwrap(), &watched)
    }

    #[test]
    fn each_trigger_hears_its_own_kind_of_change() {
        let created = entry(ChangeKind::Created, vec![(None, Some(section(9, "1")))]);
        let updated = entry(ChangeKind::Changed, vec![(Some(section(9, "1")), Some(section(9, "2")))]);
        let added = entry(ChangeKind::Changed, vec![(None, Some(section(9, "2")))]);
        let removed = entry(ChangeKind::Changed, vec![(Some(section(9, "2")), None)]);
        let deleted = entry(ChangeKind::Deleted, vec![(Some(section(9, "2")), None)]);
        let all = [&created, &updated, &added, &removed, &deleted];
        for (trigger, expected) in [
            ("entityCreated", [true, false, false, false, false]),
            ("entityUpdated", [true, true, true, true, true]),
            ("entityDeleted", [false, false, false, false, true]),
            ("attributeCreated", [true, false, true, false, false]),
            ("attributeUpdated", [false, true, false, false, false]),
            ("attributeDeleted", [false, false, false, true, true]),
        ] {
            assert_eq!(all.map(|entry| triggered(entry, trigger, &[])), expected, "{trigger}");
            assert_eq!(all.map(|entry| triggered(entry, trigger, &[9])), expected, "{trigger}, watched");
            assert_eq!(
                all.map(|entry| triggered(entry, trigger, &[8])),
                [false; 5],
                "{trigger}, something else watched"
            );
        }
    }

    #[test]
    fn the_same_value_again_is_no_change() {
        let same = entry(ChangeKind::Changed, vec![(Some(section(9, "1")), Some(section(9, "1")))]);
        assert!(Changes::of(&same).is_empty());
    }
}
