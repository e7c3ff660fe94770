//! What tables have in common: a scan is a stream of the columns that a query asks for.

use std::sync::Arc;

use datafusion::arrow::datatypes::SchemaRef;
use datafusion::common::DataFusionError;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};

/// The plan of a scan, made from the schema of the asked columns and their places in that of the whole table.
pub(crate) fn streaming<S: PartitionStream + 'static>(
    whole: &SchemaRef,
    asked: Option<&Vec<usize>>,
    limit: Option<usize>,
    scan: impl FnOnce(SchemaRef, &[usize]) -> S,
) -> Result<Arc<dyn ExecutionPlan>, DataFusionError> {
    let all: Vec<usize>;
    let places = if let Some(places) = asked {
        places
    } else {
        all = (0..whole.fields().len()).collect();
        &all
    };
    let schema = Arc::new(whole.project(places)?);
    let scan = Arc::new(scan(Arc::clone(&schema), places));
    Ok(Arc::new(StreamingTableExec::try_new(schema, vec![scan], None, [], false, limit)?))
}
