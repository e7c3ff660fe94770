//! What the tests take and read.

use std::ops::Range;
use std::sync::Arc;

use machi_archive::{
    Archive, Collected, Delivery, Evolution, Head, Instance, InstanceKey, Origin, Replaced, Series, Snapshot,
    WantedEvolutions, WantedInstances,
};
use machi_model::entity::{self, JsonText, Kind, encode_instance};
use machi_store::Position;
use machi_types::{Name, TenantId, Timestamp};

/// A folder in memory where there is one: nothing of it outlives the test, and thousands of syncs cost nothing.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory).unwrap() } else { tempfile::tempdir().unwrap() }
}

pub(crate) fn tenant() -> TenantId {
    "Fukui".parse().unwrap()
}

pub(crate) fn time(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

pub(crate) fn entity(number: usize) -> Name {
    Name::from(format!("urn:ngsi-ld:River:{number:04}"))
}

pub(crate) fn series(number: usize, attribute: &str) -> Series {
    Series { entity: entity(number), attribute: attribute.into(), dataset: None }
}

/// The body of a Property.
pub(crate) fn body(value: &str, observed_at: Option<Timestamp>) -> bytes::Bytes {
    let value = JsonText::parse(value).unwrap();
    encode_instance(&entity::Instance {
        observed_at: observed_at.map(Into::into),
        ..entity::Instance::new(Kind::Property, value)
    })
    .into()
}

/// A number that was observed a second before its commit.
pub(crate) fn number(commit: i64, value: f64) -> Instance {
    let observed_at = Some(time(commit - 1_000_000));
    Instance {
        key: InstanceKey { created_at: time(commit), place: 0 },
        modified_at: time(commit),
        observed_at,
        deleted_at: None,
        origin: Origin::Change,
        body: body(&format!("{value:?}"), observed_at),
    }
}

pub(crate) fn head(commit: i64) -> Head {
    Head {
        modified_at: time(commit),
        created_at: time(commit),
        deleted_at: None,
        expires_at: None,
        origin: Origin::Change,
        types: Arc::from([Name::from("https://example.org/River")]),
    }
}

/// A delivery of one number for each of some entities.
pub(crate) fn numbers(position: u64, entities: Range<usize>, commit: i64) -> Delivery<'static> {
    Delivery {
        up_to: Some(Position::single(position)),
        instances: entities
            .clone()
            .map(|n| (series(n, "level"), vec![number(commit, n as f64 / 10.0)].into()))
            .collect(),
        heads: entities.map(|n| (entity(n), vec![head(commit)].into())).collect(),
        ..Delivery::default()
    }
}

/// Everything that a state holds.
#[derive(Debug, PartialEq)]
pub(crate) struct All {
    pub(crate) position: Position,
    pub(crate) evolutions: Vec<Evolution>,
    pub(crate) instances: Vec<(Series, Instance)>,
    pub(crate) replaced: Vec<Replaced>,
}

pub(crate) fn read(snapshot: &dyn Snapshot, wanted: &WantedInstances<'_>) -> Collected {
    Collected::of(snapshot, wanted).unwrap()
}

pub(crate) fn everything(archive: &dyn Archive, tenant: &TenantId) -> All {
    all_of(&*archive.open(tenant).unwrap())
}

pub(crate) fn all_of(snapshot: &dyn Snapshot) -> All {
    let mut evolutions: Vec<Evolution> = Vec::new();
    loop {
        let after = evolutions.last().map(|last| last.entity.to_string());
        let page = WantedEvolutions::After { after: after.as_deref(), limit: 3, types: None };
        let page = snapshot.evolutions(&page).unwrap();
        let is_last = page.len() < 3;
        evolutions.extend(page);
        if is_last {
            break;
        }
    }
    let entities: Vec<Name> = (0..40).map(entity).collect();
    let instances = read(snapshot, &WantedInstances::all_of(&entities)).instances;
    let mut replaced = snapshot.replaced(&entities).unwrap();
    let key = |one: &Replaced| (one.series.clone(), one.instance.key, one.replaced_at, one.instance.modified_at);
    replaced.sort_by_key(key);
    All { position: snapshot.position(), evolutions, instances, replaced }
}
