//! Filters in SQL: as much of them as tables and indexes can tell.

use std::ops::Bound;

use machi_store::{Condition, Filter, Instances, NameNo, Range, SectionKey, Test, TextCondition};
use machi_types::geo::BoundingBox;
use tokio_postgres::types::{ToSql, Type};

use crate::facets::{KEPT, kept, kind};
use crate::names::CityNames;

/// Where the bucket is among the values: said instead of the document's, so that what meets a test is found once, and
/// not anew for each document.
const BUCKET_AT: &str = "$1";

/// A value that goes with a statement.
pub(crate) type Parameter = (Box<dyn ToSql + Sync + Send>, Type);

/// A condition on documents `d` of a space.
#[derive(Clone, Debug)]
pub(crate) struct Meaning {
    /// It holds for every document that meets the filter.
    pub(crate) sql: String,
    /// Whether it holds for no others.
    pub(crate) is_exact: bool,
}

impl Meaning {
    fn exactly(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), is_exact: true }
    }

    fn about(sql: impl Into<String>) -> Self {
        Self { sql: sql.into(), is_exact: false }
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

    /// What a filter says of documents `d`, whose space is the value at `space`.
    pub(crate) fn filter(&mut self, filter: &Filter, names: &CityNames, space: &str) -> Meaning {
        match filter {
            Filter::All => Meaning::exactly("TRUE"),
            Filter::And(parts) => self.parts(parts, names, space, ("TRUE", " AND ")),
            Filter::Or(parts) => self.parts(parts, names, space, ("FALSE", " OR ")),
            Filter::Not(part) => match self.filter(part, names, space) {
                Meaning { sql, is_exact: true } => Meaning::exactly(format!("NOT ({sql})")),
                Meaning { .. } => Meaning::about("TRUE"),
            },
            Filter::Ids(ids) => {
                let ids: Vec<Vec<u8>> = ids.iter().map(|id| id.as_bytes().to_vec()).collect();
                Meaning::exactly(format!("d.id = ANY({})", self.parameter(ids, Type::BYTEA_ARRAY)))
            }
            Filter::IdMatches(_) | Filter::Check(_) => Meaning::about("TRUE"),
            Filter::Indexed(indexed) => self.filter(&indexed.otherwise, names, space),
            Filter::Test(test) => self.test(test, names, space),
        }
    }

    fn parts(&mut self, parts: &[Filter], names: &CityNames, space: &str, (none, between): (&str, &str)) -> Meaning {
        let meanings: Vec<Meaning> = parts.iter().map(|part| self.filter(part, names, space)).collect();
        if meanings.is_empty() {
            return Meaning::exactly(none);
        }
        let is_exact = meanings.iter().all(|meaning| meaning.is_exact);
        let sql: Vec<String> = meanings.into_iter().map(|meaning| format!("({})", meaning.sql)).collect();
        Meaning { sql: sql.join(between), is_exact }
    }

    fn test(&mut self, test: &Test, names: &CityNames, space: &str) -> Meaning {
        let is_own = match test.instances {
            Instances::Any => true,
            Instances::Only(instance) => instance == NameNo::NONE,
        };
        match (test.name, &test.condition) {
            (NameNo::ID, Condition::Text(TextCondition::Range(range))) if is_own => {
                Meaning::exactly(self.texts("d.id", range, usize::MAX))
            }
            (NameNo::ID, Condition::Text(TextCondition::Matches(_))) if is_own => Meaning::about("TRUE"),
            (NameNo::CREATED, Condition::Time(range)) if is_own => {
                Meaning::exactly(self.range("d.created", range, |time| time.micros(), &Type::INT8))
            }
            (NameNo::MODIFIED, Condition::Time(range)) if is_own => {
                Meaning::exactly(self.range("d.modified", range, |time| time.micros(), &Type::INT8))
            }
            (NameNo::ID | NameNo::CREATED | NameNo::MODIFIED, _) => Meaning::exactly("FALSE"),
            _ => self.facet(test, names, space),
        }
    }

    /// Documents with a facet that meets a test.
    fn facet(&mut self, test: &Test, names: &CityNames, space: &str) -> Meaning {
        let Some(name) = names.there(test.name) else { return Meaning::exactly("FALSE") };
        let name = self.parameter(name, Type::INT4);
        let instance = match test.instances {
            Instances::Any => "TRUE".to_owned(),
            Instances::Only(instance) => {
                let Some(instance) = names.there(instance) else { return Meaning::exactly("FALSE") };
                format!("f.instance = {}", self.parameter(instance, Type::INT4))
            }
        };
        let Some(Meaning { sql: condition, is_exact }) = self.condition(&test.condition, names) else {
            return Meaning::exactly("FALSE");
        };
        let sql = format!(
            "d.no IN (SELECT f.no FROM machi.facet f WHERE f.bucket = {BUCKET_AT} AND f.space = {space} \
             AND f.name = {name} AND {instance} AND {condition})"
        );
        Meaning { sql, is_exact }
    }

    /// What a condition says of a row `f`; nothing where no row can meet it.
    fn condition(&mut self, condition: &Condition, names: &CityNames) -> Option<Meaning> {
        let of_kind = |kind: i16, sql: &str| format!("f.kind = {kind} AND {sql}");
        Some(match condition {
            Condition::Exists => Meaning::exactly(of_kind(kind::EXISTS, "f.kind <= 2")),
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
                Meaning { sql, is_exact }
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
                Meaning { sql: of_kind(kind::LINK, &sql), is_exact }
            }
        })
    }

    /// Documents with a place under a key that touches an area, or nearly.
    pub(crate) fn place(&mut self, key: SectionKey, area: &BoundingBox, names: &CityNames, space: &str) -> String {
        let (Some(name), Some(instance)) = (names.there(key.name), names.there(key.instance)) else {
            return "FALSE".to_owned();
        };
        let (name, instance) = (self.parameter(name, Type::INT4), self.parameter(instance, Type::INT4));
        format!(
            "d.no IN (SELECT f.no FROM machi.facet f WHERE f.bucket = {BUCKET_AT} AND f.space = {space} \
             AND f.name = {name} AND f.instance = {instance} AND f.kind = {} AND {})",
            kind::PLACE,
            self.touches(area)
        )
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

/// Whether what a row keeps of a text is enough to compare it with a bound.
fn is_short(bound: &Bound<Box<str>>) -> bool {
    match bound {
        Bound::Included(text) | Bound::Excluded(text) => text.len() < KEPT,
        Bound::Unbounded => true,
    }
}
