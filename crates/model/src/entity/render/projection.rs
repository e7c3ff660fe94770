//! Which members and which instances of an entity are written (ETSI GS CIM 009 §4.21, §4.5.5).

use machi_types::Name;

use crate::query::{self, Step};

/// The members to be picked and those to be left out, attributes by their expanded names and the others by their terms.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Projection {
    /// Only these; all if none.
    pub pick: Option<Vec<Name>>,
    /// Never these.
    pub omit: Vec<Name>,
}

impl Projection {
    /// From the expanded parameters. A member of which only a part is left out, in the entity that it links to, is
    /// written itself.
    pub fn of(pick: Option<&query::Projection>, omit: Option<&query::Projection>) -> Self {
        let whole = omit.into_iter().flat_map(|omit| &omit.members).filter(|member| member.linked.is_none());
        Self {
            pick: pick.map(|pick| pick.members.iter().map(|member| name_of(&member.name)).collect()),
            omit: whole.map(|member| name_of(&member.name)).collect(),
        }
    }

    /// These attributes beside everything that is no attribute (the parameter `attrs`).
    pub fn attributes(names: impl IntoIterator<Item = Name>) -> Self {
        let core = ["id", "type", "scope", "createdAt", "modifiedAt", "expiresAt", "deletedAt"].map(Name::from);
        Self { pick: Some(core.into_iter().chain(names).collect()), omit: Vec::new() }
    }

    /// Whether a member is written.
    pub fn shows(&self, member: &str) -> bool {
        let is_in = |names: &[Name]| names.iter().any(|name| &**name == member);
        self.pick.as_deref().is_none_or(is_in) && !is_in(&self.omit)
    }
}

fn name_of(step: &Step) -> Name {
    match step {
        Step::Attribute(name) => name.clone(),
        Step::Member(member) => member.term().into(),
    }
}

/// The instances to be written, by their datasets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Datasets {
    /// Whether the default instance is among them (`@none`).
    pub default: bool,
    /// The datasets.
    pub ids: Vec<Name>,
}

impl Datasets {
    /// From the parameter's values, `@none` among them standing for the default instance.
    pub fn new<'a>(ids: impl IntoIterator<Item = &'a str>) -> Self {
        let mut datasets = Self::default();
        for id in ids {
            match id {
                "@none" => datasets.default = true,
                id => datasets.ids.push(id.into()),
            }
        }
        datasets
    }

    /// Whether the instance of this dataset is written.
    pub fn shows(&self, dataset_id: Option<&str>) -> bool {
        match dataset_id {
            None => self.default,
            Some(dataset_id) => self.ids.iter().any(|id| &**id == dataset_id),
        }
    }
}
