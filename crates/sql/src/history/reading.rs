//! Reads the past, some entities at a time, on threads that may block, and hands on what is read in batches.
//!
//! What is read of some entities is held whole before it is handed on, because a reading holds back the writers of
//! history while it lasts. How many entities that are is found out from those read before.

use std::sync::Arc;

use datafusion::common::DataFusionError;
use datafusion::execution::memory_pool::MemoryConsumer;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchReceiverStreamBuilder;
use machi_archive::{ArchiveError, Evolution, Snapshot, WantedEvolutions, WantedInstances};
use machi_types::Name;
use parking_lot::Mutex;

use super::rows::Rows;
use super::table::Scan;
use crate::SqlError;

/// Batches that wait for whoever takes them.
const AHEAD: usize = 2;
/// How many entities are read first.
const FIRST: usize = 16;
/// The most entities that are read at once.
const MOST: usize = 1000;
/// How many rows a reading should come to.
const ROWS: usize = 1 << 16;

/// Which entities come next; shared by all who read for one scan.
#[derive(Debug)]
struct Entities {
    after: Option<Name>,
    /// Those that are still to be read, where they are named.
    named: Option<Vec<Name>>,
    is_end: bool,
    size: usize,
}

/// The rows of a scan, read anew each time that it is asked for.
pub(super) fn stream(scan: Scan, context: &TaskContext) -> SendableRecordBatchStream {
    let mut builder = RecordBatchReceiverStreamBuilder::new(Arc::clone(&scan.schema), AHEAD);
    let entities = Arc::new(Mutex::new(Entities::of(&scan)));
    let scan = Arc::new(scan);
    for _ in 0..scan.readers.max(1) {
        let memory = MemoryConsumer::new("history").register(context.memory_pool());
        let (scan, entities, out) = (Arc::clone(&scan), Arc::clone(&entities), builder.tx());
        builder.spawn_blocking(move || {
            let mut count = 0;
            while scan.limit.is_none_or(|limit| count < limit) {
                let some = entities.lock().next(&*scan.snapshot).map_err(told)?;
                if some.is_empty() {
                    return Ok(());
                }
                let rows = read(&scan, &some, &memory)?;
                entities.lock().learn(some.len(), rows.count());
                count += rows.count();
                for batch in rows.finish()? {
                    memory.shrink(batch.reserved.min(memory.size()));
                    if out.blocking_send(Ok(batch.batch)).is_err() {
                        return Ok(());
                    }
                }
                memory.free();
            }
            Ok(())
        });
    }
    builder.build()
}

fn told(error: ArchiveError) -> DataFusionError {
    SqlError::from(error).into_engine()
}

fn read<'s>(
    scan: &'s Scan,
    some: &[Evolution],
    memory: &'s datafusion::execution::memory_pool::MemoryReservation,
) -> Result<Rows<'s>, DataFusionError> {
    let mut rows = Rows::new(scan, some, memory);
    let entities: Vec<Name> = some.iter().map(|one| one.entity.clone()).collect();
    for pass in &scan.passes {
        let wanted = WantedInstances {
            attributes: scan.attributes.as_deref(),
            time: pass.time,
            numbers: pass.numbers,
            ..WantedInstances::all_of(&entities)
        };
        rows.begin(pass);
        scan.snapshot.read(&wanted, &mut rows).map_err(told)?;
        rows.check()?;
    }
    Ok(rows)
}

impl Entities {
    fn of(scan: &Scan) -> Self {
        let is_end = scan.attributes.as_ref().is_some_and(Vec::is_empty);
        Self { after: None, named: scan.entities.clone(), is_end, size: FIRST }
    }

    /// The next ones, ascending; none when there are no more.
    fn next(&mut self, past: &dyn Snapshot) -> Result<Vec<Evolution>, ArchiveError> {
        while !self.is_end {
            let found = if let Some(ids) = &mut self.named {
                let some: Vec<Name> = ids.drain(..self.size.min(ids.len())).collect();
                self.is_end = ids.is_empty();
                past.evolutions(&WantedEvolutions::Of(&some))?
            } else {
                let wanted = WantedEvolutions::After { after: self.after.as_deref(), limit: self.size, types: None };
                let found = past.evolutions(&wanted)?;
                self.is_end = found.is_empty();
                self.after = found.last().map(|last| last.entity.clone());
                found
            };
            if !found.is_empty() {
                return Ok(found);
            }
        }
        Ok(Vec::new())
    }

    /// What so many entities came to tells how many may be read at once.
    fn learn(&mut self, entities: usize, rows: usize) {
        let fitting = ROWS.saturating_mul(entities) / rows.max(1);
        // Never much more than what is known to fit.
        self.size = fitting.clamp(1, MOST).min(self.size.saturating_mul(4));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entities_with_a_long_past_are_read_few_at_a_time() {
        let mut entities = Entities { after: None, named: None, is_end: false, size: FIRST };
        entities.learn(16, 16_000);
        assert_eq!(entities.size, 64, "no more than four times as many");
        entities.learn(64, 64_000);
        assert_eq!(entities.size, 65);
        entities.learn(1, 10_000_000);
        assert_eq!(entities.size, 1);
        entities.learn(1, 0);
        assert_eq!(entities.size, 4);
    }
}
