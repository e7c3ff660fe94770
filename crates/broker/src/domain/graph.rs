//! Linked entity retrieval: the entities that links lead to, gathered level by level (ETSI GS CIM 009 §4.5.23).

use machi_model::entity::iris_of;
use machi_types::Name;
use rustc_hash::{FxHashMap, FxHashSet};

use super::members::NodeNo;
use super::reading::Reading;
use super::representation::Representation;

/// How linked entities are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Join {
    /// Not at all.
    #[default]
    None,
    /// Beside the entities that link to them.
    Flat,
    /// Inside the relationships that link to them.
    Inline,
}

/// Entities and those they link to. INVARIANT: a level is asked for once, by [`Graph::wanted`], and then given.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    readings: FxHashMap<Name, Reading>,
    /// Linked entities with the place of their projection, in the order in which links lead to them.
    linked: Vec<(Name, NodeNo)>,
    /// What the links of the last level lead to.
    frontier: Vec<(Name, NodeNo)>,
    seen: FxHashSet<(Name, NodeNo)>,
    /// Entities that the client has already, and those that are asked for themselves.
    known: FxHashSet<Name>,
}

impl Graph {
    /// The entities asked for; those in `contained_by` were encountered before and are not followed to.
    pub(crate) fn new(rows: &[Reading], contained_by: &[Name]) -> Self {
        let mut graph = Self { known: contained_by.iter().cloned().collect(), ..Self::default() };
        for row in rows {
            graph.frontier.push((row.id().clone(), NodeNo::ROOT));
            graph.seen.insert((row.id().clone(), NodeNo::ROOT));
            graph.readings.insert(row.id().clone(), row.clone());
        }
        graph
    }

    /// The next level: the ids that links of the last one lead to and that were not read yet.
    pub(crate) fn wanted(&mut self, representation: &Representation) -> Vec<Name> {
        let mut next = Vec::new();
        for (id, node) in std::mem::take(&mut self.frontier) {
            if let Some(reading) = self.readings.get(&id) {
                follow(reading, node, representation, &mut next);
            }
        }
        next.retain(|entry| !self.known.contains(&entry.0) && self.seen.insert(entry.clone()));
        let mut wanted = Vec::new();
        let mut asked = FxHashSet::default();
        for (id, _) in &next {
            if !self.readings.contains_key(id) && asked.insert(id.clone()) {
                wanted.push(id.clone());
            }
        }
        self.frontier = next;
        wanted
    }

    /// What was read of the wanted ids; ids of entities that do not exist lead nowhere.
    pub(crate) fn give(&mut self, readings: impl IntoIterator<Item = Reading>) {
        self.readings.extend(readings.into_iter().map(|reading| (reading.id().clone(), reading)));
        self.frontier.retain(|(id, _)| self.readings.contains_key(id));
        self.linked.extend(self.frontier.iter().cloned());
    }

    /// Whether there is nothing to follow any more.
    pub(crate) fn is_done(&self) -> bool {
        self.frontier.is_empty()
    }

    /// An entity that was read, unless the client has it already.
    pub(crate) fn reading(&self, id: &str) -> Option<&Reading> {
        if self.known.contains(id) { None } else { self.readings.get(id) }
    }

    /// The linked entities that are not among the rows, each once, in the order of the links.
    pub(crate) fn beside<'g>(&'g self, rows: &[Reading]) -> Vec<(&'g Reading, NodeNo)> {
        let mut shown: FxHashSet<&str> = rows.iter().map(|row| row.id().as_str()).collect();
        let mut beside = Vec::new();
        for (id, node) in &self.linked {
            if let Some(reading) = self.readings.get(id)
                && shown.insert(reading.id().as_str())
            {
                beside.push((reading, *node));
            }
        }
        beside
    }
}

/// Where the links that are shown lead.
fn follow(reading: &Reading, node: NodeNo, representation: &Representation, next: &mut Vec<(Name, NodeNo)>) {
    for section in reading.sections() {
        if !representation.shows(node, section.name, section.dataset_id) {
            continue;
        }
        let Ok(instance) = section.instance() else { continue };
        if instance.kind().is_link() {
            let linked = representation.linked(node, section.name);
            next.extend(iris_of(instance.value()).map(|target| (Name::from(target), linked)));
        }
    }
}
