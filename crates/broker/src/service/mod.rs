//! The operations of the broker, one verb a file.

pub(crate) mod attribute;
pub(crate) mod batch;
pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod discovery;
mod expire;
pub(crate) mod export;
mod fit;
pub(crate) mod indexes;
mod join;
pub(crate) mod merge;
mod order;
pub(crate) mod purge;
pub(crate) mod query;
pub(crate) mod replace;
pub(crate) mod restore;
pub(crate) mod retrieve;
pub(crate) mod select;
mod show;
mod tenants;
pub(crate) mod tile;
pub(crate) mod update;
pub(crate) mod write;

use machi_face::FaceError;
use machi_http::Text;
use machi_model::entity::Fragment;
use machi_types::Name;

/// The attributes that a fragment names.
fn attributes_of(fragment: &Fragment) -> Vec<&Name> {
    fragment.attributes.iter().map(|attribute| &attribute.name).collect()
}

/// ETSI GS CIM 009 §5.4: a fragment that names an id names that of its target.
fn check_id(id: &Name, fragment: &Fragment) -> Result<(), FaceError> {
    match &fragment.id {
        Some(other) if other != id => Err(FaceError::bad_data(Text::both(
            format!("the body has the id {other}, the path names {id}; leave the id out or let both be the same"),
            format!("本文のid({other})とパスのid({id})が異なります"),
        ))),
        _ => Ok(()),
    }
}
