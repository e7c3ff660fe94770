//! The stored form: a head per entity and a section per attribute instance, compact and readable without a context.
//!
//! Both open with a format version. Numbers are little-endian or LEB128, texts are UTF-8 with their length in front,
//! names have well-known namespaces as one byte. A section holds neither its name, nor its dataset, nor its own times:
//! the store keeps those. `section.rs` tells what a section looks like.

pub mod bytes;
mod head;
mod prefix;
mod section;
mod write;

pub use bytes::Corrupt;
pub use head::{Head, HeadRef};
pub use prefix::NameRef;
pub use section::{InstanceRef, Names, SubAttributes, SubInstance};
pub use write::{Parts, encode_instance};

/// The format written today.
const VERSION: u8 = 1;

#[cfg(test)]
mod tests;
