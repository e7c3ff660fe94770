//! An entity in memory: names expanded, values as JSON text (ETSI GS CIM 009 §5.2.4).

use machi_types::{Name, Timestamp};

use super::json_text::JsonText;
use super::kind::Kind;
use super::observed::Observed;

/// An entity (§4.5.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Its id, an IRI.
    pub id: Name,
    /// Its types, expanded, at least one.
    pub types: Vec<Name>,
    /// Its scopes as they were written (§4.18).
    pub scopes: Vec<Name>,
    /// When it is to vanish (§4.22).
    pub expires_at: Option<Timestamp>,
    /// When it came; known on reading.
    pub created_at: Option<Timestamp>,
    /// When it last changed; known on reading.
    pub modified_at: Option<Timestamp>,
    /// Its attributes, each name once, in the order in which they came.
    pub attributes: Vec<Attribute>,
}

/// An attribute with its instances, which differ by dataset (§4.5.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attribute {
    /// The expanded name.
    pub name: Name,
    /// At least one instance, each dataset once.
    pub instances: Vec<Instance>,
}

/// One instance of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// The dataset; none for the default instance.
    pub dataset_id: Option<Name>,
    /// What kind of attribute it is.
    pub kind: Kind,
    /// The value, as [`Kind`] says: targets and vocabulary as `"iri"` or `["iri",…]`.
    pub value: JsonText,
    /// When the value was observed.
    pub observed_at: Option<Observed>,
    /// When the instance is to vanish (§4.22).
    pub expires_at: Option<Timestamp>,
    /// The unit of measurement.
    pub unit_code: Option<Name>,
    /// The expanded datatype of the value.
    pub value_type: Option<Name>,
    /// The expanded types of the targets of a link.
    pub object_types: Vec<Name>,
    /// What an `ngsildproof` seals (§4.5.2.2); nothing on any other attribute.
    pub sealed: Option<Box<Sealed>>,
    /// When the instance came; known on reading.
    pub created_at: Option<Timestamp>,
    /// When it last changed; known on reading.
    pub modified_at: Option<Timestamp>,
    /// Attributes of the attribute.
    pub attributes: Vec<Attribute>,
}

/// The entity that a proof belongs to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sealed {
    /// `entityIdSealed`
    pub id: Option<Name>,
    /// `entityTypeSealed`, expanded.
    pub entity_type: Option<Name>,
}

impl Entity {
    /// An entity of these types without attributes.
    pub fn new(id: impl Into<Name>, types: Vec<Name>) -> Self {
        Self {
            id: id.into(),
            types,
            scopes: Vec::new(),
            expires_at: None,
            created_at: None,
            modified_at: None,
            attributes: Vec::new(),
        }
    }

    /// The attribute of this expanded name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|attribute| &*attribute.name == name)
    }

    /// Every instance with the name of its attribute.
    pub fn instances(&self) -> impl Iterator<Item = (&Name, &Instance)> {
        self.attributes
            .iter()
            .flat_map(|attribute| attribute.instances.iter().map(|instance| (&attribute.name, instance)))
    }
}

impl Instance {
    /// A default instance with a value and nothing else.
    pub fn new(kind: Kind, value: JsonText) -> Self {
        Self {
            dataset_id: None,
            kind,
            value,
            observed_at: None,
            expires_at: None,
            unit_code: None,
            value_type: None,
            object_types: Vec::new(),
            sealed: None,
            created_at: None,
            modified_at: None,
            attributes: Vec::new(),
        }
    }

    /// The same without what the store adds: creation and modification times, at every depth.
    #[must_use]
    pub fn without_times(mut self) -> Self {
        self.created_at = None;
        self.modified_at = None;
        for attribute in &mut self.attributes {
            let instances = std::mem::take(&mut attribute.instances);
            attribute.instances = instances.into_iter().map(Self::without_times).collect();
        }
        self
    }
}
