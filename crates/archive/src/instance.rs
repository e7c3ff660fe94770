//! What history is made of: the instances of attributes, in series, and what an entity was at each time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use bytes::Bytes;
use machi_model::entity::{InstanceRef, Kind};
use machi_model::query::TimeProperty;
use machi_types::geo::{BoundingBox, Geometry};
use machi_types::{Name, Timestamp, json};

use crate::retention::{Level, Step};

/// The expanded name of the scopes, whose history is that of an attribute (ETSI GS CIM 009 §4.18).
pub const SCOPE: &str = "https://uri.etsi.org/ngsi-ld/scope";

/// How deep the JSON of a geometry nests at most.
const DEPTH: usize = 16;

/// The instances of one attribute and one dataset of an entity.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Series {
    /// The entity's id.
    pub entity: Name,
    /// The attribute's expanded name; [`SCOPE`] for the scopes.
    pub attribute: Name,
    /// The dataset; none for the default one.
    pub dataset: Option<Name>,
}

/// What tells an instance from all others of its series, for good: when it was first written, and its place among those
/// of the series that the same commit wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InstanceKey {
    /// The time of the commit that wrote it first; no two commits have the same.
    pub created_at: Timestamp,
    /// How many instances of the series the same commit wrote before it.
    pub place: u32,
}

/// Who wrote an instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Origin {
    /// A change of the city: it was once the present.
    Change,
    /// The temporal API: it is about the past or the future, and never was the present.
    Amendment,
    /// Of heads alone: what the entity was when its past was erased while it lived on. It has an evolution again as soon
    /// as there is an instance of it.
    Forgotten,
    /// Retention: of instances alone, one that stands for all that there was in a minute, an hour or a day.
    Summary(Step),
}

/// One attribute at one point in time.
#[derive(Clone, PartialEq, Eq)]
pub struct Instance {
    /// What tells it from the others of its series.
    pub key: InstanceKey,
    /// When it was written or last corrected.
    pub modified_at: Timestamp,
    /// When its value was observed.
    pub observed_at: Option<Timestamp>,
    /// On an instance that says "from here on there is none": since when.
    pub deleted_at: Option<Timestamp>,
    /// Who wrote it.
    pub origin: Origin,
    /// What it holds, encoded as [`machi_model::entity::codec`] says. On one that says "there is none" only the kind counts.
    pub body: Bytes,
}

/// What an entity was from one time on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// When it was written.
    pub modified_at: Timestamp,
    /// When the entity was created that it is of; the same id may come again.
    pub created_at: Timestamp,
    /// Since when there is no such entity.
    pub deleted_at: Option<Timestamp>,
    /// When it is to vanish.
    pub expires_at: Option<Timestamp>,
    /// Who wrote it.
    pub origin: Origin,
    /// Its types, by expanded name; none on one that says that there is no such entity.
    pub types: Arc<[Name]>,
}

/// All heads of an entity, in the order in which they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evolution {
    /// The entity's id.
    pub entity: Name,
    /// What it was, from when on; at least one.
    pub heads: Vec<Head>,
}

impl Instance {
    /// The time by which a temporal query finds it (§4.8). A deletion is found by `deletedAt` alone, unless a client
    /// wrote it with a time of observation.
    pub fn time(&self, property: TimeProperty) -> Option<Timestamp> {
        match property {
            TimeProperty::ObservedAt => self.observed_at,
            TimeProperty::CreatedAt => Some(self.key.created_at).filter(|_| self.deleted_at.is_none()),
            TimeProperty::ModifiedAt => Some(self.modified_at).filter(|_| self.deleted_at.is_none()),
            TimeProperty::DeletedAt => self.deleted_at,
        }
    }

    /// A box around the geometry that it holds, where it holds one.
    pub fn area(&self) -> Option<BoundingBox> {
        let body = InstanceRef::read(&self.body).ok().filter(|body| body.kind() == Kind::GeoProperty)?;
        self.deleted_at.is_none().then(|| area_of(body.value()))
    }

    /// The time from which on it counts how long it stays: when it was observed, or else written.
    pub fn kept_by(&self) -> Timestamp {
        self.observed_at.unwrap_or(self.modified_at)
    }

    /// Of a change of the city: since when it is so.
    pub fn in_force_since(&self) -> Timestamp {
        self.deleted_at.unwrap_or(self.modified_at)
    }

    /// Whether it stands for others that are gone.
    pub const fn is_summary(&self) -> bool {
        matches!(self.origin, Origin::Summary(_))
    }

    /// What is left of what it tells.
    pub const fn level(&self) -> Level {
        if let Origin::Summary(step) = self.origin { Level::Summed(step) } else { Level::Whole }
    }

    /// Its place in the order of writing.
    pub fn written(&self) -> (Timestamp, u32) {
        (self.modified_at, self.key.place)
    }
}

/// A box around a GeoJSON geometry; where it cannot be read that may be anywhere.
pub fn area_of(geometry: &str) -> BoundingBox {
    let read = json::parse(geometry.as_bytes(), DEPTH).ok().and_then(|json| Geometry::from_json(&json).ok());
    read.map_or(BoundingBox::EARTH, |geometry| geometry.bounding_box())
}

impl fmt::Debug for Instance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instance")
            .field("key", &self.key)
            .field("modified_at", &self.modified_at)
            .field("observed_at", &self.observed_at)
            .field("deleted_at", &self.deleted_at)
            .field("origin", &self.origin)
            .field("bytes", &self.body.len())
            .finish()
    }
}

impl Evolution {
    /// All types that it ever had, each once, in the order in which they came (§4.16: types are never removed).
    pub fn types(&self) -> Vec<Name> {
        let mut types: Vec<Name> = Vec::new();
        for name in self.heads.iter().flat_map(|head| head.types.iter()) {
            if !types.contains(name) {
                types.push(name.clone());
            }
        }
        types
    }

    /// When the entity was first created.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.heads.iter().map(|head| head.created_at).min()
    }

    /// Since when there is no such entity, where there is none.
    pub fn deleted_at(&self) -> Option<Timestamp> {
        let changes = self.heads.iter().filter(|head| head.origin != Origin::Amendment);
        changes.max_by_key(|head| head.modified_at)?.deleted_at
    }

    /// Whether nothing has come since the past of the entity was erased, but for instances perhaps.
    pub fn is_forgotten(&self) -> bool {
        self.heads.iter().all(|head| head.origin == Origin::Forgotten)
    }
}

/// How an `instanceId` begins.
const INSTANCE_ID: &str = "urn:ngsi-ld:Instance:";

/// Why a URI is no `instanceId` of this city.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "an instanceId of this city is urn:ngsi-ld:Instance:, the time of its creation in microseconds and its place, both hexadecimal"
)]
pub struct NoInstanceId;

impl fmt::Display for InstanceKey {
    /// The `instanceId`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{INSTANCE_ID}{:x}-{:x}", self.created_at.micros(), self.place)
    }
}

impl FromStr for InstanceKey {
    type Err = NoInstanceId;

    fn from_str(text: &str) -> Result<Self, NoInstanceId> {
        let (created, place) =
            text.strip_prefix(INSTANCE_ID).and_then(|rest| rest.split_once('-')).ok_or(NoInstanceId)?;
        let created = i64::from_str_radix(created, 16).map_err(|_| NoInstanceId)?;
        let place = u32::from_str_radix(place, 16).map_err(|_| NoInstanceId)?;
        let key = Self { created_at: Timestamp::from_micros(created), place };
        // An id has one spelling.
        if key.to_string() == text { Ok(key) } else { Err(NoInstanceId) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_id_round_trips_and_has_one_spelling() {
        let key = InstanceKey { created_at: Timestamp::from_micros(1_795_000_000_123_456), place: 17 };
        assert_eq!(key.to_string().parse(), Ok(key));
        for wrong in [
            "urn:ngsi-ld:Instance:",
            "urn:ngsi-ld:Instance:1",
            "urn:ngsi-ld:Instance:01-0",
            "urn:x:1-0",
            "urn:ngsi-ld:Instance:A-0",
        ] {
            assert_eq!(wrong.parse::<InstanceKey>(), Err(NoInstanceId), "{wrong}");
        }
    }
}
