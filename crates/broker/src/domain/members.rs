//! Which members of an entity, and of the entities linked from it, an answer shows (ETSI GS CIM 009 §4.21).

use machi_model::entity::render::Projection;
use machi_model::query::{self, Step};
use machi_types::Name;
use rustc_hash::FxHashMap;

type Selected = query::Projection<Step>;

/// A tree of projections: one for the entities asked for, others for those that certain relationships lead to.
#[derive(Clone, Debug)]
pub(crate) struct Members {
    nodes: Vec<Node>,
    /// For linked entities of which nothing is said: what is picked is picked of them, too (Table 6.5.3.1-1), and
    /// what is left out without braces is an attribute of the entity asked for (§4.21).
    unsaid: Projection,
}

/// A place in the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct NodeNo(usize);

#[derive(Clone, Debug, Default)]
struct Node {
    projection: Projection,
    /// The nodes of linked entities of which something else is shown.
    linked: FxHashMap<Name, NodeNo>,
}

impl NodeNo {
    /// That of the entities asked for.
    pub(crate) const ROOT: Self = Self(0);
    /// That of linked entities of which nothing is said.
    const UNSAID: Self = Self(usize::MAX);
}

impl Members {
    /// The tree of `pick`, `omit` and the older `attrs`; none where all is shown.
    pub(crate) fn new(pick: Option<&Selected>, omit: Option<&Selected>, attrs: &[Step]) -> Option<Self> {
        if attrs.is_empty() && pick.is_none() && omit.is_none() {
            return None;
        }
        if !attrs.is_empty() {
            let projection = Projection::attributes(attrs.iter().map(name_of));
            let root = Node { projection: projection.clone(), linked: FxHashMap::default() };
            return Some(Self { nodes: vec![root], unsaid: projection });
        }
        let unsaid = Projection { pick: pick.map(|pick| names_of(Some(pick), |_| true)), omit: Vec::new() };
        let mut members = Self { nodes: Vec::new(), unsaid };
        members.add(pick, omit);
        Some(members)
    }

    /// Which members of the entities at this place are shown.
    pub(crate) fn projection(&self, node: NodeNo) -> Option<&Projection> {
        if node == NodeNo::UNSAID { Some(&self.unsaid) } else { self.nodes.get(node.0).map(|node| &node.projection) }
    }

    /// The place of the entities that a relationship leads to from here.
    pub(crate) fn linked(&self, node: NodeNo, relationship: &str) -> NodeNo {
        self.nodes.get(node.0).and_then(|node| node.linked.get(relationship)).copied().unwrap_or(NodeNo::UNSAID)
    }

    fn add(&mut self, pick: Option<&Selected>, omit: Option<&Selected>) -> NodeNo {
        let number = NodeNo(self.nodes.len());
        let projection = Projection {
            pick: pick.map(|pick| names_of(Some(pick), |_| true)),
            // What is left out of a linked entity leaves the link itself in place.
            omit: names_of(omit, |member| member.linked.is_none()),
        };
        self.nodes.push(Node { projection, linked: FxHashMap::default() });
        let mut linked = FxHashMap::default();
        for step in linking(pick).chain(linking(omit)) {
            let Some(relationship) = step.attribute() else { continue };
            if !linked.contains_key(relationship) {
                let part = |selected: Option<&Selected>| {
                    selected.and_then(|selected| selected.member(step)).and_then(|member| member.linked.clone())
                };
                linked.insert(relationship.clone(), self.add(part(pick).as_ref(), part(omit).as_ref()));
            }
        }
        if let Some(node) = self.nodes.get_mut(number.0) {
            node.linked = linked;
        }
        number
    }
}

fn linking(selected: Option<&Selected>) -> impl Iterator<Item = &Step> {
    let members = selected.into_iter().flat_map(|selected| &selected.members);
    members.filter(|member| member.linked.is_some()).map(|member| &member.name)
}

fn names_of(selected: Option<&Selected>, is_meant: impl Fn(&query::Projected<Step>) -> bool) -> Vec<Name> {
    let members = selected.into_iter().flat_map(|selected| &selected.members);
    members.filter(|member| is_meant(member)).map(|member| name_of(&member.name)).collect()
}

/// Attributes go by their full names, the other members by their terms.
fn name_of(step: &Step) -> Name {
    match step {
        Step::Attribute(name) => name.clone(),
        Step::Member(member) => Name::from(member.term()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selected(text: &str) -> Selected {
        let expand = |name: &str| Ok::<_, ()>(Name::from(format!("urn:a:{name}")));
        query::Projection::parse("pick", text).unwrap().expand(&expand).unwrap()
    }

    #[test]
    fn nothing_said_shows_everything() {
        assert!(Members::new(None, None, &[]).is_none());
    }

    #[test]
    fn linked_entities_show_what_stands_in_their_braces_and_else_what_is_picked() {
        let (pick, omit) = (selected("id,a{b,c{d}},e"), selected("f,a{b}"));
        let members = Members::new(Some(&pick), Some(&omit), &[]).unwrap();
        let root = members.projection(NodeNo::ROOT).unwrap();
        for (name, is_shown) in
            [("id", true), ("type", false), ("urn:a:a", true), ("urn:a:e", true), ("urn:a:f", false)]
        {
            assert_eq!(root.shows(name), is_shown, "{name}");
        }
        let by_a = members.linked(NodeNo::ROOT, "urn:a:a");
        let linked = members.projection(by_a).unwrap();
        assert!(linked.shows("urn:a:c") && !linked.shows("urn:a:b") && !linked.shows("id"));
        assert!(members.projection(members.linked(by_a, "urn:a:c")).unwrap().shows("urn:a:d"));
        for unsaid in [members.linked(NodeNo::ROOT, "urn:a:e"), members.linked(by_a, "urn:a:x")] {
            let unsaid = members.projection(unsaid).unwrap();
            assert!(unsaid.shows("id") && unsaid.shows("urn:a:e") && !unsaid.shows("type"));
        }
    }

    #[test]
    fn what_is_left_out_without_braces_is_left_out_of_the_entity_asked_for() {
        let members = Members::new(None, Some(&selected("type,a{b}")), &[]).unwrap();
        let shows = |node, name: &str| members.projection(node).unwrap().shows(name);
        let by_a = members.linked(NodeNo::ROOT, "urn:a:a");
        assert!(!shows(NodeNo::ROOT, "type") && shows(by_a, "type") && !shows(by_a, "urn:a:b"));
        assert!(shows(members.linked(by_a, "urn:a:c"), "type") && shows(members.linked(by_a, "urn:a:c"), "urn:a:b"));
    }

    #[test]
    fn attrs_keep_what_is_no_attribute() {
        let attrs = [Step::Attribute(Name::from("urn:a:a"))];
        let root = Members::new(None, None, &attrs).unwrap();
        let root = root.projection(NodeNo::ROOT).unwrap();
        assert!(root.shows("id") && root.shows("type") && root.shows("urn:a:a") && !root.shows("urn:a:b"));
    }
}
