//! What is asked of the past, with all names expanded.

use machi_archive::SCOPE;
use machi_model::query::{Member, ScopeQuery, Step};
use machi_types::{Name, Timestamp};

use super::cut::Direction;
use super::represent::Representation;
use super::timing::Timing;

/// What is asked of the evolutions that are found.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Which time of the instances is looked at.
    pub(crate) timing: Timing,
    /// How many instances of each series, the last ones; all if none.
    pub(crate) last: Option<usize>,
    /// The attributes of which an entity must have an instance in time; any if none.
    pub(crate) selecting: Option<Vec<Name>>,
    /// The scopes in which an entity must have been, and in which it was at the times that are shown.
    pub(crate) scopes: Option<ScopeQuery>,
    /// How it is shown.
    pub(crate) representation: Representation,
    /// Where an earlier answer to it was cut.
    pub(crate) earlier: Option<Timestamp>,
}

impl Question {
    /// Which part is told first where an answer would be too long.
    pub(crate) fn direction(&self) -> Direction {
        Direction::of(self.last)
    }

    /// The attributes that are shown; all if none.
    pub(crate) fn showing(&self) -> Option<Vec<Name>> {
        let pick = self.representation.projection.as_ref()?.pick.as_ref()?;
        Some(pick.iter().filter_map(history_of).collect())
    }

    /// Whether an answer shows this series.
    pub(crate) fn shows(&self, attribute: &str, dataset: Option<&str>) -> bool {
        self.is_of_wanted_dataset(dataset) && self.representation.shows(attribute)
    }

    /// Whether series of this dataset are wanted.
    pub(crate) fn is_of_wanted_dataset(&self, dataset: Option<&str>) -> bool {
        self.representation.datasets.as_ref().is_none_or(|datasets| datasets.shows(dataset))
    }
}

/// The attribute that a member of a projection names: the scopes have a history as attributes have.
fn history_of(member: &Name) -> Option<Name> {
    match &**member {
        "scope" => Some(Name::from(SCOPE)),
        // INVARIANT: members that are no attributes go by their terms, attributes by their IRIs.
        name if Member::of(name).is_some_and(|known| known.term() == name) => None,
        _ => Some(member.clone()),
    }
}

/// The attributes among these names; none where none is.
pub(crate) fn attributes_among<'s>(steps: impl IntoIterator<Item = &'s Step>) -> Option<Vec<Name>> {
    let names: Vec<Name> = steps
        .into_iter()
        .filter_map(|step| match step {
            Step::Attribute(name) => Some(name.clone()),
            Step::Member(Member::Scope) => Some(Name::from(SCOPE)),
            Step::Member(_) => None,
        })
        .collect();
    (!names.is_empty()).then_some(names)
}
