//! Weaves several files into one: first the order of their rows, by the few columns that tell it, then column by column,
//! so that of each file one column is open at a time. Row by row, all columns of all files would be open all the time.

use std::ops::Range;
use std::sync::Arc;

use machi_archive::ArchiveError;

use crate::cell::{Cell, Runs, repeat};
use crate::columns::Shape;
use crate::data::DataFile;
use crate::merge::Sorted;
use crate::write::FileWriter;

/// Writes the rows of files in their order.
pub(crate) fn weave(
    files: &[Arc<DataFile>],
    shape: &'static Shape,
    writer: &mut FileWriter<'_>,
) -> Result<(), ArchiveError> {
    let leading = leading(shape);
    let others: Vec<usize> = (0..shape.columns.len()).filter(|column| !leading.contains(column)).collect();
    let mut sorted = Sorted::new(files, shape, &others)?;
    let mut group = Group { files, others: &others, sources: Vec::new(), starts: vec![0; files.len()] };
    while let Some((source, row)) = sorted.next()? {
        group.sources.push(source);
        writer.put(row);
        if writer.is_full() {
            group.close(writer)?;
        }
    }
    group.close(writer)
}

/// The columns by which rows are sorted, and those by which files are told apart.
fn leading(shape: &Shape) -> Vec<usize> {
    let times = shape.times.iter().flatten();
    shape.key.iter().chain(shape.order.iter().flatten()).chain(times).copied().collect()
}

/// Rows that are written together.
struct Group<'f> {
    files: &'f [Arc<DataFile>],
    /// The columns that were not read for the order.
    others: &'f [usize],
    /// Of each row the file that it comes from.
    sources: Vec<usize>,
    /// Of each file the first row that is not written yet.
    starts: Vec<u32>,
}

impl Group<'_> {
    fn close(&mut self, writer: &mut FileWriter<'_>) -> Result<(), ArchiveError> {
        if self.sources.is_empty() {
            return Ok(());
        }
        let mut rows: Vec<Range<u32>> = self.starts.iter().map(|start| *start..*start).collect();
        self.sources.iter().for_each(|source| rows[*source].end += 1);
        let column = |place: usize| self.others.contains(&place).then(|| self.woven(place, &rows)).transpose();
        writer.close_group(&column)?;
        self.starts = rows.iter().map(|rows| rows.end).collect();
        self.sources.clear();
        Ok(())
    }

    /// A column of the rows, in their order.
    fn woven(&self, column: usize, rows: &[Range<u32>]) -> Result<Runs, ArchiveError> {
        let mut of_files = Vec::with_capacity(self.files.len());
        for (file, rows) in self.files.iter().zip(rows) {
            let mut cells = Vec::new();
            if !rows.is_empty() && !file.is_empty(column) {
                file.cursor(column).read(rows.clone(), &mut cells)?;
            }
            of_files.push(cells.into_iter());
        }
        let mut runs = Runs::new();
        for source in &self.sources {
            repeat(&mut runs, of_files[*source].next().unwrap_or(Cell::Null));
        }
        Ok(runs)
    }
}
