//! The laws of change: what each operation makes of an entity, as pure functions (ETSI GS CIM 009 §5.5.8, §5.5.12, §5.6).
//!
//! A law looks at the stored entity and says which head, which sections are to be written or removed. It can be run
//! again on a newer state, as it changes nothing itself. The documents given to it must carry the sections' times, so
//! that unchanged sub-attributes keep theirs; those of changed ones become the commit's.

mod append;
mod change;
mod delete;
mod json_merge;
mod members;
mod merge;
mod partial;
mod sub_attributes;
mod whole;

pub use append::{Overwrite, append, update, update_by_newer};
pub use change::{Changes, NotUpdated, Reason, Refusal, SectionKey, SetSection};
pub use delete::{Instances, Purge, delete_attribute, delete_scope, purge};
pub use merge::{Merge, merge};
pub use partial::{partial_update, replace_attribute};
pub use whole::{Upsert, create, replace, upsert};

#[cfg(test)]
mod tests;
