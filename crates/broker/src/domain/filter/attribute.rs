//! Conditions on attributes (ETSI GS CIM 009 §4.9).

use std::ops::Bound;
use std::sync::Arc;

use machi_model::entity::Kind;
use machi_model::query::{Operator, Pattern, Step, Term, Test, Value};
use machi_store::{Filter, Indexed, Instances, Range, TextCondition};

use super::check::TermCheck;
use super::operand::{Exactness, Facets};
use super::{Compiler, any, not, nothing, regex_of};
use crate::domain::added::Definition;
use crate::domain::facets::{DATASET, value};

/// What a condition is about, as far as facets tell.
#[derive(Clone, Copy)]
struct Field<'f> {
    /// The name of the facets: the attribute's own, or that of an added index.
    facets: &'f str,
    /// The attribute that is read in case of doubt.
    attribute: &'f str,
}

impl<'f> Field<'f> {
    fn own(attribute: &'f str) -> Self {
        Self { facets: attribute, attribute }
    }

    fn is_own(self) -> bool {
        self.facets == self.attribute
    }
}

impl Compiler<'_> {
    /// The entities that meet a condition which follows no links.
    pub(super) fn term(&self, term: &Term) -> Filter {
        match (term.path.names.as_slice(), term.path.members.as_slice()) {
            ([Step::Attribute(name)], []) => self.plain(name, term),
            ([Step::Attribute(name), ..], _) => self.inside(name, term),
            ([Step::Member(member)], []) => self.member(*member, term),
            _ => self.read(term),
        }
    }

    /// A condition on the value of an attribute.
    fn plain(&self, name: &str, term: &Term) -> Filter {
        let filter = self.on(Field::own(name), term);
        match &term.test {
            Test::Exists | Test::Absent | Test::Order(..) => filter,
            _ => self.indexed(name, term, true, filter),
        }
    }

    /// The same condition by an added index, where there is one.
    fn indexed(&self, name: &str, term: &Term, is_for_patterns: bool, otherwise: Filter) -> Filter {
        let Ok(definition) = Definition::of(&term.path, is_for_patterns) else { return otherwise };
        let facets = definition.facet_name();
        if self.names().lookup(&facets).is_none() {
            return otherwise;
        }
        let field = Field { facets: &facets, attribute: name };
        let indexed = if definition.is_of_time() { self.on_time(field, term) } else { self.on(field, term) };
        Filter::Indexed(Box::new(Indexed { definition: definition.text(), indexed, otherwise }))
    }

    fn on(&self, field: Field<'_>, term: &Term) -> Filter {
        let exists = self.exists(field.facets);
        match &term.test {
            Test::Exists => exists,
            Test::Absent => not(exists),
            Test::Equal(operand) => self.exactly(field, self.equal(field.facets, operand), term),
            Test::Unequal(operand) => self.unequal(field, self.equal(field.facets, operand), term),
            Test::Order(operator, value) => self.exactly(field, self.ordered(field.facets, *operator, value), term),
            Test::Matches(pattern) => self.exactly(field, self.matching(field.facets, pattern), term),
            Test::MatchesNot(pattern) => self.matching_not(field, pattern, term),
        }
    }

    /// A condition on a time of an attribute, which compares with date-times in quotes, too.
    fn on_time(&self, field: Field<'_>, term: &Term) -> Filter {
        let exists = self.exists(field.facets);
        let Some(name) = self.names().lookup(field.facets) else { return nothing() };
        let within = |test: &Test| super::member::time_within(name, Instances::Any, test);
        match &term.test {
            Test::Exists => exists,
            Test::Absent => not(exists),
            Test::Unequal(operand) => {
                let equal = Facets { filter: within(&Test::Equal(operand.clone())), exactness: Exactness::Always };
                self.unequal(field, equal, term)
            }
            test => within(test),
        }
    }

    /// Reads those for which the facets say too much.
    fn exactly(&self, field: Field<'_>, facets: Facets, term: &Term) -> Filter {
        match facets.exactness {
            Exactness::Always => facets.filter,
            Exactness::Never => facets.filter.and(self.check(Some(field.attribute), term)),
            Exactness::UnlessMany => {
                let many = self.many(field.facets);
                let doubtful = facets.filter.clone().and(many.clone()).and(self.check(Some(field.attribute), term));
                any([facets.filter.and(not(many)), doubtful])
            }
        }
    }

    /// Of several instances, one that is unequal is enough.
    fn unequal(&self, field: Field<'_>, equal: Facets, term: &Term) -> Filter {
        let exists = self.exists(field.facets);
        let check = || self.check(Some(field.attribute), term);
        let doubtful = match equal.exactness {
            Exactness::Always if field.is_own() => self.datasets(field.attribute),
            Exactness::Always | Exactness::UnlessMany => any([self.datasets(field.attribute), self.many(field.facets)]),
            Exactness::Never => Filter::All,
        };
        any([exists.clone().and(not(equal.filter.clone())), exists.and(equal.filter).and(doubtful).and(check())])
    }

    fn ordered(&self, name: &str, operator: Operator, value: &Value) -> Facets {
        self.between(
            name,
            match operator {
                Operator::Greater => (Bound::Excluded(value), Bound::Unbounded),
                Operator::GreaterOrEqual => (Bound::Included(value), Bound::Unbounded),
                Operator::Less => (Bound::Unbounded, Bound::Excluded(value)),
                Operator::LessOrEqual => (Bound::Unbounded, Bound::Included(value)),
            },
        )
    }

    fn matching(&self, name: &str, pattern: &Pattern) -> Facets {
        let filter = match (pattern.as_exact(), regex_of(pattern)) {
            (Some(text), _) => self.text_is(name, text),
            (None, Some(regex)) => self.any_text(name, &TextCondition::Matches(regex)),
            (None, None) => return Facets { filter: self.exists(name), exactness: Exactness::Never },
        };
        Facets { filter, exactness: Exactness::UnlessMany }
    }

    /// A text that does not match; of one instance's texts by language, none may.
    fn matching_not(&self, field: Field<'_>, pattern: &Pattern, term: &Term) -> Filter {
        let matching = self.matching(field.facets, pattern);
        let every = TextCondition::Range(Range { low: Bound::Unbounded, high: Bound::Unbounded });
        let has_text = self.any_text(field.facets, &every);
        let check = self.check(Some(field.attribute), term);
        if matching.exactness == Exactness::Never {
            return has_text.and(check);
        }
        let many = self.many(field.facets);
        let sure = has_text.clone().and(not(matching.filter.clone())).and(not(many.clone()));
        let doubtful = has_text.and(any([many, self.datasets(field.attribute).and(matching.filter)])).and(check);
        any([sure, doubtful])
    }

    /// A condition on a sub-attribute, or on a place inside a value.
    fn inside(&self, name: &str, term: &Term) -> Filter {
        let exists = self.exists(name);
        let check = || self.check(Some(name), term);
        let by_reading = match term.test {
            Test::Absent => any([not(exists.clone()), exists.and(check())]),
            _ => exists.and(self.in_language(name, term)).and(check()),
        };
        let by_values = self.indexed(name, term, false, by_reading);
        self.indexed(name, term, true, by_values)
    }

    /// Candidates for a condition on one language of a LanguageProperty: its text in any language. What
    /// is no LanguageProperty may hold a member of that name.
    fn in_language(&self, name: &str, term: &Term) -> Filter {
        let is_direct = term.path.names.len() == 1 && term.path.members.len() == 1;
        let texts = match &term.test {
            Test::Equal(operand) if is_direct => self.equal(name, operand),
            Test::Matches(pattern) if is_direct => self.matching(name, pattern),
            _ => return Filter::All,
        };
        let is_language = self.tag(name, Instances::Any, Kind::LanguageProperty.as_str());
        any([texts.filter, not(is_language), self.datasets(name)])
    }

    /// Entities with a value of this attribute that is an array or an object.
    pub(super) fn many(&self, name: &str) -> Filter {
        self.tag(name, Instances::Any, value::MANY)
    }

    /// Entities with an instance of this attribute that is not the default one.
    pub(crate) fn datasets(&self, name: &str) -> Filter {
        self.tag(DATASET, Instances::Any, name)
    }

    /// Decides by reading, whatever the entity.
    pub(super) fn read(&self, term: &Term) -> Filter {
        self.check(None, term)
    }

    fn check(&self, attribute: Option<&str>, term: &Term) -> Filter {
        let number = attribute.and_then(|name| self.names().lookup(name));
        // What no document has needs no check.
        if attribute.is_some() && number.is_none() {
            return nothing();
        }
        Filter::Check(Arc::new(TermCheck::new(self.store, term.clone(), number, self.now)))
    }
}
