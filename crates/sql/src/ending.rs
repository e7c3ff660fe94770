//! Sees to it that a query which nobody waits for any more ends, also where the engine would not look up from its work.
//!
//! A join without an equation compares everything with everything, and gives nothing back until something matches: its
//! condition is the one place where it can be told to end. Other joins give way after each batch that they make.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::FieldRef;
use datafusion::arrow::datatypes::Schema;
use datafusion::common::DataFusionError;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::logical_expr::ColumnarValue;
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use datafusion::physical_plan::joins::utils::JoinFilter;
use datafusion::physical_plan::joins::{NestedLoopJoinExec, NestedLoopJoinExecBuilder};

/// Held by whoever waits for an answer: with it goes the reason to work on it.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Arc<AtomicBool>);

/// Whether nobody waits any more.
#[derive(Clone, Debug)]
pub(crate) struct Gone(Arc<AtomicBool>);

impl Waiting {
    pub(crate) fn gone(&self) -> Gone {
        Gone(Arc::clone(&self.0))
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Makes joins end.
#[derive(Debug)]
pub(crate) struct EndingJoins(pub(crate) Gone);

impl PhysicalOptimizerRule for EndingJoins {
    fn optimize(
        &self,
        plan: Arc<dyn ExecutionPlan>,
        _: &ConfigOptions,
    ) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
        let ending = plan.transform_up(|node| {
            if node.children().len() < 2 {
                return Ok(Transformed::no(node));
            }
            let node = match node.downcast_ref::<NestedLoopJoinExec>() {
                Some(join) => self.ending(join)?.unwrap_or(node),
                None => node,
            };
            Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>))
        })?;
        Ok(ending.data)
    }

    fn name(&self) -> &'static str {
        "ending_joins"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

impl EndingJoins {
    /// The same join with a condition that fails when nobody waits any more.
    fn ending(&self, join: &NestedLoopJoinExec) -> Result<Option<Arc<dyn ExecutionPlan>>, DataFusionError> {
        let Some(filter) = join.filter() else { return Ok(None) };
        let condition = Arc::new(WhileWanted { condition: Arc::clone(filter.expression()), gone: self.0.clone() });
        let filter = JoinFilter::new(condition, filter.column_indices().to_vec(), Arc::clone(filter.schema()));
        let same = NestedLoopJoinExecBuilder::new(Arc::clone(join.left()), Arc::clone(join.right()), *join.join_type());
        let ending = same.with_filter(Some(filter)).with_projection_ref(join.projection().clone()).build()?;
        Ok(Some(Arc::new(ending)))
    }
}

/// A condition that holds no longer than somebody waits for what comes of it.
#[derive(Debug)]
struct WhileWanted {
    condition: Arc<dyn PhysicalExpr>,
    gone: Gone,
}

impl PartialEq for WhileWanted {
    fn eq(&self, other: &Self) -> bool {
        *self.condition == *other.condition
    }
}

impl Eq for WhileWanted {}

impl Hash for WhileWanted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.condition.hash(state);
    }
}

impl fmt::Display for WhileWanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt(f)
    }
}

impl PhysicalExpr for WhileWanted {
    fn evaluate(&self, batch: &RecordBatch) -> Result<ColumnarValue, DataFusionError> {
        if self.gone.0.load(Ordering::Relaxed) {
            return Err(DataFusionError::Execution("nobody waits for the answer any more".to_owned()));
        }
        self.condition.evaluate(batch)
    }

    fn return_field(&self, schema: &Schema) -> Result<FieldRef, DataFusionError> {
        self.condition.return_field(schema)
    }

    fn children(&self) -> Vec<&Arc<dyn PhysicalExpr>> {
        vec![&self.condition]
    }

    fn with_new_children(
        self: Arc<Self>,
        mut children: Vec<Arc<dyn PhysicalExpr>>,
    ) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
        let condition = children.pop().unwrap_or_else(|| Arc::clone(&self.condition));
        Ok(Arc::new(Self { condition, gone: self.gone.clone() }))
    }

    fn fmt_sql(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.condition.fmt_sql(f)
    }
}
