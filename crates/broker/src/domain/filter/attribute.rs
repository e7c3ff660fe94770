//! Conditions on attributes (ETSI GS CIM 009 §4.9).

use std::ops::Bound;
use std::sync::Arc;

use machi_model::entity::Kind;
use machi_model::query::{Operand, Operator, Pattern, Step, Term, Test, Value};
use machi_store::{Filter, Instances, Range, TextCondition};

use super::check::TermCheck;
use super::operand::{Exactness, Facets};
use super::{Compiler, any, not, nothing, regex_of};
use crate::domain::facets::{DATASET, value};

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
        let exists = self.exists(name);
        match &term.test {
            Test::Exists => exists,
            Test::Absent => not(exists),
            Test::Equal(operand) => self.exactly(name, self.equal(name, operand), term),
            Test::Unequal(operand) => self.unequal(name, operand, term),
            Test::Order(operator, value) => self.exactly(name, self.ordered(name, *operator, value), term),
            Test::Matches(pattern) => self.exactly(name, self.matching(name, pattern), term),
            Test::MatchesNot(pattern) => self.matching_not(name, pattern, term),
        }
    }

    /// Reads those for which the facets say too much.
    fn exactly(&self, name: &str, facets: Facets, term: &Term) -> Filter {
        match facets.exactness {
            Exactness::Always => facets.filter,
            Exactness::Never => facets.filter.and(self.check(Some(name), term)),
            Exactness::UnlessMany => {
                let many = self.many(name);
                let doubtful = facets.filter.clone().and(many.clone()).and(self.check(Some(name), term));
                any([facets.filter.and(not(many)), doubtful])
            }
        }
    }

    /// Of several instances, one that is unequal is enough.
    fn unequal(&self, name: &str, operand: &Operand, term: &Term) -> Filter {
        let exists = self.exists(name);
        let equal = self.equal(name, operand);
        let check = || self.check(Some(name), term);
        let doubtful = match equal.exactness {
            Exactness::Always => self.datasets(name),
            Exactness::UnlessMany => any([self.datasets(name), self.many(name)]),
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
    fn matching_not(&self, name: &str, pattern: &Pattern, term: &Term) -> Filter {
        let matching = self.matching(name, pattern);
        let has_text =
            self.any_text(name, &TextCondition::Range(Range { low: Bound::Unbounded, high: Bound::Unbounded }));
        let check = self.check(Some(name), term);
        if matching.exactness == Exactness::Never {
            return has_text.and(check);
        }
        let many = self.many(name);
        let sure = has_text.clone().and(not(matching.filter.clone())).and(not(many.clone()));
        let doubtful = has_text.and(any([many, self.datasets(name).and(matching.filter)])).and(check);
        any([sure, doubtful])
    }

    /// A condition on a sub-attribute, or on a place inside a value.
    fn inside(&self, name: &str, term: &Term) -> Filter {
        let exists = self.exists(name);
        if term.test == Test::Absent {
            return any([not(exists.clone()), exists.and(self.check(Some(name), term))]);
        }
        exists.and(self.in_language(name, term)).and(self.check(Some(name), term))
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
