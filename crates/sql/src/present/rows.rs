//! Reads the entities of a table, page by page, into batches.

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::common::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures_util::stream::try_unfold;
use machi_model::context::Context;
use machi_model::entity::{HeadRef, NameRef};
use machi_store::{Cursor, Document, Find, NameNo, Section};
use machi_types::{Name, Timestamp};
use rustc_hash::FxHashMap;

use super::shape::Shape;
use super::table::{Scan, Tells};
use crate::SqlError;
use crate::column::{Column, batch};

/// How many entities are read at once.
const PAGE: usize = 1000;

/// Where reading stands.
enum At {
    Page(Option<Cursor>),
    End,
}

/// The rows of a scan. Each page is as of the position of the view.
pub(super) fn stream(scan: Scan) -> SendableRecordBatchStream {
    let schema = Arc::clone(&scan.schema);
    let scan = Arc::new(scan);
    let pages = try_unfold(At::Page(None), move |at| {
        let scan = Arc::clone(&scan);
        async move {
            let At::Page(after) = at else { return Ok(None) };
            let (rows, next) = page(&scan, after).await.map_err(SqlError::into_engine)?;
            Ok::<_, DataFusionError>(Some((rows, next)))
        }
    });
    Box::pin(RecordBatchStreamAdapter::new(schema, pages))
}

async fn page(scan: &Scan, after: Option<Cursor>) -> Result<(RecordBatch, At), SqlError> {
    let find = Find { after, limit: PAGE, ..scan.present.find(scan.filter.clone()) };
    let found = scan.present.view.find(find).await?;
    let next = match found.rows.last().filter(|_| found.more) {
        Some(last) => At::Page(Some(last.cursor.clone())),
        None => At::End,
    };
    let mut rows = Rows::new(scan);
    for row in &found.rows {
        rows.add(&row.document)?;
    }
    Ok((rows.finish()?, next))
}

/// The rows of a page while they are written.
struct Rows<'s> {
    scan: &'s Scan,
    columns: Vec<Column>,
    /// The columns of attributes, by the number of the attribute.
    attributes: FxHashMap<NameNo, (usize, Shape)>,
    /// Short names that were made before.
    short: FxHashMap<Name, String>,
    count: usize,
    line: String,
}

impl<'s> Rows<'s> {
    fn new(scan: &'s Scan) -> Self {
        let names = scan.present.store.names();
        let attributes = scan.columns.iter().enumerate().filter_map(|(place, tells)| match tells {
            Tells::Attribute(name, shape) => Some((names.lookup(name)?, (place, *shape))),
            _ => None,
        });
        Self {
            attributes: attributes.collect(),
            columns: scan.columns.iter().map(|tells| Column::of(tells.holds())).collect(),
            scan,
            short: FxHashMap::default(),
            count: 0,
            line: String::new(),
        }
    }

    fn add(&mut self, document: &Document) -> Result<(), SqlError> {
        let now = self.scan.present.now;
        let head = HeadRef::read(&document.head)?;
        if head.expires_at().is_some_and(|at| at <= now) {
            return Ok(());
        }
        self.members(document, &head);
        self.values(&document.sections, now)?;
        self.count += 1;
        Ok(())
    }

    fn members(&mut self, document: &Document, head: &HeadRef<'_>) {
        let context = &self.scan.present.context;
        for (tells, column) in self.scan.columns.iter().zip(&mut self.columns) {
            match tells {
                Tells::Id => column.text(Some(&document.id)),
                Tells::CreatedAt => column.time(Some(document.created)),
                Tells::ModifiedAt => column.time(Some(document.modified)),
                Tells::Types => {
                    self.line.clear();
                    head.types().for_each(|name| push(&mut self.line, shortened(name, context, &mut self.short)));
                    column.text(Some(&self.line));
                }
                Tells::Scope => {
                    self.line.clear();
                    head.scopes().for_each(|scope| push(&mut self.line, scope));
                    column.text(Some(&*self.line).filter(|line| !line.is_empty()));
                }
                Tells::Attribute(..) => {}
            }
        }
    }

    fn values(&mut self, sections: &[Section], now: Timestamp) -> Result<(), SqlError> {
        let mut is_told = vec![false; self.columns.len()];
        for section in sections.iter().filter(|section| section.key.instance == NameNo::NONE) {
            if let Some((place, shape)) = self.attributes.get(&section.key.name)
                && let Some(column) = self.columns.get_mut(*place)
            {
                shape.append(&section.body, now, column)?;
                is_told[*place] = true;
            }
        }
        for (place, _) in self.attributes.values().filter(|(place, _)| !is_told[*place]) {
            self.columns[*place].null();
        }
        Ok(())
    }

    fn finish(mut self) -> Result<RecordBatch, SqlError> {
        let columns = self.columns.iter_mut().map(Column::finish).collect();
        batch(&self.scan.schema, columns, self.count).map_err(|error| SqlError::Bug(error.strip_backtrace()))
    }
}

/// Adds a word to a line of words with blanks between them.
fn push(line: &mut String, word: &str) {
    if !line.is_empty() {
        line.push(' ');
    }
    line.push_str(word);
}

fn shortened<'s>(name: NameRef<'_>, context: &Context, short: &'s mut FxHashMap<Name, String>) -> &'s str {
    let full = name.to_name();
    short.entry(full).or_insert_with_key(|full| context.compact_name(full).into_owned())
}
