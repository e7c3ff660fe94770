//! Conditions on the members of an entity that are no attributes: its times, its id, its types, its scopes.

use std::ops::Bound;

use machi_model::query::{Member, Moment, Operand, Operator, Term, Test, Value};
use machi_store::{Condition as On, Filter, Instances, NameNo, Range, Test as FacetTest};
use machi_types::{Name, Timestamp};

use super::operand::map;
use super::{Compiler, any, not, nothing};
use crate::domain::scope::ANY_SCOPE;
use machi_face::once::EXPIRES;

impl Compiler<'_> {
    pub(super) fn member(&self, member: Member, term: &Term) -> Filter {
        match member {
            Member::CreatedAt => time_member(Some(NameNo::CREATED), &term.test),
            Member::ModifiedAt => time_member(Some(NameNo::MODIFIED), &term.test),
            Member::ExpiresAt => time_member(self.names().lookup(EXPIRES), &term.test),
            Member::Id => self.id_member(term),
            Member::Type => self.type_member(term),
            Member::Scope => self.scope_member(term),
            // Members of attributes alone: no entity has them.
            _ if term.test == Test::Absent => Filter::All,
            _ => nothing(),
        }
    }

    fn id_member(&self, term: &Term) -> Filter {
        match &term.test {
            Test::Exists => Filter::All,
            Test::Absent => nothing(),
            Test::Equal(operand) => match texts(operand) {
                Some(ids) => Filter::Ids(ids),
                None => self.read(term),
            },
            Test::Unequal(operand) => match texts(operand) {
                Some(ids) => not(Filter::Ids(ids)),
                None => self.read(term),
            },
            Test::Matches(pattern) => super::id_matches(pattern),
            _ => self.read(term),
        }
    }

    fn type_member(&self, term: &Term) -> Filter {
        let of_one = |types: Vec<Name>| any(types.iter().map(|name| self.of_type(name)));
        match &term.test {
            Test::Exists => Filter::All,
            Test::Absent => nothing(),
            Test::Equal(operand) => texts(operand).map_or_else(|| self.read(term), of_one),
            Test::Unequal(operand) => texts(operand).map_or_else(|| self.read(term), |types| not(of_one(types))),
            _ => self.read(term),
        }
    }

    fn scope_member(&self, term: &Term) -> Filter {
        let exists = self.scope_tag(ANY_SCOPE);
        match &term.test {
            Test::Exists => exists,
            Test::Absent => not(exists),
            _ => exists.and(self.read(term)),
        }
    }
}

/// A time of the entity.
fn time_member(name: Option<NameNo>, test: &Test) -> Filter {
    let Some(name) = name else { return if *test == Test::Absent { Filter::All } else { nothing() } };
    let exists = match name {
        NameNo::CREATED | NameNo::MODIFIED => Filter::All,
        name => time_within(name, Instances::Only(NameNo::NONE), &Test::Exists),
    };
    match test {
        Test::Exists => exists,
        Test::Absent => not(exists),
        Test::Unequal(operand) => {
            let equal = time_within(name, Instances::Only(NameNo::NONE), &Test::Equal(operand.clone()));
            exists.and(not(equal))
        }
        test => time_within(name, Instances::Only(NameNo::NONE), test),
    }
}

/// Times of this name for which a test holds that asks for presence. They compare with date-times, in quotes
/// or not.
pub(super) fn time_within(name: NameNo, instances: Instances, test: &Test) -> Filter {
    let within = |low, high| {
        let condition = On::Time(Range { low, high });
        Filter::Test(FacetTest { name, instances, condition })
    };
    let between = |low: Bound<&Value>, high: Bound<&Value>| match (map(low, instant), map(high, instant)) {
        (Some(low), Some(high)) => within(low, high),
        _ => nothing(),
    };
    match test {
        Test::Exists => within(Bound::Unbounded, Bound::Unbounded),
        Test::Equal(Operand::Range(from, to)) => between(Bound::Included(from), Bound::Included(to)),
        Test::Equal(operand) => {
            any(operand.values().map(|value| between(Bound::Included(value), Bound::Included(value))))
        }
        Test::Order(Operator::Greater, value) => between(Bound::Excluded(value), Bound::Unbounded),
        Test::Order(Operator::GreaterOrEqual, value) => between(Bound::Included(value), Bound::Unbounded),
        Test::Order(Operator::Less, value) => between(Bound::Unbounded, Bound::Excluded(value)),
        Test::Order(Operator::LessOrEqual, value) => between(Bound::Unbounded, Bound::Included(value)),
        Test::Absent | Test::Unequal(_) | Test::Matches(_) | Test::MatchesNot(_) => nothing(),
    }
}

/// The values where all of them are texts without an order.
fn texts(operand: &Operand) -> Option<Vec<Name>> {
    if matches!(operand, Operand::Range(..)) {
        return None;
    }
    operand.values().map(|value| value.as_text().map(Name::from)).collect()
}

fn instant(value: &Value) -> Option<Timestamp> {
    let moment = match value {
        Value::Moment(moment) => Some(*moment),
        Value::Text(text) => Moment::parse(text),
        _ => None,
    };
    match moment {
        Some(Moment::DateTime(time)) => Some(time),
        _ => None,
    }
}
