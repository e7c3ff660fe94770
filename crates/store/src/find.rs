//! Finding documents: filter, order, cursor, limit and budget, and what comes back.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use machi_types::geo::Geometry;
use machi_types::{Name, TenantId};

use crate::{Collection, Document, Filter, Instances, NameNo, Seen};

/// A question for documents.
#[derive(Clone, Debug)]
pub struct Find {
    /// Whose documents.
    pub tenant: TenantId,
    /// Of which collection.
    pub collection: Collection,
    /// Which of them.
    pub filter: Filter,
    /// In which order; empty: in the order in which their ids became known. Ties follow that order too.
    pub order: Vec<Order>,
    /// After which row.
    pub after: Option<Cursor>,
    /// How many rows are passed over first.
    pub offset: usize,
    /// How many rows are wanted at most.
    pub limit: usize,
    /// How much work it may cost.
    pub budget: Budget,
}

impl Find {
    /// All documents of a collection that meet a filter, in their natural order.
    pub fn new(tenant: TenantId, collection: Collection, filter: Filter) -> Self {
        Self {
            tenant,
            collection,
            filter,
            order: Vec::new(),
            after: None,
            offset: 0,
            limit: 1000,
            budget: Budget::default(),
        }
    }
}

/// One key of an order. Documents without a value come last, whatever the direction.
#[derive(Clone, Debug)]
pub struct Order {
    /// What is compared.
    pub by: OrderBy,
    /// Whether large values come first.
    pub descending: bool,
    /// How texts are compared; without it, by code points.
    pub texts: Option<Arc<dyn CompareTexts>>,
}

/// An order of texts other than that of code points.
pub trait CompareTexts: Debug + Send + Sync {
    /// What the order is called: those of one name are the same.
    fn name(&self) -> &str;
    /// Which of two texts comes first.
    fn compare(&self, a: &str, b: &str) -> Ordering;
}

impl Order {
    /// The name of the order of texts; that of code points has none.
    pub fn name_of_texts(&self) -> &str {
        self.texts.as_ref().map_or("", |texts| texts.name())
    }

    /// Which of two texts comes first, in ascending order.
    pub fn compare_texts(&self, a: &str, b: &str) -> Ordering {
        match &self.texts {
            Some(texts) => texts.compare(a, b),
            None => a.cmp(b),
        }
    }
}

/// What an order compares. Values of different kinds follow each other: flags, numbers, times, texts.
#[derive(Clone, Debug)]
pub enum OrderBy {
    /// The least (descending: the greatest) scalar facet of this name.
    Facet {
        /// The facets' name.
        name: NameNo,
        /// Which instances are looked at.
        instances: Instances,
    },
    /// The distance of the nearest geometry facet of this name.
    Distance {
        /// The facets' name.
        name: NameNo,
        /// Which instances are looked at.
        instances: Instances,
        /// From where.
        from: Geometry,
    },
    /// The id, as a text.
    Id,
}

/// How much work a find may cost before it ends with `TooComplex`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Index entries looked at.
    pub scanned: u64,
    /// Documents read beyond those returned.
    pub documents: u64,
    /// Time spent.
    pub time: Duration,
}

impl Default for Budget {
    fn default() -> Self {
        Self { scanned: 100_000_000, documents: 50_000, time: Duration::from_secs(2) }
    }
}

/// Where a find goes on: opaque, and valid only for the same filter and order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// One row of an answer.
#[derive(Clone, Debug)]
pub struct Row<D = Arc<Document>> {
    /// The document, as of the view.
    pub document: D,
    /// Where to go on after this row.
    pub cursor: Cursor,
}

/// The rows of an answer.
#[derive(Clone, Debug)]
pub struct Found<D = Arc<Document>> {
    /// At most as many as were wanted.
    pub rows: Vec<Row<D>>,
    /// Whether there are more behind them.
    pub more: bool,
}

impl Found {
    /// The same rows, each as the document itself.
    pub fn whole(self) -> Found<Seen> {
        let whole = |row: Row| Row { document: Seen::Whole(row.document), cursor: row.cursor };
        Found { rows: self.rows.into_iter().map(whole).collect(), more: self.more }
    }
}

/// A facet that is in use, and by how many documents.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// The facet's name.
    pub name: Name,
    /// Its instance.
    pub instance: Name,
    /// What is in use.
    pub kind: TermKind,
    /// How many documents have it.
    pub documents: u64,
}

/// What a [`Term`] counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// The facet's existence.
    Exists,
    /// One tag.
    Tag(Name),
}
