//! An NGSI-LD Fragment: what a request wants to change (ETSI GS CIM 009 §5.4).

use machi_types::{Name, Timestamp};

use super::entity::{Attribute, Entity, Instance, Sealed};
use super::json_text::JsonText;
use super::kind::Kind;
use super::observed::Observed;

/// The IRI that stands for null (§4.5.0).
pub const NULL: &str = "urn:ngsi-ld:null";

/// Changes to an entity.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fragment {
    /// The id, where the fragment names one; it must be the target's (§5.4).
    pub id: Option<Name>,
    /// Types to add, expanded.
    pub types: Vec<Name>,
    /// What happens to the scopes.
    pub scopes: Change<Vec<Name>>,
    /// What happens to the time of expiry.
    pub expires_at: Change<Timestamp>,
    /// What happens to attributes; each name once.
    pub attributes: Vec<AttributeFragment>,
}

/// Changes to the instances of one attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeFragment {
    /// The expanded name.
    pub name: Name,
    /// The instances, each dataset once.
    pub instances: Vec<InstanceFragment>,
}

/// Changes to one instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstanceFragment {
    /// Which instance; none for the default one.
    pub dataset_id: Option<Name>,
    /// The kind that the member `type` names.
    pub declared_kind: Option<Kind>,
    /// What happens to the value.
    pub value: ValueChange,
    /// What happens to `observedAt`.
    pub observed_at: Change<Observed>,
    /// What happens to `expiresAt`.
    pub expires_at: Change<Timestamp>,
    /// What happens to `unitCode`.
    pub unit_code: Change<Name>,
    /// What happens to `valueType`, expanded.
    pub value_type: Change<Name>,
    /// What happens to `objectType`, expanded.
    pub object_types: Change<Vec<Name>>,
    /// What a proof seals.
    pub sealed: Option<Box<Sealed>>,
    /// What happens to sub-attributes.
    pub attributes: Vec<AttributeFragment>,
}

/// What a fragment says of one member.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Nothing.
    #[default]
    Keep,
    /// This is the new value.
    Set(T),
    /// An NGSI-LD Null: the member goes.
    Remove,
}

/// What a fragment says of the value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ValueChange {
    /// Nothing.
    #[default]
    Keep,
    /// A value of this kind, which the member that holds it tells. It may hold NGSI-LD Nulls inside only in a merge.
    Set(Kind, JsonText),
    /// A value without a member that tells its kind: an existing attribute keeps its own (§5.6.17.4).
    Bare(Box<Bare>),
    /// An NGSI-LD Null: the whole instance goes.
    Remove,
}

/// A value as the simplified representation writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bare {
    /// What it is where the attribute is new.
    pub kind: Kind,
    /// The value as written.
    pub value: JsonText,
    /// The same with terms expanded, where it is a string or an array of strings.
    pub vocab: Option<JsonText>,
}

impl Fragment {
    /// How many bytes the names of its attributes have, sub-attributes included: an @context makes much of little.
    pub fn name_bytes(&self) -> usize {
        name_bytes(&self.attributes)
    }
}

fn name_bytes(attributes: &[AttributeFragment]) -> usize {
    let within = |attribute: &AttributeFragment| {
        attribute.instances.iter().map(|instance| name_bytes(&instance.attributes)).sum::<usize>()
    };
    attributes.iter().map(|attribute| attribute.name.len() + within(attribute)).sum()
}

impl<T> Change<T> {
    /// The value after the change.
    pub fn apply(self, before: Option<T>) -> Option<T> {
        match self {
            Self::Keep => before,
            Self::Set(value) => Some(value),
            Self::Remove => None,
        }
    }

    /// The new value, if one is set.
    pub fn into_set(self) -> Option<T> {
        self.apply(None)
    }

    /// Whether nothing happens.
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

impl InstanceFragment {
    /// Whether the whole instance is to go.
    pub const fn removes(&self) -> bool {
        matches!(self.value, ValueChange::Remove)
    }

    /// The kind that `type` or the member with the value tells; a bare value tells none for certain.
    pub const fn kind(&self) -> Option<Kind> {
        match (self.declared_kind, &self.value) {
            (Some(kind), _) => Some(kind),
            (None, ValueChange::Set(kind, _)) => Some(*kind),
            _ => None,
        }
    }

    /// The instance that this fragment alone makes; nothing where it has no value. Nulls in it stand for absence.
    pub fn into_instance(self) -> Option<Instance> {
        let (kind, value) = match self.value {
            ValueChange::Set(kind, value) => (kind, value),
            ValueChange::Bare(bare) => (bare.kind, bare.value),
            ValueChange::Keep | ValueChange::Remove => return None,
        };
        Some(Instance {
            dataset_id: self.dataset_id,
            kind,
            value,
            observed_at: self.observed_at.into_set(),
            expires_at: self.expires_at.into_set(),
            unit_code: self.unit_code.into_set(),
            value_type: self.value_type.into_set(),
            object_types: self.object_types.into_set().unwrap_or_default(),
            sealed: self.sealed,
            created_at: None,
            modified_at: None,
            attributes: into_attributes(self.attributes),
        })
    }
}

/// The attributes that fragments alone make; those without a value are left out.
fn into_attributes(fragments: Vec<AttributeFragment>) -> Vec<Attribute> {
    let mut attributes = Vec::with_capacity(fragments.len());
    for fragment in fragments {
        let instances: Vec<_> = fragment.instances.into_iter().filter_map(InstanceFragment::into_instance).collect();
        if !instances.is_empty() {
            attributes.push(Attribute { name: fragment.name, instances });
        }
    }
    attributes
}

impl Fragment {
    /// The entity that this fragment alone makes; nothing where it lacks an id or a type.
    pub fn into_entity(self) -> Option<Entity> {
        let id = self.id?;
        if self.types.is_empty() {
            return None;
        }
        let mut entity = Entity::new(id, self.types);
        entity.scopes = self.scopes.into_set().unwrap_or_default();
        entity.expires_at = self.expires_at.into_set();
        entity.attributes = into_attributes(self.attributes);
        Some(entity)
    }
}
