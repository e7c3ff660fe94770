//! The table of the past, its columns, and what of it a query needs.

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::PartitionStream;
use machi_archive::Snapshot;
use machi_model::context::Context;
use machi_model::query::{TemporalQuery, TemporalRelation, TimeProperty};
use machi_types::Name;

use super::reading;
use crate::column::Holds;
use crate::narrow::{Narrowing, Stretch, To, narrowings, pushed_down};
use crate::scan::streaming;

/// The name of the table.
pub(crate) const NAME: &str = "history";

/// What a column of the table tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tells {
    Entity,
    Types,
    Attribute,
    DatasetId,
    InstanceId,
    Time(TimeProperty),
    Kind,
    Number,
    Text,
    Boolean,
    Json,
    UnitCode,
    Period,
}

/// The columns, in their order.
const COLUMNS: [(&str, Tells); 16] = [
    ("entity", Tells::Entity),
    ("types", Tells::Types),
    ("attribute", Tells::Attribute),
    ("datasetId", Tells::DatasetId),
    ("instanceId", Tells::InstanceId),
    ("observedAt", Tells::Time(TimeProperty::ObservedAt)),
    ("createdAt", Tells::Time(TimeProperty::CreatedAt)),
    ("modifiedAt", Tells::Time(TimeProperty::ModifiedAt)),
    ("deletedAt", Tells::Time(TimeProperty::DeletedAt)),
    ("kind", Tells::Kind),
    ("number", Tells::Number),
    ("text", Tells::Text),
    ("boolean", Tells::Boolean),
    ("json", Tells::Json),
    ("unitCode", Tells::UnitCode),
    ("period", Tells::Period),
];

/// The times by which instances are found, the most telling first.
const BY: [TimeProperty; 4] =
    [TimeProperty::ObservedAt, TimeProperty::DeletedAt, TimeProperty::ModifiedAt, TimeProperty::CreatedAt];

impl Tells {
    pub(super) const fn holds(self) -> Holds {
        match self {
            Self::Time(_) => Holds::Times,
            Self::Number => Holds::Numbers,
            Self::Boolean => Holds::Flags,
            _ => Holds::Texts,
        }
    }

    const fn is_nullable(self) -> bool {
        !matches!(
            self,
            Self::Entity
                | Self::Types
                | Self::Attribute
                | Self::InstanceId
                | Self::Kind
                | Self::Time(TimeProperty::CreatedAt | TimeProperty::ModifiedAt)
        )
    }

    /// Whether it can be told of a number of which only this time is known.
    fn is_known_of_numbers(self, by: TimeProperty) -> bool {
        match self {
            Self::Time(property) => property == by || property == TimeProperty::DeletedAt,
            Self::InstanceId | Self::UnitCode | Self::Period => false,
            _ => true,
        }
    }

    fn of(column: &str) -> Option<Self> {
        COLUMNS.iter().find(|(name, _)| *name == column).map(|(_, tells)| *tells)
    }
}

/// The past of a tenant.
pub(crate) struct Past {
    pub(crate) snapshot: Arc<dyn Snapshot>,
    /// Compacts names.
    pub(crate) context: Arc<Context>,
    /// How many threads read at once.
    pub(crate) readers: usize,
}

impl fmt::Debug for Past {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Past").field("snapshot", &self.snapshot).finish_non_exhaustive()
    }
}

/// What a query reads of the past.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) snapshot: Arc<dyn Snapshot>,
    pub(super) context: Arc<Context>,
    pub(super) schema: SchemaRef,
    pub(super) columns: Vec<Tells>,
    /// Of these entities; of all where none are named.
    pub(super) entities: Option<Vec<Name>>,
    /// Of these attributes; of all where none are named.
    pub(super) attributes: Option<Vec<Name>>,
    /// What is read one after the other, no instance twice.
    pub(super) passes: Vec<Pass>,
    pub(super) readers: usize,
    /// After how many rows reading may end.
    pub(super) limit: Option<usize>,
}

/// A part of what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Pass {
    pub(super) time: Option<TemporalQuery>,
    /// Whether plain numbers, each with this time, will do.
    pub(super) numbers: bool,
}

/// The schema of the whole table.
fn schema() -> SchemaRef {
    let field = |(name, tells): (&str, Tells)| Field::new(name, tells.holds().data_type(), tells.is_nullable());
    Arc::new(Schema::new(COLUMNS.map(field).to_vec()))
}

/// What a query wants of the past, as its conditions narrow it.
#[derive(Debug, Default)]
struct Wanted {
    entities: Option<Vec<String>>,
    attributes: Option<Vec<String>>,
    times: Vec<(TimeProperty, Stretch)>,
}

impl Wanted {
    fn of(conditions: &[Expr]) -> Self {
        let mut wanted = Self::default();
        narrowings(conditions).into_iter().for_each(|narrowing| wanted.narrow(narrowing));
        wanted
    }

    fn narrow(&mut self, Narrowing { column, to }: Narrowing) {
        match (Tells::of(&column), to) {
            (Some(Tells::Entity), To::Texts(texts)) => keep(&mut self.entities, texts),
            (Some(Tells::Attribute), To::Texts(texts)) => keep(&mut self.attributes, texts),
            (Some(Tells::Time(property)), To::Times(from, until)) => {
                match self.times.iter_mut().find(|(of, _)| *of == property) {
                    Some((_, stretch)) => *stretch = stretch.and(from, until),
                    None => self.times.push((property, Stretch::ALL.and(from, until))),
                }
            }
            _ => {}
        }
    }

    /// What is read, one after the other. Every instance either says a deletion or does not: the one has a time of
    /// deletion, the other one of its last change, so that both together are all there are.
    fn passes(&self, columns: &[Tells]) -> Vec<Pass> {
        let pass = |property, stretch: Stretch| {
            let numbers = columns.iter().all(|tells| tells.is_known_of_numbers(property));
            Pass { time: Some(query(property, stretch)), numbers }
        };
        let by = BY.into_iter().find_map(|by| self.times.iter().find(|(property, _)| *property == by));
        match by {
            Some((property @ (TimeProperty::ObservedAt | TimeProperty::DeletedAt), stretch)) => {
                vec![pass(*property, *stretch)]
            }
            // Deletions are not found by these times, but have them.
            Some((property, stretch)) => vec![pass(*property, *stretch), pass(TimeProperty::DeletedAt, Stretch::ALL)],
            None => {
                let changed = pass(TimeProperty::ModifiedAt, Stretch::ALL);
                match changed.numbers {
                    true => vec![changed, pass(TimeProperty::DeletedAt, Stretch::ALL)],
                    false => vec![Pass { time: None, numbers: false }],
                }
            }
        }
    }
}

/// Of what was kept so far, what is named again.
fn keep(kept: &mut Option<Vec<String>>, texts: Vec<String>) {
    *kept = Some(match kept.take() {
        Some(kept) => kept.into_iter().filter(|text| texts.contains(text)).collect(),
        None => texts,
    });
}

fn query(property: TimeProperty, stretch: Stretch) -> TemporalQuery {
    let relation = match stretch.bounds() {
        (from, Some(until)) => TemporalRelation::Between(from, until),
        (from, None) => TemporalRelation::After(from),
    };
    TemporalQuery { relation, property }
}

impl Past {
    /// The attributes by their expanded names. A text could be a full name or a short one.
    fn expanded(&self, attributes: &[String]) -> Vec<Name> {
        let both = |text: &String| {
            let expanded = self.context.expand_name(text).ok();
            [Some(Name::from(&**text)), expanded]
        };
        let mut names: Vec<Name> = attributes.iter().flat_map(both).flatten().collect();
        names.sort_unstable();
        names.dedup();
        names
    }
}

#[async_trait]
impl TableProvider for Past {
    fn schema(&self) -> SchemaRef {
        schema()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        conditions: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        let takes = |narrowing: &Narrowing| {
            matches!(
                (Tells::of(&narrowing.column), &narrowing.to),
                (Some(Tells::Entity | Tells::Attribute), To::Texts(_)) | (Some(Tells::Time(_)), To::Times(..))
            )
        };
        Ok(pushed_down(conditions, takes))
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        conditions: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let wanted = Wanted::of(conditions);
        let mut entities: Option<Vec<Name>> =
            wanted.entities.as_ref().map(|ids| ids.iter().map(|id| Name::from(&**id)).collect());
        if let Some(ids) = &mut entities {
            ids.sort_unstable();
            ids.dedup();
        }
        streaming(&schema(), projection, limit, |schema, places| {
            let columns: Vec<Tells> = places.iter().map(|place| COLUMNS[*place].1).collect();
            Scan {
                snapshot: Arc::clone(&self.snapshot),
                context: Arc::clone(&self.context),
                schema,
                passes: wanted.passes(&columns),
                columns,
                entities,
                attributes: wanted.attributes.as_deref().map(|attributes| self.expanded(attributes)),
                readers: if limit.is_some() { 1 } else { self.readers },
                limit,
            }
        })
    }
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        reading::stream(self.clone(), &context)
    }
}

#[cfg(test)]
mod tests {
    use datafusion::common::ScalarValue;
    use datafusion::logical_expr::{col, ident, lit};
    use machi_types::Timestamp;

    use super::*;
    use crate::column::UTC;

    fn at(column: &str, from: i64) -> Expr {
        let value = ScalarValue::TimestampMicrosecond(Some(from), Some(UTC.into()));
        ident(column).gt_eq(lit(value))
    }

    fn passes(conditions: &[Expr], columns: &[Tells]) -> Vec<(Option<TimeProperty>, bool)> {
        let passes = Wanted::of(conditions).passes(columns);
        passes.into_iter().map(|pass| (pass.time.map(|query| query.property), pass.numbers)).collect()
    }

    #[test]
    fn what_is_read_holds_every_instance_that_conditions_let_through_once() {
        use TimeProperty::{DeletedAt, ModifiedAt, ObservedAt};
        let (numbers, all) = ([Tells::Number], [Tells::Number, Tells::InstanceId]);
        let observed = [Tells::Time(ObservedAt), Tells::Number];
        for (conditions, columns, expected) in [
            (vec![], &numbers[..], vec![(Some(ModifiedAt), true), (Some(DeletedAt), true)]),
            (vec![], &all[..], vec![(None, false)]),
            (vec![], &observed[..], vec![(None, false)]),
            (vec![at("observedAt", 5)], &observed[..], vec![(Some(ObservedAt), true)]),
            (vec![at("modifiedAt", 5)], &numbers[..], vec![(Some(ModifiedAt), true), (Some(DeletedAt), true)]),
            (vec![at("modifiedAt", 5)], &all[..], vec![(Some(ModifiedAt), false), (Some(DeletedAt), false)]),
            (vec![at("deletedAt", 5)], &all[..], vec![(Some(DeletedAt), false)]),
            (vec![at("modifiedAt", 5), at("observedAt", 7)], &numbers[..], vec![(Some(ObservedAt), true)]),
        ] {
            assert_eq!(passes(&conditions, columns), expected, "{conditions:?}");
        }
    }

    #[test]
    fn conditions_narrow_entities_attributes_and_times_together() {
        let conditions = [
            col("entity").in_list(vec![lit("a"), lit("b")], false),
            col("entity").in_list(vec![lit("b"), lit("c")], false),
            col("attribute").eq(lit("level")),
            at("observedAt", 5),
            at("observedAt", 3),
        ];
        let wanted = Wanted::of(&conditions);
        assert_eq!(wanted.entities, Some(vec!["b".to_owned()]));
        assert_eq!(wanted.attributes, Some(vec!["level".to_owned()]));
        let query = wanted.passes(&[Tells::Number]).first().and_then(|pass| pass.time);
        assert_eq!(query.map(|query| query.relation), Some(TemporalRelation::After(Timestamp::from_micros(5))));
    }
}
