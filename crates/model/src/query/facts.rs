//! What a query asks of an entity: the seam between this language and whatever holds an entity.

use machi_types::{Json, Timestamp};

use super::{Link, Step};

/// What an entity says of itself when a query asks.
///
/// An implementation answers from wherever it keeps the entity, and may make each target on the fly. Both functions
/// pass over what has expired (§4.22) and stop as soon as `test` answers `true`, which they then give back.
pub trait Facts {
    /// Whether `test` holds for any target element at the end of this path.
    ///
    /// The first step leads from the entity to an attribute, of which every instance counts, whatever its dataset
    /// (§4.9), or to a member of the entity; each further step leads from each instance reached to a sub-attribute, of
    /// which again every instance counts, or to a member of that instance. A member that is not there is no target, and no step
    /// leads on from a member.
    fn any_target(&self, path: &[Step], test: &mut dyn FnMut(Target<'_>) -> bool) -> bool;

    /// Whether `test` holds for any entity that this relationship of the entity links to.
    ///
    /// Every object of every instance of a Relationship or ListRelationship counts whose entity is known here and has
    /// one of the link's types, where it names any (§4.9, example 14).
    fn any_linked(&self, link: &Link, test: &mut dyn FnMut(&dyn Facts) -> bool) -> bool;
}

/// One target element: an instance of an attribute, or a member that is no attribute.
#[derive(Clone, Copy, Debug)]
pub enum Target<'t> {
    /// The value of a Property, GeoProperty or JsonProperty, the array of a ListProperty.
    Value(&'t Json<'t>),
    /// The object of a LanguageProperty: texts, or arrays of texts, by language tag.
    Languages(&'t Json<'t>),
    /// The full names that a VocabProperty holds, one or several.
    Vocab(&'t [&'t str]),
    /// The objects of a Relationship or ListRelationship, one or several.
    Objects(&'t [&'t str]),
    /// A time: `observedAt`, `createdAt`, `modifiedAt`, `deletedAt`, `expiresAt`.
    Time(Timestamp),
    /// Any other member, one text or several: `id`, types by full name, scopes, `datasetId`, `unitCode`.
    Texts(&'t [&'t str]),
}
