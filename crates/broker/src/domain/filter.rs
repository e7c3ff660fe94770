//! Compiles what is asked for into conditions on facets, so that the store's indexes answer it.
//!
//! What facets say exactly becomes a plain test. Where they say too much (a path into a value, an array,
//! one of several instances), a test leaves the candidates and a check reads them. The meaning is always
//! that of [`Selection::matches`].

mod attribute;
mod check;
mod member;
mod operand;
#[cfg(test)]
mod tests;

use std::ops::Bound;
use std::sync::Arc;

use machi_face::Selector;
use machi_model::query::{
    GeoQuery, GeoRelation, Logic, Member, Pattern, ScopeLevel, ScopePattern, ScopeQuery, Step, TypeExpression,
};
use machi_store::{
    Condition as On, Filter, GeoCondition, GeoRelation as Lies, Instances, NameNo, Names, Range, Store, Test,
    TextCondition,
};
use machi_types::{Name, Timestamp};
use regex::RegexBuilder;

use super::facets::{PART_EXPIRES, SCOPE, TYPE, instance_key};
use super::scope::ANY_SCOPE;
use super::selection::{Condition, LinkedCondition, Selection};
use machi_face::once::EXPIRES;

use check::{PatternCheck, ScopeCheck, SelectionCheck};

/// Compiles selections for one view of a store.
///
/// INVARIANT: made after the view that will be asked, because a name that is unknown here is in no document.
#[derive(Debug)]
pub(crate) struct Compiler<'s> {
    store: &'s Arc<dyn Store>,
    now: Timestamp,
}

impl<'s> Compiler<'s> {
    /// A compiler for a view that was taken before; what has expired by `now` is not there.
    pub(crate) fn new(store: &'s Arc<dyn Store>, now: Timestamp) -> Self {
        Self { store, now }
    }

    /// The filter of a selection.
    pub(crate) fn compile(&self, selection: &Arc<Selection>) -> Filter {
        self.without_expired(self.believing(selection), selection)
    }

    /// The same by reading whole entities.
    pub(crate) fn reading(&self, selection: &Arc<Selection>) -> Filter {
        Filter::Check(Arc::new(SelectionCheck::new(self.store, Arc::clone(selection), self.now)))
    }

    /// The same for entities of which nothing has expired.
    pub(crate) fn believing(&self, selection: &Selection) -> Filter {
        let mut filter = Filter::All;
        if !selection.selectors.is_empty() {
            filter = filter.and(any(selection.selectors.iter().map(|selector| self.selector(selector))));
        }
        if let Some(scopes) = &selection.scopes {
            filter = filter.and(self.scopes(scopes));
        }
        if !selection.attributes.is_empty() {
            filter = filter.and(any(selection.attributes.iter().map(|step| self.has(step))));
        }
        if let Some(conditions) = &selection.conditions {
            filter = filter.and(joined(conditions, &|condition| self.condition(condition)));
        }
        if let Some(geo) = &selection.geo {
            filter = filter.and(self.geo(geo));
        }
        filter
    }

    /// What has expired is not there, although its facets are until it is removed: entities of which
    /// anything has expired are read.
    fn without_expired(&self, filter: Filter, selection: &Arc<Selection>) -> Filter {
        let gone = self.has_expired();
        if is_nothing(&gone) {
            return filter;
        }
        // Whoever is somewhere is there by its facets, too.
        let place = selection.geo.as_ref().map_or(Filter::All, |geo| self.geo(geo));
        any([filter.and(not(gone.clone())), gone.and(place).and(self.reading(selection))])
    }

    /// Entities of which something has expired by now.
    pub(crate) fn has_expired(&self) -> Filter {
        any([EXPIRES, PART_EXPIRES].map(|name| self.test(name, Instances::Any, self.past())))
    }

    fn past(&self) -> On {
        On::Time(Range { low: Bound::Unbounded, high: Bound::Included(self.now) })
    }

    fn selector(&self, selector: &Selector) -> Filter {
        let mut filter = match &selector.types {
            None | Some(TypeExpression::Every) => Filter::All,
            Some(TypeExpression::Logic(logic)) => joined(logic, &|name| self.of_type(name)),
        };
        if !selector.ids.is_empty() {
            filter = filter.and(Filter::Ids(selector.ids.clone()));
        }
        match &selector.pattern {
            None => filter,
            Some(pattern) => filter.and(id_matches(pattern)),
        }
    }

    /// Entities of a type.
    pub(crate) fn of_type(&self, name: &str) -> Filter {
        self.tag(TYPE, Instances::Only(NameNo::NONE), name)
    }

    fn scopes(&self, scopes: &ScopeQuery) -> Filter {
        joined(&scopes.logic, &|pattern| self.scope(pattern))
    }

    fn scope(&self, pattern: &ScopePattern) -> Filter {
        let mut path = String::new();
        for level in pattern.literal_levels() {
            path.push('/');
            path.push_str(level);
        }
        let is_literal = pattern.levels.iter().all(|level| matches!(level, ScopeLevel::Named(_)));
        if is_literal && !pattern.and_below {
            return self.scope_tag(&path);
        }
        let below = self.scope_tag(&[&path, ANY_SCOPE].concat());
        if is_literal {
            return below;
        }
        below.and(Filter::Check(Arc::new(ScopeCheck(pattern.clone()))))
    }

    fn scope_tag(&self, tag: &str) -> Filter {
        self.tag(SCOPE, Instances::Only(NameNo::NONE), tag)
    }

    /// Entities that have an attribute or member.
    fn has(&self, step: &Step) -> Filter {
        match step {
            Step::Attribute(name) => self.exists(name),
            Step::Member(Member::Id | Member::Type | Member::CreatedAt | Member::ModifiedAt) => Filter::All,
            Step::Member(Member::Scope) => self.scope_tag(ANY_SCOPE),
            Step::Member(Member::ExpiresAt) => self.expires(Range { low: Bound::Unbounded, high: Bound::Unbounded }),
            Step::Member(_) => nothing(),
        }
    }

    /// Entities that have an attribute.
    pub(crate) fn exists(&self, attribute: &str) -> Filter {
        self.test(attribute, Instances::Any, On::Exists)
    }

    fn expires(&self, range: Range<Timestamp>) -> Filter {
        self.test(EXPIRES, Instances::Only(NameNo::NONE), On::Time(range))
    }

    fn condition(&self, condition: &Condition) -> Filter {
        match condition {
            Condition::Own(term) => self.term(term),
            Condition::Linked(linked) => self.linked(linked),
        }
    }

    fn linked(&self, linked: &LinkedCondition) -> Filter {
        let links = match linked.relationship.attribute() {
            Some(name) if !linked.targets.is_empty() => {
                self.test(name, Instances::Any, On::Link(linked.targets.clone()))
            }
            _ => nothing(),
        };
        if linked.is_absent { not(links) } else { links }
    }

    fn geo(&self, geo: &GeoQuery) -> Filter {
        let Some(property) = geo.property.attribute() else { return nothing() };
        let relation = match geo.relation {
            GeoRelation::AtMost(metres) => Lies::Near { least: None, most: Some(metres) },
            GeoRelation::MoreThan(metres) => Lies::Near { least: Some(metres.next_up()), most: None },
            GeoRelation::Spatial(relation) => Lies::Spatial(relation),
        };
        let condition = GeoCondition { relation, geometry: geo.reference.clone() };
        self.test(property, Instances::Any, On::Geometry(Arc::new(condition)))
    }

    fn names(&self) -> &dyn Names {
        self.store.names()
    }

    /// A test of facets of this name; nothing where no document can have them.
    fn test(&self, name: &str, instances: Instances, condition: On) -> Filter {
        match self.names().lookup(name) {
            Some(name) => Filter::Test(Test { name, instances, condition }),
            None => nothing(),
        }
    }

    fn tag(&self, name: &str, instances: Instances, tag: &str) -> Filter {
        match self.names().lookup(tag) {
            Some(tag) => self.test(name, instances, On::Tag(tag)),
            None => nothing(),
        }
    }

    /// Entities with an instance of this attribute that carries a tag.
    pub(crate) fn tagged(&self, attribute: &str, tag: &str) -> Filter {
        self.tag(attribute, Instances::Any, tag)
    }

    /// Entities in which one instance of this attribute carries a tag.
    pub(crate) fn instance_tagged(&self, attribute: &str, instance: &str, tag: &str) -> Filter {
        self.names()
            .lookup(instance)
            .map_or_else(nothing, |instance| self.tag(attribute, Instances::Only(instance), tag))
    }

    /// Entities that have one instance of this attribute, where neither it nor the entity has expired.
    pub(crate) fn living_instance(&self, attribute: &str, instance: &str) -> Filter {
        let Some(number) = self.names().lookup(instance) else { return nothing() };
        let entity_gone = self.test(EXPIRES, Instances::Only(NameNo::NONE), self.past());
        let unique = self.names().lookup(&instance_key(attribute, instance));
        let gone = unique.map_or_else(nothing, |unique| self.test(EXPIRES, Instances::Only(unique), self.past()));
        self.test(attribute, Instances::Only(number), On::Exists).and(not(any([entity_gone, gone])))
    }

    /// The text is found, by its characters, among those of this name.
    fn text(&self, name: &str, condition: TextCondition) -> Filter {
        self.test(name, Instances::Any, On::Text(condition))
    }
}

fn joined<T>(logic: &Logic<T>, leaf: &dyn Fn(&T) -> Filter) -> Filter {
    match logic {
        Logic::One(condition) => leaf(condition),
        Logic::All(parts) => parts.iter().map(|part| joined(part, leaf)).fold(Filter::All, Filter::and),
        Logic::Any(parts) => any(parts.iter().map(|part| joined(part, leaf))),
    }
}

/// No document.
pub(crate) fn nothing() -> Filter {
    Filter::Or(Vec::new())
}

pub(crate) fn is_nothing(filter: &Filter) -> bool {
    matches!(filter, Filter::Or(parts) if parts.is_empty())
}

/// Documents that meet any of these.
pub(crate) fn any(parts: impl IntoIterator<Item = Filter>) -> Filter {
    let mut kept = Vec::new();
    for part in parts {
        match part {
            Filter::All => return Filter::All,
            Filter::Or(inner) => kept.extend(inner),
            other => kept.push(other),
        }
    }
    match kept.pop() {
        Some(only) if kept.is_empty() => only,
        last => {
            kept.extend(last);
            Filter::Or(kept)
        }
    }
}

/// Documents that do not meet it.
pub(crate) fn not(filter: Filter) -> Filter {
    match filter {
        Filter::All => nothing(),
        Filter::Not(inner) => *inner,
        other if is_nothing(&other) => Filter::All,
        other => Filter::Not(Box::new(other)),
    }
}

fn id_matches(pattern: &Pattern) -> Filter {
    if let Some(id) = pattern.as_exact() {
        return Filter::Ids(vec![Name::from(id)]);
    }
    match regex_of(pattern) {
        Some(regex) => Filter::IdMatches(regex),
        None => Filter::Check(Arc::new(PatternCheck(pattern.clone()))),
    }
}

/// The pattern as the store takes it; none where it is too large for that.
fn regex_of(pattern: &Pattern) -> Option<Arc<regex::Regex>> {
    let built = RegexBuilder::new(pattern.as_str()).dot_matches_new_line(true).build();
    built.ok().map(Arc::new)
}
