//! Notes: what a reader worked out from a document and leaves beside it, so that the next reader need not, and need
//! not even read the document (docs/adr/0012).
//!
//! A note belongs to one version of a document: whoever writes the document takes the note away before the write can
//! be seen, so that no note is ever out of date. A store may forget any of them.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use crate::Document;

/// What a reader leaves. The store looks at nothing of it but what is asked here.
pub trait Note: Any + Debug + Send + Sync {
    /// The id of the document that it was made from.
    fn id(&self) -> &str;

    /// The version of that document.
    fn version(&self) -> u64;

    /// How many bytes it takes.
    fn size(&self) -> usize;
}

/// A document as it was found: itself, or what a reader left beside it.
#[derive(Clone, Debug)]
pub enum Seen {
    /// The document.
    Whole(Arc<Document>),
    /// The note.
    Noted(Arc<dyn Note>),
}

impl Seen {
    /// The id of the document.
    pub fn id(&self) -> &str {
        match self {
            Self::Whole(document) => &document.id,
            Self::Noted(note) => note.id(),
        }
    }

    /// About how many bytes it has.
    pub fn size(&self) -> usize {
        match self {
            Self::Whole(document) => document.size(),
            Self::Noted(note) => note.size(),
        }
    }
}
