//! Which entities a query asks for, and what that means for one entity: the plain reading that every index
//! must agree with (ETSI GS CIM 009 §5.7.2.4).

use machi_face::{Criteria, Selector};
use machi_model::entity::{Document, EntityFacts, HeadRef, Kind, iris_of, value_of};
use machi_model::query::{Facts, GeoQuery, Logic, ScopePath, ScopeQuery, Step, Term, TypeExpression};
use machi_types::geo::Geometry;
use machi_types::{Name, Timestamp};

/// Criteria that one entity alone can be held against.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) selectors: Vec<Selector>,
    pub(crate) attributes: Vec<Step>,
    pub(crate) conditions: Option<Logic<Condition>>,
    pub(crate) geo: Option<GeoQuery>,
    pub(crate) scopes: Option<ScopeQuery>,
}

/// One condition of `q`.
#[derive(Clone, Debug)]
pub(crate) enum Condition {
    /// About the entity itself.
    Own(Term),
    /// About the entities that it links to.
    Linked(LinkedCondition),
}

/// A condition on linked entities, which have been found already.
#[derive(Clone, Debug)]
pub(crate) struct LinkedCondition {
    /// The relationship.
    pub(crate) relationship: Step,
    /// The entities that meet the condition, sorted.
    pub(crate) targets: Vec<Name>,
    /// Whether it asks for entities that link to none of them.
    pub(crate) is_absent: bool,
}

impl Selection {
    /// The criteria with the conditions of `q` made ready.
    pub(crate) fn new(criteria: Criteria, conditions: Option<Logic<Condition>>) -> Self {
        let Criteria { selectors, attributes, geo, scopes, .. } = criteria;
        Self { selectors, attributes, conditions, geo, scopes }
    }

    /// Whether this entity, as it is at this time, is asked for.
    pub(crate) fn matches(&self, document: &Document<'_>, now: Timestamp) -> bool {
        let facts = EntityFacts { document, now, linked: None };
        let Some(head) = HeadRef::read(document.head).ok().filter(|head| lives(head.expires_at(), now)) else {
            return false;
        };
        let is_selected =
            self.selectors.is_empty() || self.selectors.iter().any(|selector| selects(selector, document.id, &head));
        is_selected
            && self.scopes.as_ref().is_none_or(|scopes| in_scopes(scopes, &head))
            && (self.attributes.is_empty() || self.attributes.iter().any(|step| has(&facts, step)))
            && self.conditions.as_ref().is_none_or(|logic| logic.holds(&mut |condition| condition.matches(&facts)))
            && self.geo.as_ref().is_none_or(|geo| in_place(geo, document, now))
    }
}

fn selects(selector: &Selector, id: &str, head: &HeadRef<'_>) -> bool {
    (selector.ids.is_empty() || selector.ids.iter().any(|wanted| **wanted == *id))
        && selector.pattern.as_ref().is_none_or(|pattern| pattern.matches(id))
        && selector.types.as_ref().is_none_or(|types| of_types(types, head))
}

/// Whether an entity with this head is of the types.
pub(crate) fn of_types(types: &TypeExpression, head: &HeadRef<'_>) -> bool {
    match types {
        TypeExpression::Every => true,
        TypeExpression::Logic(logic) => logic.holds(&mut |wanted| head.types().any(|name| name.is(wanted))),
    }
}

/// Whether an entity with this head is in the scopes.
pub(crate) fn in_scopes(scopes: &ScopeQuery, head: &HeadRef<'_>) -> bool {
    let own: Vec<ScopePath> = head.scopes().filter_map(|scope| scope.parse().ok()).collect();
    scopes.matches(&own)
}

fn has(facts: &EntityFacts<'_>, step: &Step) -> bool {
    facts.any_target(std::slice::from_ref(step), &mut |_| true)
}

/// §5.7.2.4: of several instances of the GeoProperty, one is enough.
fn in_place(geo: &GeoQuery, document: &Document<'_>, now: Timestamp) -> bool {
    let Some(property) = geo.property.attribute() else { return false };
    document.sections_of(property).any(|section| {
        let instance = section.instance().ok().filter(|instance| lives(instance.expires_at(), now));
        let geometry = instance
            .filter(|instance| instance.kind() == Kind::GeoProperty)
            .and_then(|instance| value_of(instance.value()).ok().and_then(|json| Geometry::from_json(&json).ok()));
        geometry.is_some_and(|geometry| geo.matches(&geometry).unwrap_or(false))
    })
}

impl Condition {
    /// Whether an entity with these facts meets it.
    pub(crate) fn matches(&self, facts: &EntityFacts<'_>) -> bool {
        match self {
            Self::Own(term) => term.matches(facts),
            Self::Linked(linked) => linked.matches(facts),
        }
    }
}

impl LinkedCondition {
    fn matches(&self, facts: &EntityFacts<'_>) -> bool {
        let Some(name) = self.relationship.attribute() else { return self.is_absent };
        let sections = facts.document.sections_of(name);
        let mut instances = sections.filter_map(|section| section.instance().ok());
        let links_to_one = instances.any(|instance| {
            lives(instance.expires_at(), facts.now)
                && instance.kind().is_link()
                && iris_of(instance.value())
                    .any(|target| self.targets.binary_search_by(|one| (**one).cmp(target)).is_ok())
        });
        links_to_one != self.is_absent
    }
}

fn lives(expires_at: Option<Timestamp>, now: Timestamp) -> bool {
    expires_at.is_none_or(|time| time > now)
}
