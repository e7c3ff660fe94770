//! How documents change: proposals that decide on the current document, put together in atomic commits.

use std::error::Error;
use std::fmt;

use bytes::Bytes;
use machi_types::{Name, TenantId, Timestamp};

use crate::{Collection, Document, Position, Section, SectionKey};

/// Why a proposal was turned down, in the words of the block that decided; handed back unread.
pub type Refusal = Box<dyn Error + Send + Sync>;

/// Decides what becomes of one document.
///
/// The store may call it several times: once ahead of the commit, and again under the committer's
/// lock when the document has changed in between. Only the last answer counts, so that of many
/// writers of one document all succeed. It must depend on nothing but its input.
pub trait Decide: Send {
    /// What becomes of the document, given as it is now (`None`: there is none).
    fn decide(&mut self, current: Option<&Document>) -> Result<Decision, Refusal>;
}

impl<F: FnMut(Option<&Document>) -> Result<Decision, Refusal> + Send> Decide for F {
    fn decide(&mut self, current: Option<&Document>) -> Result<Decision, Refusal> {
        self(current)
    }
}

/// What becomes of a document.
#[derive(Debug)]
pub enum Decision {
    /// Nothing: no commit entry, no new version.
    Keep,
    /// It is created, or changed.
    Change(Change),
    /// It is deleted, where it exists.
    Delete,
    /// It comes back as it once was, where there is none; one that is there stays as it is.
    Restore(Restored),
}

/// A document as it once was, with its times: what comes out of an export.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The head.
    pub head: Bytes,
    /// When the document was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// The sections, with their own times.
    pub sections: Vec<Section>,
}

/// A change of a document: only what is named here is touched.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// The new head; `None` keeps it (and creates an empty one).
    pub head: Option<Bytes>,
    /// Whether everything that is not set here is removed, as for a replaced document.
    pub replace: bool,
    /// The document's time of creation.
    pub created: Stamp,
    /// The sections to set.
    pub set: Vec<SetSection>,
    /// The sections to remove; one that is not there is passed over.
    pub remove: Vec<SectionKey>,
}

/// A section to set.
#[derive(Clone, Debug)]
pub struct SetSection {
    /// Its name.
    pub key: SectionKey,
    /// Its content.
    pub body: Bytes,
    /// Its time of creation.
    pub created: Stamp,
}

/// What becomes of a time of creation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stamp {
    /// The one from before, where there was one; else the commit's time.
    #[default]
    Keep,
    /// The commit's time.
    Fresh,
}

/// One document of a commit and who decides on it.
pub struct Proposal {
    /// The document's id.
    pub id: Name,
    /// Decides what becomes of it.
    pub decide: Box<dyn Decide>,
}

impl fmt::Debug for Proposal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Proposal({})", self.id)
    }
}

/// Changes that become durable and visible together, at one time and one position.
#[derive(Debug)]
pub struct Commit {
    /// The tenant of all the documents.
    pub tenant: TenantId,
    /// The documents. The same id may appear more than once: later ones see what earlier ones did.
    pub proposals: Vec<(Collection, Proposal)>,
    /// Whether one refusal turns down the whole commit.
    pub all_or_nothing: bool,
    /// How far consumers of the feed have come, committed with their effects.
    pub cursors: Vec<(Name, Position)>,
}

impl Commit {
    /// An empty commit, in which each proposal stands for itself.
    pub fn new(tenant: TenantId) -> Self {
        Self { tenant, proposals: Vec::new(), all_or_nothing: false, cursors: Vec::new() }
    }

    /// Adds a document.
    #[must_use]
    pub fn with(mut self, collection: Collection, id: Name, decide: impl Decide + 'static) -> Self {
        self.proposals.push((collection, Proposal { id, decide: Box::new(decide) }));
        self
    }
}

/// What one proposal came to.
#[derive(Debug)]
pub enum Outcome {
    /// The document did not exist before.
    Created {
        /// Its version.
        version: u64,
    },
    /// The document was changed.
    Changed {
        /// Its version.
        version: u64,
    },
    /// The document was deleted.
    Deleted,
    /// Nothing was to be done.
    Kept,
    /// The proposal was turned down.
    Refused(Refusal),
    /// The proposal was fine, but another one of an all-or-nothing commit was turned down.
    NotTried,
}

/// The answer to a commit: what is named here is durable and visible.
#[derive(Debug)]
pub struct Receipt {
    /// The position at which the changes are visible.
    pub position: Position,
    /// The time of the commit.
    pub time: Timestamp,
    /// What each proposal came to, in their order.
    pub outcomes: Vec<Outcome>,
}
