//! Rows of the embedded store: documents, their loose sections, pages of facets.

use bytes::Bytes;
use machi_store_embedded::probe;

use crate::planted;
use crate::target::Target;

pub(crate) const TARGET: Target = Target { name: "stored", run, seeds, words: &["urn:", "\0\0", "\u{1}"] };

/// The first byte says what the row is.
fn run(bytes: &[u8]) {
    let Some((&kind, row)) = bytes.split_first() else { return };
    let sections = probe::row(kind, &Bytes::copy_from_slice(row));
    planted::fault(sections.is_some_and(|sections| sections == 4));
}

fn seeds() -> Vec<Vec<u8>> {
    probe::rows()
}
