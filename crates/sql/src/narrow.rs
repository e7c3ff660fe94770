//! Which part of a table a query needs, as far as its conditions say it: what is read is never less than they let through.

use std::ops::Bound;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Between, BinaryExpr, Expr, Operator, TableProviderFilterPushDown};
use machi_store::Range;
use machi_types::Timestamp;

/// A condition on one column that narrows what is read.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Narrowing {
    pub(crate) column: String,
    pub(crate) to: To,
}

/// To what a column is narrowed.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum To {
    /// These texts.
    Texts(Vec<String>),
    /// Numbers in a range.
    Numbers(Range<f64>),
    /// Times from the first on, until before the second.
    Times(i64, Option<i64>),
}

/// What the conditions, each of which must hold, narrow.
pub(crate) fn narrowings(conditions: &[Expr]) -> Vec<Narrowing> {
    conditions.iter().flat_map(of).collect()
}

/// What a table does with conditions: those that narrow are held again behind it.
pub(crate) fn pushed_down(
    conditions: &[&Expr],
    takes: impl Fn(&Narrowing) -> bool,
) -> Vec<TableProviderFilterPushDown> {
    let verdict = |condition: &&Expr| match of(condition).iter().any(&takes) {
        true => TableProviderFilterPushDown::Inexact,
        false => TableProviderFilterPushDown::Unsupported,
    };
    conditions.iter().map(verdict).collect()
}

fn of(condition: &Expr) -> Vec<Narrowing> {
    match condition {
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::And, right }) => [of(left), of(right)].concat(),
        Expr::BinaryExpr(BinaryExpr { left, op: Operator::Or, right }) => either(left, right).into_iter().collect(),
        Expr::BinaryExpr(BinaryExpr { left, op, right }) => match (&**left, &**right) {
            (Expr::Column(column), Expr::Literal(value, _)) => compared(&column.name, *op, value),
            (Expr::Literal(value, _), Expr::Column(column)) => {
                op.swap().map_or_else(Vec::new, |op| compared(&column.name, op, value))
            }
            _ => Vec::new(),
        },
        Expr::InList(list) if !list.negated => match &*list.expr {
            Expr::Column(column) => texts_of(&list.list)
                .map_or_else(Vec::new, |texts| vec![Narrowing { column: column.name.clone(), to: To::Texts(texts) }]),
            _ => Vec::new(),
        },
        Expr::Between(Between { expr, negated: false, low, high }) => match (&**expr, &**low, &**high) {
            (Expr::Column(column), Expr::Literal(low, _), Expr::Literal(high, _)) => {
                [compared(&column.name, Operator::GtEq, low), compared(&column.name, Operator::LtEq, high)].concat()
            }
            _ => Vec::new(),
        },
        Expr::IsNotNull(inner) => match &**inner {
            Expr::Column(column) => vec![Narrowing { column: column.name.clone(), to: To::Times(i64::MIN, None) }],
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}

/// Several texts of one column, as short lists are written.
fn either(left: &Expr, right: &Expr) -> Option<Narrowing> {
    let one = |side| match <[Narrowing; 1]>::try_from(of(side)) {
        Ok([Narrowing { column, to: To::Texts(texts) }]) => Some((column, texts)),
        _ => None,
    };
    let ((column, mut texts), (other, more)) = (one(left)?, one(right)?);
    texts.extend(more);
    (column == other).then_some(Narrowing { column, to: To::Texts(texts) })
}

fn texts_of(list: &[Expr]) -> Option<Vec<String>> {
    let text = |item: &Expr| match item {
        Expr::Literal(value, _) => value.try_as_str().flatten().map(str::to_owned),
        _ => None,
    };
    list.iter().map(text).collect()
}

fn compared(column: &str, op: Operator, value: &ScalarValue) -> Vec<Narrowing> {
    let to = if let Some(Some(text)) = value.try_as_str() {
        (op == Operator::Eq).then(|| To::Texts(vec![text.to_owned()]))
    } else if let Some(time) = time_of(value) {
        times(op, time)
    } else if let ScalarValue::Float64(Some(number)) = value {
        numbers(op, *number)
    } else {
        None
    };
    to.map(|to| Narrowing { column: column.to_owned(), to }).into_iter().collect()
}

/// A time and whether it is cut: microseconds are the finest that is kept.
#[derive(Clone, Copy)]
struct Cut {
    micros: i64,
    is_cut: bool,
}

fn time_of(value: &ScalarValue) -> Option<Cut> {
    let exactly = |micros: Option<i64>| micros.map(|micros| Cut { micros, is_cut: false });
    match value {
        ScalarValue::TimestampSecond(Some(time), _) => exactly(time.checked_mul(1_000_000)),
        ScalarValue::TimestampMillisecond(Some(time), _) => exactly(time.checked_mul(1000)),
        ScalarValue::TimestampMicrosecond(Some(time), _) => exactly(Some(*time)),
        ScalarValue::TimestampNanosecond(Some(time), _) => {
            Some(Cut { micros: time.div_euclid(1000), is_cut: time.rem_euclid(1000) != 0 })
        }
        _ => None,
    }
}

fn times(op: Operator, Cut { micros, is_cut }: Cut) -> Option<To> {
    let behind = micros.checked_add(1);
    let until = if is_cut { behind } else { Some(micros) };
    match op {
        Operator::Eq => Some(To::Times(micros, behind)),
        Operator::GtEq => Some(To::Times(micros, None)),
        Operator::Gt => Some(To::Times(behind?, None)),
        Operator::Lt => Some(To::Times(i64::MIN, until)),
        Operator::LtEq => Some(To::Times(i64::MIN, behind)),
        _ => None,
    }
}

fn numbers(op: Operator, number: f64) -> Option<To> {
    let range = |low, high| Some(To::Numbers(Range { low, high }));
    match op {
        Operator::Eq => range(Bound::Included(number), Bound::Included(number)),
        Operator::GtEq => range(Bound::Included(number), Bound::Unbounded),
        Operator::Gt => range(Bound::Excluded(number), Bound::Unbounded),
        Operator::Lt => range(Bound::Unbounded, Bound::Excluded(number)),
        Operator::LtEq => range(Bound::Unbounded, Bound::Included(number)),
        _ => None,
    }
}

/// What several narrowings of one column leave of all times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) from: i64,
    pub(crate) until: Option<i64>,
}

impl Stretch {
    pub(crate) const ALL: Self = Self { from: i64::MIN, until: None };

    #[must_use]
    pub(crate) fn and(self, from: i64, until: Option<i64>) -> Self {
        let until = match (self.until, until) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
        Self { from: self.from.max(from), until }
    }

    pub(crate) fn bounds(self) -> (Timestamp, Option<Timestamp>) {
        (Timestamp::from_micros(self.from), self.until.map(Timestamp::from_micros))
    }
}

#[cfg(test)]
mod tests {
    use datafusion::logical_expr::{col, ident, lit};

    use super::*;
    use crate::column::UTC;

    fn micros(time: i64) -> Expr {
        lit(ScalarValue::TimestampMicrosecond(Some(time), Some(UTC.into())))
    }

    fn texts(column: &str, texts: &[&str]) -> Narrowing {
        let texts = texts.iter().map(|text| (*text).to_owned()).collect();
        Narrowing { column: column.to_owned(), to: To::Texts(texts) }
    }

    fn within(from: i64, until: Option<i64>) -> Narrowing {
        Narrowing { column: "observedAt".to_owned(), to: To::Times(from, until) }
    }

    #[test]
    fn conditions_on_one_column_narrow_and_others_do_not() {
        let at = || ident("observedAt");
        for (condition, expected) in [
            (col("entity").eq(lit("a")), vec![texts("entity", &["a"])]),
            (lit("a").eq(col("entity")), vec![texts("entity", &["a"])]),
            (col("entity").in_list(vec![lit("a"), lit("b")], false), vec![texts("entity", &["a", "b"])]),
            (col("entity").eq(lit("a")).or(col("entity").eq(lit("b"))), vec![texts("entity", &["a", "b"])]),
            (col("entity").eq(lit("a")).or(col("kind").eq(lit("b"))), vec![]),
            (col("entity").in_list(vec![lit("a")], true), vec![]),
            (col("entity").not_eq(lit("a")), vec![]),
            (at().gt_eq(micros(5)).and(at().lt(micros(9))), vec![within(5, None), within(i64::MIN, Some(9))]),
            (at().gt(micros(5)), vec![within(6, None)]),
            (at().lt_eq(micros(5)), vec![within(i64::MIN, Some(6))]),
            (micros(5).lt(at()), vec![within(6, None)]),
            (at().eq(micros(5)), vec![within(5, Some(6))]),
            (at().is_not_null(), vec![within(i64::MIN, None)]),
        ] {
            assert_eq!(narrowings(std::slice::from_ref(&condition)), expected, "{condition}");
        }
    }

    #[test]
    fn a_time_between_two_microseconds_narrows_to_neither_side_too_much() {
        let nanos = |time: i64| lit(ScalarValue::TimestampNanosecond(Some(time), None));
        let at = || ident("observedAt");
        for (condition, expected) in [
            (at().lt(nanos(5001)), within(i64::MIN, Some(6))),
            (at().lt(nanos(5000)), within(i64::MIN, Some(5))),
            (at().gt(nanos(5001)), within(6, None)),
            (at().gt_eq(nanos(5001)), within(5, None)),
        ] {
            assert_eq!(narrowings(&[condition]), vec![expected]);
        }
    }

    #[test]
    fn stretches_cross() {
        let both = Stretch::ALL.and(3, None).and(5, Some(9)).and(i64::MIN, Some(8));
        assert_eq!(both, Stretch { from: 5, until: Some(8) });
    }
}
