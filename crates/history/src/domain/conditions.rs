//! The conditions of `q` and of a geoquery, held against the instances of entities as they come: each condition may be
//! met by another instance (ETSI GS CIM 009 §5.7.4.4).

use machi_archive::{Evolution, Instance, SCOPE, Series, Sink};
use machi_model::entity::{Document, EntityFacts, Head, InstanceRef, Kind, Section, value_of};
use machi_model::query::{GeoQuery, Logic, Member, Query, Step, Term, Test};
use machi_types::geo::Geometry;
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use super::timing::FIRST;

/// What is asked of instances.
#[derive(Debug)]
pub(crate) struct Conditions<'c> {
    /// The conditions of `q`, by their numbers.
    logic: Option<Logic<usize>>,
    terms: Vec<Condition>,
    geo: Option<&'c GeoQuery>,
}

/// One condition of `q`.
#[derive(Debug)]
struct Condition {
    term: Term,
    /// Whether it asks that there be none.
    is_absent: bool,
}

/// Which of the conditions an entity meets.
#[derive(Clone, Debug, Default)]
pub(crate) struct Met {
    terms: Vec<bool>,
    place: bool,
}

impl<'c> Conditions<'c> {
    pub(crate) fn new(q: Option<&Query>, geo: Option<&'c GeoQuery>) -> Self {
        let mut terms = Vec::new();
        let logic = q.and_then(|query| {
            let numbered: Result<_, ()> = query.logic.try_map(&mut |term| {
                terms.push(Condition::of(term));
                Ok(terms.len() - 1)
            });
            numbered.ok()
        });
        Self { logic, terms, geo }
    }

    /// Whether nothing is asked.
    pub(crate) fn is_empty(&self) -> bool {
        self.logic.is_none() && self.geo.is_none()
    }

    /// The attributes that they are about.
    pub(crate) fn attributes(&self) -> Vec<Name> {
        let terms = self.terms.iter().filter_map(Condition::attribute);
        let place = self.geo.and_then(|geo| geo.property.attribute());
        let mut names: Vec<Name> = terms.chain(place.cloned()).collect();
        names.sort_unstable();
        names.dedup();
        names
    }

    /// What an entity meets by what is no attribute.
    pub(crate) fn of_entity(&self, evolution: &Evolution) -> Met {
        let head = Head { types: evolution.types(), scopes: Vec::new(), expires_at: None }.encode();
        let document = Document {
            created_at: evolution.created_at(),
            modified_at: evolution.heads.iter().map(|head| head.modified_at).max(),
            deleted_at: evolution.deleted_at(),
            ..Document::new(&evolution.entity, &head, &[])
        };
        let facts = EntityFacts { document: &document, now: FIRST, linked: None };
        let terms = self.terms.iter().map(|condition| condition.term.matches(&facts)).collect();
        Met { terms, place: false }
    }

    /// Notes what an entity meets by these instances of a series.
    pub(crate) fn note(&self, met: &mut Met, series: &Series, instances: &[Instance]) {
        let living: Vec<&Instance> = instances.iter().filter(|one| one.deleted_at.is_none()).collect();
        if living.is_empty() {
            return;
        }
        self.note_terms(met, series, &living);
        let is_place = self.geo.is_some_and(|geo| geo.property.attribute() == Some(&series.attribute));
        if is_place && !met.place {
            met.place = living.iter().any(|one| self.geo.is_some_and(|geo| is_in(geo, one)));
        }
    }

    fn note_terms(&self, met: &mut Met, series: &Series, living: &[&Instance]) {
        let is_open =
            |condition: &Condition, met: bool| !met && condition.attribute().as_ref() == Some(&series.attribute);
        if !self.terms.iter().zip(&met.terms).any(|(condition, met)| is_open(condition, *met)) {
            return;
        }
        let sections: Vec<Section<'_>> = living
            .iter()
            .map(|one| Section {
                created_at: Some(one.key.created_at),
                modified_at: Some(one.modified_at),
                ..Section::new(&series.attribute, series.dataset.as_deref(), &one.body)
            })
            .collect();
        let head = Head { scopes: scopes_in(series, living), ..Head::default() }.encode();
        let document = Document::new(&series.entity, &head, &sections);
        // What expired in the course of time was there before.
        let facts = EntityFacts { document: &document, now: FIRST, linked: None };
        for (condition, met) in self.terms.iter().zip(&mut met.terms) {
            if is_open(condition, *met) {
                *met = condition.term.matches(&facts);
            }
        }
    }

    /// Whether an entity that meets these is asked for.
    pub(crate) fn hold(&self, met: &Met) -> bool {
        let is_met = |number: &usize| {
            let is_met = met.terms.get(*number).copied().unwrap_or(false);
            is_met != self.terms.get(*number).is_some_and(|condition| condition.is_absent)
        };
        self.logic.as_ref().is_none_or(|logic| logic.holds(&mut |number| is_met(number)))
            && (self.geo.is_none() || met.place)
    }
}

impl Condition {
    fn of(term: &Term) -> Self {
        let is_absent = term.test == Test::Absent;
        let term = if is_absent { Term { test: Test::Exists, ..term.clone() } } else { term.clone() };
        Self { term, is_absent }
    }

    /// The attribute that it is about, if it is about one; the scopes have a history, too.
    fn attribute(&self) -> Option<Name> {
        match self.term.path.names.first()? {
            Step::Attribute(name) => Some(name.clone()),
            Step::Member(Member::Scope) => Some(Name::from(SCOPE)),
            Step::Member(_) => None,
        }
    }
}

/// The scopes that these instances tell of.
fn scopes_in(series: &Series, instances: &[&Instance]) -> Vec<Name> {
    if &*series.attribute != SCOPE {
        return Vec::new();
    }
    instances.iter().flat_map(|one| super::scopes::scopes_of(one)).collect()
}

fn is_in(geo: &GeoQuery, instance: &Instance) -> bool {
    let Ok(read) = InstanceRef::read(&instance.body) else { return false };
    let geometry = value_of(read.value()).ok().filter(|_| read.kind() == Kind::GeoProperty);
    let geometry = geometry.and_then(|json| Geometry::from_json(&json).ok());
    geometry.is_some_and(|geometry| geo.matches(&geometry).unwrap_or(false))
}

/// Holds conditions against instances as an archive gives them.
pub(crate) struct Tester<'t> {
    pub(crate) conditions: &'t Conditions<'t>,
    /// What the entities meet.
    pub(crate) met: &'t mut FxHashMap<Name, Met>,
}

impl Sink for Tester<'_> {
    fn instances(&mut self, series: &Series, instances: Vec<Instance>) {
        if let Some(met) = self.met.get_mut(&series.entity) {
            self.conditions.note(met, series, &instances);
        }
    }

    /// Nobody who wants whole instances is given numbers.
    fn numbers(&mut self, _: &Series, _: &[Timestamp], _: &[f64]) {}
}
