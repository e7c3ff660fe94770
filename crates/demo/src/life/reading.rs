//! One measured attribute, in whole steps of what its instrument can tell.

use crate::plan::Place;

/// An attribute and its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) name: &'static str,
    pub(crate) value: Value,
    /// The UN/CEFACT code of its unit.
    pub(crate) unit: Option<&'static str>,
}

/// A value that is the same on every machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Word(&'static str),
    Whole(i64),
    Tenths(i64),
    Hundredths(i64),
    Place(Place),
}

impl Reading {
    pub(crate) fn word(name: &'static str, value: &'static str) -> Self {
        Self { name, value: Value::Word(value), unit: None }
    }

    pub(crate) fn whole(name: &'static str, value: f64, unit: Option<&'static str>) -> Self {
        Self { name, value: Value::Whole(nearest(value)), unit }
    }

    pub(crate) fn tenths(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value: Value::Tenths(nearest(value * 10.0)), unit: Some(unit) }
    }

    pub(crate) fn hundredths(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value: Value::Hundredths(nearest(value * 100.0)), unit: Some(unit) }
    }
}

fn nearest(value: f64) -> i64 {
    (value + 0.5).floor() as i64
}
