//! What clients do with the past, one operation in each file.

pub(crate) mod changes;
mod commit;
pub(crate) mod delete;
pub(crate) mod modify;
pub(crate) mod tell;
