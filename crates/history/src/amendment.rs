//! What the temporal API writes, as it is committed: an amendment of the past that the feed brings like any other change
//! (docs/temporal-api.md, decisions D1 to D3).
//!
//! version · entity · \[head\] · count of removals · removals · count of instances · instances
//! head = count of types · types · \[expiry\] · \[creation of an entity that is left without an evolution\]
//! removal = is replaced · part; instance = attribute · dataset · flags · \[key\] · body

use bytes::Bytes;
use machi_archive::{Head, Instance, InstanceKey, Origin, Part, Removal};
use machi_model::entity::codec::bytes::{Reader, put_number, put_text, put_time};
use machi_model::entity::{Corrupt, InstanceRef, Observed};
use machi_store::{Collection, NameNo, Names, SectionKey};
use machi_types::{Name, Timestamp};

use crate::hot::Hot;

/// Amendments that are not in the archive yet.
pub const AMENDMENTS: Collection = Collection("amendments");

const VERSION: u8 = 1;
const HAS_KEY: u8 = 1;
const IS_DELETION: u8 = 2;

/// What is told of the past of an entity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Amendment {
    /// The entity.
    pub(crate) entity: Name,
    /// What the entity is, where that is told.
    pub(crate) head: Option<ToldHead>,
    /// What is removed, and whether something comes in its place.
    pub(crate) removals: Vec<(Part, bool)>,
    /// What comes.
    pub(crate) instances: Vec<Told>,
}

/// What an amendment tells of an entity beside its instances.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ToldHead {
    /// Its types.
    pub(crate) types: Vec<Name>,
    /// When the evolution, or the entity that is left without one, is to vanish.
    pub(crate) expires_at: Option<Timestamp>,
    /// Of an entity that is left without an evolution: when it was created.
    pub(crate) forgotten: Option<Timestamp>,
}

/// An instance that an amendment tells of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// The attribute.
    pub(crate) attribute: Name,
    /// The dataset; none for the default one.
    pub(crate) dataset: Option<Name>,
    /// The key of the instance in whose place it comes; a new one has that of its commit.
    pub(crate) key: Option<InstanceKey>,
    /// Whether it says that from then on there is none: from its time of observation on, or if it has none, from its commit on.
    pub(crate) is_deletion: bool,
    /// What it holds.
    pub(crate) body: Bytes,
}

impl Amendment {
    /// Whether it says nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none() && self.removals.is_empty() && self.instances.is_empty()
    }

    /// Takes it at the time of its commit.
    pub(crate) fn take(self, hot: &mut Hot, time: Timestamp, names: &dyn Names) -> Result<(), Corrupt> {
        for (part, is_replaced) in self.removals {
            hot.remove(Removal { entity: self.entity.clone(), part, replaced_at: is_replaced.then_some(time) }, names);
        }
        if let Some(head) = self.head {
            hot.add_head(&self.entity, head.at(time));
        }
        for told in self.instances {
            let dataset = told.dataset.as_deref().map_or(NameNo::NONE, |id| names.intern(id));
            let key = SectionKey::new(names.intern(&told.attribute), dataset);
            let observed_at = InstanceRef::read(&told.body)?.observed_at().map(Observed::time);
            let instance = Instance {
                key: told.key.unwrap_or(InstanceKey { created_at: time, place: 0 }),
                modified_at: time,
                observed_at,
                deleted_at: told.is_deletion.then(|| observed_at.unwrap_or(time)),
                origin: Origin::Amendment,
                body: told.body,
            };
            hot.add(&self.entity, key, instance);
        }
        Ok(())
    }

    /// The stored form.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        put_text(&self.entity, &mut out);
        out.push(u8::from(self.head.is_some()));
        if let Some(head) = &self.head {
            head.put(&mut out);
        }
        put_number(self.removals.len() as u64, &mut out);
        for (part, is_replaced) in &self.removals {
            out.push(u8::from(*is_replaced));
            put_part(part, &mut out);
        }
        put_number(self.instances.len() as u64, &mut out);
        self.instances.iter().for_each(|told| told.put(&mut out));
        out
    }

    /// Reads the stored form.
    pub(crate) fn decode(bytes: &Bytes) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            VERSION => {}
            version => return Err(Corrupt::Version(version)),
        }
        let entity = name(&mut reader)?;
        let head = if reader.byte()? == 0 { None } else { Some(ToldHead::read(&mut reader)?) };
        let removals = (0..reader.count()?).map(|_| Ok((reader.byte()? != 0, part(&mut reader)?)));
        let removals =
            removals.map(|one| one.map(|(is_replaced, part)| (part, is_replaced))).collect::<Result<_, _>>()?;
        let instances = (0..reader.count()?).map(|_| Told::read(&mut reader, bytes)).collect::<Result<_, _>>()?;
        reader.finish()?;
        Ok(Self { entity, head, removals, instances })
    }
}

impl ToldHead {
    fn at(self, time: Timestamp) -> Head {
        Head {
            modified_at: time,
            created_at: self.forgotten.unwrap_or(time),
            deleted_at: None,
            expires_at: self.expires_at,
            origin: if self.forgotten.is_some() { Origin::Forgotten } else { Origin::Amendment },
            types: self.types.into(),
        }
    }

    fn put(&self, out: &mut Vec<u8>) {
        put_number(self.types.len() as u64, out);
        self.types.iter().for_each(|name| put_text(name, out));
        put_optional_time(self.expires_at, out);
        put_optional_time(self.forgotten, out);
    }

    fn read(reader: &mut Reader<'_>) -> Result<Self, Corrupt> {
        let types = (0..reader.count()?).map(|_| name(reader)).collect::<Result<_, _>>()?;
        Ok(Self { types, expires_at: optional_time(reader)?, forgotten: optional_time(reader)? })
    }
}

impl Told {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(&self.attribute, out);
        put_text(self.dataset.as_deref().unwrap_or_default(), out);
        let has_key = if self.key.is_some() { HAS_KEY } else { 0 };
        out.push(has_key | if self.is_deletion { IS_DELETION } else { 0 });
        if let Some(key) = self.key {
            put_key(key, out);
        }
        put_number(self.body.len() as u64, out);
        out.extend_from_slice(&self.body);
    }

    fn read(reader: &mut Reader<'_>, bytes: &Bytes) -> Result<Self, Corrupt> {
        let (attribute, dataset) = (name(reader)?, dataset(reader)?);
        let flags = reader.byte()?;
        let key = if flags & HAS_KEY == 0 { None } else { Some(key(reader)?) };
        Ok(Self {
            attribute,
            dataset,
            key,
            is_deletion: flags & IS_DELETION != 0,
            body: bytes.slice_ref(reader.block()?),
        })
    }
}

fn put_part(part: &Part, out: &mut Vec<u8>) {
    let (number, attribute, dataset) = match part {
        Part::All => (0, None, None),
        Part::Attribute(attribute) => (1, Some(attribute), None),
        Part::Series { attribute, dataset } => (2, Some(attribute), Some(dataset)),
        Part::Instance { attribute, dataset, .. } => (3, Some(attribute), Some(dataset)),
    };
    out.push(number);
    if let Some(attribute) = attribute {
        put_text(attribute, out);
    }
    if let Some(dataset) = dataset {
        put_text(dataset.as_deref().unwrap_or_default(), out);
    }
    if let Part::Instance { key, .. } = part {
        put_key(*key, out);
    }
}

fn part(reader: &mut Reader<'_>) -> Result<Part, Corrupt> {
    Ok(match reader.byte()? {
        0 => Part::All,
        1 => Part::Attribute(name(reader)?),
        2 => Part::Series { attribute: name(reader)?, dataset: dataset(reader)? },
        3 => Part::Instance { attribute: name(reader)?, dataset: dataset(reader)?, key: key(reader)? },
        unknown => return Err(Corrupt::Unknown(u64::from(unknown))),
    })
}

fn put_key(key: InstanceKey, out: &mut Vec<u8>) {
    put_time(key.created_at, out);
    put_number(u64::from(key.place), out);
}

fn key(reader: &mut Reader<'_>) -> Result<InstanceKey, Corrupt> {
    let (created_at, place) = (reader.time()?, reader.number()?);
    Ok(InstanceKey { created_at, place: u32::try_from(place).map_err(|_| Corrupt::Unknown(place))? })
}

fn put_optional_time(time: Option<Timestamp>, out: &mut Vec<u8>) {
    out.push(u8::from(time.is_some()));
    if let Some(time) = time {
        put_time(time, out);
    }
}

fn optional_time(reader: &mut Reader<'_>) -> Result<Option<Timestamp>, Corrupt> {
    if reader.byte()? == 0 { Ok(None) } else { reader.time().map(Some) }
}

fn name(reader: &mut Reader<'_>) -> Result<Name, Corrupt> {
    reader.text().map(Name::from)
}

fn dataset(reader: &mut Reader<'_>) -> Result<Option<Name>, Corrupt> {
    Ok(Some(reader.text()?).filter(|text| !text.is_empty()).map(Name::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_round_trips() {
        let key = InstanceKey { created_at: Timestamp::from_micros(1_700_000_000_000_000), place: 3 };
        let attribute = Name::from("https://example.org/speed");
        let told = Told {
            attribute: attribute.clone(),
            dataset: None,
            key: None,
            is_deletion: false,
            body: Bytes::from_static(b"x"),
        };
        let amendment = Amendment {
            entity: "urn:ngsi-ld:Room:1".into(),
            head: Some(ToldHead {
                types: vec!["https://example.org/Room".into()],
                expires_at: Some(Timestamp::from_micros(-5)),
                forgotten: None,
            }),
            removals: vec![
                (Part::All, false),
                (Part::Attribute(attribute.clone()), false),
                (Part::Series { attribute: attribute.clone(), dataset: None }, false),
                (Part::Instance { attribute, dataset: Some("urn:d".into()), key }, true),
            ],
            instances: vec![
                told.clone(),
                Told { key: Some(key), is_deletion: true, dataset: Some("urn:d".into()), ..told },
            ],
        };
        let bytes = Bytes::from(amendment.encode());
        assert_eq!(Amendment::decode(&bytes), Ok(amendment));
        for length in 0..bytes.len() {
            assert!(Amendment::decode(&bytes.slice(..length)).is_err(), "{length}");
        }
    }
}
