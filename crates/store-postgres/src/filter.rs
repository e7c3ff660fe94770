//! Filters in SQL: as much of them as tables and indexes can tell.

use std::ops::Bound;

use machi_store::{Condition, Filter, Instances, NameNo, Range, SectionKey, Test, TextCondition};
use machi_types::geo::BoundingBox;
use tokio_postgres::types::{ToSql, Type};

use crate::facets::{KEPT, kept, kind};
use crate::names::CityNames;

/// What no document meets, and what each does.
const NEVER: &str = "FALSE";
const ALWAYS: &str = "TRUE";

/// Where the bucket is among the values.
const BUCKET_AT: &str = "$1";

/// A value that goes with a statement.
pub(crate) type Parameter = (Box<dyn ToSql + Sync + Send>, Type);

/// A condition on documents `d` of a space.
///
/// No part of a statement leaves the planner a choice that depends on its statistics: those of a table that has just
/// grown may be wrong by any factor, and what they lead to then takes hours.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    /// It holds for every document that meets the filter; what it asks of other tables, it asks by the document's number.
    pub(crate) sql: String,
    /// Whether it holds for no others.
    pub(crate) is_exact: bool,
    /// Where the numbers of all these documents come from, where an index tells them.
    pub(crate) numbers: Option<Numbers>,
}

/// A selection of the numbers `no` of documents, some of them more than once.
#[derive(Clone, Debug)]
pub(crate) struct Numbers {
    /// A `SELECT` that ends with its conditions, about rows `f`.
    pub(crate) sql: String,
    /// Whether an index has them in order.
    pub(crate) is_ordered: bool,
    /// Whether each of them meets the filter, so that they may be counted.
    pub(crate) is_exact: bool,
}

impl Meaning {
    fn exactly(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), is_exact: true, numbers: None }
    }

    fn about(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), is_exact: false, numbers: None }
    }

    /// Nothing meets it.
    fn nothing() -> Self {
        Self::exactly(NEVER).told_by("SELECT 0::bigint AS no WHERE FALSE".to_owned(), false)
    }

    fn told_by(self, sql: String, is_ordered: bool) -> Self {
        Self { numbers: Some(Numbers { sql, is_ordered, is_exact: self.is_exact }), ..self }
    }
}

/// Writes conditions, and gathers the values that go with them.
#[derive(Default)]
pub(crate) struct Writer {
    parameters: Vec<Parameter>,
}

/// The names that a filter needs numbers for.
pub(crate) fn names_in(filter: &Filter, names: &mut Vec<NameNo>) {
    match filter {
        Filter::And(parts) | Filter::Or(parts) => parts.iter().for_each(|part| names_in(part, names)),
        Filter::Not(part) => names_in(part, names),
        Filter::Indexed(indexed) => names_in(&indexed.otherwise, names),
        Filter::Test(test) => {
            names.push(test.name);
            if let Instances::Only(instance) = test.instances {
                names.push(instance);
            }
            if let Condition::Tag(tag) = test.condition {
                names.push(tag);
            }
        }
        Filter::All | Filter::Ids(_) | Filter::IdMatches(_) | Filter::Check(_) => {}
    }
}

impl Writer {
    /// The place of a value in the statement.
    pub(crate) fn parameter(&mut self, value: impl ToSql + Sync + Send + 'static, of: Type) -> String {
        self.parameters.push((Box::new(value), of));
        format!("${}", self.parameters.len())
    }

    /// What goes with the statement.
    pub(crate) fn parameters(&self) -> Vec<(&(dyn ToSql + Sync), Type)> {
        self.parameters.iter().map(|(value, of)| (&**value as &(dyn ToSql + Sync), of.clone())).collect()
    }

    /// What a filter says of documents `d`, whose space is the value at `space`, part by part: all of them hold.
    pub(crate) fn parts_of(&mut self, filter: &Filter, names: &CityNames, space: &str) -> Vec<Meaning> {
        match filter {
            Filter::And(parts) => parts.iter().flat_map(|part| self.parts_of(part, names, space)).collect(),
            Filter::Or(parts) => match self.possible(parts, names, space).as_slice() {
                [only] => self.parts_of(only, names, space),
                _ => vec![self.filter(filter, names, space)],
            },
            Filter::All => Vec::new(),
            other => vec![self.filter(other, names, space)],
        }
    }

    /// The filters that something may meet.
    fn possible<'f>(&mut self, filters: &'f [Filter], names: &CityNames, space: &str) -> Vec<&'f Filter> {
        filters.iter().filter(|filter| self.filter(filter, names, space).sql != NEVER).collect()
    }

    fn filter(&mut self, filter: &Filter, names: &CityNames, space: &str) -> Meaning {
        match filter {
            Filter::All => Meaning::exactly(ALWAYS),
            Filter::And(parts) => {
                let parts: Vec<Meaning> = parts.iter().map(|part| self.filter(part, names, space)).collect();
                let numbers = parts.iter().find_map(|part| part.numbers.clone());
                let numbers = numbers.map(|numbers| Numbers { is_exact: parts.len() == 1, ..numbers });
                let all = all(&parts);
                Meaning { numbers: all.numbers.clone().or(numbers), ..all }
            }
            Filter::Or(parts) => {
                let parts: Vec<Meaning> = parts.iter().map(|part| self.filter(part, names, space)).collect();
                let possible = parts.iter().filter(|part| part.sql != NEVER);
                let all: Option<Vec<&Numbers>> = possible.map(|part| part.numbers.as_ref()).collect();
                let numbers = all.filter(|all| !all.is_empty()).map(|all| {
                    let told: Vec<&str> = all.iter().map(|numbers| numbers.sql.as_str()).collect();
                    let sql = format!("SELECT f.no FROM ({}) AS f WHERE TRUE", told.join(" UNION ALL "));
                    Numbers { sql, is_ordered: false, is_exact: all.iter().all(|numbers| numbers.is_exact) }
                });
                let any = any(&parts);
                Meaning { numbers: any.numbers.clone().or(numbers), ..any }
            }
            Filter::Not(part) => match self.filter(part, names, space) {
                Meaning { sql, is_exact: true, .. } if sql == NEVER => Meaning::exactly(ALWAYS),
                Meaning { sql, is_exact: true, .. } if sql == ALWAYS => Meaning::nothing(),
                Meaning { sql, is_exact: true, .. } => Meaning::exactly(format!("NOT ({sql})")),
                Meaning { .. } => Meaning::about(ALWAYS),
            },
            Filter::Ids(ids) => {
                let ids: Vec<Vec<u8>> = ids.iter().map(|id| id.as_bytes().to_vec()).collect();
                let are = format!("id = ANY({})", self.parameter(ids, Type::BYTEA_ARRAY));
                Meaning::exactly(format!("d.{are}")).told_by(of_documents(space, &format!("f.{are}")), false)
            }
            Filter::IdMatches(_) | Filter::Check(_) => Meaning::about(ALWAYS),
            Filter::Indexed(indexed) => self.filter(&indexed.otherwise, names, space),
            Filter::Test(test) => self.test(test, names, space),
        }
    }

    fn test(&mut self, test: &Test, names: &CityNames, space: &str) -> Meaning {
        let is_own = match test.instances {
            Instances::Any => true,
            Instances::Only(instance) => instance == NameNo::NONE,
        };
        match (test.name, &test.condition) {
            (NameNo::ID, Condition::Text(TextCondition::Range(range))) if is_own => {
                let numbers = of_documents(space, &self.texts("f.id", range, usize::MAX));
                Meaning::exactly(self.texts("d.id", range, usize::MAX)).told_by(numbers, false)
            }
            (NameNo::ID, Condition::Text(TextCondition::Matches(_))) if is_own => Meaning::about(ALWAYS),
            (NameNo::CREATED, Condition::Time(range)) if is_own => {
                Meaning::exactly(self.range("d.created", range, |time| time.micros(), &Type::INT8))
            }
            (NameNo::MODIFIED, Condition::Time(range)) if is_own => {
                Meaning::exactly(self.range("d.modified", range, |time| time.micros(), &Type::INT8))
            }
            (NameNo::ID | NameNo::CREATED | NameNo::MODIFIED, _) => Meaning::nothing(),
            _ => self.facet(test, names, space).unwrap_or_else(Meaning::nothing),
        }
    }

    /// Documents with a facet that meets a test; nothing where there can be none.
    fn facet(&mut self, test: &Test, names: &CityNames, space: &str) -> Option<Meaning> {
        let name = self.parameter(names.there(test.name)?, Type::INT4);
        let instance = match test.instances {
            Instances::Any => "TRUE".to_owned(),
            Instances::Only(instance) => format!("f.instance = {}", self.parameter(names.there(instance)?, Type::INT4)),
        };
        let Meaning { sql: condition, is_exact, .. } = self.condition(&test.condition, names)?;
        let is_ordered = matches!(test.condition, Condition::Exists | Condition::Tag(_) | Condition::Flag(_));
        Some(Self::with_row(space, &name, &format!("{instance} AND {condition}"), (is_exact, is_ordered)))
    }

    /// Documents that have a row `f` about a name.
    fn with_row(space: &str, name: &str, row: &str, (is_exact, is_ordered): (bool, bool)) -> Meaning {
        let about = format!("f.bucket = {BUCKET_AT} AND f.space = {space} AND f.name = {name}");
        // OFFSET 0 keeps it a question to the rows of one document, for which there is one index.
        let own = format!("SELECT * FROM machi.facet f WHERE {about} AND f.no = d.no OFFSET 0");
        let sql = format!("EXISTS (SELECT 1 FROM ({own}) AS f WHERE {row})");
        let meaning = if is_exact { Meaning::exactly(sql) } else { Meaning::about(sql) };
        meaning.told_by(format!("SELECT f.no FROM machi.facet f WHERE {about} AND {row}"), is_ordered)
    }

    /// What a condition says of a row `f`; nothing where no row can meet it.
    fn condition(&mut self, condition: &Condition, names: &CityNames) -> Option<Meaning> {
        let of_kind = |kind: i16, sql: &str| format!("f.kind = {kind} AND {sql}");
        Some(match condition {
            Condition::Exists => Meaning::exactly(of_kind(kind::EXISTS, "f.kind <= 2 AND f.tag = 0")),
            Condition::Tag(tag) => {
                let tag = self.parameter(names.there(*tag)?, Type::INT4);
                Meaning::exactly(of_kind(kind::TAG, &format!("f.kind <= 2 AND f.tag = {tag}")))
            }
            Condition::Flag(flag) => {
                let flag = self.parameter(i32::from(*flag), Type::INT4);
                Meaning::exactly(of_kind(kind::FLAG, &format!("f.kind <= 2 AND f.tag = {flag}")))
            }
            Condition::Number(range) => {
                let sql = self.range("f.number", range, |number| *number, &Type::FLOAT8);
                Meaning::exactly(of_kind(kind::NUMBER, &sql))
            }
            Condition::Time(range) => {
                let sql = self.range("f.instant", range, |time| time.micros(), &Type::INT8);
                Meaning::exactly(of_kind(kind::TIME, &sql))
            }
            Condition::Text(TextCondition::Range(range)) => {
                let is_exact = [&range.low, &range.high].iter().all(|bound| is_short(bound));
                let sql = of_kind(kind::TEXT, &self.texts("f.text", range, KEPT));
                if is_exact { Meaning::exactly(sql) } else { Meaning::about(sql) }
            }
            Condition::Text(TextCondition::Matches(_)) => Meaning::about(of_kind(kind::TEXT, "TRUE")),
            Condition::Geometry(condition) => match condition.reach() {
                None => Meaning::about(of_kind(kind::PLACE, "TRUE")),
                Some(area) => Meaning::about(of_kind(kind::PLACE, &self.touches(&area))),
            },
            Condition::Link(targets) => {
                let is_exact = targets.iter().all(|target| target.len() < KEPT);
                let targets: Vec<Vec<u8>> = targets.iter().map(|target| kept(target)).collect();
                let sql = format!("f.text = ANY({})", self.parameter(targets, Type::BYTEA_ARRAY));
                let sql = of_kind(kind::LINK, &sql);
                if is_exact { Meaning::exactly(sql) } else { Meaning::about(sql) }
            }
        })
    }

    /// Documents with a place under a key that touches an area, or nearly.
    pub(crate) fn place(&mut self, key: SectionKey, area: &BoundingBox, names: &CityNames, space: &str) -> Meaning {
        let (Some(name), Some(instance)) = (names.there(key.name), names.there(key.instance)) else {
            return Meaning::nothing();
        };
        let (name, instance) = (self.parameter(name, Type::INT4), self.parameter(instance, Type::INT4));
        let touches = self.touches(area);
        let row = format!("f.instance = {instance} AND f.kind = {} AND {touches}", kind::PLACE);
        Self::with_row(space, &name, &row, (false, false))
    }

    /// Whether a row's box touches an area.
    fn touches(&mut self, area: &BoundingBox) -> String {
        let mut part = |part: BoundingBox| {
            let edges = [part.west, part.south, part.east, part.north];
            let edges = edges.map(|edge| self.parameter(edge, Type::FLOAT8)).join(", ");
            format!("f.place && ST_MakeEnvelope({edges}, 4326)")
        };
        match area.parts() {
            (only, None) => part(only),
            (west, Some(east)) => format!("({} OR {})", part(west), part(east)),
        }
    }

    fn range<T, V: ToSql + Sync + Send + 'static>(
        &mut self,
        column: &str,
        range: &Range<T>,
        value: impl Fn(&T) -> V,
        of: &Type,
    ) -> String {
        let mut parts = Vec::new();
        for (bound, inclusive, exclusive) in [(&range.low, ">=", ">"), (&range.high, "<=", "<")] {
            let (operator, bound) = match bound {
                Bound::Included(bound) => (inclusive, bound),
                Bound::Excluded(bound) => (exclusive, bound),
                Bound::Unbounded => continue,
            };
            parts.push(format!("{column} {operator} {}", self.parameter(value(bound), of.clone())));
        }
        if parts.is_empty() { "TRUE".to_owned() } else { parts.join(" AND ") }
    }

    /// A range of texts of which a row keeps so many bytes; one that is cut may be equal where the whole is greater.
    fn texts(&mut self, column: &str, range: &Range<Box<str>>, most: usize) -> String {
        let widened = |bound: &Bound<Box<str>>| match bound {
            Bound::Excluded(text) if text.len() >= most => Bound::Included(text.clone()),
            other => other.clone(),
        };
        let range = Range { low: widened(&range.low), high: widened(&range.high) };
        self.range(column, &range, |text| text.as_bytes()[..text.len().min(most)].to_vec(), &Type::BYTEA)
    }
}

/// What holds where all parts hold.
fn all(parts: &[Meaning]) -> Meaning {
    if parts.iter().any(|part| part.sql == NEVER) {
        return Meaning::nothing();
    }
    let is_exact = parts.iter().all(|part| part.is_exact);
    let sql: Vec<String> =
        parts.iter().filter(|part| part.sql != ALWAYS).map(|part| format!("({})", part.sql)).collect();
    let sql = if sql.is_empty() { ALWAYS.to_owned() } else { sql.join(" AND ") };
    Meaning { sql, is_exact, numbers: None }
}

/// What holds where any part holds.
fn any(parts: &[Meaning]) -> Meaning {
    let parts: Vec<&Meaning> = parts.iter().filter(|part| part.sql != NEVER).collect();
    if parts.is_empty() {
        return Meaning::nothing();
    }
    let is_exact = parts.iter().all(|part| part.is_exact);
    if parts.iter().any(|part| part.sql == ALWAYS) {
        return Meaning { sql: ALWAYS.to_owned(), is_exact, numbers: None };
    }
    let sql: Vec<String> = parts.iter().map(|part| format!("({})", part.sql)).collect();
    Meaning { sql: sql.join(" OR "), is_exact, numbers: None }
}

/// The numbers of documents that meet a condition on their rows `f`.
fn of_documents(space: &str, condition: &str) -> String {
    format!(
        "SELECT f.no FROM machi.document f WHERE f.bucket = {BUCKET_AT} AND f.space = {space} AND f.body IS NOT NULL \
         AND {condition}"
    )
}

/// Whether what a row keeps of a text is enough to compare it with a bound.
fn is_short(bound: &Bound<Box<str>>) -> bool {
    match bound {
        Bound::Included(text) | Bound::Excluded(text) => text.len() < KEPT,
        Bound::Unbounded => true,
    }
}
