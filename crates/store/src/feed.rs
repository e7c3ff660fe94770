//! The change feed: what each commit did, with old and new content, in commit order.

use bytes::Bytes;
use machi_types::{Name, TenantId, Timestamp};

use crate::{Collection, DocumentNo, Section};

/// One changed document of one commit.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The commit's number; entries of one commit share it, later commits have larger ones.
    pub commit: u64,
    /// The commit's time.
    pub time: Timestamp,
    /// The document's tenant.
    pub tenant: TenantId,
    /// The document's collection.
    pub collection: Collection,
    /// The document's number.
    pub number: DocumentNo,
    /// The document's id.
    pub id: Name,
    /// What happened to it.
    pub kind: ChangeKind,
    /// When the document was created, as of after the change; the commit's time, where there is none any more.
    pub created: Timestamp,
    /// When it was last changed: at the commit's time, but for one that was brought back.
    pub modified: Timestamp,
    /// The head before the change, where the change touched it.
    pub old_head: Option<Bytes>,
    /// The head after the change, where the change touched it.
    pub new_head: Option<Bytes>,
    /// The sections that the change touched.
    pub sections: Vec<SectionChange>,
}

/// What happened to a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It did not exist before.
    Created,
    /// It existed before and after.
    Changed,
    /// It no longer exists.
    Deleted,
}

/// One touched section, before and after.
#[derive(Clone, Debug)]
pub struct SectionChange {
    /// As it was; `None` where it is new.
    pub old: Option<Section>,
    /// As it is; `None` where it was removed.
    pub new: Option<Section>,
}
