//! What a change of an entity comes to in its evolution (ETSI GS CIM 009 §4.5.6, §4.5.7; docs/temporal-api.md, part 5).

use std::sync::{Arc, LazyLock};

use bytes::Bytes;
use machi_archive::{Head, Instance, InstanceKey, Origin, SCOPE};
use machi_model::entity::{
    Corrupt, HeadRef, Instance as Body, InstanceRef, JsonText, Kind, NULL, NameRef, Observed, encode_instance,
};
use machi_store::{ChangeKind, Entry, NameNo, Names, Section, SectionChange, SectionKey};
use machi_types::{Name, Timestamp};

use crate::hot::Hot;

/// What the attributes of several changes hold from then on, in memory of its own: the feed's own pieces would keep alive
/// all that was written with them.
#[derive(Debug)]
pub(crate) struct Bodies {
    all: Bytes,
    next: usize,
}

impl Bodies {
    /// Those of the changes in these entries, which are then taken in this order.
    pub(crate) fn of<'e>(entries: impl Iterator<Item = &'e Entry>) -> Self {
        let sections = entries.flat_map(|entry| &entry.sections).filter_map(other_than_before);
        let bodies: Vec<&[u8]> = sections.map(|section| &*section.body).collect();
        Self { all: bodies.concat().into(), next: 0 }
    }

    /// The same as this one, which comes next.
    fn next(&mut self, body: &Bytes) -> Bytes {
        let start = self.next;
        self.next += body.len();
        self.all.slice(start..self.next)
    }
}

/// Takes the change of an entity. What cannot be read of it is left out.
pub(crate) fn take(hot: &mut Hot, entry: &Entry, names: &dyn Names, bodies: &mut Bodies) -> Result<(), Corrupt> {
    let mut taken = take_head(hot, entry, names);
    for change in &entry.sections {
        let made = match other_than_before(change) {
            Some(new) => {
                let body = bodies.next(&new.body);
                written(new).map(|instance| Some((new.key, Instance { body, ..instance })))
            }
            None => ended_instance(entry, change),
        };
        match made {
            Ok(Some((key, instance))) => hot.add(&entry.id, key, instance),
            Ok(None) => {}
            Err(corrupt) => taken = Err(corrupt),
        }
    }
    hot.note_number(&entry.id, entry.number);
    taken
}

fn take_head(hot: &mut Hot, entry: &Entry, names: &dyn Names) -> Result<(), Corrupt> {
    if let Some(head) = head(entry)? {
        hot.add_head(&entry.id, head);
    }
    if let Some(instance) = scope(entry)? {
        hot.add(&entry.id, scope_key(names), instance);
    }
    Ok(())
}

/// The instance that says "from here on there is none" of this kind.
pub(crate) fn deletion(kind: Kind, key: InstanceKey, deleted_at: Timestamp, origin: Origin) -> Instance {
    let (modified_at, body) = (key.created_at, nothing(kind));
    Instance { key, modified_at, observed_at: None, deleted_at: Some(deleted_at), origin, body }
}

/// What an instance of this kind holds that says that there is none.
fn nothing(kind: Kind) -> Bytes {
    static BODIES: LazyLock<Vec<(Kind, Bytes)>> = LazyLock::new(|| {
        let body = |kind| encode_instance(&Body::new(kind, JsonText::string(NULL))).into();
        Kind::ALL.into_iter().map(|kind| (kind, body(kind))).collect()
    });
    let found = BODIES.iter().find(|(one, _)| *one == kind);
    found.map(|(_, body)| body.clone()).expect("there is one for each kind")
}

/// The scopes as an instance of a Property, observed when they were written, so that the default time finds them.
pub(crate) fn scope_body<'s>(scopes: impl ExactSizeIterator<Item = &'s str>, observed_at: Option<Timestamp>) -> Bytes {
    let is_one = scopes.len() == 1;
    let mut scopes = scopes.peekable();
    let value = match scopes.peek() {
        Some(scope) if is_one => JsonText::string(scope),
        _ => JsonText::strings(scopes),
    };
    let body = Body { observed_at: observed_at.map(Observed::from), ..Body::new(Kind::Property, value) };
    encode_instance(&body).into()
}

/// What the entity is from this change on, where that differs from what it was.
fn head(entry: &Entry) -> Result<Option<Head>, Corrupt> {
    let head = |types: Arc<[Name]>, modified_at, deleted_at, expires_at| Head {
        modified_at,
        created_at: entry.created,
        deleted_at,
        expires_at,
        origin: Origin::Change,
        types,
    };
    if entry.kind == ChangeKind::Deleted {
        let deleted_at = ended(read_head(entry.old_head.as_ref())?.and_then(|old| old.expires_at()), entry.time);
        return Ok(Some(head(Arc::default(), entry.time, Some(deleted_at), None)));
    }
    let Some(new) = read_head(entry.new_head.as_ref())? else { return Ok(None) };
    let is_fresh = entry.kind == ChangeKind::Created || entry.created == entry.time;
    let is_as_before = !is_fresh
        && read_head(entry.old_head.as_ref())?.is_some_and(|old| {
            old.expires_at() == new.expires_at() && old.types().map(NameRef::parts).eq(new.types().map(NameRef::parts))
        });
    let types = || new.types().map(NameRef::to_name).collect();
    Ok((!is_as_before).then(|| head(types(), entry.modified, None, new.expires_at())))
}

/// The scopes from this change on, where they differ from what they were.
fn scope(entry: &Entry) -> Result<Option<Instance>, Corrupt> {
    let (old, new) = (read_head(entry.old_head.as_ref())?, read_head(entry.new_head.as_ref())?);
    if new.is_none() && entry.kind != ChangeKind::Deleted {
        return Ok(None);
    }
    let had_any = old.as_ref().is_some_and(|old| old.scopes().len() > 0);
    let Some(new) = new.filter(|new| new.scopes().len() > 0) else {
        let deleted_at = ended(old.and_then(|old| old.expires_at()), entry.time);
        let key = InstanceKey { created_at: entry.time, place: 0 };
        return Ok(had_any.then(|| deletion(Kind::Property, key, deleted_at, Origin::Change)));
    };
    if had_any && old.is_some_and(|old| old.scopes().eq(new.scopes())) {
        return Ok(None);
    }
    Ok(scope_as_it_is(entry.modified, &new))
}

/// The scopes of a head that was written then, where it has any.
pub(crate) fn scope_as_it_is(modified_at: Timestamp, head: &HeadRef<'_>) -> Option<Instance> {
    (head.scopes().len() > 0).then(|| Instance {
        key: InstanceKey { created_at: modified_at, place: 0 },
        modified_at,
        observed_at: Some(modified_at),
        deleted_at: None,
        origin: Origin::Change,
        body: scope_body(head.scopes(), Some(modified_at)),
    })
}

/// The series of the scopes, as the store's numbers have it.
pub(crate) fn scope_key(names: &dyn Names) -> SectionKey {
    SectionKey::new(names.intern(SCOPE), NameNo::NONE)
}

/// What an attribute instance is from this change on, where it holds anything else than before.
fn other_than_before(change: &SectionChange) -> Option<&Section> {
    let is_other = |new: &&Section| change.old.as_ref().is_none_or(|old| old.body != new.body);
    change.new.as_ref().filter(is_other)
}

/// The instance that says that an attribute instance is no more, where the change has taken it away.
fn ended_instance(entry: &Entry, change: &SectionChange) -> Result<Option<(SectionKey, Instance)>, Corrupt> {
    let (Some(old), None) = (&change.old, &change.new) else { return Ok(None) };
    let was = InstanceRef::read(&old.body)?;
    let key = InstanceKey { created_at: entry.time, place: 0 };
    let deleted_at = ended(was.expires_at(), entry.time);
    Ok(Some((old.key, deletion(was.kind(), key, deleted_at, Origin::Change))))
}

/// An attribute instance as it stands after the change.
pub(crate) fn written(section: &Section) -> Result<Instance, Corrupt> {
    Ok(Instance {
        key: InstanceKey { created_at: section.modified, place: 0 },
        modified_at: section.modified,
        observed_at: InstanceRef::read(&section.body)?.observed_at().map(Observed::time),
        deleted_at: None,
        origin: Origin::Change,
        body: section.body.clone(),
    })
}

/// When something was gone: when it was removed, or before that, when it expired (§4.22).
fn ended(expires_at: Option<Timestamp>, removed_at: Timestamp) -> Timestamp {
    expires_at.map_or(removed_at, |expired| expired.min(removed_at))
}

fn read_head(bytes: Option<&Bytes>) -> Result<Option<HeadRef<'_>>, Corrupt> {
    bytes.map(|bytes| HeadRef::read(bytes)).transpose()
}
