//! The table of a type: a row for each entity that has it, a column for each attribute that any of them has.

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::arrow::datatypes::{Field, Schema, SchemaRef};
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::PartitionStream;
use machi_store::{Condition, Filter};
use machi_types::Name;
use rustc_hash::FxHashSet;

use super::shape::Shape;
use super::{Present, rows};
use crate::SqlError;
use crate::column::Holds;
use crate::narrow::{Narrowing, To, narrowings, pushed_down};
use crate::scan::streaming;

/// What a column of the table tells.
#[derive(Clone, Debug)]
pub(super) enum Tells {
    Id,
    Types,
    Scope,
    CreatedAt,
    ModifiedAt,
    Attribute(Name, Shape),
}

/// The members that every entity has, by the names of their columns.
const MEMBERS: [(&str, Tells); 5] = [
    ("id", Tells::Id),
    ("types", Tells::Types),
    ("scope", Tells::Scope),
    ("createdAt", Tells::CreatedAt),
    ("modifiedAt", Tells::ModifiedAt),
];

/// The entities of a type.
#[derive(Debug)]
pub(crate) struct Entities {
    present: Arc<Present>,
    of: Name,
    schema: SchemaRef,
    columns: Vec<Tells>,
}

impl Entities {
    /// The table of a type, by its expanded name.
    pub(crate) async fn of(present: Arc<Present>, name: Name) -> Result<Self, SqlError> {
        let attributes = present.attributes_of(&name).await?;
        let mut taken: FxHashSet<String> = MEMBERS.iter().map(|(member, _)| (*member).to_owned()).collect();
        let mut named: Vec<(String, Tells)> = Vec::new();
        for (attribute, shape) in attributes {
            let short = present.context.compact_name(&attribute).into_owned();
            // Two of one name are told apart by their full ones.
            let column = if taken.insert(short.clone()) { short } else { attribute.to_string() };
            named.push((column, Tells::Attribute(attribute, shape)));
        }
        named.sort_by(|(one, _), (other, _)| one.cmp(other));
        let members = MEMBERS.map(|(member, tells)| (member.to_owned(), tells));
        let (names, columns): (Vec<String>, Vec<Tells>) = members.into_iter().chain(named).unzip();
        let field = |(name, tells): (&String, &Tells)| Field::new(name, tells.holds().data_type(), tells.is_nullable());
        let schema = Arc::new(Schema::new(names.iter().zip(&columns).map(field).collect::<Vec<_>>()));
        Ok(Self { present, of: name, schema, columns })
    }

    /// Whether reading less than all comes of it.
    fn takes(&self, narrowing: &Narrowing) -> bool {
        self.filter(narrowing).is_some()
    }

    fn filter(&self, Narrowing { column, to }: &Narrowing) -> Option<Filter> {
        let place = self.schema.index_of(column).ok()?;
        match (self.columns.get(place)?, to) {
            (Tells::Id, To::Texts(ids)) => Some(Filter::Ids(ids.iter().map(|id| Name::from(&**id)).collect())),
            (Tells::Attribute(name, Shape::Numbers), To::Numbers(range)) => {
                Some(self.present.with(name, Condition::Number(range.clone())))
            }
            _ => None,
        }
    }
}

impl Tells {
    pub(super) const fn holds(&self) -> Holds {
        match self {
            Self::Id | Self::Types | Self::Scope => Holds::Texts,
            Self::CreatedAt | Self::ModifiedAt => Holds::Times,
            Self::Attribute(_, shape) => shape.holds(),
        }
    }

    const fn is_nullable(&self) -> bool {
        matches!(self, Self::Scope | Self::Attribute(..))
    }
}

#[async_trait]
impl TableProvider for Entities {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(
        &self,
        conditions: &[&Expr],
    ) -> Result<Vec<TableProviderFilterPushDown>, DataFusionError> {
        Ok(pushed_down(conditions, |narrowing| self.takes(narrowing)))
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        conditions: &[Expr],
        limit: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let narrowed = narrowings(conditions).iter().filter_map(|one| self.filter(one)).collect::<Vec<_>>();
        let filter = narrowed.into_iter().fold(self.present.of_type(&self.of), Filter::and);
        streaming(&self.schema, projection, limit, |schema, places| {
            let columns = places.iter().map(|place| self.columns[*place].clone()).collect();
            Scan { present: Arc::clone(&self.present), filter, schema, columns }
        })
    }
}

/// What a query reads of a table.
#[derive(Clone, Debug)]
pub(super) struct Scan {
    pub(super) present: Arc<Present>,
    pub(super) filter: Filter,
    pub(super) schema: SchemaRef,
    pub(super) columns: Vec<Tells>,
}

impl PartitionStream for Scan {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        rows::stream(self.clone())
    }
}
