//! What clients do with the past, one operation in each file.

mod aggregate;
pub(crate) mod answer;
pub(crate) mod changes;
mod commit;
pub(crate) mod delete;
mod judge;
pub(crate) mod modify;
mod page;
pub(crate) mod query;
mod reading;
pub(crate) mod retention;
pub(crate) mod retrieve;
mod show;
pub(crate) mod tell;

use machi_archive::Snapshot;
use machi_face::FaceError;

use self::aggregate::Figures;
use self::answer::Told;
use self::judge::Selected;
use self::show::Show;
use crate::domain::question::Question;
use crate::domain::represent::Shape;

/// Shows of the evolutions what is asked; an answer holds at most so many instances, or periods.
fn show(past: &dyn Snapshot, question: &Question, rows: &[Selected], most: usize) -> Result<Told, FaceError> {
    match &question.representation.shape {
        Shape::Aggregated(aggregation) => Figures { past, question, aggregation, rows, most }.tell(),
        Shape::Normalized | Shape::Values => Show { past, question, rows, most }.tell(),
    }
}
