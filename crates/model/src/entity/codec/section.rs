//! Reads an attribute instance where it lies, without copying.
//!
//! section = version · body
//! body = kind · flags · value · \[observedAt · \[digits\]\] · \[expiresAt\] · \[unitCode\] · \[valueType\] · \[objectTypes\] · \[sealed\] · \[subs\]
//! subs = count · (name · count · sub…)…
//! sub = marks · \[datasetId\] · \[createdAt\] · \[modifiedAt\] · length · body
//!
//! A sub-attribute whose times are not marked as present was written by the change that wrote the section last:
//! its times are the section's `modifiedAt`.

use machi_types::{Name, Timestamp};

use super::VERSION;
use super::bytes::{Corrupt, Reader};
use super::prefix::NameRef;
use crate::entity::entity::{Attribute, Instance, Sealed};
use crate::entity::json_text::JsonText;
use crate::entity::kind::Kind;
use crate::entity::observed::Observed;

pub(super) const OBSERVED: u8 = 1;
pub(super) const EXPIRES: u8 = 1 << 1;
pub(super) const UNIT: u8 = 1 << 2;
pub(super) const VALUE_TYPE: u8 = 1 << 3;
pub(super) const OBJECT_TYPES: u8 = 1 << 4;
pub(super) const SEALED: u8 = 1 << 5;
pub(super) const SUBS: u8 = 1 << 6;
/// The time of observation was written with other digits of a second than it has by itself.
pub(super) const DIGITS: u8 = 1 << 7;

pub(super) const MARK_DATASET: u8 = 1;
pub(super) const MARK_CREATED: u8 = 1 << 1;
pub(super) const MARK_MODIFIED: u8 = 1 << 2;

pub(super) const SEALED_ID: u8 = 1;
pub(super) const SEALED_TYPE: u8 = 1 << 1;

/// How deep sub-attributes may nest in stored bytes; what the edge takes is less.
const DEPTH: usize = 64;

/// An attribute instance, read where it lies. Everything but sub-attributes is checked by [`read`](Self::read);
/// those are checked while they are visited.
#[derive(Clone, Copy, Debug)]
pub struct InstanceRef<'a> {
    kind: Kind,
    value: &'a str,
    observed_at: Option<Observed>,
    expires_at: Option<Timestamp>,
    unit_code: Option<&'a str>,
    value_type: Option<NameRef<'a>>,
    object_types: Option<(usize, Reader<'a>)>,
    sealed: (Option<&'a str>, Option<NameRef<'a>>),
    subs: Option<Reader<'a>>,
}

/// Names in a row.
#[derive(Clone, Debug)]
pub struct Names<'a> {
    left: usize,
    reader: Reader<'a>,
}

/// The sub-attribute instances of an instance, those of one sub-attribute one after the other.
#[derive(Clone, Debug)]
pub struct SubAttributes<'a> {
    attributes_left: usize,
    instances_left: usize,
    instances: usize,
    name: Option<NameRef<'a>>,
    reader: Reader<'a>,
}

/// An instance of a sub-attribute.
#[derive(Clone, Copy, Debug)]
pub struct SubInstance<'a> {
    /// The expanded name.
    pub name: NameRef<'a>,
    /// How many instances the sub-attribute has.
    pub instances: usize,
    /// Which of them this is, from 0.
    pub index: usize,
    /// The dataset; none for the default instance.
    pub dataset_id: Option<&'a str>,
    /// When it came; none where it is the section's `modifiedAt`.
    pub created_at: Option<Timestamp>,
    /// When it last changed; none where it is the section's `modifiedAt`.
    pub modified_at: Option<Timestamp>,
    /// What it holds.
    pub instance: InstanceRef<'a>,
}

impl<'a> InstanceRef<'a> {
    /// Reads a section.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Corrupt> {
        let mut reader = Reader::new(bytes);
        match reader.byte()? {
            VERSION => Self::read_body(reader),
            version => Err(Corrupt::Version(version)),
        }
    }

    fn read_body(mut reader: Reader<'a>) -> Result<Self, Corrupt> {
        let kind = reader.byte()?;
        let kind = Kind::from_number(kind).ok_or(Corrupt::Unknown(u64::from(kind)))?;
        let flags = reader.byte()?;
        let has = |flag: u8| flags & flag != 0;
        if has(DIGITS) && !has(OBSERVED) {
            return Err(Corrupt::Unknown(u64::from(flags)));
        }
        let value = reader.text()?;
        let observed_at = if has(OBSERVED) { Some(read_observed(&mut reader, has(DIGITS))?) } else { None };
        let expires_at = if has(EXPIRES) { Some(reader.time()?) } else { None };
        let unit_code = if has(UNIT) { Some(reader.text()?) } else { None };
        let value_type = if has(VALUE_TYPE) { Some(NameRef::read(&mut reader)?) } else { None };
        let object_types = if has(OBJECT_TYPES) { Some(read_names(&mut reader)?) } else { None };
        let sealed = if has(SEALED) { read_sealed(&mut reader)? } else { (None, None) };
        let subs = if has(SUBS) { Some(reader) } else { None };
        if subs.is_none() {
            reader.finish()?;
        }
        Ok(Self { kind, value, observed_at, expires_at, unit_code, value_type, object_types, sealed, subs })
    }

    /// What kind of attribute it is.
    pub const fn kind(&self) -> Kind {
        self.kind
    }

    /// The value as JSON text (see [`Instance::value`]).
    pub const fn value(&self) -> &'a str {
        self.value
    }

    /// When the value was observed.
    pub const fn observed_at(&self) -> Option<Observed> {
        self.observed_at
    }

    /// When the instance is to vanish.
    pub const fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// The unit of measurement.
    pub const fn unit_code(&self) -> Option<&'a str> {
        self.unit_code
    }

    /// The expanded datatype.
    pub const fn value_type(&self) -> Option<NameRef<'a>> {
        self.value_type
    }

    /// The expanded types of a link's targets.
    pub fn object_types(&self) -> Names<'a> {
        let (left, reader) = self.object_types.unwrap_or((0, Reader::new(&[])));
        Names { left, reader }
    }

    /// The id that a proof seals.
    pub const fn sealed_id(&self) -> Option<&'a str> {
        self.sealed.0
    }

    /// The expanded type that a proof seals.
    pub const fn sealed_type(&self) -> Option<NameRef<'a>> {
        self.sealed.1
    }

    /// Whether there are sub-attributes.
    pub const fn has_attributes(&self) -> bool {
        self.subs.is_some()
    }

    /// The sub-attributes as they are stored, for [`Parts`](super::Parts).
    pub fn stored_attributes(&self) -> Option<&'a [u8]> {
        self.subs.map(Reader::rest)
    }

    /// Whether there is nothing but the value and, maybe, the time of expiry.
    pub const fn is_bare_but_expiry(&self) -> bool {
        self.observed_at.is_none()
            && self.unit_code.is_none()
            && self.value_type.is_none()
            && self.object_types.is_none()
            && self.sealed.0.is_none()
            && self.sealed.1.is_none()
            && self.subs.is_none()
    }

    /// The sub-attributes.
    pub fn attributes(&self) -> SubAttributes<'a> {
        let mut reader = self.subs.unwrap_or(Reader::new(&[]));
        let attributes_left = if self.subs.is_some() { reader.count().unwrap_or(usize::MAX) } else { 0 };
        SubAttributes { attributes_left, instances_left: 0, instances: 0, name: None, reader }
    }

    /// The instance as owned values. Sub-attributes get explicit times.
    pub fn to_instance(
        self,
        dataset_id: Option<Name>,
        created_at: Option<Timestamp>,
        modified_at: Option<Timestamp>,
    ) -> Result<Instance, Corrupt> {
        self.to_instance_within(dataset_id, (created_at, modified_at), modified_at, DEPTH)
    }

    fn to_instance_within(
        self,
        dataset_id: Option<Name>,
        (created_at, modified_at): (Option<Timestamp>, Option<Timestamp>),
        written_at: Option<Timestamp>,
        depth: usize,
    ) -> Result<Instance, Corrupt> {
        let depth = depth.checked_sub(1).ok_or(Corrupt::Depth)?;
        let mut attributes: Vec<Attribute> = Vec::new();
        for sub in self.attributes() {
            let sub = sub?;
            let times = (sub.created_at.or(written_at), sub.modified_at.or(written_at));
            let instance = sub.instance.to_instance_within(sub.dataset_id.map(Name::from), times, written_at, depth)?;
            match attributes.last_mut() {
                Some(attribute) if sub.index > 0 => attribute.instances.push(instance),
                _ => attributes.push(Attribute { name: sub.name.to_name(), instances: vec![instance] }),
            }
        }
        Ok(Instance {
            dataset_id,
            kind: self.kind,
            value: JsonText::trusted(self.value),
            observed_at: self.observed_at,
            expires_at: self.expires_at,
            unit_code: self.unit_code.map(Name::from),
            value_type: self.value_type.map(NameRef::to_name),
            object_types: self.object_types().map(NameRef::to_name).collect(),
            sealed: self.to_sealed(),
            created_at,
            modified_at,
            attributes,
        })
    }

    fn to_sealed(self) -> Option<Box<Sealed>> {
        match self.sealed {
            (None, None) => None,
            (id, entity_type) => {
                Some(Box::new(Sealed { id: id.map(Name::from), entity_type: entity_type.map(NameRef::to_name) }))
            }
        }
    }
}

fn read_observed(reader: &mut Reader<'_>, has_digits: bool) -> Result<Observed, Corrupt> {
    let time = reader.time()?;
    if !has_digits {
        return Ok(time.into());
    }
    let digits = reader.byte()?;
    Observed::with_digits(time, digits).ok_or(Corrupt::Unknown(u64::from(digits)))
}

fn read_sealed<'a>(reader: &mut Reader<'a>) -> Result<(Option<&'a str>, Option<NameRef<'a>>), Corrupt> {
    let flags = reader.byte()?;
    let id = if flags & SEALED_ID == 0 { None } else { Some(reader.text()?) };
    let entity_type = if flags & SEALED_TYPE == 0 { None } else { Some(NameRef::read(reader)?) };
    Ok((id, entity_type))
}

/// How many names there are, and where they begin.
fn read_names<'a>(reader: &mut Reader<'a>) -> Result<(usize, Reader<'a>), Corrupt> {
    let names = (reader.count()?, *reader);
    for _ in 0..names.0 {
        NameRef::read(reader)?;
    }
    Ok(names)
}

impl<'a> Iterator for Names<'a> {
    type Item = NameRef<'a>;

    fn next(&mut self) -> Option<NameRef<'a>> {
        self.left = self.left.checked_sub(1)?;
        NameRef::read(&mut self.reader).ok()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl ExactSizeIterator for Names<'_> {}

impl<'a> SubAttributes<'a> {
    fn read_next(&mut self) -> Result<SubInstance<'a>, Corrupt> {
        if self.instances_left == 0 {
            self.attributes_left -= 1;
            self.name = Some(NameRef::read(&mut self.reader)?);
            self.instances = self.reader.count()?;
            self.instances_left = self.instances;
        }
        let name = self.name.ok_or(Corrupt::Truncated)?;
        let index = self.instances - self.instances_left;
        self.instances_left = self.instances_left.checked_sub(1).ok_or(Corrupt::Unknown(0))?;
        let marks = self.reader.byte()?;
        let dataset_id = if marks & MARK_DATASET == 0 { None } else { Some(self.reader.text()?) };
        let created_at = if marks & MARK_CREATED == 0 { None } else { Some(self.reader.time()?) };
        let modified_at = if marks & MARK_MODIFIED == 0 { None } else { Some(self.reader.time()?) };
        let instance = InstanceRef::read_body(Reader::new(self.reader.block()?))?;
        Ok(SubInstance { name, instances: self.instances, index, dataset_id, created_at, modified_at, instance })
    }

    fn stop(&mut self) {
        self.attributes_left = 0;
        self.instances_left = 0;
        self.reader = Reader::new(&[]);
    }
}

impl<'a> Iterator for SubAttributes<'a> {
    type Item = Result<SubInstance<'a>, Corrupt>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.attributes_left == 0 && self.instances_left == 0 {
            let left = std::mem::replace(&mut self.reader, Reader::new(&[]));
            return left.finish().err().map(Err);
        }
        let next = self.read_next();
        if next.is_err() {
            self.stop();
        }
        Some(next)
    }
}
