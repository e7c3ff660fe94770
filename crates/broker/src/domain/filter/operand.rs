//! What the values of a query mean for facets: which ones are equal to them, and which lie between them.

use std::ops::Bound;

use machi_model::query::{Moment, Operand, Value};
use machi_store::{Condition as On, Filter, Instances, Range, TextCondition};
use machi_types::{Name, Timestamp};

use super::{Compiler, any, nothing};
use crate::domain::facets::{DATE, DATE_TEXT, TIME};

/// Beyond this, doubles no longer tell all whole numbers apart.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A condition on facets that holds wherever the condition on the values does.
#[derive(Clone, Debug)]
pub(super) struct Facets {
    pub(super) filter: Filter,
    pub(super) exactness: Exactness,
}

/// Where the condition on facets says no more than the one on the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Exactness {
    /// Everywhere.
    Always,
    /// Where no value is an array or an object.
    UnlessMany,
    /// Nowhere for certain.
    Never,
}

impl Compiler<'_> {
    /// Values that are equal to the operand. An array is equal to a value that it holds.
    pub(super) fn equal(&self, name: &str, operand: &Operand) -> Facets {
        match operand {
            Operand::One(value) => self.equal_to(name, value),
            Operand::List(values) => {
                let parts: Vec<Facets> = values.iter().map(|value| self.equal_to(name, value)).collect();
                let exactness = parts.iter().map(|part| part.exactness).max().unwrap_or(Exactness::Always);
                Facets { filter: any(parts.into_iter().map(|part| part.filter)), exactness }
            }
            Operand::Range(from, to) => self.between(name, (Bound::Included(from), Bound::Included(to))),
        }
    }

    fn equal_to(&self, name: &str, value: &Value) -> Facets {
        let always = |filter| Facets { filter, exactness: Exactness::Always };
        match value {
            Value::Bool(flag) => always(self.test(name, Instances::Any, On::Flag(*flag))),
            Value::Uri(text) => always(self.text_or_link_is(name, text)),
            Value::Text(text) => {
                let filter = self.text_or_link_is(name, text);
                match Moment::parse(text) {
                    None => always(filter),
                    // {"@type": "DateTime", "@value": …} is compared as a time, even with a quoted one.
                    Some(_) => Facets { filter: any([filter, self.many(name)]), exactness: Exactness::UnlessMany },
                }
            }
            Value::Moment(moment) => {
                let (prefix, time) = facet_of(*moment);
                always(self.times(name, prefix, Range::exactly(time)))
            }
            Value::Number(_) => {
                let between = self.between(name, (Bound::Included(value), Bound::Included(value)));
                // Unlike a range, an equal number may be one of an array.
                let is_exact = between.exactness == Exactness::UnlessMany;
                Facets { exactness: if is_exact { Exactness::Always } else { Exactness::Never }, ..between }
            }
        }
    }

    /// Single values between two of one kind.
    pub(super) fn between(&self, name: &str, (low, high): (Bound<&Value>, Bound<&Value>)) -> Facets {
        let unless_many = |filter| Facets { filter, exactness: Exactness::UnlessMany };
        match value_of(low).or(value_of(high)) {
            Some(Value::Number(_)) => self.numbers_between(name, low, high),
            Some(Value::Moment(moment)) => {
                let (prefix, _) = facet_of(*moment);
                let bound =
                    |bound: Bound<&Value>| map(bound, |value| moment_of(value).map(|moment| facet_of(moment).1));
                let (Some(low), Some(high)) = (bound(low), bound(high)) else { return unless_many(nothing()) };
                unless_many(self.times(name, prefix, Range { low, high }))
            }
            Some(Value::Text(_)) => {
                let bound = |bound: Bound<&Value>| map(bound, |value| value.as_text().map(Box::from));
                let (Some(from), Some(to)) = (bound(low), bound(high)) else { return unless_many(nothing()) };
                let texts = self.any_text(name, &TextCondition::Range(Range { low: from, high: to }));
                let may_be_time = [low, high].iter().any(|bound| {
                    value_of(*bound).and_then(Value::as_text).is_some_and(|text| Moment::parse(text).is_some())
                });
                unless_many(if may_be_time { any([texts, self.many(name)]) } else { texts })
            }
            _ => unless_many(nothing()),
        }
    }

    fn numbers_between(&self, name: &str, low: Bound<&Value>, high: Bound<&Value>) -> Facets {
        let number = |value: &Value| match value {
            Value::Number(number) => number.as_f64(),
            _ => None,
        };
        let (Some(mut low), Some(mut high)) = (map(low, number), map(high, number)) else {
            return Facets { filter: nothing(), exactness: Exactness::UnlessMany };
        };
        let is_exact = [low, high].into_iter().all(|bound| match bound {
            Bound::Included(number) | Bound::Excluded(number) => number.abs() < EXACT,
            Bound::Unbounded => true,
        });
        if !is_exact {
            (low, high) = (included(low), included(high));
        }
        let filter = self.test(name, Instances::Any, On::Number(Range { low, high }));
        Facets { filter, exactness: if is_exact { Exactness::UnlessMany } else { Exactness::Never } }
    }

    fn times(&self, name: &str, prefix: &str, range: Range<Timestamp>) -> Filter {
        self.test(&[prefix, name].concat(), Instances::Any, On::Time(range))
    }

    /// A text among an attribute's texts, those of its date-times included.
    pub(super) fn any_text(&self, name: &str, condition: &TextCondition) -> Filter {
        any([self.text(name, condition.clone()), self.text(&[DATE_TEXT, name].concat(), condition.clone())])
    }

    /// This very text.
    pub(super) fn text_is(&self, name: &str, text: &str) -> Filter {
        self.any_text(name, &TextCondition::Range(Range::exactly(Box::from(text))))
    }

    fn text_or_link_is(&self, name: &str, text: &str) -> Filter {
        any([self.text_is(name, text), self.test(name, Instances::Any, On::Link(vec![Name::from(text)]))])
    }
}

/// Under which prefix moments of a kind are filed, and as what.
fn facet_of(moment: Moment) -> (&'static str, Timestamp) {
    match moment {
        Moment::DateTime(time) => ("", time),
        Moment::Date(time) => (DATE, time),
        Moment::Time(time) => (TIME, time),
    }
}

pub(super) fn moment_of(value: &Value) -> Option<Moment> {
    match value {
        Value::Moment(moment) => Some(*moment),
        _ => None,
    }
}

fn value_of(bound: Bound<&Value>) -> Option<&Value> {
    match bound {
        Bound::Included(value) | Bound::Excluded(value) => Some(value),
        Bound::Unbounded => None,
    }
}

/// The bound of what the value stands for; none where it stands for nothing of the kind.
pub(super) fn map<'v, T>(bound: Bound<&'v Value>, convert: impl Fn(&'v Value) -> Option<T>) -> Option<Bound<T>> {
    Some(match bound {
        Bound::Included(value) => Bound::Included(convert(value)?),
        Bound::Excluded(value) => Bound::Excluded(convert(value)?),
        Bound::Unbounded => Bound::Unbounded,
    })
}

fn included(bound: Bound<f64>) -> Bound<f64> {
    match bound {
        Bound::Excluded(number) => Bound::Included(number),
        other => other,
    }
}
