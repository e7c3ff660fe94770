//! Taking a delivery: new files for what came, rewritten files for what goes, then the commits.

use std::borrow::Cow;
use std::sync::Arc;

use machi_archive::{ArchiveError, Delivery, Head, Instance, Replaced, Series};
use machi_types::{Name, Text};
use rustc_hash::FxHashMap;

use crate::body::Apart;
use crate::cell::Cell;
use crate::columns::{Shape, at};
use crate::fault::{self, Unusable};
use crate::log::{Changes, Table};
use crate::removal::{self, Removed};
use crate::rows::{head_row, instance_row, sort_key};
use crate::snapshot::View;
use crate::tenant::{Pinned, Plan, Tenant, txns_of};
use crate::write::{FileWriter, Level};

/// How often a delivery is begun anew where others commit at the same time.
pub(crate) const TRIES: usize = 8;
impl Tenant {
    /// Takes a delivery, unless it was taken.
    pub(crate) fn take(self: &Arc<Self>, delivery: &Delivery<'_>) -> Result<(), ArchiveError> {
        let _commits = self.commits.lock();
        for _ in 0..TRIES {
            let pinned = self.refresh()?;
            if delivery.up_to.as_ref().is_some_and(|up_to| pinned.position().reaches(up_to)) {
                return Ok(());
            }
            let plan = self.plan(&pinned, delivery)?;
            if self.commit(&pinned, plan)?.is_some() {
                return Ok(());
            }
        }
        let place = self.shared.files.place(&self.folder);
        let reason = Text::both("others write there all the time", "ほかのプロセスが書き込み続けています");
        Err(fault::writing(&place, &Unusable(reason)))
    }

    fn plan(self: &Arc<Self>, pinned: &Arc<Pinned>, delivery: &Delivery<'_>) -> Result<Plan, ArchiveError> {
        let Removed { mut plan, moved } = removal::plan(self, pinned, &delivery.removals)?;
        plan.instances.txns = delivery.up_to.as_ref().map(txns_of).unwrap_or_default();
        let types = self.types_of(pinned, delivery)?;
        self.add_instances(delivery, &types, &mut plan.instances)?;
        self.add_replaced(&delivery.replaced, moved, &types, &mut plan.replaced)?;
        self.add_heads(&delivery.heads, &mut plan.heads)?;
        Ok(plan)
    }

    fn add_instances(
        &self,
        delivery: &Delivery<'_>,
        types: &FxHashMap<Name, Arc<[Name]>>,
        changes: &mut Changes,
    ) -> Result<(), ArchiveError> {
        let mut all: Vec<(Option<&Name>, &Series, &[Instance])> = Vec::with_capacity(delivery.instances.len());
        for (series, instances) in &delivery.instances {
            let first = types.get(&series.entity).and_then(|types| types.first());
            all.push((first, series, instances));
        }
        all.sort_by_key(|(first, series, _)| (*first, *series));
        let mut apart = Apart::default();
        let shape = self.instances.shape;
        let rows = all.chunk_by(|one, other| one.1 == other.1).flat_map(|of_series| {
            let series = of_series[0].1;
            let mut instances: Vec<&Instance> = of_series.iter().flat_map(|(_, _, instances)| *instances).collect();
            instances.sort_by_key(|instance| sort_key(instance));
            let types = types.get(&series.entity);
            let rows: Vec<_> =
                instances.into_iter().map(|one| instance_row(shape, series, types, one, &mut apart)).collect();
            rows
        });
        self.add(&self.instances, rows, changes)
    }

    fn add_replaced(
        &self,
        replaced: &[Replaced],
        moved: Vec<Vec<Cell>>,
        types: &FxHashMap<Name, Arc<[Name]>>,
        changes: &mut Changes,
    ) -> Result<(), ArchiveError> {
        let mut apart = Apart::default();
        let table = &self.replaced;
        let mut rows = moved;
        for one in replaced {
            let mut row =
                instance_row(table.shape, &one.series, types.get(&one.series.entity), &one.instance, &mut apart);
            row[at::REPLACED_AT] = Cell::time(Some(one.replaced_at));
            rows.push(row);
        }
        rows.sort_by(|one, other| compare(table.shape, one, other));
        self.add(table, rows.into_iter(), changes)
    }

    fn add_heads(&self, heads: &[(Name, Cow<'_, [Head]>)], changes: &mut Changes) -> Result<(), ArchiveError> {
        let mut rows: Vec<(&Name, &Head)> =
            heads.iter().flat_map(|(entity, heads)| heads.iter().map(move |head| (entity, head))).collect();
        rows.sort_by_key(|(entity, head)| (*entity, head.modified_at));
        self.add(&self.heads, rows.into_iter().map(|(entity, head)| head_row(entity, head)), changes)
    }

    /// Adds a file of these rows, if there are any.
    fn add(
        &self,
        table: &Table,
        rows: impl Iterator<Item = Vec<Cell>>,
        changes: &mut Changes,
    ) -> Result<(), ArchiveError> {
        let mut rows = rows.peekable();
        if rows.peek().is_none() {
            return Ok(());
        }
        let name = new_name();
        let mut writer = FileWriter::new(&*self.shared.files, &table.file(&name), table.shape, Level::Fresh)?;
        for row in rows {
            writer.push(row)?;
        }
        changes.add.insert(name, Arc::new(writer.finish()?));
        Ok(())
    }

    /// The types of all entities of a delivery, as far as it or the table of heads tells.
    fn types_of(
        self: &Arc<Self>,
        pinned: &Arc<Pinned>,
        delivery: &Delivery<'_>,
    ) -> Result<FxHashMap<Name, Arc<[Name]>>, ArchiveError> {
        let mut types: FxHashMap<Name, Arc<[Name]>> = delivery.types.iter().cloned().collect();
        for (entity, heads) in &delivery.heads {
            let with_types = heads.iter().filter(|head| !head.types.is_empty());
            if let Some(head) = with_types.max_by_key(|head| head.modified_at) {
                types.insert(entity.clone(), Arc::clone(&head.types));
            }
        }
        let of_instances = delivery.instances.iter().map(|(series, _)| &series.entity);
        let all = of_instances.chain(delivery.replaced.iter().map(|one| &one.series.entity));
        let mut unknown: Vec<Name> = all.filter(|entity| !types.contains_key(*entity)).cloned().collect();
        unknown.sort_unstable();
        unknown.dedup();
        if !unknown.is_empty() {
            for evolution in View::new(self, pinned).evolutions_of(&unknown)? {
                let with_types = evolution.heads.iter().filter(|head| !head.types.is_empty());
                if let Some(head) = with_types.max_by_key(|head| head.modified_at) {
                    types.insert(evolution.entity.clone(), Arc::clone(&head.types));
                }
            }
        }
        Ok(types)
    }
}

/// A name that no other file has.
pub(crate) fn new_name() -> Name {
    Name::from(format!("{}.parquet", crate::log::new_id("file")))
}

/// How rows of a table lie to each other.
pub(crate) fn compare(shape: &Shape, one: &[Cell], other: &[Cell]) -> std::cmp::Ordering {
    let texts = shape.key.iter().map(|column| one[*column].as_text().cmp(&other[*column].as_text()));
    let series = texts.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then);
    series.then_with(|| {
        let first = |row: &[Cell], columns: &[usize]| columns.iter().find_map(|column| row[*column].order());
        let times = shape.order.iter().map(|columns| first(one, columns).cmp(&first(other, columns)));
        times.fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    })
}
